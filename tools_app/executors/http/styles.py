"""How a value is written into an address, a header or a form: the styles of OpenAPI, and a plain one of our own.

Whatever a value holds, it is encoded: only the configuration decides about names and separators.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tools_app.executors.http.configuration import Placement
from tools_app.executors.http.template import UnsoundValue, plain

_SEPARATORS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}
_MAX_DEPTH = 16


def encoded(text: str) -> str:
    return quote(text, safe="")


def field(name: str, text: str) -> str:
    return f"{encoded(name)}={encoded(text)}"


def fields(placed: Placement, value: Any) -> list[str]:
    """What stands in a query or a form for one parameter: nothing if it is absent or null."""
    if value is None:
        return []
    if placed.style == "deepObject":
        return [field(name, text) for name, text in _deep(placed.name, value, _MAX_DEPTH)]
    if placed.style not in _SEPARATORS or not isinstance(value, list | Mapping):
        return [field(placed.name, text) for text in texts(placed, value)]
    if placed.explode and isinstance(value, Mapping):
        return [field(str(key), text) for key, text in _pairs(placed.name, value)]
    if placed.explode:
        return [field(placed.name, text) for text in _items(placed.name, value)]
    joined = _SEPARATORS[placed.style].join(encoded(text) for text in _listed(placed.name, value))
    return [f"{encoded(placed.name)}={joined}"]


def texts(placed: Placement, value: Any) -> Iterator[str]:
    """The values of a part or a field: one for each item of a list; what has an inner structure is JSON."""
    if placed.style == "json":
        yield json.dumps(value, ensure_ascii=False)
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping | list):
            yield json.dumps(item, ensure_ascii=False)
        elif item is not None:
            yield plain(placed.name, item)


def header(placed: Placement, value: Any) -> str:
    """The value of a header or a cookie, before it is looked at for what headers must not hold."""
    if placed.style == "json":
        return json.dumps(value)
    if isinstance(value, Mapping) and placed.explode:
        return ",".join(f"{key}={text}" for key, text in _pairs(placed.name, value))
    if isinstance(value, Mapping | list):
        return ",".join(_listed(placed.name, value))
    return plain(placed.name, value)


def step(placed: Placement, value: Any, encode: Callable[[Any], str]) -> str:
    """What fills a hole of a path; `encode` refuses single values that could be more than a part of a step."""
    if not placed.style:
        return encode(value)
    start, between = {"simple": ("", ","), "label": (".", "."), "matrix": (";", ";")}[placed.style]
    if isinstance(value, Mapping) and placed.explode:
        return start + between.join(f"{encode(key)}={encode(item)}" for key, item in value.items())
    name = f"{encoded(placed.name)}=" if placed.style == "matrix" else ""
    if not isinstance(value, Mapping | list):
        return f"{start}{name}{encode(value)}"
    parts = [encode(text) for text in _listed(placed.name, value)]
    if placed.explode:
        return start + between.join(f"{name}{part}" for part in parts)
    return f"{start}{name}{','.join(parts)}"


def _listed(name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for pair in _pairs(name, value) for text in pair]
    return list(_items(name, value))


def _items(name: str, value: Iterable[Any]) -> Iterator[str]:
    yield from (_single(name, item) for item in value if item is not None)


def _pairs(name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((str(key), _single(name, item)) for key, item in value.items() if item is not None)


def _single(name: str, value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else plain(name, value)


def _deep(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """`filter[a][b]=1`; lists are numbered, which servers that understand them at all understand alike."""
    if depth < 0:
        raise UnsoundValue(f"The parameter {name[:100]} is nested too deep.")
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _deep(f"{name}[{key}]", item, depth - 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _deep(f"{name}[{index}]", item, depth - 1)
    elif value is not None:
        yield name, plain(name, value)
