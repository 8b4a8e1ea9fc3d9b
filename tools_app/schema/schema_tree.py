"""Where the schemas inside a JSON Schema sit: a property called "pattern" is not the keyword."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

ONE = (
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED = ("$defs", "definitions", "dependentSchemas", "patternProperties", "properties")

Child = tuple[str, str, Any]


def children(schema: Any) -> Iterator[Child]:
    """Yield (keyword, name or index, schema) for each schema directly inside this one."""
    if not isinstance(schema, Mapping):
        return
    for keyword, value in schema.items():
        if keyword in ONE:
            yield keyword, "", value
        elif keyword in MANY and isinstance(value, list):
            yield from ((keyword, str(index), item) for index, item in enumerate(value))
        elif keyword in NAMED and isinstance(value, Mapping):
            yield from ((keyword, str(name), item) for name, item in value.items())


def walk(schema: Any, pointer: str = "", depth: int = 1) -> Iterator[tuple[str, int, Any]]:
    """Yield (JSON pointer, nesting depth, schema) for this schema and every one inside it."""
    yield pointer, depth, schema
    for keyword, name, child in children(schema):
        below = f"{pointer}/{escaped(keyword)}" + (f"/{escaped(name)}" if keyword not in ONE else "")
        yield from walk(child, below, depth + 1)


def mapped(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Copy a schema, passing each object schema inside it through `change`, innermost first."""
    if not isinstance(schema, Mapping):
        return schema
    copy = dict(schema)
    for keyword, value in schema.items():
        if keyword in ONE:
            copy[keyword] = mapped(value, change)
        elif keyword in MANY and isinstance(value, list):
            copy[keyword] = [mapped(item, change) for item in value]
        elif keyword in NAMED and isinstance(value, Mapping):
            copy[keyword] = {name: mapped(item, change) for name, item in value.items()}
    return change(copy)


def target(root: Any, reference: str) -> Any:
    """Follow a local reference (`#`, `#/$defs/name`); raises LookupError where it points nowhere."""
    found = root
    for step in reference.removeprefix("#").split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isascii() and key.isdigit() and int(key[:6]) < len(found):
            found = found[int(key)]
        elif isinstance(found, Mapping) and key in found:
            found = found[key]
        else:
            raise LookupError(reference)
    return found


def escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
