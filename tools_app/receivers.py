"""Status into work, after the commit: a queued call is carried out by a worker, a saved case judged at its end.

A call that found its MCP server changed asks for a sync of it.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from audit_app import crash
from audit_app.signals import status_changed
from tools_app import cases, tasks
from tools_app.bell import ring
from tools_app.mcp import servers
from tools_app.models import ToolCall


@receiver(status_changed, sender=ToolCall)
def call_queued(row: ToolCall, to: str, **_: Any) -> None:
    if to == ToolCall.Status.QUEUED:
        transaction.on_commit(lambda: _ring(row.pk))


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
