"""Schemas of OpenAPI as JSON Schema 2020-12: the dialect of 3.0 rewritten, references turned into local $defs.

A schema that refers to itself stays finite that way. What only describes answers or documentation is not carried over.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools_app.openapi import references, values
from tools_app.openapi.problems import LeftOut, Note
from tools_app.schema import schema_tree

_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_NUMBERS: Final = ("maximum", "minimum", "multipleOf", "exclusiveMaximum", "exclusiveMinimum")
_COUNTS: Final = (
    *("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"),
    *("maxContains", "minContains"),
)
_VALUES: Final = ("default", "const", "enum")
_FLAGS: Final = ("uniqueItems",)
_RECURSIVE: Final = ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "$recursiveAnchor")
_SCALARS: Final = frozenset({"boolean", "integer", "null", "number", "string"})
_DESCRIPTION: Final = 600
Translated = dict[str, Any] | bool


# So many schemas one operation, and all of a document together, may be made of: a part that thousands of operations
# refer to is read once for each of them.
MOST_OF_ONE: Final = 4_000
MOST_OF_ALL: Final = 250_000


class _TooMuch(LeftOut):
    """One operation is made of too many schemas."""


@dataclass(slots=True)
class Source:
    """The document that is being read, and how much may still be read of it."""

    root: Mapping[str, Any]
    is_30: bool
    left: int


class Translator:
    """Translates the schemas of one operation; `definitions` collects what they refer to."""

    def __init__(self, source: Source, tell: Callable[[Note], None]) -> None:
        self.definitions: dict[str, Any] = {}
        self._root = source.root
        self._is_30 = source.is_30
        self._source = source
        self._tell = tell
        self._left = MOST_OF_ONE
        self._names: dict[str, str] = {}
        self._waiting: deque[tuple[str, str]] = deque()

    def schema(self, node: Any, at: str) -> Translated:
        """One schema, with everything it refers to."""
        found = self._schema(node, at)
        while self._waiting:
            # What is nearest first: where it gets too much, what is far away is left out.
            reference, name = self._waiting.popleft()
            self.definitions[name] = self._definition(references.target(self._root, reference), reference)
        return found

    def _definition(self, node: Any, reference: str) -> Translated:
        try:
            return self._schema(node, reference)
        except _TooMuch:
            self._tell(Note("described by too many schemas; any value is accepted there", reference))
            return {}

    def is_scalar(self, node: Any) -> bool:
        """Whether every value of a schema is a single one, so that no style has to say how a list is written."""
        try:
            found = references.followed(self._root, node)
        except LeftOut:
            return False
        kinds = found.get("type")
        given = set(kinds if isinstance(kinds, list) else [kinds]) if kinds else set()
        if not given and isinstance(found.get("enum"), list):
            return not any(isinstance(value, list | dict) for value in found["enum"])
        return bool(given) and given <= _SCALARS

    def spend(self, steps: int) -> None:
        """Note work for this operation; raises LeftOut where it, or the whole document, gets too much."""
        self._left -= steps
        self._source.left -= steps
        if self._left < 0:
            raise _TooMuch(f"what it may be sent is described by more than {MOST_OF_ONE:,} schemas")
        if self._source.left < 0:
            raise LeftOut("the document refers to the same parts too often to be read to its end")

    def _schema(self, node: Any, at: str) -> Translated:
        self.spend(1)
        if isinstance(node, bool):
            return node
        if not isinstance(node, Mapping):
            self._tell(Note("a schema that is no object; any value is accepted there", at))
            return {}
        if "$ref" in node:
            return self._referred(node, at)
        found = dict(self._plain(node, at))
        found |= self._inner(node, at)
        for keyword in _RECURSIVE:
            if keyword in node:
                self._tell(Note(f"{keyword} is not followed", at))
        return self._nullable(node, found) if self._is_30 else found

    def _referred(self, node: Mapping[str, Any], at: str) -> Translated:
        reference = node["$ref"]
        try:
            meant = references.target(self._root, reference)
        except LeftOut as why:
            self._tell(Note(f"{why}; any value is accepted there", at))
            return {}
        own = {name: value for name, value in node.items() if name != "$ref"}
        if self._is_30:
            own = {name: own[name] for name in ("description", "nullable") if name in own}
        if self._is_small(meant):
            return self._schema({**meant, **own}, at)
        found: dict[str, Any] = {"$ref": f"#/$defs/{schema_tree.escaped(self._name(reference))}"}
        if own:
            beside = self._schema(own, at)
            found |= beside if isinstance(beside, dict) else {}
        return self._nullable(own, found) if self._is_30 else found

    def _is_small(self, meant: Any) -> bool:
        """A list of words or a plain type is clearer where it is used."""
        return (
            isinstance(meant, Mapping)
            and isinstance(meant.get("type"), str)
            and meant["type"] in _SCALARS
            and not any(keyword in meant for keyword in (*schema_tree.MANY, "$ref", "not"))
        )

    def _name(self, reference: str) -> str:
        if reference not in self._names:
            wanted = re.sub(r"[^A-Za-z0-9_.-]+", "_", reference.rpartition("/")[2])[:80] or "schema"
            taken, number, name = set(self._names.values()), 2, wanted
            while name in taken:
                name, number = f"{wanted}_{number}", number + 1
            self._names[reference] = name
            self._waiting.append((reference, name))
        return self._names[reference]

    def _plain(self, node: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
        """The keywords that hold no schema, each only in a form that means something."""
        if kinds := self._types(node, at):
            yield "type", kinds
        if described := values.text(node.get("description"), _DESCRIPTION):
            yield "description", described
        for keyword in _VALUES:
            if keyword in node and not (keyword == "enum" and not isinstance(node["enum"], list)):
                if weight := values.weight(node[keyword]):
                    self.spend(weight)
                    yield keyword, node[keyword]
                else:
                    told = (
                        f"the {keyword} is too long, or holds what JSON cannot keep exactly; it is left out"
                    )
                    self._tell(Note(told, at))
        yield from self._limits(node, at)
        if isinstance(node.get("format"), str):
            yield "format", values.text(node["format"], 60)
        if isinstance(node.get("pattern"), str) and values.weight(node["pattern"]) == 1:
            yield "pattern", whole(node["pattern"])

    def _types(self, node: Mapping[str, Any], at: str) -> str | list[str]:
        kinds = node.get("type")
        if kinds is None:
            return "object" if "properties" in node else ""
        given = kinds if isinstance(kinds, list) else [kinds]
        known = [kind for kind in given if isinstance(kind, str) and kind in _TYPES]
        if len(known) < len(given):
            self._tell(Note(f"the type {kinds!r} is unknown; any value is accepted there"[:200], at))
            return ""
        return known[0] if len(known) == 1 else list(dict.fromkeys(known))

    def _limits(self, node: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
        for keyword in _NUMBERS:
            value = node.get(keyword)
            if isinstance(value, bool) and keyword.startswith("exclusive"):
                continue
            bound = f"exclusive{keyword[0].upper()}{keyword[1:]}"
            if value is not None and values.is_number(value) and not (keyword == "multipleOf" and value <= 0):
                # In 3.0 a flag makes the limit itself an exclusive one.
                yield (bound if node.get(bound) is True else keyword), value
            elif value is not None:
                self._tell(Note(f"the {keyword} cannot be kept exactly; it is left out", at))
        for keyword in _COUNTS:
            count = node.get(keyword)
            if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= values.LARGEST:
                yield keyword, count
        for keyword in _FLAGS:
            if node.get(keyword) is True:
                yield keyword, True
        if required := values.texts(node.get("required")):
            yield "required", list(dict.fromkeys(required))

    def _inner(self, node: Mapping[str, Any], at: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if "properties" in node:
            found |= self._properties(node, at)
        for keyword, value in node.items():
            if keyword in schema_tree.ONE and isinstance(value, Mapping | bool):
                found[keyword] = self._schema(value, at)
            elif keyword in schema_tree.MANY and isinstance(value, list) and value:
                found[keyword] = [self._schema(item, at) for item in value]
            elif keyword == "patternProperties" and isinstance(value, Mapping):
                found[keyword] = {whole(name): self._schema(item, at) for name, item in value.items()}
            elif keyword == "dependentSchemas" and isinstance(value, Mapping):
                found[keyword] = {name: self._schema(item, at) for name, item in value.items()}
        return found

    def _properties(self, node: Mapping[str, Any], at: str) -> dict[str, Any]:
        """What only answers carry (`readOnly`) is not asked for."""
        given = values.mapping(node["properties"])
        sent = {name: part for name, part in given.items() if not self._is_read_only(part)}
        found: dict[str, Any] = {"properties": {name: self._schema(part, at) for name, part in sent.items()}}
        required = [name for name in values.texts(node.get("required")) if name in sent or name not in given]
        return found | {"required": list(dict.fromkeys(required))}

    def _is_read_only(self, part: Any) -> bool:
        return isinstance(part, Mapping) and part.get("readOnly") is True

    def _nullable(self, node: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        if node.get("nullable") is not True:
            return found
        kinds = found.get("type")
        if "$ref" in found or (kinds is None and any(keyword in found for keyword in schema_tree.MANY)):
            return {"anyOf": [found, {"type": "null"}]}
        if kinds is not None:
            given = kinds if isinstance(kinds, list) else [kinds]
            found["type"] = list(dict.fromkeys([*given, "null"]))
        if "enum" in found and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
        return found


def whole(pattern: str) -> str:
    """A pattern that means for the whole text what this one means for a part of it.

    The catalog matches patterns against whole texts, as people who write them there expect; a description searches.
    """
    simple = "|" not in pattern and "(?" not in pattern and "\\" not in pattern[-2:]
    if simple and pattern.startswith("^") and pattern.endswith("$"):
        return pattern
    return rf"^(?:[\s\S]*(?:{pattern})[\s\S]*)$"
