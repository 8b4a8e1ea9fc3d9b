"""Drafts: a change of a tool that is proposed, tried and then published or discarded. Until then it acts for nobody.

There is at most one open draft for each tool and source. A lock is taken on the tool first, then on its draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from audit_app import records
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from tools_app import catalog
from tools_app.cataloging import cases, differences, unsaved, versions
from tools_app.cataloging.differences import Difference, Meeting
from tools_app.cataloging.versions import Cause
from tools_app.exceptions import CasesNotPassed, DraftChanged, DraftOutdated, EmptyDraft
from tools_app.governing import held
from tools_app.models import Tool, ToolDraft

Source = ToolDraft.Source
ELSEWHERE: Final = "What an MCP server describes anew is decided in the review of that server."


def propose(
    tool: Tool, changes: Mapping[str, Any], *, by: Identity, source: str, reason: str = ""
) -> ToolDraft:
    """Begin a draft on top of the tool as it is now; one of the same source that is open is replaced.

    `changes` are checked like those of `catalog.update`, and what changes nothing is left out. Raises InvalidTool,
    EmptyDraft if nothing is left, or NotAllowed where a rule would no longer hold.
    """
    catalog.require_right(by, tool)
    with transaction.atomic():
        current = catalog.locked(tool)
        draft = ToolDraft.objects.select_for_update().filter(tool=current, source=source).first()
        action = "draft.changed" if draft else "draft.begun"
        draft = draft or ToolDraft(
            organization_id=current.organization_id,
            tool=current,
            source=Source(source),
            revision=0,
            created_by=by.display_name[:255],
        )
        draft.changes = _checked(draft, current, changes, by=by)
        return _kept(_based(draft, current), action, by=by, reason=reason)


def edit(draft: ToolDraft, changes: Mapping[str, Any], *, by: Identity, reason: str = "") -> ToolDraft:
    """Write other changes into a draft; what it was begun on stays. Raises what `propose` does, or DraftChanged."""
    catalog.require_right(by, draft.tool)
    with transaction.atomic():
        current = catalog.locked(draft.tool)
        row = _held(draft)
        row.changes = _checked(row, current, changes, by=by)
        return _kept(row, "draft.changed", by=by, reason=reason)


def renew(draft: ToolDraft, *, by: Identity, seen: int) -> ToolDraft:
    """Put a draft on top of the tool as it is now: its own changes stay, all else is what the tool has become.

    `seen` is the number of the version the person looked at; ToolChanged if there is yet another one.
    """
    catalog.require_right(by, draft.tool)
    with transaction.atomic():
        current = catalog.locked(draft.tool, expected=seen)
        row = _held(draft)
        row.changes = _checked(row, current, row.changes, by=by)
        return _kept(_based(row, current), "draft.renewed", by=by, reason=row.reason)


def publish(draft: ToolDraft, *, by: Identity, override: str = "") -> Tool:
    """Make a draft the tool's next version, exactly as it was read.

    Raises DraftChanged; DraftOutdated, with what both sides changed, if the tool is not what the draft was begun on;
    InvalidTool if today's rules refuse it; and CasesNotPassed unless `override` says why that is no matter.
    """
    catalog.require_right(by, draft.tool)
    cases.refresh(draft.tool)
    with transaction.atomic():
        current = catalog.locked(draft.tool)
        row = _held(draft)
        if current.archived_at is not None:
            raise DraftChanged("The tool is archived. Bring it back first.", code="tool_archived")
        if is_outdated(row, current):
            raise DraftOutdated(details=_told(row, current))
        about = {"source": row.source, "revision": row.revision, "begun_on": row.base_number}
        facts = about | _overridden(current, applied(row, current).content_hash(), override)
        published = catalog.change(current, row.changes, Cause("tool.published", by, row.reason, facts))
        row.delete()
    return published


def publish_new(tool: Tool, *, by: Identity, reason: str = "", override: str = "") -> Tool:
    """Publish a tool that was born as a draft; NotFound for any other. Its cases count in the same way."""
    catalog.require_right(by, tool)
    cases.refresh(tool)
    with transaction.atomic():
        current = catalog.locked(tool)
        facts = _overridden(current, current.content_hash(), override)
        return catalog.publish(current, Cause("tool.published", by, reason, facts))


def _overridden(current: Tool, content_hash: str, override: str) -> dict[str, Any]:
    """What the record keeps of cases that did not pass; CasesNotPassed where nobody says why that is no matter."""
    unproven = cases.unproven(current, content_hash)
    if not unproven:
        return {}
    if current.quarantine:
        # What is held back cannot be run before its review, so the review is the judgement; the record says so.
        return {"unproven": [row.name for row in unproven]}
    if not override.strip():
        raise CasesNotPassed(details={"cases": cases.told(unproven, content_hash)})
    return {"overridden": [row.name for row in unproven], "override": override[:300]}


def is_decided_here(draft: ToolDraft) -> bool:
    """Whether pages and REST may decide a draft: what an MCP server describes anew is decided in its review."""
    return draft.source != Source.MCP


def discard(draft: ToolDraft, *, by: Identity, reason: str = "") -> None:
    """Throw a draft away; raises DraftChanged if it is not the one that was looked at."""
    catalog.require_right(by, draft.tool)
    with transaction.atomic():
        current = catalog.locked(draft.tool)
        row = _held(draft)
        _record("draft.discarded", row, current, by=by, reason=reason)
        row.delete()


def applied(draft: ToolDraft, tool: Tool | None = None) -> Tool:
    """The tool as the draft would make it: a row that is never saved."""
    return versions.applied(tool or draft.tool, draft.changes)


def mark_of(tool: Tool, source: str = Source.PERSON) -> str:
    """What a use carries that tries the open draft of a tool, or the tool that is one; NotFound without a draft."""
    row = ToolDraft.objects.filter(tool=tool, source=source).first()
    if row is None and not tool.is_draft:
        raise NotFound
    return versions.mark(row)


def difference(draft: ToolDraft, tool: Tool | None = None) -> tuple[Difference, ...]:
    """What publishing would change now."""
    tool = tool or draft.tool
    return differences.between(versions.snapshot(tool), versions.snapshot(applied(draft, tool)))


def is_outdated(draft: ToolDraft, tool: Tool | None = None) -> bool:
    return bool(differences.between(draft.base, versions.snapshot(tool or draft.tool)))


def meetings(draft: ToolDraft, tool: Tool | None = None) -> tuple[Meeting, ...]:
    """Every field that the tool or the draft changed since the draft was begun."""
    return differences.three_way(draft.base, versions.snapshot(tool or draft.tool), draft.changes)


def _checked(draft: ToolDraft, current: Tool, changes: Mapping[str, Any], *, by: Identity) -> dict[str, Any]:
    """The fields that would differ, schema and examples by themselves, after all the catalog's own checks."""
    wanted = unsaved.after(changes, by=by, tool=current)
    differing = differences.between(versions.snapshot(current), versions.snapshot(wanted))
    if not differing:
        raise EmptyDraft
    if is_decided_here(draft):
        # Trying it is a real use. What a server says is kept for its review, and runs only once published.
        held.require(current, wanted, by=by)
    return {each.field: each.after for each in differing}


