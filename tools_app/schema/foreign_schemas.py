"""Pure: a stranger's input schema made one of ours, or refused. What a model could not be given is left out and told.

Names of parameters that the house or the model vendors do not accept get another one; the wire name is kept beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools_app.schema import schema_tree, schemas

_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST: Final = 64
_TOP: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")


class Unfit(ValueError):
    """This schema cannot be used; the message says why, for an administrator."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """`aliases` leads from the name a model uses to the one that is sent."""

    schema: dict[str, Any]
    aliases: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def adopted(foreign: Any) -> Adopted:
    """Raises Unfit for what nobody may be asked to fill in: remote references, excessive depth or size."""
    _require_readable(foreign)
    remarks: list[str] = []
    schema = _plain(dict(foreign), remarks)
    schema = schema_tree.mapped(schema, lambda part: _mended(part, remarks))
    aliases = _renamed(schema)
    remarks += [f"{wire} is called {alias}" for alias, wire in aliases.items()]
    if found := schemas.check_schema(schema):
        raise Unfit("; ".join(str(problem) for problem in found[:3]))
    return Adopted(schema, aliases, tuple(dict.fromkeys(remarks)))


def _require_readable(foreign: Any) -> None:
    """Before anything walks through it."""
    if not isinstance(foreign, Mapping):
        raise Unfit("its schema is no object")
    if too := schemas.too_much(foreign):
        raise Unfit(too)


def _plain(schema: dict[str, Any], remarks: list[str]) -> dict[str, Any]:
    """Models are given one object of parameters; alternatives at the top are left to the server to check."""
    schema.setdefault("type", "object")
    for keyword in _TOP:
        if keyword in schema:
            del schema[keyword]
            remarks.append(f"{keyword} at the top level is left out")
    dialect = schema.get("$schema")
    if isinstance(dialect, str) and dialect.removesuffix("#") not in schemas.DIALECTS:
        del schema["$schema"]
    schema.pop("$id", None)
    if not isinstance(schema.get("properties", {}), Mapping):
        raise Unfit("its properties are no object")
    return schema


def _mended(part: dict[str, Any], remarks: list[str]) -> dict[str, Any]:
    """Without our own notes, which a stranger has no business to set, and without patterns nobody can evaluate."""
    kept = {keyword: value for keyword, value in part.items() if not keyword.startswith("x-")}
    if "pattern" in kept and not schemas.is_pattern(kept["pattern"]):
        del kept["pattern"]
        remarks.append("a pattern that cannot be evaluated safely is left out")
    by_name = kept.get("patternProperties")
    if isinstance(by_name, Mapping) and not all(map(schemas.is_pattern, by_name)):
        kept["patternProperties"] = {name: rule for name, rule in by_name.items() if schemas.is_pattern(name)}
        remarks.append("a pattern that cannot be evaluated safely is left out")
    return kept


def _renamed(schema: dict[str, Any]) -> dict[str, str]:
    """Rename top-level parameters in place; returns alias -> wire name."""
    properties = dict(schema.get("properties") or {})
    taken = set(properties)
    new = {name: _alias(name, taken) for name in properties if not _is_ours(name)}
    if not new:
        return {}
    schema["properties"] = {new.get(name, name): rule for name, rule in properties.items()}
    required = schema.get("required")
    if isinstance(required, list):
        schema["required"] = [new.get(name, name) if isinstance(name, str) else name for name in required]
    return {alias: wire for wire, alias in new.items()}


def _is_ours(name: str) -> bool:
    return not schemas.reserved([name]) and schemas.is_parameter_name(name)


def _alias(name: str, taken: set[str]) -> str:
    plain = _ILLEGAL.sub("_", name).strip("_")[: _LONGEST - 4] or "parameter"
    for candidate in _candidates(plain):
        if candidate not in taken and _is_ours(candidate):
            taken.add(candidate)
            return candidate
    raise Unfit(f"no name can be found for the parameter {name[:50]!r}")


def _candidates(plain: str) -> Iterable[str]:
    yield plain
    yield f"{plain}_"
    yield from (f"{plain}_{number}" for number in range(2, 100))
