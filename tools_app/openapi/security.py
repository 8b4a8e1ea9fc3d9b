"""How a service wants to be signed in to: its schemes as the ways in which an HTTP tool sends a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from tools_app.openapi import references, values
from tools_app.openapi.description import Scheme
from tools_app.openapi.problems import LeftOut

_PLACES = {"header": "header", "query": "query", "cookie": "cookie"}
_MOST = 30
_NAME = re.compile(r'[^\x00-\x20\x7f"\\]{1,128}\Z')


def schemes(root: Mapping[str, Any]) -> dict[str, Scheme]:
    declared = values.mapping(values.mapping(root.get("components")).get("securitySchemes"))
    return {str(name): _scheme(root, str(name), node) for name, node in declared.items()}


def _scheme(root: Mapping[str, Any], name: str, node: Any) -> Scheme:
    try:
        given = references.followed(root, node)
    except LeftOut as why:
        return Scheme(name, "", why=str(why))
    said = values.text(given.get("description"), 300)
    kind = given.get("type")
    if kind == "apiKey":
        where, wire = _PLACES.get(str(given.get("in")), ""), str(given.get("name", ""))
        fit = where and _NAME.match(wire)
        return (
            Scheme(name, where, wire, said)
            if fit
            else Scheme(name, "", why="it does not say where the key goes")
        )
    if kind == "http":
        way = str(given.get("scheme", "")).lower()
        known = way in ("basic", "bearer")
        return Scheme(
            name, way if known else "", "", said, "" if known else f"the way {way[:40]!r} is not supported"
        )
    if kind in ("oauth2", "openIdConnect"):
        # Whoever keeps the secret gets the token; the tool only carries it.
        return Scheme(name, "bearer", "", said or "An access token.")
    return Scheme(name, "", description=said, why=f"the type {str(kind)[:40]!r} is not supported")


def needed(root: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The alternatives of one operation, which stand for those of the whole document."""
    given = operation["security"] if "security" in operation else root.get("security")
    listed = [each for each in values.listed(given)[:_MOST] if isinstance(each, Mapping)]
    found = [tuple(str(name) for name in islice(each, _MOST)) for each in listed]
    return tuple(found) or ((),)
