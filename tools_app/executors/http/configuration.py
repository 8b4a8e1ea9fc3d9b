"""The configuration of an HTTP tool: its shape as a JSON Schema, and the value it is read into.

What the shape cannot say, because it takes the tool's parameters or the rules of the net, is in `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PLACES = ("query", "header", "json", "form", "multipart", "path")
_WIRE_NAME = {"type": "string", "pattern": r'^[^\x00-\x20\x7f"\\]{1,128}$'}
_HEADER_NAME = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"}
_HEADER_VALUE = {"type": "string", "pattern": r"^[\x20-\x7e]*$", "maxLength": 2_000}
_SENTENCE = {"type": "string", "minLength": 1, "maxLength": 1_000}
_POINTER = {"type": "string", "pattern": "^(/([^~/]|~0|~1)*)*$", "maxLength": 500}
_SECRET = {"type": "string", "minLength": 1, "maxLength": 100}
_PLACED = {
    "type": "object",
    "required": ["in"],
    "additionalProperties": False,
    "properties": {
        "in": {"enum": list(PLACES)},
        "name": _WIRE_NAME,
        "filename": _WIRE_NAME,
        "content_type": {"type": "string", "pattern": "^[a-z0-9.+-]+/[a-z0-9.+-]+$", "maxLength": 100},
    },
}
_AUTH = {
    "type": "object",
    "required": ["type", "secret"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["bearer", "basic", "header", "query"]},
        "secret": _SECRET,
        "name": _WIRE_NAME,
        "username": {"type": "string", "pattern": r"^[\x20-\x39\x3b-\x7e]{1,200}$"},
    },
}
_RESPONSE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "pick": _POINTER,
        "max_characters": {"type": "integer", "minimum": 100, "maximum": 60_000},
        "next": {
            "type": "object",
            "required": ["pick", "parameter"],
            "additionalProperties": False,
            "properties": {"pick": _POINTER, "parameter": {"type": "string"}},
        },
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
        "headers": {
            "type": "object",
            "propertyNames": _HEADER_NAME,
            "additionalProperties": _HEADER_VALUE,
            "maxProperties": 50,
        },
        "auth": _AUTH,
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


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one parameter goes; `name` is what the service calls it."""

    where: str
    name: str
    filename: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Auth:
    """`kind` is bearer, basic, header or query; `name` that of the header or query field."""

    kind: str
    secret: str
    name: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class HttpTool:
    """A configuration whose shape is sound, with every default filled in."""

    method: str
    url: str
    placements: Mapping[str, Placement] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Auth | None = None
    seconds: float = 20.0
    max_bytes: int = 2 * 2**20
    redirects: str = "same_origin"
    pick: str = ""
    max_characters: int = 20_000
    next_pick: str = ""
    next_parameter: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def shape_problems(settings: Mapping[str, Any]) -> list[str]:
    """What does not fit the schema, each with its place; empty if `read` may be called."""
    found = islice(_validator().iter_errors(_expanded(settings)), 10)
    return [f"{_place(error.instance_path)}: {error.message[:300]}" for error in found]


def is_shaped(settings: Mapping[str, Any]) -> bool:
    return bool(_validator().is_valid(_expanded(settings)))


def read(settings: Mapping[str, Any]) -> HttpTool:
    """Read a configuration whose shape was found sound."""
    given = _expanded(settings)
    answer, auth = given.get("response", {}), given.get("auth")
    following = answer.get("next", {})
    return HttpTool(
        method=given["method"],
        url=given["url"],
        placements={name: _placement(name, placed) for name, placed in given.get("parameters", {}).items()},
        headers=given.get("headers", {}),
        auth=_auth(auth) if auth else None,
        seconds=float(given.get("timeout_seconds", 20)),
        max_bytes=given.get("max_bytes", 2 * 2**20),
        redirects=given.get("redirects", "same_origin"),
        pick=answer.get("pick", ""),
        max_characters=answer.get("max_characters", 20_000),
        next_pick=following.get("pick", ""),
        next_parameter=following.get("parameter", ""),
        errors=given.get("errors", {}),
    )


def _expanded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`"city": "query"` is short for `"city": {"in": "query"}`."""
    given = dict(settings)
    placed = given.get("parameters")
    if isinstance(placed, Mapping):
        given["parameters"] = {
            name: {"in": where} if isinstance(where, str) else where for name, where in placed.items()
        }
    return given


def _placement(name: str, placed: Mapping[str, Any]) -> Placement:
    return Placement(
        placed["in"], placed.get("name", name), placed.get("filename", ""), placed.get("content_type", "")
    )


def _auth(given: Mapping[str, Any]) -> Auth:
    return Auth(given["type"], given["secret"], given.get("name", ""), given.get("username", ""))


def _place(path: list[str | int]) -> str:
    return "/" + "/".join(map(str, path))


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(SCHEMA)
