"""Review of what servers describe: a person sees the difference and takes it, or turns it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app import catalog, quarantine
from tools_app.cataloging import differences, drafts, versions
from tools_app.cataloging.differences import Difference
from tools_app.exceptions import ReviewChanged
from tools_app.mcp import sync
from tools_app.models import McpServer, Tool, ToolDraft


@dataclass(frozen=True, slots=True)
class Review:
    """One tool that waits: `seen` names exactly what is shown, and has to be said again with the verdict."""

    tool: Tool
    is_new: bool
    seen: str
    fields: tuple[Difference, ...]
    # The tool as it would be.
    wanted: Tool


def pending(server: McpServer) -> QuerySet[Tool]:
    return server.tools.filter(archived_at__isnull=True).exclude(quarantine="").order_by("name")


def of(tool: Tool) -> Review | None:
    """What there is to review about a tool, or None: one that is held back for another reason waits for a sync."""
    if tool.mcp_server_id is None or not tool.quarantine or tool.archived_at is not None:
        return None
    if tool.quarantine == sync.NEW:
        return Review(
            tool,
            is_new=True,
            seen=tool.content_hash(),
            fields=differences.between({}, versions.snapshot(tool)),
            wanted=tool,
        )
    draft = _draft(tool)
    if draft is None:
        return None
    wanted = drafts.applied(draft, tool)
    seen = f"{wanted.content_hash()}-{draft.revision}"
    return Review(tool, is_new=False, seen=seen, fields=drafts.difference(draft, tool), wanted=wanted)


def accept(tool: Tool, *, seen: str, by: Identity) -> Tool:
    """Take it as it is shown. A new tool is switched on. Raises ReviewChanged if it is not what was seen."""
    with transaction.atomic():
        current, shown = _required(tool, seen, by)
        if shown.is_new:
            catalog.update(current, {"enabled": True}, by=by, reason="Reviewed: it is new on its MCP server.")
        else:
            _publish(current, by=by)
        quarantine.release(current, by=by)
    current.refresh_from_db()
    return current


def reject(tool: Tool, *, seen: str, by: Identity) -> Tool:
    """Turn it down. A new tool goes to the archive; a changed one stays held back until the server changes it again."""
    with transaction.atomic():
        current, shown = _required(tool, seen, by)
        if shown.is_new:
            quarantine.hold_back(current, sync.TURNED_DOWN, by=by)
            catalog.shelve(current, by=by)
        else:
            _turn_down(current, by=by)
            quarantine.hold_back(current, sync.REJECTED, by=by)
    current.refresh_from_db()
    return current


def _required(tool: Tool, seen: str, by: Identity) -> tuple[Tool, Review]:
    if tool.organization_id != by.organization_id:
        raise NotFound
    by.require(CATALOG_CHANGE)
    current = Tool.objects.select_for_update().get(pk=tool.pk)
    shown = of(current)
    if shown is None or shown.seen != seen:
        raise ReviewChanged
    return current, shown


def _draft(tool: Tool) -> ToolDraft | None:
    return ToolDraft.objects.filter(tool=tool, source=ToolDraft.Source.MCP).first()


def _publish(tool: Tool, *, by: Identity) -> None:
    draft = _draft(tool)
    if draft is None:
        raise ReviewChanged
    if drafts.is_outdated(draft, tool):
        # What an administrator changed since stays theirs; the server's part comes on top, as the page showed it.
        draft = drafts.renew(draft, by=by, seen=versions.number_of(tool))
    drafts.publish(draft, by=by)


def _turn_down(tool: Tool, *, by: Identity) -> None:
    draft = _draft(tool)
    if draft is None or tool.mcp_server_id is None:
        raise ReviewChanged
    configuration: dict[str, Any] = draft.changes.get("configuration") or {}
    server = McpServer.objects.select_for_update().get(pk=tool.mcp_server_id)
    server.rejected = {**server.rejected, configuration.get("tool", ""): configuration.get("pinned", "")}
    server.save(update_fields=["rejected"])
    drafts.discard(draft, by=by, reason="Turned down at the review.")
