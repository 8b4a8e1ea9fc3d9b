"""What is wrong with the configuration of an HTTP tool, seen together with the tool's parameters and the net's rules.

Each problem is a sentence for the administrator that begins with its place in the configuration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tools_app.exceptions import ToolFailed
from tools_app.executors import network
from tools_app.executors.http import template
from tools_app.executors.http.configuration import HttpTool

_BODIES = ("json", "form", "multipart")
# A value of these is a credential: it comes from a secret, never from the model or out of a readable row.
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_COMPOUND = frozenset({"array", "object"})


def problems(tool: HttpTool, schema: Mapping[str, Any]) -> list[str]:
    parameters: Mapping[str, Any] = schema.get("properties") or {}
    found = list(_address(tool, parameters))
    found += _placed(tool, parameters, schema)
    found += _required(tool, schema)
    found += _single(tool, parameters)
    found += _names(tool)
    found += _headers(tool)
    found += _body(tool)
    found += _auth(tool)
    return found + list(_answer(tool, parameters))


def _address(tool: HttpTool, parameters: Mapping[str, Any]) -> Iterator[str]:
    if name := template.whole(tool.url):
        kind = parameters.get(name)
        if not isinstance(kind, Mapping) or kind.get("x-kind") != "url":
            yield f'/url: the parameter {name} is the whole address, so its schema must say "x-kind": "url".'
        if tool.redirects != "none":
            # Rules of a grant judge the address that was asked for; where it redirects to, nobody would judge.
            yield '/redirects: must be "none" where a parameter is the whole address.'
        return
    found = template.problems(tool.url)
    yield from found
    if not found:
        try:
            network.vet(template.example(tool.url))
        except ToolFailed as refused:
            yield f"/url: {refused.message}"


def _placed(tool: HttpTool, parameters: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """Everything a model may pass goes somewhere, and exactly there."""
    in_address = {template.whole(tool.url), *template.holes(tool.url)} - {""}
    by_path = {name for name, placed in tool.placements.items() if placed.where == "path"}
    for name in sorted({*tool.placements, *in_address} - set(parameters)):
        yield f"/parameters/{name}: the tool has no such parameter."
    for name in sorted(set(parameters) - set(tool.placements) - in_address):
        yield f"/parameters/{name}: this parameter is not placed anywhere; say where it goes."
    for name in sorted(by_path - in_address):
        yield f"/parameters/{name}: the path of the address has no {{{name}}}."
    for name in sorted((set(tool.placements) - by_path) & in_address):
        yield f"/parameters/{name}: it stands in the address already, and can go nowhere else."
    if schema.get("additionalProperties", False) is not False or schema.get("patternProperties"):
        yield "/parameters: the tool accepts parameters without a name here; they could not be placed."


def _required(tool: HttpTool, schema: Mapping[str, Any]) -> Iterator[str]:
    needed = [name for name in (template.whole(tool.url), *template.holes(tool.url)) if name]
    for name in needed:
        if name not in (schema.get("required") or []):
            yield f"/parameters/{name}: it is part of the address, so the tool must require it."


def _single(tool: HttpTool, parameters: Mapping[str, Any]) -> Iterator[str]:
    one = {name for name, placed in tool.placements.items() if placed.where in ("path", "header")}
    for name in sorted({*one, *template.holes(tool.url)} & set(parameters)):
        spec = parameters[name]
        kinds = spec.get("type") if isinstance(spec, Mapping) else None
        if _COMPOUND & set(kinds if isinstance(kinds, list) else [kinds]):
            yield f"/parameters/{name}: a list or an object fits neither a path nor a header."


def _names(tool: HttpTool) -> Iterator[str]:
    """Two values under one name would be read differently by different services."""
    taken = [(placed.where, _spelled(placed.where, placed.name)) for placed in tool.placements.values()]
    taken += [("query", name) for name, _ in parse_qsl(template.query(tool.url), keep_blank_values=True)]
    taken += [("header", name.lower()) for name in tool.headers]
    if tool.auth and tool.auth.kind in ("header", "query"):
        taken.append((tool.auth.kind, _spelled(tool.auth.kind, tool.auth.name)))
    for (where, name), number in Counter(taken).items():
        if number > 1 and where != "path":
            yield f"/parameters: the name {name} is used {number} times in the {where}."


def _spelled(where: str, name: str) -> str:
    return name.lower() if where == "header" else name


def _headers(tool: HttpTool) -> Iterator[str]:
    for name in tool.headers:
        yield from _header(f"/headers/{name}", name)
    for name, placed in tool.placements.items():
        if placed.where == "header":
            yield from _header(f"/parameters/{name}", placed.name)


def _header(place: str, name: str) -> Iterator[str]:
    if not network.may_set_header(name):
        yield f"{place}: the header {name} may not be set."
    elif name.lower() in _CREDENTIALS:
        yield f'{place}: the header {name} carries a credential; use "auth" with a secret.'


def _body(tool: HttpTool) -> Iterator[str]:
    kinds = {placed.where for placed in tool.placements.values()} & set(_BODIES)
    if len(kinds) > 1:
        yield f"/parameters: a request has one body, and here are {' and '.join(sorted(kinds))}."
    if kinds and tool.method in ("GET", "HEAD"):
        yield f"/method: {tool.method} has no body, so no parameter can go into {' or '.join(sorted(kinds))}."
    if kinds - {"json"} and "content-type" in {name.lower() for name in tool.headers}:
        yield "/headers: the type of a form is written by the system; leave Content-Type out."
    for name, placed in tool.placements.items():
        if placed.where != "multipart" and (placed.filename or placed.content_type):
            yield f"/parameters/{name}: filename and content_type belong to multipart."


def _auth(tool: HttpTool) -> Iterator[str]:
    auth = tool.auth
    if auth is None:
        return
    if (auth.kind in ("header", "query")) != bool(auth.name):
        yield "/auth/name: needed for header and query, and for nothing else."
    if auth.username and auth.kind != "basic":
        yield "/auth/username: belongs to basic."
    if auth.kind == "header" and auth.name and not network.may_set_header(auth.name):
        yield f"/auth/name: the header {auth.name} may not be set."


def _answer(tool: HttpTool, parameters: Mapping[str, Any]) -> Iterator[str]:
    if tool.next_parameter and tool.next_parameter not in parameters:
        yield f"/response/next/parameter: the tool has no parameter {tool.next_parameter}."
    if tool.method == "HEAD" and (tool.pick or tool.next_pick):
        yield "/response: the answer to HEAD has no body to pick from."
