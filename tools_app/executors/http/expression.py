"""JMESPath: a part of an answer, or a new shape of it, by an expression; with a bound on what that may cost.

The expression is an administrator's, the answer a stranger's. Two short lists in an expression can double an answer
time after time, so every step, and everything that is compared or passed to a function, is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jmespath import exceptions, functions, parser, visitor  # type: ignore[import-untyped]

from tools_app.exceptions import ToolFailed

_BUDGET = 2_000_000


class _Spent(Exception):
    """The evaluation was given up: a signal within this module."""


def problem(expression: str) -> str:
    """Why this is no expression, or ""."""
    try:
        _parsed(expression)
    except exceptions.JMESPathError as broken:
        return str(broken).partition("\n")[0][:300].rstrip(":") or "this is not a JMESPath expression"
    except RecursionError:
        return "the expression is nested too deep"
    return ""


def search(value: Any, expression: str) -> Any:
    """What the expression finds; None if there is nothing. Raises ToolFailed."""
    try:
        found = _Counting()
        return found.weighed(found.visit(_parsed(expression), value))
    except (_Spent, RecursionError):
        raise ToolFailed("Picking from this answer takes too long. Ask for less.", code="too_large") from None
    except (exceptions.JMESPathError, TypeError, ValueError) as broken:
        told = str(broken).partition("\n")[0][:200]
        raise ToolFailed(f"Nothing can be picked from this answer: {told}", code="nothing_picked") from broken


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Any:
    return parser.Parser().parse(expression).parsed


class _Counting(visitor.TreeInterpreter):
    def __init__(self) -> None:
        super().__init__()
        self._left = _BUDGET
        self.COMPARATOR_FUNC = {
            name: self._weighing(compare) for name, compare in visitor.TreeInterpreter.COMPARATOR_FUNC.items()
        }
        call = functions.Functions().call_function
        self._functions = self
        self.call_function = lambda name, arguments: call(name, [self.weighed(each) for each in arguments])

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        found = super().visit(node, *args, **kwargs)
        self._spend(1 + (len(found) if isinstance(found, list | dict) else 0))
        return found

    def weighed(self, value: Any) -> Any:
        """The value itself, once all that is in it was counted, as often as it is in it."""
        waiting = [value]
        while waiting:
            each = waiting.pop()
            if isinstance(each, dict):
                waiting += each.values()
            elif isinstance(each, list):
                waiting += each
            self._spend(1 + (len(each) // 8 if isinstance(each, str) else 0))
            if len(waiting) > self._left:
                raise _Spent
        return value

    def _weighing(self, compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda one, other: compare(self.weighed(one), self.weighed(other))

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _Spent
