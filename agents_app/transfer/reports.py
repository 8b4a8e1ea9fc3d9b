"""What an import did, or would do: item by item, as values and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tools_app.cataloging.differences import Difference

# What was or would be written; what stays as it is; what somebody has to decide; what cannot be.
WRITTEN: Final = frozenset({"added", "changed", "renamed"})
UNSETTLED: Final = "conflict"
WRONG: Final = "wrong"
LEFT_OUT: Final = "left out"
_SIGNS: Final = {
    LEFT_OUT: "-",
    "added": "+",
    "renamed": "+",
    "changed": "~",
    "kept": "=",
    "conflict": "?",
    "wrong": "!",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item. `told` says why, or what else there is to know; `name_here` is what it is called after renaming."""

    kind: str
    name: str
    state: str
    at: str = ""
    differences: tuple[Difference, ...] = ()
    told: tuple[str, ...] = ()
    name_here: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.name}"

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "state": self.state,
            "at": self.at,
            "differences": [each.as_json() for each in self.differences],
            "told": list(self.told),
            "name_here": self.name_here or self.name,
        }


@dataclass(frozen=True, slots=True)
class Report:
    outcomes: Sequence[Outcome]
    missing_secrets: Sequence[str] = ()
    is_dry: bool = False

    @property
    def problems(self) -> list[Outcome]:
        return [each for each in self.outcomes if each.state == WRONG]

    @property
    def conflicts(self) -> list[Outcome]:
        return [each for each in self.outcomes if each.state == UNSETTLED]

    @property
    def stops(self) -> bool:
        """Whether nothing may be written: something is wrong, or not decided."""
        return bool(self.problems or self.conflicts)

    @property
    def changes(self) -> list[Outcome]:
        return [each for each in self.outcomes if each.state in WRITTEN]

    @property
    def is_done(self) -> bool:
        return not self.is_dry and not self.stops

    def as_json(self) -> dict[str, Any]:
        return {
            "done": self.is_done,
            "dry_run": self.is_dry,
            "changes": len(self.changes),
            "conflicts": len(self.conflicts),
            "problems": len(self.problems),
            "items": [each.as_json() for each in self.outcomes if each.state != "same"],
            "unchanged": sum(each.state == "same" for each in self.outcomes),
            "missing_secrets": list(self.missing_secrets),
        }

    def lines(self) -> Iterator[str]:
        for each in self.outcomes:
            if each.state != "same":
                yield from _lines(each)
        for name in self.missing_secrets:
            yield f"  Secret to make: {name}. Tools that need it are refused until it is there."
        yield self.sentence

    @property
    def sentence(self) -> str:
        same = sum(each.state == "same" for each in self.outcomes)
        if self.problems:
            wrong = len(self.problems)
            verb = "is" if wrong == 1 else "are"
            return f"Nothing was changed: {wrong} of {len(self.outcomes)} items {verb} wrong."
        if self.conflicts:
            told = "choose keep, replace or rename"
            return f"Nothing was changed: {len(self.conflicts)} items are otherwise here; {told}."
        if not self.changes:
            return f"Nothing to change: all {len(self.outcomes)} items are here as they are, or were kept."
        verb = "would be written" if self.is_dry else "written"
        return f"{len(self.changes)} items {verb}, {same} are the same."


def _lines(outcome: Outcome) -> Iterator[str]:
    renamed = f" as {outcome.name_here}" if outcome.name_here else ""
    yield f"{_SIGNS[outcome.state]} {outcome.kind} {outcome.name}: {outcome.state}{renamed}"
    for told in outcome.told:
        yield f"    {told}"
    if outcome.state == "added":
        return
    for each in outcome.differences:
        if each.is_short:
            yield f"    {each.field}: {each.before_text or '(nothing)'} -> {each.after_text or '(nothing)'}"
        else:
            yield f"    {each.field}:"
            yield from (f"      {line}" for line in each.diff.split("\n"))
