"""What is left of a limit after a use, in words: for its card, and for the model where it is little. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

# From so few uses on the model is told: before that it would only cost tokens.
_FEW: Final = 3


def shown(one: Mapping[str, Any]) -> str:
    return f"{one['left']} of {one['most']} uses left {one['where']}"


def told(tool_name: str, remainder: Iterable[Mapping[str, Any]]) -> str:
    """A line after the result, or nothing. It stands with the call, so that repeating it changes no prompt."""
    few = [one for one in remainder if one["left"] <= _FEW]
    if not few:
        return ""
    least = min(few, key=lambda one: int(one["left"]))
    if least["left"] == 0:
        return f"\n[This was the last use of {tool_name} {least['where']}.]"
    uses = "use" if least["left"] == 1 else "uses"
    return f"\n[{least['left']} more {uses} of {tool_name} {least['where']}.]"
