"""Where information comes from and where it can go through a tool (`security.md` 2.6).

What was read outside may hold instructions. Together with private data and a way out they are how data is stolen, so
a use that could carry something out is then asked about, whatever the grant says.
"""

from __future__ import annotations

from typing import Final

from tools_app.models import Tool

# Built-in tools that show nothing of the organization's or the person's. One that is not listed counts as private.
_HARMLESS: Final = frozenset(
    {"ask_user", "calculate", "current_time", "search_tools", "send_email", "web_fetch", "web_search"}
)
# An address and a search text leave the house as well as a letter does.
_LETTERS: Final = frozenset({"send_email", "web_fetch", "web_search"})
_BY_WIRE: Final = frozenset({Tool.Executor.HTTP, Tool.Executor.MCP})


def can_carry_out(tool: Tool) -> bool:
    """Whether a use may take something out of the house."""
    if tool.executor == Tool.Executor.BUILTIN:
        # A program may send what it reads to the hosts it was granted.
        return tool.name in _LETTERS or bool((tool.configuration or {}).get("network"))
    return tool.executor in _BY_WIRE or tool.is_open_world


def is_private(tool: Tool) -> bool:
    """Whether what it gives belongs to the organization or to the person."""
    if tool.executor == Tool.Executor.BUILTIN:
        return tool.name not in _HARMLESS
    return not tool.is_open_world
