"""The shape of an HTTP tool's configuration, as a JSON Schema. What takes more than its shape to see is in `checks`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PLACES = ("query", "header", "cookie", "path", "json", "form", "multipart", "body")
STYLES = ("form", "spaceDelimited", "pipeDelimited", "deepObject", "simple", "label", "matrix", "json")
# What a header may say of who asks: only what the server itself has set (S2.62, S3.93).
CONTEXT_KEYS = ("auditing_id", "org_id", "request_id", "roles", "session_id", "tool_call_id", "user_id")
# Those of them by which a service knows the person.
PERSON_KEYS = frozenset({"roles", "user_id"})
_WIRE_NAME = {"type": "string", "pattern": r'^[^\x00-\x20\x7f"\\]{1,128}$'}
_HEADER_NAME = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
_HEADER_VALUE = {"type": "string", "pattern": r"^[\x20-\x7e]*$", "maxLength": 2_000}
_SENTENCE = {"type": "string", "minLength": 1, "maxLength": 1_000}
_POINTER = {"type": "string", "pattern": "^(/([^~/]|~0|~1)*)*$", "maxLength": 500}
_EXPRESSION = {"type": "string", "minLength": 1, "maxLength": 1_000}
_SECRET = {"type": "string", "minLength": 1, "maxLength": 100}
_CONTENT_TYPE = {"type": "string", "pattern": "^[a-z0-9.+-]+/[a-z0-9.+-]+$", "maxLength": 100}
_PLACED = {
    "type": "object",
    "required": ["in"],
    "additionalProperties": False,
    "properties": {
        "in": {"enum": list(PLACES)},
        "name": _WIRE_NAME,
        "at": {"type": "string", "pattern": "^(/([^~/]|~0|~1)+)+$", "maxLength": 500},
        "style": {"enum": list(STYLES)},
        "explode": {"type": "boolean"},
        "filename": _WIRE_NAME,
        "content_type": _CONTENT_TYPE,
    },
}
_PLAIN = {"type": ["string", "number", "boolean"]}
_FIXED_TEXTS = {
    "type": "object",
    "propertyNames": _WIRE_NAME,
    "additionalProperties": {"anyOf": [_PLAIN, {"type": "array", "items": _PLAIN, "maxItems": 100}]},
    "maxProperties": 100,
}
_FIXED = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("query", "form", "multipart", "cookie"), _FIXED_TEXTS),
        "json": {"type": "object", "maxProperties": 100},
    },
}
_ONE_AUTH = {
    "type": "object",
    "required": ["type", "secret"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["bearer", "basic", "header", "query", "cookie"]},
        "secret": _SECRET,
        "name": _WIRE_NAME,
        "username": {"type": "string", "pattern": r"^[\x20-\x39\x3b-\x7e]{1,200}$"},
    },
}
_NEXT = {
    "type": "object",
    "required": ["parameter"],
    "additionalProperties": False,
    "properties": {
        "parameter": {"type": "string"},
        "pick": _POINTER,
        "jmespath": _EXPRESSION,
        "header": _HEADER_NAME,
        "step": {"type": "integer", "minimum": 1, "maximum": 10_000},
        "start": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
    },
}
_RESPONSE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "pick": _POINTER,
        "jmespath": _EXPRESSION,
        "max_characters": {"type": "integer", "minimum": 100, "maximum": 60_000},
        "next": _NEXT,
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["method", "url"],
    "additionalProperties": False,
    "properties": {
        "method": {"enum": list(METHODS)},
        "url": {"type": "string", "minLength": 3, "maxLength": 4_096},
        "parameters": {"type": "object", "additionalProperties": _PLACED, "maxProperties": 200},
        "fixed": _FIXED,
        "headers": {
            "type": "object",
            "propertyNames": _HEADER_NAME,
            "additionalProperties": _HEADER_VALUE,
            "maxProperties": 50,
        },
        "context_headers": {
            "type": "object",
            "propertyNames": _HEADER_NAME,
            "additionalProperties": {"enum": list(CONTEXT_KEYS)},
            "maxProperties": 10,
        },
        "idempotency_header": _HEADER_NAME,
        "auth": {"type": "array", "items": _ONE_AUTH, "maxItems": 4},
        "timeout_seconds": {"type": "number", "minimum": 0.5, "maximum": 120},
        "max_bytes": {"type": "integer", "minimum": 1_024, "maximum": 8_388_608},
        "redirects": {"enum": ["none", "same_origin", "any"]},
        "response": _RESPONSE,
        "errors": {
            "type": "object",
            "propertyNames": {"pattern": "^([345][0-9][0-9]|[345]xx)$"},
            "additionalProperties": _SENTENCE,
            "maxProperties": 50,
        },
    },
}


def problems(settings: Mapping[str, Any]) -> list[str]:
    """What does not fit the schema, each with its place; empty if the configuration may be read."""
    found = islice(_validator().iter_errors(expanded(settings)), 10)
    return [f"{_place(error.instance_path)}: {error.message[:300]}" for error in found]


def is_sound(settings: Mapping[str, Any]) -> bool:
    return bool(_validator().is_valid(expanded(settings)))


def expanded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`"city": "query"` is short for `"city": {"in": "query"}`; a single secret need not stand in a list."""
    given = dict(settings)
    placed = given.get("parameters")
    if isinstance(placed, Mapping):
        given["parameters"] = {
            name: {"in": where} if isinstance(where, str) else where for name, where in placed.items()
        }
    if isinstance(given.get("auth"), Mapping):
        given["auth"] = [given["auth"]]
    return given


def _place(path: list[str | int]) -> str:
    # A single secret was written without the list it is read in.
    steps = [str(step) for index, step in enumerate(path) if (index, path[0]) != (1, "auth") or step != 0]
    return "/" + "/".join(steps)


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(SCHEMA)
