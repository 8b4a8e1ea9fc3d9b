"""The fields of a query, a form or a cookie: what is fixed, then what the model passes. Values never become structure.

A value that is an object may stand in its own names (OpenAPI's `explode`): none of them may be a name that something
else has there, for most services take the last of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tools_app.executors.http import styles, template
from tools_app.executors.http.configuration import HttpTool, Placement


def given(tool: HttpTool, where: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Each as `name=value`, encoded. Raises UnsoundValue."""
    for name, value in tool.fixed.get(where, {}).items():
        yield from styles.fields(Placement(where, name), value)
    for name, placed in tool.placed(where).items():
        value = arguments.get(name)
        if placed.explode and isinstance(value, Mapping):
            _require_free(tool, placed, value)
        yield from styles.fields(placed, value)


def _require_free(tool: HttpTool, placed: Placement, value: Mapping[str, Any]) -> None:
    written = {f"{placed.name}[{key}]" if placed.style == "deepObject" else str(key) for key in value}
    taken = {name.casefold() for name in _others(tool, placed)}
    for name in sorted(written):
        if name.casefold() in taken:
            told = f"The parameter {placed.name[:100]} must not hold {name[:100]!r}: something else has this name."
            raise template.UnsoundValue(told)


def _others(tool: HttpTool, placed: Placement) -> Iterator[str]:
    """The names that anything else has in the same place; of other parameters that stand in their own names, none."""
    yield from tool.fixed.get(placed.where, {})
    yield from (other.name for other in tool.placed(placed.where).values() if other is not placed)
    yield from (auth.name for auth in tool.auths if auth.kind == placed.where)
    if placed.where == "query":
        yield from (name for name, _ in parse_qsl(template.query(tool.url), keep_blank_values=True))
