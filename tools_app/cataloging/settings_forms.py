"""The configuration of each kind of tool as a form: what fields there are and where in the JSON each of them stands.

Pages draw them, and leave alone what they do not know. An executor, or a built-in tool, that says the shape of its
configuration as a flat schema has a form by that; else one entry in `FORMS` gives it one, and without that it is edited
as JSON. What the values may be is for the executor to say (`executors.problems`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tools_app import executors
from tools_app.executors.http import shape

Field = dict[str, Any]
Form = dict[str, Any]

_CONTEXT: Final = {
    "user_id": "The person",
    "org_id": "The organization",
    "session_id": "The conversation",
    "request_id": "The request",
    "auditing_id": "The entry in the record",
    "tool_call_id": "The use",
    "roles": "The person's roles",
}
_PLACES: Final = {
    "query": "Query",
    "header": "Header",
    "cookie": "Cookie",
    "path": "Path",
    "json": "JSON body",
    "form": "Form body",
    "multipart": "Multipart body",
    "body": "The whole body",
}
_AUTH: Final = {
    "bearer": "Bearer token",
    "basic": "User and password",
    "header": "A header",
    "query": "The query",
    "cookie": "A cookie",
}


def _choices(values: Mapping[str, str] | tuple[str, ...], unset: str = "") -> list[list[str]]:
    named = values if isinstance(values, Mapping) else {value: value for value in values}
    first = [["", unset]] if unset else []
    return first + [[value, label] for value, label in named.items()]


def _group(title: str, *fields: Field, note: str = "") -> dict[str, Any]:
    return {"title": title, "help": note, "fields": list(fields)}


def _field(at: str, label: str, kind: str = "text", **more: Any) -> Field:
    return {"at": at, "label": label, "kind": kind, **more}


_PARAMETERS: Final = _field(
    "/parameters",
    "Where each parameter goes",
    "placements",
    address="/url",
    columns=[
        {"key": "in", "label": "Place", "choices": _choices(_PLACES, "Nowhere yet")},
        {
            "key": "name",
            "label": "Called there",
            "places": ["query", "header", "cookie", "json", "form", "multipart"],
        },
        {"key": "at", "label": "Way into the body", "places": ["json"]},
        {
            "key": "style",
            "label": "Style of a list",
            "choices": _choices(shape.STYLES, "Usual style"),
            "places": ["query", "header", "cookie", "path", "form"],
        },
        {"key": "filename", "label": "File name", "places": ["multipart"]},
        {"key": "content_type", "label": "Content type", "places": ["multipart", "body"]},
    ],
)
_SECRETS: Final = _field(
    "/auth",
    "How it signs in",
    "several",
    add="Add a secret",
    decides="type",
    fresh={"type": "bearer"},
    help="The value comes from a secret, and goes to the hosts on that secret's list alone.",
    columns=[
        {"key": "type", "label": "As", "choices": _choices(_AUTH)},
        {"key": "secret", "label": "Secret", "secret": True},
        {"key": "name", "label": "Name of it there", "when": ["header", "query", "cookie"]},
        {"key": "username", "label": "User name", "when": ["basic"]},
    ],
)
_HTTP: Final[Form] = {
    "groups": [
        _group(
            "The request",
            _field("/method", "Method", "choice", choices=_choices(shape.METHODS, "Choose one")),
            _field(
                "/url",
                "Address",
                wide=True,
                placeholder="https://api.example/v1/{city}",
                help="Parameters in braces may stand in its path. What they say is encoded, and stays one step of it.",
            ),
            _PARAMETERS,
        ),
        _group(
            "Signing in and headers",
            _SECRETS,
            _field("/headers", "Fixed headers", "pairs", columns=["Header", "Value"], add="Add a header"),
            _field(
                "/context_headers",
                "Headers that say who asks",
                "pairs",
                columns=["Header", "Says"],
                choices=_choices({key: _CONTEXT.get(key, key) for key in shape.CONTEXT_KEYS}, "Choose one"),
                add="Add a header",
            ),
            _field("/idempotency_header", "Header for a key that repeats", placeholder="Idempotency-Key"),
        ),
        _group(
            "The answer",
            _field("/response/pick", "Part to show (JSON Pointer)", placeholder="/items/0"),
            _field("/response/jmespath", "or found by JMESPath", placeholder="items[].{id: id, name: name}"),
            _field("/response/max_characters", "Longest text", "number", placeholder="20000"),
            _field(
                "/errors",
                "What the model is told of an error",
                "pairs",
                columns=["Status, such as 404 or 5xx", "Sentence"],
                add="Add a status",
            ),
        ),
        _group(
            "The next page",
            _field("/response/next/parameter", "Parameter that asks for it"),
            _field(
                "/response/next/pick", "Its value in the answer (JSON Pointer)", placeholder="/next_cursor"
            ),
            _field("/response/next/jmespath", "or by JMESPath"),
            _field("/response/next/header", "or in the header", placeholder="Link"),
            _field("/response/next/step", "or counted by", "number", placeholder="1"),
            _field("/response/next/start", "counted from", "number", placeholder="1"),
            note="Tells the model how to go on, where an answer comes in pages. Leave it empty where it does not.",
        ),
        _group(
            "Limits",
            _field("/timeout_seconds", "Seconds for the whole request", "number", placeholder="20"),
            _field("/max_bytes", "Largest answer in bytes", "number", placeholder="2097152"),
            _field(
                "/redirects",
                "Redirects",
                "choice",
                choices=_choices(
                    {
                        "none": "Follow none",
                        "any": "Follow any, without secrets",
                        "same_origin": "Within the same host",
                    },
                    "Within the same host (usual)",
                ),
            ),
        ),
    ],
}
FORMS: Final[dict[str, Form]] = {"http": _HTTP}
# Kinds whose configuration, and whose parameters, are written elsewhere: said instead of a form.
WRITTEN_ELSEWHERE: Final = {
    "builtin": "A built-in tool is part of the program: there is nothing to write here.",
    "python": "It is a function of this installation, written in its code. What it does is changed there.",
    "mcp": "It comes from an MCP server, which says what it does. Its connection is changed at the server.",
}


def of(executor: str, tool_name: str) -> Form | None:
    """The form for the tools of an executor, or for one tool of it; None where only JSON can say it."""
    if executor in FORMS:
        return FORMS[executor]
    schema = executors.configuration_schema(executor, tool_name)
    return _of_schema(schema) if schema is not None else None


def written_elsewhere(executor: str, tool_name: str) -> str:
    """Why nothing is configured here, or "" where something is."""
    return "" if of(executor, tool_name) else WRITTEN_ELSEWHERE.get(executor, "")


def _of_schema(schema: Mapping[str, Any]) -> Form | None:
    properties = schema.get("properties") or {}
    fields = [_of_property(name, spec) for name, spec in properties.items()]
    known = [field for field in fields if field is not None]
    return {"groups": [_group("Settings", *known)]} if known and len(known) == len(fields) else None


def _of_property(name: str, spec: Mapping[str, Any]) -> Field | None:
    about: Field = {"help": str(spec.get("description", "")), "wide": bool(spec.get("description"))}
    label = str(spec.get("title") or name.replace("_", " ").capitalize())
    at = f"/{name}"
    if "enum" in spec:
        return _field(
            at, label, "choice", choices=_choices(tuple(map(str, spec["enum"])), "Not set"), **about
        )
    if name == "secret":
        return _field(at, label, "secret", **about)
    kinds = {"string": "text", "integer": "number", "number": "number", "boolean": "flag"}
    if spec.get("type") in kinds:
        return _field(at, label, kinds[spec["type"]], **about)
    if spec.get("type") == "array" and (spec.get("items") or {}).get("type") == "string":
        return _field(at, label, "lines", **{**about, "help": f"{about['help']} One in each line.".strip()})
    return None
