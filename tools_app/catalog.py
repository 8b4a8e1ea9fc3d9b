"""The catalog's verbs: register, update, roll back, archive and restore a Tool. API, admin and commands all come here.

Each change is checked, versioned and recorded in one transaction. Fields that may be written are listed by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit_app import records
from audit_app.models import ToolUsage
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.cataloging import differences, versions, written
from tools_app.cataloging.versions import Cause
from tools_app.exceptions import CannotRollBack, InvalidTool, ToolChanged, ToolNameTaken
from tools_app.governing import held, lowered, strays
from tools_app.models import Tool, ToolCall, ToolVersion

FIELDS: Final = versions.FIELDS
# Columns of a tool times this many stay below what SQLite takes in one statement.
_BATCH: Final = 200
# Of the rules that a change leaves astray the record names so many.
_MOST_TOLD: Final = 20


def register(definition: Mapping[str, Any], *, by: Identity, reason: str = "") -> Tool:
    """Add a tool: its columns, with the definition JSON under `definition` or spread among them (S4.79-88).

    Raises InvalidTool, OperatorOnly, ToolNameTaken, or NotAllowed where it would ask people less than its kind does.
    """
    return add(definition, Cause("tool.added", by, reason))


def register_draft(definition: Mapping[str, Any], *, by: Identity, reason: str = "") -> Tool:
    """Add a tool that acts for nobody, whatever is granted, until `drafts` publish it. Same errors as register."""
    return add({**definition, "enabled": False}, Cause("tool.drafted", by, reason), is_draft=True)


def add(definition: Mapping[str, Any], cause: Cause, **state: bool) -> Tool:
    """The same as register, for a cause that says more."""
    organization_id = require_right(cause.by)
    fields = written.checked(definition, allowed=FIELDS, by=cause.by)
    created_by = cause.by.display_name[:255]
    tool = Tool(organization_id=organization_id, created_by=created_by, **fields, **state)
    written.check_row(tool, awaited=cause.awaited)
    lowered.require_new(tool, by=cause.by)
    try:
        with transaction.atomic():
            tool.save(force_insert=True)
            _remember(tool, sorted(fields), cause)
    except IntegrityError:
        raise ToolNameTaken(details={"name": tool.name}) from None
    return tool


def register_all(definitions: Iterable[Mapping[str, Any]], *, by: Identity, reason: str = "") -> list[Tool]:
    """Add many tools at once, all of them or none, each checked, versioned and recorded like a single one.

    Raises what `register` raises; the details say which tool it is about.
    """
    organization_id = require_right(by)
    cause = Cause("tool.added", by, reason)
    made = [_unsaved(each, organization_id, by) for each in definitions]
    names = [tool.name for tool, _ in made]
    taken = Tool.objects.filter(organization_id=organization_id, name__in=names).values_list(
        "name", flat=True
    )
    if twice := [*taken, *(name for name, number in Counter(names).items() if number > 1)]:
        raise ToolNameTaken(details={"name": twice[0]})
    with transaction.atomic():
        try:
            tools = Tool.objects.bulk_create([tool for tool, _ in made], batch_size=_BATCH)
        except IntegrityError:
            raise ToolNameTaken from None
        kept = versions.keep_first(tools, cause)
        head = records.hold(organization_id, records.administration(organization_id))
        for (tool, changed), version in zip(made, kept, strict=True):
            subject = records.Subject("tool", str(tool.pk), tool.name)
            records.append(head, cause.action, by=by, subject=subject, facts=_facts(changed, version, cause))
    return tools


def _unsaved(definition: Mapping[str, Any], organization_id: int, by: Identity) -> tuple[Tool, list[str]]:
    try:
        fields = written.checked(definition, allowed=FIELDS, by=by)
        tool = Tool(organization_id=organization_id, created_by=by.display_name[:255], **fields)
        written.check_row(tool)
        lowered.require_new(tool, by=by)
    except InvalidTool as refused:
        told = {"tool": definition.get("name", ""), **refused.details}
        raise InvalidTool(refused.message, code=refused.code, details=told) from None
    return tool, sorted(fields)


def update(
    tool: Tool, changes: Mapping[str, Any], *, by: Identity, reason: str = "", expected: int | None = None
) -> Tool:
    """Change what is named, leave the rest; writes nothing if nothing changes. Same errors as register.

    `expected` is the number of the version that was looked at: ToolChanged is raised if there is another one by now.
    """
    return change(tool, changes, Cause("tool.changed", by, reason), expected=expected)


def change(tool: Tool, changes: Mapping[str, Any], cause: Cause, *, expected: int | None = None) -> Tool:
    """The same for verbs that the record calls otherwise, such as publishing."""
    require_right(cause.by, tool)
    with transaction.atomic():
        current = locked(tool, expected=expected)
        fields = written.checked(changes, allowed=FIELDS, by=cause.by, tool=current)
        return _write(current, fields, cause)


def publish(tool: Tool, cause: Cause) -> Tool:
    """Make a tool that was born as a draft one like any other, switched on; `drafts` asks its saved cases first."""
    require_right(cause.by, tool)
    with transaction.atomic():
        current = locked(tool)
        if not current.is_draft or current.archived_at is not None:
            raise NotFound
        current.is_draft, current.enabled = False, True
        written.check_row(current)
        current.save()
        _remember(current, ["enabled", "is_draft"], cause)
    return current


def rollback(
    tool: Tool, version: ToolVersion, *, by: Identity, reason: str = "", expected: int | None = None
) -> Tool:
    """Give a tool the content of an earlier version, as a new version, checked by today's rules.

    Whether it is on stays as it is: what was switched off after an incident is not switched on by going back.
    Raises CannotRollBack, naming what no longer passes; ToolChanged as in `update`.
    """
    require_right(by, tool)
    if version.tool_id != tool.pk:
        raise NotFound
    facts = {"back_to": version.number, "back_to_hash": version.content_hash}
    cause = Cause("tool.rolled_back", by, reason or f"Back to version {version.number}.", facts)
    with transaction.atomic():
        current = locked(tool, expected=expected)
        if current.archived_at is not None:
            raise CannotRollBack("It is archived. Bring it back first.", details=facts)
        try:
            wanted = versions.restorable(version, current)
            return _write(current, written.checked(wanted, allowed=FIELDS, by=by, tool=current), cause)
        except InvalidTool as refused:
            raise CannotRollBack(details={**refused.details, "number": version.number}) from None


def locked(tool: Tool, *, expected: int | None = None) -> Tool:
    """The row as it is now, held to the end of the transaction; NotFound if it is gone, ToolChanged if it moved on."""
    current = Tool.objects.select_for_update().filter(pk=tool.pk).first()
    if current is None:
        raise NotFound
    if expected is not None:
        require_seen(current, expected)
    return current


def require_seen(tool: Tool, number: int) -> None:
    """Raise ToolChanged, with what changed since, unless the version of this number is the newest one."""
    newest = versions.number_of(tool)
    if newest != number:
        changes = [each.as_json() for each in versions.since(number, tool)]
        raise ToolChanged(details={"expected": number, "number": newest, "changes": changes})


def _write(current: Tool, fields: Mapping[str, Any], cause: Cause) -> Tool:
    changed = sorted(
        name for name, value in fields.items() if not differences.same(getattr(current, name), value)
    )
    if not changed:
        return current
    former = copy(current)
    for name in changed:
        setattr(current, name, fields[name])
    held.require(former, current, by=cause.by)
    if current.is_draft and current.enabled:
        raise InvalidTool(details={"enabled": ["It is a draft. Publish it, and it is on."]})
    written.check_row(current, awaited=cause.awaited)
    current.save()
    _remember(current, changed, replace(cause, facts={**cause.facts, **_astray(current, former, changed)}))
    return current


def _astray(tool: Tool, former: Tool, changed: Collection[str]) -> dict[str, list[str]]:
    """Rules about parameters that this change takes away or turns into others: nothing may vanish without a word."""
    if not {"definition", "parameter_kinds"} & set(changed):
        return {}
    told = [each.told for each in strays.of(tool, former)]
    return {"rules_astray": told[:_MOST_TOLD]} if told else {}


def archive(tool: Tool, *, by: Identity, reason: str = "", expected: int | None = None) -> None:
    """Take a tool out of use. One never used is deleted; a used one stays as a row, for history (S4.229)."""
    require_right(by, tool)
    with transaction.atomic():
        current = locked(tool, expected=expected)
        if is_used(current):
            _shelve(current, Cause("tool.archived", by, reason))
            return
        told = {"content_hash": current.content_hash(), **({"reason": reason} if reason else {})}
        _record("tool.removed", current, told, by=by)
        current.delete()


def shelve(tool: Tool, *, by: Identity, reason: str = "") -> None:
    """Archive a tool although it was never used: grants name it, and whoever described it may bring it back."""
    require_right(by, tool)
    with transaction.atomic():
        _shelve(locked(tool), Cause("tool.archived", by, reason))


def _shelve(current: Tool, cause: Cause) -> None:
    current.enabled, current.archived_at = False, timezone.now()
    current.save(update_fields=["enabled", "archived_at", "updated_at"])
    _remember(current, ["archived_at", "enabled"], cause)


def restore(tool: Tool, *, by: Identity, reason: str = "") -> None:
    """Bring an archived tool back, switched off: somebody should look at it before it acts again."""
    require_right(by, tool)
    with transaction.atomic():
        current = locked(tool)
        current.archived_at = None
        current.save(update_fields=["archived_at", "updated_at"])
        _remember(current, ["archived_at"], Cause("tool.restored", by, reason))


def is_used(tool: Tool) -> bool:
    calls = ToolCall.objects.filter(tool_id=tool.pk)
    return calls.exists() or ToolUsage.objects.filter(tool_id=tool.pk).exists()


def require_right(by: Identity, tool: Tool | None = None) -> int:
    """Return the organization in which this person may change the catalog."""
    if not by.organization_id or (tool is not None and tool.organization_id != by.organization_id):
        raise NotFound
    if by.via != "system":
        by.require(CATALOG_CHANGE)
    return by.organization_id


def _remember(tool: Tool, changed: list[str], cause: Cause) -> None:
    """Write the version and the record of a change, in the transaction of the change."""
    _record(cause.action, tool, _facts(changed, versions.keep(tool, cause), cause), by=cause.by)


def _facts(changed: list[str], version: ToolVersion, cause: Cause) -> dict[str, Any]:
    told = {"changed": changed, "number": version.number, "content_hash": version.content_hash, **cause.facts}
    return {**told, **({"reason": cause.reason} if cause.reason else {})}


def _record(action: str, tool: Tool, facts: dict[str, Any], *, by: Identity) -> None:
    records.record(action, by=by, subject=records.Subject("tool", str(tool.pk), tool.name), facts=facts)
