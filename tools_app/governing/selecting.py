"""Which tools a rule is about: by name, category, executor and flags. Pure; what cannot be read raises UnknownRule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from tools_app.rules import UnknownRule

# In the words of the screen; what each one means of a tool is in `layers`.
FLAGS: Final[Mapping[str, str]] = {
    "dangerous": "marked dangerous",
    "asks": "asks before every use",
    "open_world": "brings content from outside",
    "outgoing": "can carry something out of the house",
    "not_repeatable": "not safe to run again",
}
EXECUTORS: Final = ("builtin", "http", "python", "mcp", "agent")
MOST_NAMES: Final = 500
_FIELDS: Final = ("for_tools", "for_categories", "for_executors", "for_flags")


@dataclass(frozen=True, slots=True)
class Selected:
    """A tool as a rule looks at it."""

    name: str
    category: str = ""
    executor: str = ""
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Selector:
    """Of each list that is not empty a tool must meet one entry; with no list at all it is every tool."""

    for_tools: tuple[str, ...] = ()
    for_categories: tuple[str, ...] = ()
    for_executors: tuple[str, ...] = ()
    for_flags: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = (
            ("", self.for_tools),
            ("of the category ", self.for_categories),
            ("carried out by ", self.for_executors),
            ("", tuple(FLAGS.get(flag, flag) for flag in self.for_flags)),
        )
        told = [f"{words}{' or '.join(listed)}" for words, listed in said if listed]
        return ", ".join(told) or "every tool"

    def covers(self, tool: Selected) -> bool:
        named = not self.for_tools or any(_pattern(name).fullmatch(tool.name) for name in self.for_tools)
        return (
            named
            and (not self.for_categories or tool.category in self.for_categories)
            and (not self.for_executors or tool.executor in self.for_executors)
            and (not self.for_flags or not tool.flags.isdisjoint(self.for_flags))
        )


def read(given: Mapping[str, Any]) -> Selector:
    """The selector among the fields of a rule. Raises UnknownRule for what would never or always be met by mistake."""
    lists = {name: _texts(name, given.get(name) or []) for name in _FIELDS}
    _require_known("for_executors", lists["for_executors"], EXECUTORS)
    _require_known("for_flags", lists["for_flags"], tuple(FLAGS))
    return Selector(**lists)


def _texts(name: str, listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list | tuple) or len(listed) > MOST_NAMES:
        raise UnknownRule(f"{name} is a list of at most {MOST_NAMES} texts")
    if not all(isinstance(each, str) and each.strip() for each in listed):
        raise UnknownRule(f"{name} is a list of texts")
    return tuple(each.strip() for each in listed)


def _require_known(name: str, listed: tuple[str, ...], known: tuple[str, ...]) -> None:
    if strange := sorted(set(listed) - set(known)):
        raise UnknownRule(f"{name} knows {', '.join(known)}, and not {', '.join(strange)}")


@lru_cache(maxsize=1024)
def _pattern(name: str) -> Any:
    """A star stands for anything, every other character for itself; in time that grows with the name alone."""
    return re2.compile(f"(?s){'.*'.join(map(re2.escape, name.split('*')))}")
