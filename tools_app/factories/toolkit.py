"""Toolkit: one object that brings several tools, sharing what it was made with (S0.9)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, Unpack, overload

from tools_app.exceptions import NotAFactory
from tools_app.functions import Tool
from tools_app.functions.registry import Options

_Method = TypeVar("_Method", bound=Callable[..., Any])
_MARK = "_toolroom_tool"


class Toolkit:
    """Its methods marked with `tool_method` are tools. `close` is called once, when nobody uses them any more."""

    def close(self) -> Any:
        """Give back what it holds. May be asynchronous."""


@overload
def tool_method(method: _Method, /) -> _Method: ...


@overload
def tool_method(**options: Unpack[Options]) -> Callable[[_Method], _Method]: ...


def tool_method(method: Any = None, /, **options: Any) -> Any:
    """Mark a method of a Toolkit as a tool; takes the same options as `Tool`."""

    def marked(given: Any) -> Any:
        setattr(given, _MARK, options)
        return given

    return marked if method is None else marked(method)


def tools_of(kit: Any, like: Sequence[Tool] = ()) -> list[Tool]:
    """The tools of a Toolkit, or of its class: then only to read what they are like, they are never called.

    `like` are the tools of its class, if they were declared.
    """
    over = object.__new__(kit) if inspect.isclass(kit) else kit
    made = [
        _tool_of(getattr(over, name), options, like, quiet=over is kit) for name, options in _marked(over)
    ]
    if not made:
        raise NotAFactory(f"{type(over).__name__} has no method marked with tool_method.")
    return made


def _tool_of(method: Any, options: dict[str, Any], like: Sequence[Tool], *, quiet: bool) -> Tool:
    bound = next((found for each in like if (found := each.over(method))), None)
    return bound or Tool(method, **{**options, "quiet": quiet})


def is_toolkit(given: Any) -> bool:
    return isinstance(given, Toolkit) or (inspect.isclass(given) and issubclass(given, Toolkit))


def _marked(kit: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """In the order they are written, those of a base class first."""
    seen = set()
    for each in reversed(type(kit).__mro__):
        for name in vars(each):
            found = inspect.getattr_static(type(kit), name, None)
            if name not in seen and hasattr(found, _MARK):
                seen.add(name)
                yield name, getattr(found, _MARK)
