"""Doors for built-in tools that look something up in rows: whoever has the rows opens them at start-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed


@dataclass(frozen=True, slots=True)
class ToolsWanted:
    query: str
    category: str = ""
    tag: str = ""
    limit: int = 5


@dataclass(frozen=True, slots=True)
class FoundTool:
    """`at_hand` where the model is shown it anyway."""

    name: str
    description: str
    category: str
    why: str
    at_hand: bool = False


@dataclass(frozen=True, slots=True)
class FoundTools:
    """The best of those that fit, among so many; `categories` counts what there is."""

    tools: Sequence[FoundTool]
    fitting: int = 0
    searched: int = 0
    categories: Mapping[str, int] = field(default_factory=dict)


ToolFinder = Callable[[ToolsWanted, ToolContext], FoundTools]


@dataclass(slots=True)
class _Doors:
    tools: ToolFinder | None = None


_doors = _Doors()


def register_tools(finder: ToolFinder) -> None:
    _doors.tools = finder


def find_tools(wanted: ToolsWanted, context: ToolContext) -> FoundTools:
    """Among what the persona of this call may use, for the person who asks. Raises ToolFailed."""
    if _doors.tools is None:
        raise ToolFailed("Tools cannot be searched for here.", code="not_available")
    return _doors.tools(wanted, context)
