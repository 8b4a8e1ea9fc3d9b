"""Where a service is: the addresses a document names, with their variables filled and completed by its own address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from tools_app.openapi import values

_VARIABLE = re.compile(r"\{([^{}]+)\}")


def named(node: Any, location: str) -> tuple[str, ...]:
    """The addresses of a list of servers, as whole as they can be made. `location` is the document's own address."""
    found = [_filled(values.mapping(each)) for each in values.listed(node)[:50]]
    return tuple(dict.fromkeys(_whole(url, location) for url in found if url))


def _filled(server: Mapping[str, Any]) -> str:
    url, variables = server.get("url"), values.mapping(server.get("variables"))
    if not isinstance(url, str):
        return ""

    def value(hole: re.Match[str]) -> str:
        default = values.mapping(variables.get(hole[1])).get("default")
        return str(default) if isinstance(default, str | int | float) else hole[0]

    return values.text(_VARIABLE.sub(value, url[:2_000]), 2_000).partition("#")[0].rstrip("/") or "/"


def _whole(url: str, location: str) -> str:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
        return url
    return urljoin(location, url).rstrip("/") if re.match(r"https?://", location) else url.rstrip("/") or "/"
