"""What a tool was, and what a draft would make of it: snapshots, how a version is written, and rows never saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Max

from project.accounts.identity import Identity
from tools_app.cataloging import differences
from tools_app.cataloging.differences import Difference
from tools_app.models import Tool, ToolDraft, ToolVersion

# Everything a caller may set, in the order it is shown. Organization, author, times and the archive belong to the
# catalog itself.
FIELDS: Final = (
    "name",
    "description",
    "category",
    "tool_type",
    "executor",
    "definition",
    "configuration",
    "enabled",
    "disabled_reason",
    "is_dangerous",
    "requires_approval",
    "approver",
    "approvals_needed",
    "approver_groups",
    "approval_seconds",
    "requires_auth",
    "required_permissions",
    "is_idempotent",
    "is_open_world",
    "privacy",
    "rate_limit",
    "rate_limit_observed",
    "allowed_parameters",
    "denied_parameters",
    "ask_when",
    "parameter_defaults",
    "fixed_parameters",
    "parameter_kinds",
    "concurrent_limit",
    "person_daily_limit",
    "daily_limit",
    "version",
    "tags",
    "example_usage",
    "icon",
)
NEW: Final = "new"
_REASON: Final = 300
_STAYING: Final = frozenset({"name", "tool_type", "executor", "enabled", "disabled_reason"})
_FOLLOWING: Final = frozenset({Tool.Executor.BUILTIN, Tool.Executor.PYTHON, Tool.Executor.MCP})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a definition changes: what the record calls it, who, the reason they gave, and what else to remember."""

    action: str
    by: Identity
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    # Secrets that are named but will be made later: whoever brings a catalog brings no secrets.
    awaited: frozenset[str] = frozenset()


def snapshot(tool: Tool) -> dict[str, Any]:
    return {name: getattr(tool, name) for name in sorted(FIELDS)}


def number_of(tool: Tool) -> int:
    """The number of the newest version: what two people who edit at once are told apart by."""
    return ToolVersion.objects.filter(tool_id=tool.pk).aggregate(number=Max("number"))["number"] or 0


def keep(tool: Tool, cause: Cause) -> ToolVersion:
    """Write the next version; only while the row is locked, or just made, by the same transaction."""
    now = snapshot(tool)
    former = ToolVersion.objects.filter(tool_id=tool.pk).order_by("-number").first()
    return ToolVersion.objects.create(
        organization_id=tool.organization_id,
        tool=tool,
        number=former.number + 1 if former else 1,
        content_hash=tool.content_hash(),
        snapshot=now,
        changed=[each.field for each in _told(content(former), now)] if former else [],
        action=cause.action,
        label=tool.version,
        reason=cause.reason[:_REASON],
        changed_by=cause.by.display_name[:255],
    )


def keep_first(tools: Iterable[Tool], cause: Cause) -> list[ToolVersion]:
    """Write the first version of each of these tools, which were just made by the same transaction."""
    made = [
        ToolVersion(
            organization_id=tool.organization_id,
            tool=tool,
            number=1,
            content_hash=tool.content_hash(),
            snapshot=snapshot(tool),
            changed=[],
            action=cause.action,
            label=tool.version,
            reason=cause.reason[:_REASON],
            changed_by=cause.by.display_name[:255],
        )
        for tool in tools
    ]
    return ToolVersion.objects.bulk_create(made, batch_size=200)


def content(version: ToolVersion) -> dict[str, Any]:
    """The columns of a version. Those the first seeds wrote hold the definition only, in the contract's form."""
    written: dict[str, Any] = version.snapshot
    if "definition" in written:
        return dict(written)
    columns = {name: value for name, value in written.items() if name in FIELDS}
    return {
        **columns,
        "definition": {
            "input_schema": written.get("input_schema"),
            "examples": written.get("examples") or [],
        },
    }


def restorable(version: ToolVersion, tool: Tool) -> dict[str, Any]:
    """What of a version a tool may be given back: neither what lasts, nor whether it is on, nor what is not its own.

    The parameters of a built-in tool are the program's, those of a function the code's, those of an MCP tool its
    server's: an old row cannot bring them back.
    """
    fields = {name: value for name, value in content(version).items() if name not in _STAYING}
    if tool.executor in _FOLLOWING:
        fields["definition"] = {**fields["definition"], "input_schema": tool.input_schema}
        fields.pop("configuration", None)
    return fields


def between(old: ToolVersion, new: ToolVersion) -> tuple[Difference, ...]:
    """What changed from one version to another; what one of them did not write down is no change."""
    return _told(content(old), content(new))


def applied(tool: Tool, changes: Mapping[str, Any]) -> Tool:
    """The tool as these changes of a draft would make it: a row that is never saved."""
    made = copy(tool)
    spread = {name: changes[name] for name in ("input_schema", "examples") if name in changes}
    made.definition = {**tool.definition, **spread}
    for name, value in changes.items():
        if name not in spread:
            setattr(made, name, value)
    return made


def mark(draft: ToolDraft | None) -> str:
    """What a use carries that tries a draft, or a tool that is one (None); it fits this revision alone."""
    return f"{draft.pk}:{draft.revision}" if draft else NEW


def tried(tool: Tool, draft: str) -> Tool:
    """The tool that a use with this mark is about. A draft that is gone or has changed gives one the gate refuses."""
    if draft == NEW:
        return applied(tool, {"is_draft": False, "enabled": True}) if tool.is_draft else refused(tool)
    row = next((each for each in ToolDraft.objects.filter(tool_id=tool.pk) if mark(each) == draft), None)
    if row is None:
        return refused(tool)
    # A tool that was never published is off; one that is, and was switched off, stays off in a trial too.
    shown = {"is_draft": False, **({"enabled": True} if tool.is_draft else {})}
    return applied(tool, {**shown, **row.changes})


def refused(tool: Tool) -> Tool:
    return applied(tool, {"is_draft": True})


def since(number: int, tool: Tool) -> tuple[Difference, ...]:
    """What changed on a tool after the version of this number; nothing where there is no such version."""
    former = ToolVersion.objects.filter(tool_id=tool.pk, number=number).first()
    return _told(content(former), snapshot(tool)) if former else ()


def _told(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    both = set(old) & set(new)
    return differences.between(
        {name: old[name] for name in old if name in both}, {name: new[name] for name in new if name in both}
    )
