"""Of which kind a schema says its values are, parameter by parameter and place by place within them. Pure.

A parameter is called by its name, a place within one by a pointer, as in rules: `*` is any one step, `**` any number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

Path = tuple[str, ...]
# Beyond it no rule can name a place, and no argument is read.
DEEPEST: Final = 12
# Of one schema; those of an API with hundreds of nested fields have as many.
MOST: Final = 2_000
_CHOICES: Final = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in the arguments. `is_free` says that any text may stand there; `is_own` that its kind is said there,
    and not of what it lies in."""

    path: Path
    kind: str
    is_own: bool
    is_free: bool

    @property
    def name(self) -> str:
        if len(self.path) == 1:
            return self.path[0]
        return "".join(f"/{_escaped(step)}" for step in self.path)


def of(schema: Mapping[str, Any]) -> Mapping[str, str]:
    """The kinds that are said, by name and by pointer; what lies within is of the same kind unless it says another.

    Where two pointers mean the same place, the more exact one comes first.
    """
    return _remembered(json.dumps(schema, default=str))


@lru_cache(maxsize=256)
def _remembered(written: str) -> Mapping[str, str]:
    """Of a schema that may be long, and is the same for call after call."""
    found: dict[str, str] = {}
    for place in places(json.loads(written)):
        if place.is_own and place.kind:
            found.setdefault(place.name, place.kind)
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: "**" in item[0].split("/"))))


def said(spec: Any, schema: Mapping[str, Any], depth: int = 0) -> tuple[str, str]:
    """The kind of a value, and how a path in it is used: as it says itself, else its choices, else its items."""
    variants = _variants(spec, schema)
    for each in variants:
        if "x-kind" in each:
            return str(each["x-kind"]), str(each.get("x-access", ""))
    for each in variants if depth < DEEPEST else ():
        found = said(each.get("items"), schema, depth + 1)
        if found[0]:
            return found
    return "", ""


def kind(spec: Any, schema: Mapping[str, Any]) -> str:
    """A path to look through is a folder."""
    found, access = said(spec, schema)
    return "folder" if (found, access) == ("path", "list") else found


def places(schema: Mapping[str, Any]) -> tuple[Place, ...]:
    """Every place in the arguments, as far as they are described."""
    walk = _Walk(schema)
    properties = schema.get("properties")
    for name, spec in properties.items() if isinstance(properties, Mapping) else ():
        walk.into(spec, (str(name),), "", {})
    return (*walk.found, *walk.again())


class _Walk:
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self.found: list[Place] = []
        # Where a schema contains itself: whatever is said of it holds at any depth.
        self._loops: set[Path] = set()

    def into(self, spec: Any, path: Path, around: str, refs: Mapping[str, Path]) -> None:
        if len(path) > DEEPEST or len(self.found) >= MOST or "" in path or not isinstance(spec, Mapping):
            return
        followed = dict(refs)
        for name in _references(spec, self._schema):
            if name in refs:
                self._loops.add(refs[name])
                return
            followed[name] = path
        variants = _variants(spec, self._schema)
        own = kind(spec, self._schema)
        self.found.append(Place(path, own or around, bool(own) and own != around, _is_free(variants)))
        for each in variants:
            for step, inner in _inner(each):
                self.into(inner, (*path, step), own or around, followed)

    def again(self) -> Iterator[Place]:
        for base in self._loops:
            for place in self.found:
                if place.path[: len(base)] == base and len(place.path) > len(base):
                    rest = place.path[len(base) :]
                    yield Place((*base, "**", *rest), place.kind, place.is_own, place.is_free)


def _inner(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = spec.get("properties")
    if isinstance(properties, Mapping):
        yield from ((str(name), each) for name, each in properties.items())
    for word in ("items", "additionalProperties"):
        yield "*", spec.get(word)
    listed, patterns = spec.get("prefixItems"), spec.get("patternProperties")
    yield from (("*", each) for each in (listed if isinstance(listed, list) else ()))
    yield from (("*", each) for each in (patterns.values() if isinstance(patterns, Mapping) else ()))


def _variants(spec: Any, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A schema with all that it refers to and offers as a choice, itself first, each once."""
    found: dict[int, Mapping[str, Any]] = {}
    pending = [spec]
    while pending and len(found) < MOST:
        each = pending.pop(0)
        if not isinstance(each, Mapping) or id(each) in found:
            continue
        found[id(each)] = each
        listed = [each.get(word) for word in _CHOICES]
        pending += [
            _target(each.get("$ref"), schema),
            *(one for many in listed if isinstance(many, list) for one in many),
        ]
    return list(found.values())


def _references(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    return [str(each["$ref"]) for each in _variants(spec, schema) if "$ref" in each]


def _target(reference: Any, schema: Mapping[str, Any]) -> Any:
    """What a local reference means; None for any other."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    found: Any = schema
    for step in reference[2:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _is_free(variants: list[Mapping[str, Any]]) -> bool:
    if any(word in each for each in variants for word in ("enum", "const", "properties", "items")):
        return False
    types = {str(each.get("type")) for each in variants if "type" in each}
    lists = [each["type"] for each in variants if isinstance(each.get("type"), list)]
    return not types or "string" in types or any("string" in each for each in lists)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
