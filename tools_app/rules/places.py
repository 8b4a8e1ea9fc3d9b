"""Where in the arguments a rule looks: a parameter by its plain name, all of one kind (`kind:url`), all others (`*`),
or a JSON Pointer (RFC 6901) whose `*` is any one step and `**` any number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from tools_app.rules.errors import UnknownRule

Path = tuple[str, ...]
# How far into which of the patterns one has come, by their numbers.
State = frozenset[tuple[int, int]]
# How much a map remembers of the steps it was asked about.
_KEPT: Final = 4_096
MAX_STEPS: Final = 16
# No parameter can be called like this: providers refuse a colon and a star in a name.
KIND: Final = "kind:"
ANY: Final = "*"


def is_pointer(name: str) -> bool:
    return name.startswith("/")


def of_kind(name: str) -> str:
    """The kind a name like `kind:url` speaks of; "" for every other name."""
    return name.removeprefix(KIND) if name.startswith(KIND) else ""


def is_plain(name: str) -> bool:
    """Whether this is one parameter by its own name."""
    return not (is_pointer(name) or of_kind(name) or name == ANY)


def speaks_of(place: str, name: str, kind: str) -> bool:
    """Whether a place that is no pointer and no star means this parameter; a folder is a path, too."""
    wanted = of_kind(place)
    return is_of(kind, wanted) if wanted else place == name


def is_of(kind: str, wanted: str) -> bool:
    return wanted == ("path" if kind == "folder" else kind)


@lru_cache(maxsize=1024)
def steps(pointer: str) -> Path:
    """Raises UnknownRule for what is no such pointer."""
    parts = pointer.split("/")[1:]
    if not is_pointer(pointer) or "" in parts or len(parts) > MAX_STEPS:
        raise UnknownRule(f"{pointer!r} is not a place: write it like /filters/*/field")
    return tuple(
        part if part in ("*", "**") else part.replace("~1", "/").replace("~0", "~") for part in parts
    )


def names(pointer: str) -> str:
    """The top-level parameter a pointer speaks of; * if of any."""
    first = steps(pointer)[0]
    return "*" if first in ("*", "**") else first


def meet(one: Path, other: Path) -> bool:
    """Whether there is any place that both patterns mean."""
    if one and one[0] == "**":
        return meet(one[1:], other) or (bool(other) and meet(one, other[1:]))
    if other and other[0] == "**":
        return meet(other, one)
    if not one or not other:
        return not one and not other
    same = one[0] == other[0] or "*" in (one[0], other[0])
    return same and meet(one[1:], other[1:])


def touch(one: Path, other: Path) -> bool:
    """Whether one of them may mean a place that lies in one of the other, or is the same."""
    within = any(meet(one, other[:length]) for length in range(1, len(other) + 1))
    return within or any(meet(one[:length], other) for length in range(1, len(one)))


class Map:
    """Patterns to be looked for together: where each of them has come to after some steps, worked out once.

    A place in the arguments is known by its state, so that a walk costs the same at each step whatever the patterns.
    """

    __slots__ = ("_after", "_ends", "_named", "_patterns", "_weight", "start")

    def __init__(self, patterns: tuple[Path, ...]) -> None:
        self._patterns = patterns
        # All steps that no pattern names are one and the same.
        self._named = frozenset(step for pattern in patterns for step in pattern) - {"*", "**"}
        self._after: dict[tuple[State, str], State] = {}
        self._ends: dict[State, tuple[int, ...]] = {}
        self._weight = 0
        self.start = self._opened((number, 0) for number in range(len(patterns)))

    def after(self, state: State, step: str, spend: Callable[[float], None]) -> State:
        known = (state, step if step in self._named else "")
        found = self._after.get(known)
        if found is None:
            spend(len(state))
            found = self._opened(self._stepped(state, step))
            self._make_room(len(found))
            self._after[known] = found
        return found

    def ends(self, state: State) -> tuple[int, ...]:
        """The numbers of the patterns that mean a place of this state, in their order."""
        found = self._ends.get(state)
        if found is None:
            found = tuple(sorted(number for number, at in state if at == len(self._patterns[number])))
            self._ends[state] = found
        return found

    def _make_room(self, weight: int) -> None:
        """Which states there are is up to whoever writes the arguments."""
        self._weight += weight + 1
        if self._weight > _KEPT:
            self._weight = 0
            self._after.clear()
            self._ends.clear()

    def _stepped(self, state: State, step: str) -> Iterator[tuple[int, int]]:
        for number, at in state:
            pattern = self._patterns[number]
            if at < len(pattern):
                if pattern[at] == "**":
                    yield number, at
                elif pattern[at] in ("*", step):
                    yield number, at + 1

    def _opened(self, reached: Iterable[tuple[int, int]]) -> State:
        """With what `**` may stand for no step at all."""
        found = set(reached)
        for number, at in tuple(found):
            pattern = self._patterns[number]
            for further in range(at, len(pattern)):
                if pattern[further] != "**":
                    break
                found.add((number, further + 1))
        return frozenset(found)


@lru_cache(maxsize=128)
def mapped(patterns: tuple[Path, ...]) -> Map:
    """Rules are the same for call after call."""
    return Map(patterns)


def children(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        yield from ((str(key), item) for key, item in node.items())
    elif isinstance(node, list | tuple):
        yield from ((str(index), item) for index, item in enumerate(node))


def rewritten(
    name: str, value: Any, kinds: Mapping[str, str], wanted: str, change: Callable[[str], str]
) -> Any:
    """A parameter with each text of a kind changed: its own, those of a list of that kind, and those in places whose
    own kind it is. What stands beside these in an object is left alone."""
    inner = [
        (steps(place), kind)
        for place, kind in kinds.items()
        if is_pointer(place) and names(place) in ("*", name)
    ]
    if not inner and kinds.get(name) != wanted:
        return value
    chart = mapped(tuple(path for path, _ in inner))

    def walk(node: Any, state: State, kind: str) -> Any:
        kind = next((inner[end][1] for end in chart.ends(state)), kind)
        if isinstance(node, Mapping):
            return {key: walk(item, chart.after(state, str(key), _free), "") for key, item in node.items()}
        if isinstance(node, list | tuple):
            return [walk(item, chart.after(state, key, _free), kind) for key, item in children(node)]
        return change(node) if kind == wanted and isinstance(node, str) else node

    return walk(value, chart.after(chart.start, name, _free), kinds.get(name, ""))


def _free(steps: float) -> None:
    """Who looks at arguments once, for all rules, pays no rule's budget: how many there are is bounded already."""
