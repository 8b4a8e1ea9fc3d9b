"""Schemas on save and on use: what they may demand, what fits them, and what they may not cost."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest

from tools_app import arguments


def schema(properties: Any = None, **rest: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties or {}, **rest}


def deep_schema(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(levels - 1):
        inner = {"type": "object", "properties": {"a": inner}}
    return inner


TREE = {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}}}
ANY_JSON = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"$ref": "#/$defs/json"}},
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/json"}},
    ]
}


@pytest.mark.parametrize(
    "good",
    [
        {"type": "object"},
        schema(),
        schema({"path": {"type": "string", "x-kind": "path"}}, required=["path"]),
        schema(
            {"n": {"type": "integer", "minimum": 1}, "e": {"enum": ["a", "b"]}}, additionalProperties=False
        ),
        schema({"pattern": {"type": "string"}, "items": {"type": "array"}}),
        schema({"t": {"pattern": "^[A-Z]{1,5}$"}}),
        schema({"a": {"$ref": "#/$defs/b"}}, **{"$defs": {"b": {"type": "string"}}}),
        schema({"a": {"$ref": "#/$defs/tree"}}, **{"$defs": {"tree": TREE}}),
        schema({"a": {"$ref": "#/$defs/json"}}, **{"$defs": {"json": ANY_JSON}}),
        schema(**{"$schema": "https://json-schema.org/draft/2020-12/schema"}),
        schema(**{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://example.org/x"}),
        schema(additionalProperties=True, required=["anything"]),
        schema({"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}),
        schema({"a": {"format": "date-time"}, "b": {"format": "made-up"}}),
        deep_schema(16),
    ],
)
def test_good_schemas_can_be_saved(good: dict[str, Any]) -> None:
    assert arguments.check_schema(good) == []


@pytest.mark.parametrize(
    ("bad", "pointer", "word"),
    [
        ([], "", "JSON object"),
        ("text", "", "JSON object"),
        (None, "", "JSON object"),
        ({}, "/type", "object"),
        ({"type": "string"}, "/type", "object"),
        (schema({"user_id": {}}), "/properties/user_id", "reserved"),
        (schema({"ｃtx": {}}), "/properties/ｃtx", "reserved"),
        (schema(required=["context"]), "/properties/context", "reserved"),
        (schema({"with space": {}}), "/properties/with space", "letters"),
        (schema({"x" * 65: {}}), "/properties/" + "x" * 65, "letters"),
        (schema({"a/b": {}}), "/properties/a~1b", "letters"),
        (schema(required=["missing"]), "/required", "missing"),
        (schema(anyOf=[{}]), "/anyOf", "top level"),
        ({"type": "object", "properties": []}, "/properties", "parameters"),
        (schema({"a": {"type": "objekt"}}), "/properties/a/type", "objekt"),
        (schema({"a": {"minimum": "1"}}), "/properties/a/minimum", "number"),
        (schema({"a": {"$ref": "http://127.0.0.1:9/x"}}), "/properties/a/$ref", "inside this schema"),
        (schema({"a": {"$ref": "file:///etc/passwd"}}), "/properties/a/$ref", "inside this schema"),
        (schema({"a": {"$ref": "other.json#/x"}}), "/properties/a/$ref", "inside this schema"),
        (schema({"a": {"$ref": "#/$defs/none"}}), "/properties/a/$ref", "inside this schema"),
        (schema({"a": {"$ref": 5}}), "/properties/a/$ref", "inside this schema"),
        (schema({"a": {"$dynamicRef": "#x"}}), "/properties/a/$dynamicRef", "not supported"),
        (schema({"a": {"$id": "https://example.org"}}), "/properties/a/$id", "identifier"),
        (schema(**{"$schema": "https://example.org/own"}), "/$schema", "dialect"),
        (schema({"a": {"pattern": "(?=x)"}}), "/properties/a/pattern", "RE2"),
        (schema({"a": {"pattern": "("}}), "/properties/a/pattern", "RE2"),
        (schema({"a": {"pattern": 5}}), "/properties/a/pattern", "RE2"),
        (schema({"a": {"patternProperties": {"(a)\\1": {}}}}), "/properties/a/patternProperties", "RE2"),
        (schema({"a": {"x-kind": "shell"}}), "/properties/a/x-kind", "kind"),
        (schema({"a": {"x-kind": "path", "x-access": "own"}}), "/properties/a/x-access", "access"),
        (deep_schema(17), "/properties/a" * 16, "16 levels"),
        (deep_schema(3_000), "", "levels"),
        (schema({"a": {"description": "x" * 65_536}}), "", "65536"),
        (schema({"a": {"default": float("nan")}}), "", "plain JSON"),
        (schema({"a": {"default": {1, 2}}}), "", "plain JSON"),
        (schema({"a": {"$ref": "#/$defs/b"}}, **{"$defs": {"b": {"$ref": "#/$defs/b"}}}), "", "without end"),
    ],
)
def test_bad_schemas_are_refused_with_the_place(bad: Any, pointer: str, word: str) -> None:
    found = arguments.check_schema(bad)
    assert [problem.pointer for problem in found][:1] == [pointer]
    assert word in found[0].message


def doubling(levels: int) -> dict[str, Any]:
    twice = {
        f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}"}]}
        for n in range(levels)
    }
    return schema({"a": {"$ref": "#/$defs/a0"}}, **{"$defs": {**twice, f"a{levels}": {"type": "object"}}})


def test_a_schema_that_multiplies_work_is_refused_at_once() -> None:
    began = time.monotonic()
    assert "branches too much" in arguments.check_schema(doubling(60))[0].message
    assert time.monotonic() - began < 30


def test_a_heavy_recursive_schema_is_answered_at_once_but_briefly() -> None:
    node = {
        "allOf": [{"properties": {"a": {"$ref": "#/$defs/n"}}}, {"properties": {"a": {"$ref": "#/$defs/n"}}}],
        "properties": {"b": {"type": "string"}},
    }
    heavy = schema({"x": {"$ref": "#/$defs/n"}}, **{"$defs": {"n": node}})
    assert arguments.check_schema(heavy) == []
    deep: dict[str, Any] = {"b": 1}
    for _ in range(28):
        deep = {"a": deep}
    began = time.monotonic()
    assert [str(problem) for problem in arguments.problems(heavy, {"x": deep})] == [
        "/: the arguments do not fit the schema"
    ]
    assert time.monotonic() - began < 30


STOCK = schema(
    {
        "symbol": {"type": "string", "pattern": "^[A-Z]{1,5}$"},
        "count": {"type": "integer", "minimum": 1, "maximum": 10},
        "when": {"type": "string", "format": "date"},
        "site": {"type": "string", "format": "uri"},
        "mail": {"type": "string", "format": "email"},
    },
    required=["symbol"],
)


@pytest.mark.parametrize(
    "good",
    [
        {"symbol": "ACME"},
        {"symbol": "A", "count": 10},
        {"symbol": "A", "count": 3.0},
        {"symbol": "A", "when": "2026-11-21", "site": "https://example.org/x", "mail": "a@example.org"},
    ],
)
def test_arguments_that_fit(good: dict[str, Any]) -> None:
    assert arguments.problems(STOCK, good) == []


@pytest.mark.parametrize(
    ("bad", "pointer", "word"),
    [
        ({}, "", "symbol"),
        ({"symbol": "acme"}, "/symbol", "match"),
        ({"symbol": "ACME\n"}, "/symbol", "match"),
        ({"symbol": 5}, "/symbol", "string"),
        ({"symbol": "A", "count": 0}, "/count", "minimum"),
        ({"symbol": "A", "count": True}, "/count", "integer"),
        ({"symbol": "A", "count": "1"}, "/count", "integer"),
        ({"symbol": "A", "when": "tomorrow"}, "/when", "date"),
        ({"symbol": "A", "when": "2026-02-30"}, "/when", "date"),
        ({"symbol": "A", "site": "not a uri"}, "/site", "uri"),
        ({"symbol": "A", "mail": "nobody"}, "/mail", "email"),
        ({"symbol": "A", "extra": 1}, "", "extra"),
    ],
)
def test_arguments_that_do_not_fit_are_explained(bad: dict[str, Any], pointer: str, word: str) -> None:
    found = arguments.problems(STOCK, bad)
    assert [problem.pointer for problem in found] == [pointer]
    assert word in found[0].message
    assert str(found[0]).startswith(f"{pointer or '/'}: ")


def test_unknown_names_are_refused_unless_the_schema_says_otherwise() -> None:
    assert arguments.problems(schema(), {"x": 1})
    assert arguments.problems(schema(additionalProperties=False), {"x": 1})
    assert not arguments.problems(schema(additionalProperties=True), {"x": 1})
    assert not arguments.problems(schema(additionalProperties={"type": "integer"}), {"x": 1})
    assert arguments.problems(schema(additionalProperties={"type": "integer"}), {"x": "1"})


def test_at_most_ten_problems_are_listed_and_long_values_left_out() -> None:
    wide = schema({f"p{n}": {"type": "integer"} for n in range(40)})
    found = arguments.problems(wide, {f"p{n}": "x" * 5_000 for n in range(40)})
    assert len(found) == 10
    assert all(len(problem.message) < 400 for problem in found)


def test_a_pattern_that_hangs_other_engines_answers_at_once() -> None:
    evil = schema({"a": {"pattern": "^(a+)+$"}})
    began = time.monotonic()
    assert arguments.problems(evil, {"a": "a" * 5_000 + "!"})
    assert time.monotonic() - began < 30


def test_a_remote_reference_is_never_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"
        remote = schema({"a": {"$ref": address}})
        assert arguments.check_schema(remote)
        assert [problem.pointer for problem in arguments.problems(remote, {"a": 1})] == [""]
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_broken_schema_fits_nothing() -> None:
    for broken in (
        {"type": "objekt"},
        schema({"a": {"$ref": "#/nowhere"}}),
        schema({"a": {1, 2}}),
        deep_schema(3_000),
    ):
        assert "schema is broken" in arguments.problems(broken, {})[0].message


@pytest.mark.parametrize(
    ("pattern", "stored"),
    [
        ("[A-Z]+", "^(?:[A-Z]+)$"),
        ("^[A-Z]+$", "^[A-Z]+$"),
        ("^a|b$", "^(?:^a|b$)$"),
        ("^(?:a|b)$", "^(?:a|b)$"),
        ("^(?:a)|(?:b)$", "^(?:^(?:a)|(?:b)$)$"),
        ("^a\\$", "^(?:^a\\$)$"),
        ("^(?m)a$", "^(?:^(?m)a$)$"),
        ("", "^(?:)$"),
    ],
)
def test_patterns_written_here_match_the_whole_text(pattern: str, stored: str) -> None:
    written = arguments.anchored(schema({"a": {"pattern": pattern}, "pattern": {"type": "string"}}))
    assert written["properties"] == {"a": {"pattern": stored}, "pattern": {"type": "string"}}
    assert arguments.anchored(written) == written


def test_anchoring_keeps_the_original_untouched_and_reaches_nested_schemas() -> None:
    original = schema({"a": {"items": {"pattern": "x"}}, "b": {"patternProperties": {"y": {"pattern": "z"}}}})
    before = json.dumps(original)
    written = arguments.anchored(original)
    assert json.dumps(original) == before
    assert written["properties"]["a"]["items"]["pattern"] == "^(?:x)$"
    assert written["properties"]["b"]["patternProperties"] == {"^(?:y)$": {"pattern": "^(?:z)$"}}
