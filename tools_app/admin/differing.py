"""Differences as pages show them: line by line, and what only keepers of the catalog may see left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.approving.visible import visible_text
from tools_app.cataloging.differences import Difference, Meeting
from tools_app.governing import strays
from tools_app.models import Tool

_NAMES: Final = {
    "input_schema": "parameters",
    "configuration": "settings",
    "enabled": "on",
    "is_dangerous": "dangerous",
    "is_idempotent": "safe to run again",
    "is_open_world": "open world",
    "rate_limit": "calls per minute",
    "concurrent_limit": "calls at once",
    "person_daily_limit": "uses a day of each person",
    "daily_limit": "uses a day of everybody",
    "version": "label",
}
# Nobody reads on; a page of megabytes would only be slow. The lines that count are the first that differ.
MAX_LINES: Final = 1_500
_KINDS: Final = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One field that differs: its two values side by side, or its lines with what became of each."""

    name: str
    before: str
    after: str
    lines: tuple[tuple[str, str], ...] = ()
    is_conflict: bool = False


def named(field: str) -> str:
    return _NAMES.get(field, field.replace("_", " "))


def shown(found: Iterable[Difference], who: Identity) -> list[Shown]:
    return [_shown(each) for each in found if may_see(each.field, who)]


def met(found: Iterable[Meeting]) -> list[dict[str, Any]]:
    """What both sides made of a field: against what was, each by itself."""
    return [
        {
            "name": named(each.field),
            "is_conflict": each.is_conflict,
            "theirs": _shown(Difference(each.field, each.base, each.theirs)),
            "mine": _shown(Difference(each.field, each.base, each.mine)),
        }
        for each in found
    ]


def astray(tool: Tool, former: Tool) -> list[str]:
    """The rules that a change of a tool would leave without the parameter they speak of, or with another kind of it."""
    return [visible_text(each.told) for each in strays.of(tool, former)]


def may_see(field: str, who: Identity) -> bool:
    """Where a tool goes and with which secrets is for those alone who may change it."""
    return field != "configuration" or who.may(CATALOG_CHANGE)


def _shown(one: Difference) -> Shown:
    if one.before_text == one.after_text and one.as_json()["before"] == one.as_json()["after"]:
        return Shown(named(one.field), "", "")
    if one.is_short:
        return Shown(named(one.field), _word(one.before, one.before_text), _word(one.after, one.after_text))
    every = one.diff.split("\n")
    lines = [(_KINDS.get(line[:1], "kept"), line) for line in every[:MAX_LINES]]
    if len(every) > MAX_LINES:
        told = f"{len(every) - MAX_LINES} more lines differ or stand near: the API shows all of them"
        lines.append(("place", told))
    return Shown(named(one.field), "", "", tuple(lines))


def _word(value: Any, text: str) -> str:
    """Flags and what is not set as people say it; "" is drawn as not set."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value in (None, [], {}) else text
