"""Readings about the MCP servers that tools belong to: whether one may be used now, as far as its server goes."""

from __future__ import annotations

from collections.abc import Iterable

from tools_app import executors
from tools_app.models import McpServer, Tool


def server_off(tool: Tool) -> str:
    """Why a tool cannot be used for the sake of its server, or ""."""
    if tool.executor != Tool.Executor.MCP:
        return ""
    if tool.mcp_server_id is None:
        return "Its MCP server was removed."
    enabled = McpServer.objects.filter(pk=tool.mcp_server_id).values_list("enabled", flat=True).first()
    return "" if enabled else "Its MCP server is switched off."


def withheld(tools: Iterable[Tool]) -> set[int]:
    """Those that are not offered: their server is off, or is not what was reviewed. At most one query for all."""
    served = [tool for tool in tools if tool.executor == Tool.Executor.MCP]
    if not served:
        return set()
    wanted = {tool.mcp_server_id for tool in served if tool.mcp_server_id is not None}
    on = set(McpServer.objects.filter(pk__in=wanted, enabled=True).values_list("pk", flat=True))
    return {
        tool.pk
        for tool in served
        if tool.mcp_server_id not in on or executors.drift(tool.executor, tool.configuration)
    }
