"""Where information comes from and where it can go through a tool (`security.md` 2.6).

What was read outside may hold instructions. Together with private data and a way out they are how data is stolen, so
a use that could carry something out is then asked about, whatever the grant says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tools_app import credentials, executors
from tools_app.executors.network import is_excepted
from tools_app.models import Tool

# Built-in tools that show nothing of the organization's or the person's. One that is not listed counts as private.
_HARMLESS: Final = frozenset(
    {"ask_user", "calculate", "current_time", "search_tools", "send_email", "web_fetch", "web_search"}
)
# An address and a search text leave the house as well as a letter does.
_LETTERS: Final = {
    "send_email": "by mail, to whom it is addressed",
    "web_fetch": "in the address it opens",
    "web_search": "in the words it searches the web for",
}
# Where a tool of such a kind ends, its own code decides; every other kind reaches somebody else's machine.
_AT_HOME: Final = frozenset({Tool.Executor.BUILTIN, Tool.Executor.PYTHON})
_NAMED: Final = 8


def can_carry_out(tool: Tool) -> bool:
    """Whether a use may take something out of the house."""
    if tool.executor == Tool.Executor.BUILTIN:
        # A program may send what it reads to the hosts it was granted.
        return tool.name in _LETTERS or bool(_hosts(tool))
    return tool.executor not in _AT_HOME or tool.is_open_world


def is_private(tool: Tool) -> bool:
    """Whether what it gives may belong to the organization or to the person. Where nobody knows, it does."""
    if tool.privacy:
        return tool.privacy != Tool.Privacy.PUBLIC
    if tool.executor == Tool.Executor.BUILTIN:
        return tool.name not in _HARMLESS
    if tool.executor == Tool.Executor.HTTP:
        # What is given to everybody without a key is nobody's secret; but not what only this house can reach.
        return not tool.is_open_world or _has_a_key(tool) or _is_inside(tool)
    return True


def brings(tool: Tool) -> str:
    """Why what it gives comes from outside, in a word that is kept with the use; "" where it does not."""
    # A server of others describes and answers its tools, whatever somebody says of them here.
    if tool.is_open_world or tool.executor == Tool.Executor.MCP:
        return "open_world"
    # A program that may speak to hosts brings what these answer.
    return "network" if tool.executor == Tool.Executor.BUILTIN and _hosts(tool) else ""


def way_out(tool: Tool) -> str:
    """Where a use could take something, for the person who is asked."""
    if tool.executor == Tool.Executor.BUILTIN:
        hosts = ", ".join(str(host) for host in _hosts(tool))
        return _LETTERS.get(tool.name) or f"to the hosts its programs may reach: {hosts}"
    if tool.executor == Tool.Executor.HTTP:
        return "in its request to another service"
    if tool.executor == Tool.Executor.MCP:
        return "to the MCP server that carries it out"
    return "to wherever this tool sends what it is given"


def flow(read: Sequence[Mapping[str, Any]], private: Sequence[str], tool: Tool) -> dict[str, Any]:
    """What came together, kept with the question: what was read, what is at hand, which way is open."""
    return {
        "read": [dict(each) for each in read],
        "private": list(private[:_NAMED]),
        "more_private": max(len(private) - _NAMED, 0),
        "way_out": way_out(tool),
    }


def _has_a_key(tool: Tool) -> bool:
    try:
        return bool(credentials.names(tool))
    except Exception:  # noqa: BLE001  A configuration that was written by hand: what cannot be read is private.
        return True


def _is_inside(tool: Tool) -> bool:
    """Whether the operator has opened a way to it that the open internet does not have."""
    try:
        goal = executors.lasting_reach(tool.executor, tool.configuration or {}, tool.name)
        return goal is not None and is_excepted(goal.url)
    except Exception:  # noqa: BLE001  As above.
        return True


def _hosts(tool: Tool) -> list[Any]:
    listed = (tool.configuration or {}).get("network")
    return listed if isinstance(listed, list) else [listed] if listed else []
