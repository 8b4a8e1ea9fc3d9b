"""Out of a configuration, arguments and a secret: the one request that is sent. Values never become structure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools_app.context import ToolContext
from tools_app.exceptions import ToolContextError, ToolFailed
from tools_app.executors import network
from tools_app.executors.base import Credential, Reach, Work
from tools_app.executors.http import body, fields, styles, template
from tools_app.executors.http.configuration import Auth, HttpTool, Placement

_SENDABLE = re.compile(r"[\x20-\x7e]*\Z")
_COOKIE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*\Z")
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")


class SecretRefused(ToolFailed):
    """The secret this tool needs may not be used for this address. Tell an administrator."""

    code = "secret_refused"
    status = 403


def address(tool: HttpTool, arguments: Mapping[str, Any]) -> str:
    """Where the call goes, with everything but the secret. Raises UnsoundValue."""
    name = template.whole(tool.url)
    bare = (
        network.parse_url(template.plain(name, arguments.get(name))).text
        if name
        else template.filled(tool.url, lambda hole: _hole(tool, hole, arguments.get(hole)))
    )
    return _with_query(bare, list(fields.given(tool, "query", arguments)))


def _hole(tool: HttpTool, name: str, value: Any) -> str:
    return styles.step(tool.placement(name), value, lambda each: template.encoded(name, each))


def reach(tool: HttpTool, arguments: Mapping[str, Any]) -> Reach:
    """The same as person and gate see it. Raises ToolFailed where the installation forbids the address."""
    return _reach(tool, address(tool, arguments))


def lasting_reach(tool: HttpTool) -> Reach | None:
    return None if template.whole(tool.url) else _reach(tool, template.example(tool.url))


def _reach(tool: HttpTool, address: str) -> Reach:
    url = network.vet(address)
    return Reach(f"{tool.method} {url.text}", url)


def build(tool: HttpTool, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> network.Request:
    """Raises UnsoundValue for values, SecretRefused if a secret must not go to this host."""
    octets, kind = body.of(tool, arguments)
    headers = {"Accept": "application/json, text/plain;q=0.9, */*;q=0.5"}
    if kind:
        headers["Content-Type"] = kind
    url = address(tool, arguments)
    headers |= _idempotency(tool, work, context)
    for name, value in _headers(tool, arguments, context):
        headers = _replaced(headers, name, _header(name, value))
    for auth in tool.auths:
        url, headers = _authenticated(auth, url, headers, work.credentials.get(auth.secret))
    limits = network.Limits(seconds=tool.seconds, body_bytes=tool.max_bytes)
    return network.Request(url, tool.method, headers, octets, limits=limits)


def _idempotency(tool: HttpTool, work: Work, context: ToolContext) -> dict[str, str]:
    """Each try of one ToolCall carries the same key, so that the service can see that it is the same (G5)."""
    wanted = tool.idempotency_header or (
        "Idempotency-Key" if work.is_idempotent and tool.method in _CHANGING else ""
    )
    if not wanted or not context.tool_call_id:
        return {}
    # Another installation with the same account at the service counts its calls from one as well.
    whose = hashlib.sha256(str(context.get("session_id", "")).encode()).hexdigest()[:16]
    return {wanted: f"{context.tool_call_id}-{whose}"}


def _headers(tool: HttpTool, arguments: Mapping[str, Any], context: ToolContext) -> Iterator[tuple[str, str]]:
    yield from tool.headers.items()
    for name, placed in tool.placed("header").items():
        value = arguments.get(name)
        if value is not None:
            yield from _header_texts(placed, value)
    if cookies := "; ".join(fields.given(tool, "cookie", arguments)):
        yield "Cookie", cookies
    # Last: nothing a model passes takes the place of what the server knows.
    for name, key in tool.context_headers.items():
        yield name, _of_context(context, key)


def _header_texts(placed: Placement, value: Any) -> Iterator[tuple[str, str]]:
    if placed.style:
        yield placed.name, styles.header(placed, value)
    else:
        yield from ((placed.name, text) for text in styles.texts(placed, value))


def _of_context(context: ToolContext, key: str) -> str:
    """Who asks, as the server knows it; a call without it must not look like anybody's."""
    value = context.tool_call_id if key == "tool_call_id" else context.get(key)
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value or "")
    if not text:
        raise ToolContextError(context.tool_name or "", key)
    return text


def _authenticated(
    auth: Auth, url: str, headers: dict[str, str], credential: Credential | None
) -> tuple[str, dict[str, str]]:
    """Add the secret, if this very host is on the secret's own list: a changed address cannot carry it away."""
    if credential is None or not network.vet(url).is_listed(credential.hosts):
        raise SecretRefused
    if auth.kind == "query":
        return _with_query(url, [styles.field(auth.name, credential.value)]), headers
    sendable = _COOKIE if auth.kind == "cookie" else _SENDABLE
    if not sendable.match(credential.value):
        raise SecretRefused("The secret of this tool cannot be sent in a header. Tell an administrator.")
    if auth.kind == "cookie":
        cookies = [headers.get("Cookie", ""), f"{styles.encoded(auth.name)}={credential.value}"]
        return url, {**headers, "Cookie": "; ".join(filter(None, cookies))}
    name = auth.name if auth.kind == "header" else "Authorization"
    return url, _replaced(headers, name, authorization(auth, credential.value))


def authorization(auth: Auth, value: str) -> str:
    """What stands in the header. Basic without a user name: the secret holds both, as `user:password`."""
    if auth.kind == "bearer":
        return f"Bearer {value}"
    if auth.kind == "basic":
        pair = f"{auth.username}:{value}" if auth.username else value
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return value


def _with_query(url: str, written: list[str]) -> str:
    if not written:
        return url
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(written)}"


def _replaced(headers: Mapping[str, str], name: str, value: str) -> dict[str, str]:
    """One header of a name, however it is spelled."""
    return {**{known: said for known, said in headers.items() if known.lower() != name.lower()}, name: value}


def _header(name: str, value: str) -> str:
    if not _SENDABLE.match(value):
        told = f"The value for {name} cannot be sent in a header: only printable ASCII on one line can."
        raise template.UnsoundValue(told)
    return value
