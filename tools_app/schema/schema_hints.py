"""What a model, or its provider, will stumble over in a sound input schema. Pure; `lint` makes hints of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools_app.cataloging import alike
from tools_app.schema import schema_tree, schemas

# Understood by the validator here, and by few models: they go by type, enum, description and required.
_SELDOM_UNDERSTOOD: Final = frozenset(
    {
        *("if", "then", "else", "not", "contains", "minContains", "maxContains", "propertyNames"),
        *("patternProperties", "dependentSchemas", "dependentRequired", "dependencies"),
        *("unevaluatedItems", "unevaluatedProperties", "prefixItems", "contentSchema"),
        *("contentEncoding", "contentMediaType"),
    }
)
_WORDS: Final = frozenset(
    {
        *("$schema", "$id", "$ref", "$defs", "$comment", "definitions", "type", "enum", "const", "default"),
        *("title", "description", "examples", "deprecated", "readOnly", "writeOnly", "format", "nullable"),
        *("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
        *("items", "minItems", "maxItems", "uniqueItems", "allOf", "anyOf", "oneOf"),
        *("minLength", "maxLength", "pattern", "minimum", "maximum", "multipleOf"),
        *("exclusiveMinimum", "exclusiveMaximum"),
    }
)
_SAYS_A_TYPE: Final = ("type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref")
_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Found:
    code: str
    pointer: str
    message: str
    grave: bool = False


def hints(schema: Mapping[str, Any]) -> list[Found]:
    """At most 40: whoever mends those sees the rest. A schema that cannot be walked has none."""
    if schemas.check_schema(schema):
        return []
    found = [*_parameters(schema), *_names(schema)]
    for pointer, _, part in schema_tree.walk(schema):
        if isinstance(part, Mapping):
            found += [*_words(part, pointer), *_values(part, pointer)]
    return found[:_MOST]


def _parameters(schema: Mapping[str, Any]) -> Iterator[Found]:
    properties = {name: spec for name, spec in _properties(schema).items() if isinstance(spec, Mapping)}
    for name, spec in properties.items():
        pointer = f"/properties/{schema_tree.escaped(name)}"
        told = str(spec.get("description") or "").strip()
        if not told:
            yield Found("parameter_undescribed", pointer, f"Nobody says what {name} means.", grave=True)
        elif alike.skeleton(told) == alike.skeleton(name):
            yield Found("parameter_undescribed", pointer, f"The description of {name} only repeats its name.")
        if not any(keyword in spec for keyword in _SAYS_A_TYPE):
            yield Found("parameter_untyped", pointer, f"{name} has no type: a model may pass anything.")
    if (
        properties
        and not schema.get("required")
        and not all("default" in each for each in properties.values())
    ):
        yield Found(
            "nothing_required", "/required", "No parameter is required: a model may call it with nothing."
        )


def _names(schema: Mapping[str, Any]) -> Iterator[Found]:
    for name, others in alike.pairs(map(str, _properties(schema))).items():
        if name < others[0]:
            pointer = f"/properties/{schema_tree.escaped(name)}"
            told = f"{name} and {', '.join(others)} are easily mistaken for one another."
            yield Found("parameters_alike", pointer, told)


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _words(part: Mapping[str, Any], pointer: str) -> Iterator[Found]:
    for word in part:
        where = f"{pointer}/{schema_tree.escaped(str(word))}"
        if word in _SELDOM_UNDERSTOOD:
            told = f"{word} is checked here, but many models and providers pass over it; say it in the description too."
            yield Found("keyword_unsupported", where, told)
        elif word not in _WORDS and not str(word).startswith("x-"):
            near = difflib.get_close_matches(str(word), _WORDS, n=1, cutoff=0.75)
            meant = f" Is {near[0]} meant?" if near else ""
            yield Found(
                "keyword_unknown", where, f"{word} is no keyword and checks nothing.{meant}", grave=True
            )


def _values(part: Mapping[str, Any], pointer: str) -> Iterator[Found]:
    listed = part.get("enum")
    if isinstance(listed, list):
        if wrong := [value for value in listed if not _fits({**part, "enum": listed}, value)]:
            yield Found(
                "enum_unfit",
                f"{pointer}/enum",
                f"Of its own type it would refuse: {_short(wrong[0])}.",
                grave=True,
            )
        if len(listed) == 1:
            yield Found(
                "enum_single",
                f"{pointer}/enum",
                "There is one choice only; a fixed value belongs in the grant.",
            )
    if "default" in part and not _fits(part, part["default"]):
        told = f"The default {_short(part['default'])} does not fit its own schema."
        yield Found("default_unfit", f"{pointer}/default", told, grave=True)
    low, high = part.get("minimum"), part.get("maximum")
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        yield Found(
            "range_empty", f"{pointer}/minimum", "The minimum is above the maximum: nothing fits.", grave=True
        )


def _fits(part: Mapping[str, Any], value: Any) -> bool:
    """By what is said here alone: a reference leads out of the part and is left to the validator of the whole."""
    if any(keyword in part for keyword in ("$ref", "allOf", "anyOf", "oneOf", "not", "if")):
        return True
    own = {
        word: said for word, said in part.items() if word not in ("$defs", "definitions", "$schema", "$id")
    }
    if re.search(r'"\$ref"', str(own)) or "'$ref'" in str(own):
        return True
    whole = {"type": "object", "properties": {"value": own}, "required": ["value"]}
    return not schemas.problems(whole, {"value": value})


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
