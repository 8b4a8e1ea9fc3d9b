"""What is said of a tool before it is archived, deleted or brought back: what hangs on it now."""

from __future__ import annotations

from typing import Any

from django.template.defaultfilters import pluralize

from tools_app.models import Tool, ToolCall


def of_tool(tool: Tool) -> list[str]:
    """How many personas have it, how often it was used and what of it is still open."""
    row: Any = tool
    # The grants stand in a room to the right, which names this one: only the way back from there leads to them.
    personas = row.grants.values("agent_type").distinct().count()
    calls = ToolCall.objects.filter(tool_id=tool.pk)
    open_now = calls.open().count()
    return [
        f"{_counted(personas, 'persona')} {'has' if personas == 1 else 'have'} a grant of it.",
        f"{_counted(calls.count(), 'use')} so far; {open_now} of them waiting or running now.",
    ]


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{pluralize(number)}"
