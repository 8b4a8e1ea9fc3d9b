"""Status into work, after the commit: a queued call is carried out by a worker, a saved case judged at its end.

A call that found its MCP server changed asks for a sync of it.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from audit_app import crash
from audit_app.signals import status_changed
from project.accounts.prepared import Given, Prepared
from tools_app import tasks
from tools_app.bell import ring
from tools_app.cataloging import cases
from tools_app.mcp import servers
from tools_app.models import ToolCall

_IN_LINE = (ToolCall.Status.QUEUED, ToolCall.Status.RUNNING)
_NEXT = Prepared(
    lambda: (
        ToolCall.objects.filter(tool_id=Given("tool"), status=ToolCall.Status.QUEUED)
        .order_by("pk")
        .values_list("pk")[:1]
    )
)


@receiver(status_changed, sender=ToolCall)
def call_queued(row: ToolCall, to: str, **_: Any) -> None:
    if to == ToolCall.Status.QUEUED:
        transaction.on_commit(lambda: _ring(row.pk))


@receiver(status_changed, sender=ToolCall)
def place_is_free(row: ToolCall, was: str | None, to: str, **_: Any) -> None:
    """One call of a tool of which only so many run at once is gone from the line: the next one may be its turn."""
    has_line = row.tool is not None and row.tool.concurrent_limit is not None
    if has_line and was in _IN_LINE and to not in _IN_LINE:
        transaction.on_commit(lambda: _ring_next(row.tool_id or 0))


@receiver(status_changed, sender=ToolCall)
def call_of_a_case_ended(row: ToolCall, to: str, **_: Any) -> None:
    if to not in ToolCall.OPEN and row.asked_through.get("door") == cases.THROUGH:
        transaction.on_commit(lambda: cases.settle(row))


@receiver(status_changed, sender=ToolCall)
def server_drifted(row: ToolCall, to: str, **_: Any) -> None:
    """A call found its server describing the tool otherwise: the sync holds the tool back and shows what changed."""
    if to == ToolCall.Status.FAILED and row.reason == "quarantined" and row.tool and row.tool.mcp_server_id:
        servers.note_drift(row.tool.mcp_server_id, row.organization_id)


def _ring_for_sync(server_id: int) -> None:
    ring(tasks.sync_mcp_server, server_id)


servers.hear_syncs(_ring_for_sync)


def _ring(call_id: int) -> None:
    crash.point("after-commit-before-publish")
    ring(tasks.execute_call, call_id)


def _ring_next(tool_id: int) -> None:
    following: Any = _NEXT.first(tool=tool_id)
    if following is not None:
        ring(tasks.execute_call, following[0])
