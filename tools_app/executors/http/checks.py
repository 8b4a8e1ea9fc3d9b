"""What is wrong with the configuration of an HTTP tool, seen together with the tool's parameters and the net's rules.

Each problem is a sentence for the administrator that begins with its place in the configuration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl

from tools_app.exceptions import ToolFailed
from tools_app.executors import network
from tools_app.executors.http import expression, template
from tools_app.executors.http.configuration import Auth, HttpTool, Next

_BODIES = ("json", "form", "multipart", "body")
# Which styles a place knows, as in OpenAPI; `json` is for parameters that are described by a content type there.
_STYLES = {
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject", "json"),
    "form": ("form", "spaceDelimited", "pipeDelimited", "deepObject", "json"),
    "cookie": ("form", "json"),
    "header": ("simple", "json"),
    "path": ("simple", "label", "matrix"),
    "multipart": ("json",),
}
_NAMED_AUTH = ("header", "query", "cookie")
# A value of these is a credential: it comes from a secret, never from the model or out of a readable row.
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_COMPOUND = frozenset({"array", "object"})


def problems(tool: HttpTool, schema: Mapping[str, Any]) -> list[str]:
    parameters: Mapping[str, Any] = schema.get("properties") or {}
    found = list(_address(tool, parameters))
    found += _placed(tool, parameters, schema)
    found += _required(tool, schema)
    found += _single(tool, parameters)
    found += _styles(tool)
    found += _names(tool)
    found += _headers(tool)
    found += _body(tool)
    found += _ways(tool)
    found += _auth(tool)
    return found + list(_answer(tool, parameters))


def _address(tool: HttpTool, parameters: Mapping[str, Any]) -> Iterator[str]:
    if name := template.whole(tool.url):
        kind = parameters.get(name)
        if not isinstance(kind, Mapping) or kind.get("x-kind") != "url":
            yield f'/url: the parameter {name} is the whole address, so its schema must say "x-kind": "url".'
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
        if tool.placement(name).style:
            continue
        kinds = spec.get("type") if isinstance(spec, Mapping) else None
        if _COMPOUND & set(kinds if isinstance(kinds, list) else [kinds]):
            yield f"/parameters/{name}: a list or an object fits a path or a header only in a style, such as simple."


def _styles(tool: HttpTool) -> Iterator[str]:
    for name, placed in tool.placements.items():
        known = _STYLES.get(placed.where, ())
        if placed.style and placed.style not in known:
            possible = f"one of {', '.join(known)}" if known else "none"
            yield f"/parameters/{name}/style: {placed.where} knows {possible}."
        if placed.at != (placed.name,) and placed.where != "json":
            yield f"/parameters/{name}/at: the way into a body belongs to json."


def _names(tool: HttpTool) -> Iterator[str]:
    """Two values under one name would be read differently by different services."""
    taken = [
        (placed.where, _spelled(placed.where, placed.name))
        for placed in tool.placements.values()
        if placed.where not in ("path", "json", "body")
    ]
    taken += [(where, name) for where, given in tool.fixed.items() if where != "json" for name in given]
    taken += [("query", name) for name, _ in parse_qsl(template.query(tool.url), keep_blank_values=True)]
    taken += [("header", name.lower()) for name in (*tool.headers, *tool.context_headers)]
    if tool.idempotency_header:
        taken.append(("header", tool.idempotency_header.lower()))
    taken += [_taken_by(auth) for auth in tool.auths]
    for (where, name), number in Counter(taken).items():
        if number > 1:
            yield f"/parameters: the name {name} is used {number} times in the {where}."


def _taken_by(auth: Auth) -> tuple[str, str]:
    where = auth.kind if auth.kind in _NAMED_AUTH else "header"
    return where, _spelled(where, auth.name or "authorization")


def _spelled(where: str, name: str) -> str:
    return name.lower() if where == "header" else name


def _headers(tool: HttpTool) -> Iterator[str]:
    for name in tool.headers:
        yield from _header(f"/headers/{name}", name)
    for name in tool.context_headers:
        yield from _header(f"/context_headers/{name}", name)
    if tool.idempotency_header:
        yield from _header("/idempotency_header", tool.idempotency_header)
    for name, placed in tool.placements.items():
        if placed.where == "header":
            yield from _header(f"/parameters/{name}", placed.name)


def _header(place: str, name: str) -> Iterator[str]:
    if not network.may_set_header(name):
        yield f"{place}: the header {name} may not be set."
    elif name.lower() in _CREDENTIALS:
        yield f'{place}: the header {name} carries a credential; use "auth" with a secret.'


def _body(tool: HttpTool) -> Iterator[str]:
    kinds = ({placed.where for placed in tool.placements.values()} | set(tool.fixed)) & set(_BODIES)
    if len(kinds) > 1:
        yield f"/parameters: a request has one body, and here are {' and '.join(sorted(kinds))}."
    if len(tool.placed("body")) > 1:
        yield "/parameters: one parameter alone can be the whole body."
    if kinds and tool.method in ("GET", "HEAD"):
        yield f"/method: {tool.method} has no body, so nothing can go into {' or '.join(sorted(kinds))}."
    if kinds - {"json"} and "content-type" in {name.lower() for name in tool.headers}:
        yield "/headers: the type of this body is written by the system; leave Content-Type out."
    for name, placed in tool.placements.items():
        if placed.filename and placed.where != "multipart":
            yield f"/parameters/{name}: filename belongs to multipart."
        if placed.content_type and placed.where not in ("multipart", "body"):
            yield f"/parameters/{name}: content_type belongs to multipart and body."


def _ways(tool: HttpTool) -> Iterator[str]:
    """Two values cannot stand at one place of a JSON body, nor one inside another."""
    ways = [placed.at for placed in tool.placed("json").values()]
    ways += list(_leaves(tool.fixed.get("json", {})))
    for one, other in combinations(sorted(ways), 2):
        if other[: len(one)] == one:
            yield f"/parameters: /{'/'.join(one)} and /{'/'.join(other)} of the body stand in each other's way."


def _leaves(fixed: Mapping[str, Any], way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in fixed.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*way, str(name)))
        else:
            yield (*way, str(name))


def _auth(tool: HttpTool) -> Iterator[str]:
    for auth in tool.auths:
        if (auth.kind in _NAMED_AUTH) != bool(auth.name):
            yield "/auth/name: needed for header, query and cookie, and for nothing else."
        if auth.username and auth.kind != "basic":
            yield "/auth/username: belongs to basic."
        if auth.kind == "header" and auth.name and not network.may_set_header(auth.name):
            yield f"/auth/name: the header {auth.name} may not be set."


def _answer(tool: HttpTool, parameters: Mapping[str, Any]) -> Iterator[str]:
    if tool.pick and tool.jmespath:
        yield "/response: pick or jmespath, not both."
    if tool.jmespath and (why := expression.problem(tool.jmespath)):
        yield f"/response/jmespath: {why}."
    if tool.method == "HEAD" and (tool.pick or tool.jmespath):
        yield "/response: the answer to HEAD has no body to pick from."
    if tool.next:
        yield from _next(tool, tool.next, parameters)


def _next(tool: HttpTool, plan: Next, parameters: Mapping[str, Any]) -> Iterator[str]:
    if plan.parameter not in parameters:
        yield f"/response/next/parameter: the tool has no parameter {plan.parameter}."
    ways = [
        name
        for name, said in (("pick", plan.pick), ("jmespath", plan.jmespath), ("header", plan.header))
        if said
    ]
    if len(ways) > 1 or (plan.step and plan.header) or not (ways or plan.step):
        yield "/response/next: say where the next page is told: pick, jmespath or header; or count with step."
    if plan.jmespath and (why := expression.problem(plan.jmespath)):
        yield f"/response/next/jmespath: {why}."
    if tool.method == "HEAD" and plan.reads_body:
        yield "/response/next: the answer to HEAD has no body to pick from."
