"""What it costs to hold a value against matchers, in steps of about a microsecond each. Measured, not guessed.

A step too many refuses a call that is meant well, one too few lets a call hold the gate: `tests/tools/test_budget.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools_app.rules import matchers
from tools_app.rules.budget import Budget
from tools_app.rules.values import leaves

# Of values, and of the operators that read a name of a host in them.
_HOST_KINDS: Final = frozenset({"host", "url", "email"})
# Two texts are looked for in two texts, and a pattern is run over two, by a machine of so many states.
_SEARCHED: Final = 1 / 400
_STATE: Final = 1 / 2_000
# Texts this long are brought into one spelling time and again.
_LONG: Final = 256
_RESPELLED: Final = 1 / 3
# A name in letters beyond ASCII is written out anew, and no name is longer than this.
_NAME_CHARS: Final = 253
_RENAMED: Final = 16
# An address is read by the parser of the client that connects, once for all rules.
_PARSED: Final = 60
_PARSED_CHAR: Final = 1 / 4


@dataclass(frozen=True, slots=True)
class Weight:
    """What a list of matchers costs: for each value, for each character of it, and where it names a host."""

    each: float = 0
    char: float = 0
    hosts: bool = False

    def of(self, leaf: Any) -> float:
        if not isinstance(leaf, str):
            return self.each
        return self.each + self.char * len(leaf) + (_of_host(leaf) if self.hosts else 0)

    def of_all(self, value: Any, budget: Budget) -> float:
        """The same for a value with all that it holds."""
        if not isinstance(value, Mapping | list | tuple):
            return self.of(value)
        total = 0.0
        for leaf in leaves(value):
            budget.spend(1)
            total += self.of(leaf)
        return total


def _of_host(leaf: str) -> float:
    named = 0 if leaf.isascii() else _RENAMED * min(len(leaf), _NAME_CHARS)
    return _PARSED + _PARSED_CHAR * len(leaf) + named


def of(wanted: Any, kind: str) -> Weight:
    if not isinstance(wanted, list):
        return Weight()
    searched = _SEARCHED if kind in matchers.TEXT_KINDS else 0
    each, char, hosts = 2.0 * len(wanted), searched * len(wanted), kind in _HOST_KINDS
    for matcher in wanted:
        if isinstance(matcher, str):
            if len(matcher) > _LONG:
                each, char = each + len(matcher) * _RESPELLED, char + _RESPELLED
        elif isinstance(matcher, Mapping):
            more = _of_one(matcher, kind)
            each, char, hosts = each + more.each, char + more.char, hosts or more.hosts
    return Weight(each, char, hosts)


def _of_one(matcher: Mapping[str, Any], kind: str) -> Weight:
    name, said = next(iter(matcher.items()))
    match name:
        case "regex":
            return Weight(6, max(matchers.size_of(said), 10) * _STATE)
        case "one_of":
            return of(said, "")
        case "each":
            return of(said, kind)
        case "argv":
            first, rest = of(said.get("args", []), kind), of(said.get("rest"), kind)
            return Weight(first.each + rest.each + 3, first.char + rest.char, first.hosts or rest.hosts)
    told = of([said], "") if isinstance(said, str) else Weight()
    return Weight(told.each, told.char + (_SEARCHED if name == "contains" else 0), name in _HOST_KINDS)
