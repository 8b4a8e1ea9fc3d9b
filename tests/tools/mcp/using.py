"""Bringing the tools of a server in, and using one of them through the gate."""

from __future__ import annotations

from typing import Any

from tests import gate, people
from tools_app import calls, catalog
from tools_app.mcp import review, sync
from tools_app.models import McpServer, Tool, ToolCall


def brought_in(server: McpServer, *, clean: bool = True) -> None:
    """Synced and reviewed whole, and made to ask for nothing."""
    report = sync.sync(server)
    assert report.error == ""
    assert not clean or report.left_out == []
    for tool in review.pending(server):
        accepted(tool)


def accepted(tool: Tool) -> None:
    found, by = review.of(tool), people.carol().identity
    assert found is not None
    taken = review.accept(tool, seen=found.seen, by=by)
    # What keeps people asked is dropped by who answers for that.
    catalog.update(taken, {"requires_approval": False, "is_dangerous": False}, by=people.adam().identity)


def row(server: McpServer, wire: str) -> Tool:
    return Tool.objects.get(mcp_server=server, configuration__tool=wire)


def used(server: McpServer, wire: str, arguments: dict[str, Any]) -> ToolCall:
    # Of no answer: whether one was stopped is asked on another connection, which sees nothing of a test's transaction.
    call = gate.opened_for(row(server, wire)).ask(arguments, run_id=None)
    calls.execute(call)
    call.refresh_from_db()
    return call
