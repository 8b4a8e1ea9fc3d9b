"""Schemas of both dialects become what the catalog accepts; what does not fit is made simpler, and said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.openapi.documents import body, one, said
from tools_app.openapi.description import Operation
from tools_app.schema import schemas

TEXT = {"type": "string"}


def of(schema: Any, openapi: str = "3.1.0", /, **components: Any) -> Operation:
    """An operation with one parameter `p` of this schema."""
    wrapped = {"type": "object", "properties": {"p": schema}}
    return one(body(wrapped), openapi=openapi, components={"schemas": components})


def part(schema: Any, openapi: str = "3.1.0", /, **components: Any) -> Any:
    return of(schema, openapi, **components).input_schema["properties"]["p"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            {"type": "integer", "exclusiveMinimum": 1},
        ),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, {"type": "integer", "minimum": 1}),
        (
            {"type": "integer", "maximum": 9, "exclusiveMaximum": True},
            {"type": "integer", "exclusiveMaximum": 9},
        ),
        (
            {"type": "string", "example": "x", "x-more": 1, "xml": {}, "title": "T"},
            {"type": "string"},
        ),
        ({"nullable": True, "allOf": [TEXT]}, {"anyOf": [{"allOf": [TEXT]}, {"type": "null"}]}),
        ({"properties": {"a": TEXT}}, {"type": "object", "properties": {"a": TEXT}, "required": []}),
    ],
)
def test_the_dialect_of_3_0(given: Any, expected: Any) -> None:
    assert part(given, "3.0.3") == expected


@pytest.mark.parametrize(
    ("given", "expected", "told"),
    [
        ({"type": "int"}, {}, "type 'int' is unknown"),
        ({"type": "integer", "maximum": 2**63 - 1}, {"type": "integer"}, "maximum cannot be kept exactly"),
        ({"type": "string", "enum": ["a\x00"]}, {"type": "string"}, "the enum"),
        ({"type": "string", "minLength": "3", "pattern": 7, "required": True}, {"type": "string"}, ""),
        ({"type": "string", "pattern": "(?=a)b"}, {"type": "string"}, "RE2 does not accept"),
        ({"type": "string", "pattern": r"(a+)+\1"}, {"type": "string"}, "RE2 does not accept"),
        ({"$ref": "https://elsewhere.example/s.json"}, {}, "none is fetched"),
        ({"$ref": "#/components/schemas/Gone"}, {}, "not in the document"),
        ({"$ref": 7}, {}, "not a text"),
        ({"$dynamicRef": "#node"}, {}, r"$dynamicRef is not followed"),
        ("text", {}, "no object"),
        ({"type": "string", "x-kind": "path", "$id": "x", "$schema": "y"}, {"type": "string"}, ""),
        (
            {"type": "array", "items": {"type": "string", "description": "a\x00b"}},
            {"type": "array", "items": {"type": "string", "description": "ab"}},
            "",
        ),
    ],
)
def test_what_cannot_be_kept_is_left_out_and_said(given: Any, expected: Any, told: str) -> None:
    found = of(given)
    assert found.input_schema["properties"]["p"] == expected
    assert told in said(found)


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("^ab+$", "abb", "xabb"),
        ("ab", "x\nab y", "ba"),
        ("^a|b$", "a and b", "xay"),
        ("^a", "abc", "ba"),
        (r"\d{2}$", "x12", "12x"),
    ],
)
def test_a_pattern_keeps_its_meaning_where_patterns_match_whole_texts(
    pattern: str, fits: str, does_not: str
) -> None:
    schema = of({"type": "string", "pattern": pattern}).input_schema
    assert schemas.anchored(schema) == schema
    assert schemas.problems(schema, {"p": fits}) == []
    assert schemas.problems(schema, {"p": does_not})


def test_a_schema_that_refers_to_itself_stays_finite() -> None:
    node = {
        "type": "object",
        "properties": {
            "value": TEXT,
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        },
    }
    found = of({"$ref": "#/components/schemas/Node"}, Node=node)
    assert found.input_schema["properties"]["p"] == {"$ref": "#/$defs/Node"}
    assert schemas.problems(found.input_schema, {"p": {"children": [{"children": [{"value": "x"}]}]}}) == []
    assert schemas.problems(found.input_schema, {"p": {"children": [{"children": [{"value": 1}]}]}})


def test_what_is_far_away_is_left_out_of_too_much() -> None:
    far: dict[str, Any] = {
        f"L{n}": {
            "type": "object",
            "properties": {f"p{k}": {"type": "integer"} for k in range(900)}
            | {"next": {"$ref": f"#/components/schemas/L{n + 1}"}},
        }
        for n in range(6)
    }
    found = of({"$ref": "#/components/schemas/L0"}, **far, L6={"type": "object"})
    assert "described by too many schemas" in said(found)
    assert schemas.check_schema(found.input_schema) == []


def test_references_without_an_end_accept_anything() -> None:
    circle: dict[str, Any] = {
        "A": {"$ref": "#/components/schemas/B"},
        "B": {"allOf": [{"$ref": "#/components/schemas/A"}]},
    }
    found = of({"$ref": "#/components/schemas/A"}, **circle)
    assert schemas.problems(found.input_schema, {"p": 1}) == []
    assert "left out" in said(found)


def test_a_reference_may_lead_anywhere_in_the_document() -> None:
    holder = {"type": "object", "properties": {"a/b": {"type": "object", "properties": {"x": TEXT}}}}
    found = of({"$ref": "#/components/schemas/Holder/properties/a~1b", "description": "Mine."}, Holder=holder)
    assert found.input_schema["properties"]["p"] == {"$ref": "#/$defs/a_1b", "description": "Mine."}
    assert found.input_schema["$defs"]["a_1b"]["properties"] == {"x": TEXT}


def test_what_is_nested_too_deep_is_cut_and_said() -> None:
    deep: Any = {"type": "object", "properties": {"end": TEXT}}
    for _ in range(40):
        deep = {"type": "object", "properties": {"next": deep}}
    found = of(deep)
    assert schemas.check_schema(found.input_schema) == []
    assert "nested deeper than" in said(found)


def test_what_is_too_large_loses_descriptions_first_and_then_what_is_far_away() -> None:
    wordy = {
        "type": "object",
        "properties": {f"p{n}": {**TEXT, "description": "word " * 100} for n in range(200)},
    }
    found = of(wordy)
    assert "descriptions are shortened" in said(found)
    far: dict[str, Any] = {
        f"L{n}": {
            "type": "object",
            "properties": {
                f"f{n}_{k}_{'x' * 60}": {"$ref": f"#/components/schemas/L{n + 1}"} for k in range(150)
            },
        }
        for n in range(6)
    }
    far["L6"] = {"type": "object", "properties": {"x": TEXT}}
    found = of({"$ref": "#/components/schemas/L0"}, **far)
    assert "references away" in said(found)
    assert len(json.dumps(found.input_schema)) <= schemas.MAX_BYTES
