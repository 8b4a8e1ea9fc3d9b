"""Readings about the MCP servers that tools belong to: whether one may be used now, as far as its server goes."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from project.accounts.exceptions import Misconfigured
from tools_app import executors
from tools_app.executors.mcp import launchers
from tools_app.models import McpServer, Tool


def server_off(tool: Tool) -> str:
    """Why a tool cannot be used for the sake of its server, or ""."""
    if tool.executor != Tool.Executor.MCP:
        return ""
    if tool.mcp_server_id is None:
        return "Its MCP server was removed."
    server = _rows([tool.mcp_server_id]).first()
    if server is None or not server.enabled:
        return "Its MCP server is switched off."
    return "" if _is_ours(server) else "The operator has taken the launcher of its MCP server away."


def withheld(tools: Iterable[Tool]) -> set[int]:
    """Those that are not offered: their server is off, or is not what was reviewed. At most one query for all."""
    served = [tool for tool in tools if tool.executor == Tool.Executor.MCP]
    if not served:
        return set()
    wanted = {tool.mcp_server_id for tool in served if tool.mcp_server_id is not None}
    on = {server.pk for server in _rows(wanted) if server.enabled and _is_ours(server)}
    return {
        tool.pk
        for tool in served
        if tool.mcp_server_id not in on or executors.drift(tool.executor, tool.configuration)
    }


def _rows(wanted: Iterable[int]) -> QuerySet[McpServer]:
    rows = McpServer.objects.filter(pk__in=wanted).select_related("organization")
    return rows.only("enabled", "kind", "launcher", "organization__slug")


def _is_ours(server: McpServer) -> bool:
    """Whether the operator's file leaves the launcher to this organization; one that is not there has drifted."""
    if server.kind != McpServer.Kind.STDIO:
        return True
    try:
        found = launchers.named(server.launcher)
    except Misconfigured:
        return True
    return found is None or found.is_for(server.organization.slug)
