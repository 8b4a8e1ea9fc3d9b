"""Looking through the arguments with one rule: each parameter is walked once, whatever the rule names in it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools_app.rules import matchers, offering, places, weighing
from tools_app.rules.budget import Budget
from tools_app.rules.errors import UnknownRule
from tools_app.rules.matchers import Seen
from tools_app.rules.values import placed

# Numbers of what a rule says, in the order in which it says it.
Numbers = tuple[int, ...]
_NONE: Final[Numbers] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Arguments as rules look at them: the kind of each parameter, and what was found out about what it means.

    `kinds` are by name, and by pointer for what lies within a parameter. `also` holds the names of the real file by
    parameter; `sql` the class of a statement: read, write or unreadable. All that is looked at is paid from `budget`.
    """

    arguments: Mapping[str, Any]
    kinds: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sql: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget, compare=False, repr=False)
    _inner: dict[str, tuple[tuple[places.Path, str], ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        # Rows may hold anything: what is not as declared here must refuse, never pass unseen.
        given: tuple[object, object] = (self.arguments, self.kinds)
        if not all(isinstance(each, Mapping) for each in given):
            raise UnknownRule("arguments and their kinds are mappings by name")

    def kind(self, name: str) -> str:
        return self.kinds.get(name, "")

    def inner(self, name: str) -> tuple[tuple[places.Path, str], ...]:
        """The places within a parameter that have a kind of their own."""
        if not self._inner:
            found: dict[str, list[tuple[places.Path, str]]] = {"": []}
            for place, kind in self.kinds.items():
                if kind and places.is_pointer(place):
                    found.setdefault(places.names(place), []).append((places.steps(place), kind))
            self._inner.update((top, tuple(listed)) for top, listed in found.items())
        return self._inner.get(name, ())


class _Said:
    """What a rule says of one parameter: of all of it, of places within, and of whatever within is of a kind. `of_any`
    is what it says of any parameter there is, or of any place in one, and so of texts it does not mean."""

    __slots__ = ("of_any", "of_kinds", "patterns", "wanted", "whole")

    def __init__(self, rule: Mapping[str, Any], name: str, subject: Subject, whole: Sequence[str]) -> None:
        self.wanted = list(rule.values())
        self.whole: Numbers = _NONE
        self.patterns: list[tuple[places.Path, int]] = []
        of_kinds, of_any = set(), set()
        for number, place in enumerate(rule):
            if place in whole:
                self.whole += (number,)
            if place == places.ANY or (places.is_pointer(place) and places.names(place) == "*"):
                of_any.add(number)
            if place == name:
                continue
            if places.is_pointer(place):
                if places.names(place) in ("*", name):
                    self.patterns.append((places.steps(place), number))
            elif wanted := places.of_kind(place):
                of_kinds.add(number)
                self.patterns += [
                    (path, number) for path, kind in subject.inner(name) if places.is_of(kind, wanted)
                ]
        self.of_kinds, self.of_any = frozenset(of_kinds), frozenset(of_any)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A value somewhere in a parameter: its kind, what is said of it itself, and of it or of what it lies in. In an
    object any text may stand beside the one that is meant, unless something is said of its very place."""

    node: Any
    kind: str
    here: Numbers
    within: Numbers
    is_inner: bool
    in_object: bool = False


def is_hit(rule: Mapping[str, Any], name: str, subject: Subject) -> bool:
    """Whether a deny rule hits the parameter of this name."""
    kind = subject.kind(name)
    whole = [place for place in rule if place == places.ANY or places.speaks_of(place, name, kind)]
    said = _Said(rule, name, subject, whole)
    if not said.whole and not said.patterns:
        return False
    if any(_is_total(said.wanted[number]) for number in said.whole):
        return True
    looks = _Looks(said, name, subject)
    if not said.patterns and not subject.inner(name):
        seen = (*placed(subject.arguments[name]), *((real, True) for real in subject.also.get(name, ())))
        return any(looks.deny(leaf, kind, said.whole, in_object=is_part) for leaf, is_part in seen)
    return any(looks.deny_spot(spot) for spot in _spots(said, name, subject)) or any(
        looks.deny(real, kind, looks.at_top, in_object=True) for real in subject.also.get(name, ())
    )


def is_covered(rule: Mapping[str, Any], name: str, subject: Subject) -> bool:
    """Whether an allow rule covers the parameter of this name: all of it, or every leaf by a part of it.

    What it says of a kind holds within the parameter as well, and covers nothing there.
    """
    kind = subject.kind(name)
    said = _Said(rule, name, subject, offering.speaking(rule, name, kind))
    looks = _Looks(said, name, subject)
    value = subject.arguments[name]
    whole = _Spot(value, kind, said.whole, said.whole, is_inner=isinstance(value, Mapping | list | tuple))
    if not all(looks.allow(number, whole) for number in said.whole):
        return False
    if not said.patterns:
        return bool(said.whole)
    for spot in _spots(said, name, subject):
        parts = [number for number in spot.here if number not in said.of_kinds]
        if not all(looks.allow(number, spot) for number in parts):
            return False
        if spot.is_inner and spot.node:
            continue
        if not spot.is_inner and not all(
            looks.allow(number, spot) for number in spot.within if number in said.of_kinds - {*said.whole}
        ):
            return False
        if not said.whole and all(number in said.of_kinds for number in spot.within):
            return False
    return True


def _is_total(wanted: Any) -> bool:
    return wanted is True or wanted == []


def _spots(said: _Said, name: str, subject: Subject) -> Iterator[_Spot]:
    """Every value in a parameter, the parameter itself first."""
    inner, count, spend = subject.inner(name), len(said.patterns), subject.budget.spend
    paths = (*(path for path, _ in said.patterns), *(path for path, _ in inner))
    chart = places.mapped(paths)
    start = chart.after(chart.start, name, spend)
    pending = [(subject.arguments[name], start, subject.kind(name), said.whole, False)]
    while pending:
        node, state, kind, within, in_object = pending.pop()
        spend(1)
        here = _NONE
        if ends := chart.ends(state) if state else _NONE:
            here = tuple(said.patterns[end][1] for end in ends if end < count)
            kind = next((inner[end - count][1] for end in ends if end >= count), kind)
            within = tuple(dict.fromkeys((*within, *here)))
            in_object = in_object and all(paths[end][-1] == "**" for end in ends)
        is_inner = isinstance(node, Mapping | list | tuple)
        yield _Spot(node, kind, here, within, is_inner, in_object)
        if is_inner:
            is_part = in_object or isinstance(node, Mapping)
            pending += [
                (item, chart.after(state, key, spend) if state else state, kind, within, is_part)
                for key, item in places.children(node)
            ]


class _Looks:
    """Values of one parameter held against what a rule says of it, each paid for before it is looked at."""

    __slots__ = ("_name", "_opened", "_said", "_subject", "_weights", "at_top")

    def __init__(self, said: _Said, name: str, subject: Subject) -> None:
        self._said, self._name, self._subject = said, name, subject
        self._opened = bool(subject.also.get(name))
        self._weights: dict[tuple[int, str], weighing.Weight] = {}
        # What is said of the whole parameter is said of the names of its real file, too.
        self.at_top = said.whole

    def deny_spot(self, spot: _Spot) -> bool:
        if spot.node is self._subject.arguments[self._name]:
            self.at_top = spot.within
        if any(_is_total(self._said.wanted[number]) for number in spot.here):
            return True
        if not spot.within:
            return False
        if isinstance(spot.node, Mapping):
            return any(self.deny(key, spot.kind, spot.within, in_object=True) for key in spot.node)
        if spot.is_inner:
            return False
        return self.deny(spot.node, spot.kind, spot.within, in_object=spot.in_object)

    def deny(self, leaf: Any, kind: str, numbers: Numbers, *, in_object: bool) -> bool:
        """Whether anything said under these numbers hits this scalar or key."""
        budget = self._subject.budget
        if isinstance(leaf, str):
            budget.spend_on(leaf)
        sql = self._subject.sql.get(self._name, "unreadable")
        for number in numbers:
            budget.spend(self._weight(number, kind).of(leaf))
            is_meant = not in_object and number not in self._said.of_any
            seen = Seen(leaf, kind, (), sql, is_meant, self._opened)
            if any(matchers.denies(matcher, seen) for matcher in self._said.wanted[number]):
                return True
        return False

    def allow(self, number: int, spot: _Spot) -> bool:
        wanted = self._said.wanted[number]
        if wanted is True:
            return True
        subject, name = self._subject, self._name
        subject.budget.spend(self._weight(number, spot.kind).of_all(spot.node, subject.budget))
        real = subject.also.get(name, ()) if spot.node is subject.arguments[name] else ()
        return matchers.allows(wanted, Seen(spot.node, spot.kind, real, subject.sql.get(name, "unreadable")))

    def _weight(self, number: int, kind: str) -> weighing.Weight:
        found = self._weights.get((number, kind))
        if found is None:
            found = self._weights[(number, kind)] = weighing.of(self._said.wanted[number], kind)
        return found
