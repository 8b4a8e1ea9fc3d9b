"""The catalog's verbs: register, update, archive and restore a Tool. API, admin and commands all come here.

Each change is checked, versioned and recorded in one transaction. Fields that may be written are listed by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from audit_app import records
from audit_app.models import ToolUsage
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app import written
from tools_app.exceptions import ToolNameTaken
from tools_app.models import Tool, ToolCall, ToolVersion

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
    "approval_seconds",
    "requires_auth",
    "required_permissions",
    "is_idempotent",
    "is_open_world",
    "rate_limit",
    "rate_limit_observed",
    "version",
    "tags",
    "example_usage",
    "icon",
)


def register(definition: Mapping[str, Any], *, by: Identity, reason: str = "") -> Tool:
    """Add a tool: its columns, with the definition JSON under `definition` or spread among them (S4.79-88).

    Raises InvalidTool, OperatorOnly or ToolNameTaken.
    """
    organization_id = _require_right(by)
    fields = written.checked(definition, allowed=FIELDS, by=by)
    tool = Tool(organization_id=organization_id, created_by=by.display_name[:255], **fields)
    written.check_row(tool)
    try:
        with transaction.atomic():
            tool.save(force_insert=True)
            _remember("tool.added", tool, sorted(fields), by=by, reason=reason)
    except IntegrityError:
        raise ToolNameTaken(details={"name": tool.name}) from None
    return tool


def update(tool: Tool, changes: Mapping[str, Any], *, by: Identity, reason: str = "") -> Tool:
    """Change what is named, leave the rest; writes nothing if nothing changes. Same errors as register."""
    _require_right(by, tool)
    with transaction.atomic():
        current = Tool.objects.select_for_update().get(pk=tool.pk)
        fields = written.checked(changes, allowed=FIELDS, by=by, tool=current)
        changed = sorted(name for name, value in fields.items() if getattr(current, name) != value)
        for name in changed:
            setattr(current, name, fields[name])
        if changed:
            written.check_row(current)
            current.save()
            _remember("tool.changed", current, changed, by=by, reason=reason)
    return current


def archive(tool: Tool, *, by: Identity) -> None:
    """Take a tool out of use. One never used is deleted; a used one stays as a row, for history (S4.229)."""
    _require_right(by, tool)
    with transaction.atomic():
        current = Tool.objects.select_for_update().get(pk=tool.pk)
        if is_used(current):
            current.enabled, current.archived_at = False, timezone.now()
            current.save(update_fields=["enabled", "archived_at", "updated_at"])
            _remember("tool.archived", current, ["archived_at", "enabled"], by=by)
            return
        _record("tool.removed", current, {"content_hash": current.content_hash()}, by=by)
        current.delete()


def restore(tool: Tool, *, by: Identity) -> None:
    """Bring an archived tool back, switched off: somebody should look at it before it acts again."""
    _require_right(by, tool)
    with transaction.atomic():
        current = Tool.objects.select_for_update().get(pk=tool.pk)
        current.archived_at = None
        current.save(update_fields=["archived_at", "updated_at"])
        _remember("tool.restored", current, ["archived_at"], by=by)


def is_used(tool: Tool) -> bool:
    calls = ToolCall.objects.filter(tool_id=tool.pk)
    return calls.exists() or ToolUsage.objects.filter(tool_id=tool.pk).exists()


def _require_right(by: Identity, tool: Tool | None = None) -> int:
    """Return the organization in which this person may change the catalog."""
    if not by.organization_id or (tool is not None and tool.organization_id != by.organization_id):
        raise NotFound
    if by.via != "system":
        by.require(CATALOG_CHANGE)
    return by.organization_id


def _remember(action: str, tool: Tool, changed: list[str], *, by: Identity, reason: str = "") -> None:
    """Write the version and the record of a change, in the transaction of the change."""
    newest = ToolVersion.objects.filter(tool=tool).aggregate(number=Max("number"))["number"] or 0
    version = ToolVersion.objects.create(
        organization_id=tool.organization_id,
        tool=tool,
        number=newest + 1,
        content_hash=tool.content_hash(),
        snapshot={name: getattr(tool, name) for name in sorted(FIELDS)},
        label=tool.version,
        reason=reason[:300],
        changed_by=by.display_name[:255],
    )
    facts = {"changed": changed, "number": version.number, "content_hash": version.content_hash}
    _record(action, tool, {**facts, **({"reason": reason} if reason else {})}, by=by)


def _record(action: str, tool: Tool, facts: dict[str, Any], *, by: Identity) -> None:
    records.record(action, by=by, subject=records.Subject("tool", str(tool.pk), tool.name), facts=facts)
