"""The body of a request: fields of a JSON object, a form, parts, or one parameter that is the whole of it."""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Mapping
from typing import Any

from tools_app.executors.http import fields, styles
from tools_app.executors.http.configuration import HttpTool, Placement
from tools_app.executors.http.template import UnsoundValue

Sent = tuple[bytes, str]


def of(tool: HttpTool, arguments: Mapping[str, Any]) -> Sent:
    """The octets and their type; raises UnsoundValue."""
    kinds = {placed.where for placed in tool.placements.values()} | set(tool.fixed)
    if "body" in kinds:
        return _whole(tool, arguments)
    if "json" in kinds:
        return _json(_object(tool, arguments)), "application/json"
    if "form" in kinds:
        return "&".join(fields.given(tool, "form", arguments)).encode(), "application/x-www-form-urlencoded"
    return _multipart(tool, arguments) if "multipart" in kinds else (b"", "")


def _whole(tool: HttpTool, arguments: Mapping[str, Any]) -> Sent:
    [(name, placed)] = tool.placed("body").items()
    kind = placed.content_type or "application/json"
    if arguments.get(name) is None and name not in arguments:
        return b"", ""
    value = arguments[name]
    if kind.endswith("json"):
        return _json(value), kind
    if not isinstance(value, str):
        raise UnsoundValue(f"The parameter {name} must be a text here.")
    return value.encode(), kind


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _object(tool: HttpTool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Fixed values first; a parameter never stands where one of them is (`checks`)."""
    built: dict[str, Any] = copy.deepcopy(dict(tool.fixed.get("json", {})))
    for name, placed in tool.placed("json").items():
        if name in arguments:
            inner = built
            for step in placed.at[:-1]:
                inner = inner.setdefault(step, {})
            inner[placed.at[-1]] = arguments[name]
    return built


def _multipart(tool: HttpTool, arguments: Mapping[str, Any]) -> Sent:
    """Names come from the configuration only, and no value can know the boundary."""
    boundary = secrets.token_hex(16)
    given = [(Placement("multipart", name), value) for name, value in tool.fixed.get("multipart", {}).items()]
    given += [(placed, arguments.get(name)) for name, placed in tool.placed("multipart").items()]
    parts = []
    for placed, value in given:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{placed.name}"'
        head += f'; filename="{placed.filename}"' if placed.filename else ""
        head += f"\r\nContent-Type: {placed.content_type}" if placed.content_type else ""
        if value is not None:
            parts += [f"{head}\r\n\r\n{text}\r\n" for text in styles.texts(placed, value)]
    return f"{''.join(parts)}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
