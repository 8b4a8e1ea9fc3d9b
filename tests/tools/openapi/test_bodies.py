"""Bodies become fields where their fields say everything, and one parameter where they do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.openapi.documents import OK, body, left_out, one, placed, read, said

TEXT = {"type": "string"}
PET: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": TEXT, "age": {"type": "integer"}, "id": {"type": "integer", "readOnly": True}},
}


def test_fields_of_a_json_body_are_parameters() -> None:
    found = one(body(PET))
    assert placed(found) == {"name": "json", "age": "json"}
    assert found.input_schema["required"] == ["name"]
    assert "body" not in found.input_schema["properties"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": TEXT},
        {"type": "object", "additionalProperties": TEXT},
        {**PET, "additionalProperties": True},
        {"oneOf": [PET, {"type": "object"}]},
        {"type": "object"},
        TEXT,
        {},
        True,
    ],
)
def test_any_other_json_is_one_parameter(schema: Any) -> None:
    assert placed(one(body(schema))) == {"body": "body"}


def test_a_body_that_may_be_absent_stays_whole_where_it_needs_fields() -> None:
    found = one(body(PET, required=False))
    assert (placed(found), found.input_schema["required"]) == ({"body": "body"}, [])
    loose = {**PET, "required": []}
    assert placed(one(body(loose, required=False))) == {"name": "json", "age": "json"}


def test_parts_that_belong_together_are_joined() -> None:
    parts = {"Base": {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}}
    whole = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"b": TEXT}}], "required": ["b"]}
    found = one(body(whole), components={"schemas": parts})
    assert placed(found) == {"a": "json", "b": "json"}
    assert found.input_schema["required"] == ["a", "b"]


def test_alternatives_that_only_require_are_said() -> None:
    found = one(body({**PET, "anyOf": [{"required": ["name"]}, {"required": ["age"]}]}))
    assert placed(found) == {"name": "json", "age": "json"}
    assert "name or age is needed is left to the service" in said(found)


def test_a_name_that_is_taken_or_cannot_be_sent_finds_its_way() -> None:
    schema = {"type": "object", "properties": {"id": TEXT, "a b": TEXT, "x/y z": TEXT}}
    found = one(body(schema) | {"parameters": [{"name": "id", "in": "path", "required": True}]}, "/a/{id}")
    assert placed(found) == {
        "body_id": {"in": "json", "name": "id"},
        "a_b": {"in": "json", "at": "/a b"},
        "x_y_z": {"in": "json", "at": "/x~1y z"},
    }


def test_the_type_of_the_body_is_kept() -> None:
    found = one(body(PET, "application/merge-patch+json; charset=utf-8"), method="patch")
    assert found.configuration["headers"] == {"Content-Type": "application/merge-patch+json"}
    whole = one(body({"type": "array"}, "application/json-patch+json"), method="patch")
    assert placed(whole) == {"body": {"in": "body", "content_type": "application/json-patch+json"}}
    assert placed(one(body(PET, "application/xml"))) == {
        "body": {"in": "body", "content_type": "application/xml"}
    }
    assert placed(one(body(TEXT, "text/plain"))) == {"body": {"in": "body", "content_type": "text/plain"}}


def test_a_form_has_the_styles_of_its_fields() -> None:
    schema = {
        "type": "object",
        "properties": {"a": TEXT, "l": {"type": "array", "items": TEXT}, "o": {"type": "object"}},
    }
    encoding = {"l": {"explode": False}, "o": {"style": "deepObject", "explode": True}}
    found = one(body(schema, "application/x-www-form-urlencoded", encoding=encoding))
    assert placed(found) == {
        "a": "form",
        "l": {"in": "form", "style": "form", "explode": False},
        "o": {"in": "form", "style": "deepObject"},
    }


def test_files_are_parts_with_a_name() -> None:
    schema = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "note": TEXT,
            "meta": {"type": "object"},
        },
    }
    found = one(body(schema, "multipart/form-data", encoding={"file": {"contentType": "image/png"}}))
    assert placed(found) == {
        "file": {"in": "multipart", "filename": "file", "content_type": "image/png"},
        "note": "multipart",
        "meta": {"in": "multipart", "content_type": "application/json"},
    }
    assert "files are sent as the text" in said(found)


def test_json_is_preferred() -> None:
    content = {"text/plain": {}, "multipart/form-data": {"schema": PET}, "application/json": {"schema": PET}}
    assert placed(one({"requestBody": {"required": True, "content": content}}))["name"] == "json"


@pytest.mark.parametrize(
    ("node", "method", "why"),
    [
        (body(TEXT, "application/octet-stream"), "post", "none of text: application/octet-stream"),
        (body({"type": "array"}, "multipart/form-data"), "post", "not a plain list of fields"),
        (body(PET), "get", "GET has no body"),
        ({"requestBody": {"$ref": "other.yaml#/x"}}, "post", "none is fetched"),
        (body(False), "post", "o body fits"),
    ],
)
def test_a_body_that_cannot_be_sent_leaves_the_operation_out(
    node: dict[str, Any], method: str, why: str
) -> None:
    assert why in left_out(node, method=method)


def test_without_a_body_it_need_not_have_it_is_a_tool() -> None:
    found = one(body(TEXT, "image/png", required=False))
    assert placed(found) == {}
    assert "sent without" in said(found)


def test_what_is_no_operation_is_said() -> None:
    found = read(
        {"/a": {"trace": OK, "options": OK, "get": OK, "x-more": 1}, "/b#c": {"get": OK}, "c": {"get": OK}}
    )
    assert [each.key for each in found.operations] == ["GET /a"]
    assert {each.key: each.why for each in found.skipped} == {
        "TRACE /a": "TRACE is no call a tool makes.",
        "OPTIONS /a": "OPTIONS is no call a tool makes.",
        "GET /b#c": "Its path is no part of an address.",
        "GET c": "Its path is no part of an address.",
    }
