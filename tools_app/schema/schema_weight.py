"""How much work a schema can make for one set of arguments, counted before any is done.

A few hundred bytes of references can ask for more checks than there are atoms; such schemas are found here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tools_app.schema import schema_tree

MAX_IN_PLACE = 1_000
MAX_WEIGHT = 5_000
_ARGUMENT_DEPTH = 32
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
_OF_LISTS = ("items", "prefixItems", "contains", "unevaluatedItems")
_OF_OBJECTS = ("additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties")


class _Excessive(Exception):
    """Counting was given up: a signal within this module."""


def is_excessive(schema: Mapping[str, Any]) -> bool:
    """True if checking one single value may take more than a thousand steps, or never end."""
    weights = _Weights(schema)
    try:
        for _, _, part in schema_tree.walk(schema):
            weights.closure(part)
    except (_Excessive, LookupError, RecursionError):
        return True
    return False


def is_heavy(schema: Mapping[str, Any]) -> bool:
    """True if arguments of the greatest depth may take more than some thousand steps to explain."""
    try:
        return _Weights(schema).weight(schema, _ARGUMENT_DEPTH) > MAX_WEIGHT
    except (_Excessive, LookupError, RecursionError):
        return True


class _Weights:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._schemas: dict[int, Any] = {}
        self._closures: dict[int, tuple[int, Counter[tuple[str, int]]] | None] = {}
        self._weights: dict[tuple[int, int], int] = {}

    def closure(self, schema: Any) -> tuple[int, Counter[tuple[str, int]]]:
        """How many schemas look at one and the same value, and which look inside it, by place."""
        key = id(schema)
        if key in self._closures:
            known = self._closures[key]
            if known is None:
                raise _Excessive  # it came back to itself without a step into the arguments
            return known
        self._closures[key] = None
        count, inside = 1, Counter[tuple[str, int]]()
        for keyword, name, child in schema_tree.children(schema):
            self._schemas[id(child)] = child
            if keyword in _IN_PLACE:
                count += self._add(child, inside)
            elif place := _place(keyword, name):
                inside[place, id(child)] += 1
        if isinstance(schema, Mapping) and "$ref" in schema:
            count += self._add(schema_tree.target(self._root, schema["$ref"]), inside)
        if count > MAX_IN_PLACE:
            raise _Excessive
        self._closures[key] = count, inside
        return count, inside

    def _add(self, schema: Any, inside: Counter[tuple[str, int]]) -> int:
        count, more = self.closure(schema)
        if count > MAX_IN_PLACE:
            raise _Excessive
        inside.update(more)
        return count

    def weight(self, schema: Any, depth: int) -> int:
        """The most steps any one path through arguments of this depth can cost."""
        key = (id(schema), depth)
        if key not in self._weights:
            count, inside = self.closure(schema)
            self._weights[key] = count + (self._heaviest(inside, depth - 1) if depth else 0)
        return self._weights[key]

    def _heaviest(self, inside: Counter[tuple[str, int]], depth: int) -> int:
        places: Counter[str] = Counter()
        for (place, child), times in inside.items():
            places[place] += times * self.weight(self._schemas[child], depth)
            if places[place] > MAX_WEIGHT:
                raise _Excessive
        named = max((cost for place, cost in places.items() if place.startswith(".")), default=0)
        return max(named + places["*"], places["[]"])


def _place(keyword: str, name: str) -> str:
    if keyword == "properties":
        return f".{name}"
    if keyword in _OF_OBJECTS:
        return "*"
    return "[]" if keyword in _OF_LISTS else ""
