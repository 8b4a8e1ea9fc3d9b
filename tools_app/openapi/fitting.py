"""Makes the schema of a tool fit what the catalog accepts, and says what had to be made simpler for it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tools_app.openapi import values
from tools_app.openapi.problems import LeftOut, Note
from tools_app.schema import schema_tree, schemas

# Definitions are read like arguments, which counts the levels of the JSON: two for most levels of a schema.
_DEPTH = 12
_MOST_VALUES = 8_000
_TRIES = 25
_DESCRIPTION = 160
Schema = dict[str, Any]


def fitted(schema: Schema, tell: Callable[[Note], None]) -> Schema:
    """A schema without problems. Raises LeftOut if there is no such."""
    schema = _shallow(schema, tell)
    schema = _small(schema, tell)
    problems = schemas.check_schema(schema)
    for _ in range(_TRIES):
        if not problems:
            return schema
        schema = _mended(schema, problems, tell)
        problems = schemas.check_schema(schema)
    raise LeftOut(f"its parameters cannot be described: {problems[0]}")


def _mended(schema: Schema, problems: list[schemas.Problem], tell: Callable[[Note], None]) -> Schema:
    """Take out what is complained about; where nobody says which part it is, take out more and more."""
    placed = [problem for problem in problems if problem.pointer]
    if placed:
        schema = copy.deepcopy(schema)
        for problem in placed:
            tell(Note(f"{_readable(problem.message)}; that part is left out", _place(problem.pointer)))
            _remove(schema, problem.pointer)
        return schema
    told = _readable(problems[0].message)
    for name, without in (("patterns", _without_patterns), ("alternatives", _without_alternatives)):
        simpler = without(schema)
        if simpler != schema:
            tell(Note(f"{told}; its {name} are left out"))
            return simpler
    tell(Note(f"{told}; what it refers to is left out"))
    return _within(schema, 0)


def _readable(message: str) -> str:
    first = message.partition("\n")[0]
    return first if len(first) < 160 else f"{first[:157]}…"


def _place(pointer: str) -> str:
    return pointer.removeprefix("/properties/").replace("/properties/", ".")[:200]


def _remove(schema: Any, pointer: str) -> None:
    """Remove the keyword a problem stands at, or the nearest one above it that still is there."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    found, holder, last = schema, None, ""
    for step in steps:
        if isinstance(found, Mapping) and step in found:
            holder, last, found = found, step, found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            # One item of a list is as wrong as the list.
            break
        else:
            break
    if isinstance(holder, dict):
        holder.pop(last, None)


def _shallow(schema: Schema, tell: Callable[[Note], None]) -> Schema:
    """Schemas nested too deep accept any value from there on."""
    cut = list[str]()

    def pruned(node: Any, depth: int, pointer: str) -> Any:
        if not isinstance(node, Mapping):
            return node
        if depth >= _DEPTH and any(True for _ in schema_tree.children(node)):
            cut.append(pointer)
            return _stub(node)
        return _rebuilt(node, lambda child, where: pruned(child, depth + 1, f"{pointer}{where}"))

    found: Schema = pruned(schema, 1, "")
    if cut:
        tell(Note(f"nested deeper than {_DEPTH} levels; any value is accepted further down", _place(cut[0])))
    return found


def _rebuilt(node: Mapping[str, Any], change: Callable[[Any, str], Any]) -> Schema:
    copied = dict(node)
    for keyword, value in node.items():
        if keyword in schema_tree.ONE:
            copied[keyword] = change(value, f"/{keyword}")
        elif keyword in schema_tree.MANY and isinstance(value, list):
            copied[keyword] = [change(item, f"/{keyword}/{number}") for number, item in enumerate(value)]
        elif keyword in schema_tree.NAMED and isinstance(value, Mapping):
            copied[keyword] = {name: change(item, f"/{keyword}/{name}") for name, item in value.items()}
    return copied


def _stub(node: Any) -> Any:
    """What is left of a schema that is not described further."""
    if not isinstance(node, Mapping):
        return {}
    return {keyword: node[keyword] for keyword in ("type", "description") if keyword in node}


def _small(schema: Schema, tell: Callable[[Note], None]) -> Schema:
    """First descriptions, then what is referred to from farthest away, until it is small enough."""
    if _is_small(schema):
        return schema
    schema = schema_tree.mapped(schema, _briefly)
    if _is_small(schema):
        tell(Note("its descriptions are shortened: the parameters would be too large to be shown to a model"))
        return schema
    for distance in (8, 6, 5, 4, 3, 2, 1, 0):
        simpler = _within(schema, distance)
        if _is_small(simpler):
            tell(
                Note(
                    f"too large to be shown to a model: any object is accepted {distance + 1} references away"
                )
            )
            return simpler
    raise LeftOut(
        f"its parameters take {_size(schema):,} bytes, and {schemas.MAX_BYTES:,} are the most a tool may have"
    )


def _is_small(schema: Schema) -> bool:
    return _size(schema) <= schemas.MAX_BYTES and values.weight(schema, _MOST_VALUES) > 0


def _size(schema: Schema) -> int:
    return len(json.dumps(schema, ensure_ascii=False).encode())


def _briefly(node: Schema) -> Schema:
    said = node.get("description")
    if isinstance(said, str) and len(said) > _DESCRIPTION:
        node["description"] = f"{said[: _DESCRIPTION - 1].rstrip()}…"
    return node


def _within(schema: Schema, distance: int) -> Schema:
    """Only those $defs that are reached over so many references; the others become stubs where they are named."""
    definitions = schema.get("$defs", {})
    top = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    near = set[str]()
    level = set(_referred(top))
    for _ in range(distance):
        near |= level
        level = {name for each in level for name in _referred(definitions.get(each))} - near

    def stubbed(node: Schema) -> Schema:
        name = _named(node.get("$ref"))
        if not name or name in near:
            return node
        return {**_stub(definitions.get(name)), **{k: v for k, v in node.items() if k != "$ref"}}

    found: Schema = schema_tree.mapped(top, stubbed)
    kept = {name: schema_tree.mapped(definitions[name], stubbed) for name in definitions if name in near}
    return found | ({"$defs": kept} if kept else {})


def _referred(node: Any) -> Iterator[str]:
    for _, _, part in schema_tree.walk(node):
        if isinstance(part, Mapping) and (name := _named(part.get("$ref"))):
            yield name


def _named(reference: Any) -> str:
    if not isinstance(reference, str) or not reference.startswith("#/$defs/"):
        return ""
    return reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")


def _without_patterns(schema: Schema) -> Schema:
    return _without(schema, ("pattern", "patternProperties"))


def _without_alternatives(schema: Schema) -> Schema:
    return _without(schema, ("anyOf", "oneOf", "allOf", "not", "if", "then", "else", "dependentSchemas"))


def _without(schema: Schema, keywords: tuple[str, ...]) -> Schema:
    found: Schema = schema_tree.mapped(
        schema, lambda node: {keyword: value for keyword, value in node.items() if keyword not in keywords}
    )
    return found
