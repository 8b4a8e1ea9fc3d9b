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


@dataclass(frozen=True, slots=True)
class PassagesWanted:
    query: str
    scope: str = ""
    limit: int = 5


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """`tainted` where a model added it after it had read something from outside the organization."""

    text: str
    title: str
    source: str
    heading: str = ""
    tainted: bool = False


@dataclass(frozen=True, slots=True)
class NewDocument:
    title: str
    text: str
    source: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class KeptDocument:
    id: int
    title: str
    passages: int = 0
    is_new: bool = True


ToolFinder = Callable[[ToolsWanted, ToolContext], FoundTools]
PassageFinder = Callable[[PassagesWanted, ToolContext], Sequence[FoundPassage]]
Keeper = Callable[[NewDocument, ToolContext], KeptDocument]


@dataclass(slots=True)
class _Doors:
    tools: ToolFinder | None = None
    passages: PassageFinder | None = None
    keeper: Keeper | None = None


_doors = _Doors()


def register_tools(finder: ToolFinder) -> None:
    _doors.tools = finder


def find_tools(wanted: ToolsWanted, context: ToolContext) -> FoundTools:
    """Among what the persona of this call may use, for the person who asks. Raises ToolFailed."""
    if _doors.tools is None:
        raise ToolFailed("Tools cannot be searched for here.", code="not_available")
    return _doors.tools(wanted, context)


def register_knowledge(finder: PassageFinder, keeper: Keeper) -> None:
    _doors.passages, _doors.keeper = finder, keeper


def find_passages(wanted: PassagesWanted, context: ToolContext) -> Sequence[FoundPassage]:
    """Of what the person of this call may be told, best first. Raises ToolFailed."""
    if _doors.passages is None:
        raise ToolFailed("There is no knowledge to search here.", code="not_available")
    return _doors.passages(wanted, context)


def keep_document(new: NewDocument, context: ToolContext) -> KeptDocument:
    """Add a document for the person of this call. Raises ToolFailed."""
    if _doors.keeper is None:
        raise ToolFailed("Nothing can be kept here.", code="not_available")
    return _doors.keeper(new, context)
