"""Out of a configuration, arguments and a secret: the one request that is sent. Values never become structure."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from tools_app.exceptions import ToolFailed
from tools_app.executors import network
from tools_app.executors.base import Credential, Reach
from tools_app.executors.http import template
from tools_app.executors.http.configuration import Auth, HttpTool

_SENDABLE = re.compile(r"[\x20-\x7e]*\Z")


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
        else template.filled(tool.url, arguments)
    )
    return _with_query(bare, _pairs(tool, arguments, "query"))


def reach(tool: HttpTool, arguments: Mapping[str, Any]) -> Reach:
    """The same as person and gate see it. Raises ToolFailed where the installation forbids the address."""
    return _reach(tool, address(tool, arguments))


def lasting_reach(tool: HttpTool) -> Reach | None:
    return None if template.whole(tool.url) else _reach(tool, template.example(tool.url))


def _reach(tool: HttpTool, address: str) -> Reach:
    url = network.vet(address)
    return Reach(f"{tool.method} {url.text}", url)


def build(tool: HttpTool, arguments: Mapping[str, Any], credential: Credential | None) -> network.Request:
    """Raises UnsoundValue for values, SecretRefused if the secret must not go to this host."""
    body, kind = _body(tool, arguments)
    headers = {"Accept": "application/json, text/plain;q=0.9, */*;q=0.5"}
    if kind:
        headers["Content-Type"] = kind
    url = address(tool, arguments)
    for name, value in (*tool.headers.items(), *_pairs(tool, arguments, "header")):
        headers = {known: said for known, said in headers.items() if known.lower() != name.lower()}
        headers[name] = _header(name, value)
    if tool.auth is not None:
        url, headers = _authenticated(tool.auth, url, headers, credential)
    limits = network.Limits(seconds=tool.seconds, body_bytes=tool.max_bytes)
    return network.Request(url, tool.method, headers, body, limits=limits)


def _authenticated(
    auth: Auth, url: str, headers: dict[str, str], credential: Credential | None
) -> tuple[str, dict[str, str]]:
    """Add the secret, if this very host is on the secret's own list: a changed address cannot carry it away."""
    if credential is None or not network.vet(url).is_listed(credential.hosts):
        raise SecretRefused
    if auth.kind == "query":
        return _with_query(url, [(auth.name, credential.value)]), headers
    if not _SENDABLE.match(credential.value):
        raise SecretRefused("The secret of this tool cannot be sent in a header. Tell an administrator.")
    name = auth.name if auth.kind == "header" else "Authorization"
    return url, {**headers, name: authorization(auth, credential.value)}


def authorization(auth: Auth, value: str) -> str:
    """What stands in the header. Basic without a user name: the secret holds both, as `user:password`."""
    if auth.kind == "bearer":
        return f"Bearer {value}"
    if auth.kind == "basic":
        pair = f"{auth.username}:{value}" if auth.username else value
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return value


def _with_query(url: str, pairs: list[tuple[str, str]]) -> str:
    if not pairs:
        return url
    join = "&" if "?" in url else "?"
    return f"{url}{join}{urlencode(pairs, quote_via=quote, safe='')}"


def _pairs(tool: HttpTool, arguments: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    return [
        (placed.name, text)
        for name, placed in tool.placements.items()
        if placed.where == where
        for text in _texts(arguments.get(name))
    ]


def _texts(value: Any) -> Iterator[str]:
    """Nothing for what is absent or null, one text for each item of a list; inner structure as JSON."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping | list):
            yield json.dumps(item, ensure_ascii=False)
        elif item is not None:
            yield template.plain("", item)


def _header(name: str, value: str) -> str:
    if not _SENDABLE.match(value):
        told = f"The value for {name} cannot be sent in a header: only printable ASCII on one line can."
        raise template.UnsoundValue(told)
    return value


def _body(tool: HttpTool, arguments: Mapping[str, Any]) -> tuple[bytes, str]:
    kinds = {placed.where for placed in tool.placements.values()}
    if "json" in kinds:
        fields = {
            placed.name: arguments[name]
            for name, placed in tool.placements.items()
            if placed.where == "json" and name in arguments
        }
        return json.dumps(fields, ensure_ascii=False, allow_nan=False).encode(), "application/json"
    if "form" in kinds:
        form = urlencode(_pairs(tool, arguments, "form"), quote_via=quote, safe="")
        return form.encode(), "application/x-www-form-urlencoded"
    return _multipart(tool, arguments) if "multipart" in kinds else (b"", "")


def _multipart(tool: HttpTool, arguments: Mapping[str, Any]) -> tuple[bytes, str]:
    """Names come from the configuration only, and no value can know the boundary."""
    boundary = secrets.token_hex(16)
    parts = []
    for name, placed in tool.placements.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{placed.name}"'
        head += f'; filename="{placed.filename}"' if placed.filename else ""
        head += f"\r\nContent-Type: {placed.content_type}" if placed.content_type else ""
        if placed.where == "multipart":
            parts += [f"{head}\r\n\r\n{text}\r\n" for text in _texts(arguments.get(name))]
    return f"{''.join(parts)}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
