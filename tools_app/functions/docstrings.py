"""What a function's docstring says, whichever of the usual styles it is written in; the style is found out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import docstring_parser


class PoorDocstring(UserWarning):
    """A tool's docstring leaves the model guessing. The tool works; it will be used less well."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """The text above the sections, and what is said of each parameter (S1.17, S1.18)."""

    text: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def read(function: Callable[..., Any]) -> Documentation:
    """Google, NumPy or Sphinx style (S1.13-16). What cannot be read as any of them is all text."""
    written = inspect.cleandoc(source(function).__doc__ or "")
    try:
        parsed = docstring_parser.parse(written)
    except docstring_parser.ParseError:
        return Documentation(written)
    described = {
        parameter.arg_name.lstrip("*"): " ".join(parameter.description.split())
        for parameter in parsed.params
        if parameter.description
    }
    return Documentation((parsed.description or "").strip(), described)


def source(function: Any) -> Any:
    """The function behind a partial, or the one that makes an object callable: there the docstring is."""
    while isinstance(function, functools.partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__
