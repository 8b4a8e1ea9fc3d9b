"""What goes wrong with a server, each as a sentence for the model; `details` hold what only an administrator reads."""

from __future__ import annotations

from typing import Any, Final

from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT

from tools_app.exceptions import ToolFailed
from tools_app.executors.mcp import codes
from tools_app.executors.network.lasting import NO_ANSWER


class ServerUnavailable(ToolFailed):
    """The MCP server of this tool cannot be reached. Try again later, or go on without it."""

    code = "server_unavailable"


class ServerLost(ToolFailed):
    """The MCP server of this tool ended in the middle. Whether it took effect is unknown; check before asking again."""

    code = "server_lost"


class TooSlow(ToolFailed):
    """The MCP server of this tool did not answer in time and was told to stop. Whether it took effect is unknown."""

    code = "timeout"


class BadAnswer(ToolFailed):
    """The MCP server of this tool answered something that cannot be read."""

    code = "bad_answer"


class TooLong(ToolFailed):
    """The answer of the MCP server is longer than what is read of one. Ask for less."""

    code = "too_large"


class Drifted(ToolFailed):
    """The MCP server describes this tool differently than when it was reviewed. An administrator has to review it."""

    code = "quarantined"


_LONG: Final = ("longer than what is read", "byte limit")


def named(error: MCPError) -> ToolFailed:
    """The trouble behind an error of the protocol. The server's own words follow only where it speaks itself."""
    told, code = error.error.message, error.error.code
    details: dict[str, Any] = {"code": code, "message": told[:500]}
    if code == codes.TOO_LONG or any(word in told for word in _LONG):
        return TooLong(details=details)
    if code in (codes.UNREADABLE, PARSE_ERROR):
        return BadAnswer(details=details)
    if code == REQUEST_TIMEOUT:
        return TooSlow(details=details)
    if code == CONNECTION_CLOSED:
        return ServerLost(details=details)
    if code == NO_ANSWER:
        return ServerUnavailable(told, retryable=True, details=details)
    return ToolFailed(f"The MCP server refused: {told[:1_000]}", code="server_error", details=details)