def _based(draft: ToolDraft, current: Tool) -> ToolDraft:
    draft.base, draft.base_number = versions.snapshot(current), versions.number_of(current)
    return draft


def _held(draft: ToolDraft) -> ToolDraft:
    """The draft, locked, if it is still the one that was read."""
    row = ToolDraft.objects.select_for_update().filter(pk=draft.pk, revision=draft.revision).first()
    if row is None:
        raise DraftChanged
    return row


def _kept(draft: ToolDraft, action: str, *, by: Identity, reason: str) -> ToolDraft:
    draft.revision += 1
    draft.reason, draft.changed_by = reason[:300], by.display_name[:255]
    draft.save()
    _record(action, draft, draft.tool, by=by, reason=reason)
    return draft


def _record(action: str, draft: ToolDraft, tool: Tool, *, by: Identity, reason: str) -> None:
    facts: dict[str, Any] = {
        "source": draft.source,
        "changed": sorted(draft.changes),
        "begun_on": draft.base_number,
        "revision": draft.revision,
        "content_hash": applied(draft, tool).content_hash(),
        **({"reason": reason} if reason else {}),
    }
    records.record(action, by=by, subject=records.Subject("tool", str(tool.pk), tool.name), facts=facts)


def _told(draft: ToolDraft, current: Tool) -> dict[str, Any]:
    return {
        "begun_on": draft.base_number,
        "number": versions.number_of(current),
        "fields": [each.as_json() for each in meetings(draft, current)],
    }
