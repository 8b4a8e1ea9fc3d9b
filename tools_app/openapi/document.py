"""Reads the text of a description strictly, as JSON or YAML: whatever two readers could understand differently, or
could cost without end, is refused with a sentence that says where."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from tools_app.openapi.problems import InvalidDocument

MAX_BYTES = 32 * 2**20
MAX_DEPTH = 150


def read(octets: bytes) -> dict[str, Any]:
    """The document as plain values; keys are texts. Raises InvalidDocument."""
    value = value_of(octets)
    if not isinstance(value, dict):
        raise InvalidDocument("A description of an API is an object; this is something else.")
    return value


def value_of(octets: bytes) -> Any:
    """The same for a document that may be something else, such as a list."""
    text = _text(octets)
    value = _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    if isinstance(value, dict | list):
        _check_depth(value)
    return value


def _text(octets: bytes) -> str:
    if len(octets) > MAX_BYTES:
        raise InvalidDocument(
            f"The document has {len(octets):,} bytes, and at most {MAX_BYTES:,} are read.", code="too_large"
        )
    if b"\x00" in octets:
        raise InvalidDocument("The document is binary: it holds a byte that is zero. Save it as UTF-8.")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise InvalidDocument(
            f"The document is not UTF-8: the byte at position {broken.start} belongs to no character."
        ) from None
    if not text.strip():
        raise InvalidDocument("The document is empty.")
    return text


def _yaml(text: str) -> Any:
    # Its parser is loaded only where it is needed: every web process knows this module.
    from tools_app.openapi import yaml_text

    return yaml_text.read(text, max_depth=MAX_DEPTH)


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as broken:
        raise InvalidDocument(
            f"The document is not valid JSON: {broken.msg}, line {broken.lineno}, column {broken.colno}."
        ) from None
    except RecursionError:
        raise InvalidDocument(f"The document is nested deeper than {MAX_DEPTH} levels.") from None
    except ValueError as broken:
        # Numbers with thousands of digits end here.
        raise InvalidDocument(f"The document is not valid JSON: {str(broken)[:200]}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name in times if times[name] > 1)
        raise InvalidDocument(f"The name {twice[:100]!r} stands twice in one object.", code="duplicate_name")
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise InvalidDocument(f"The document holds {word}, which is not a number of JSON.")


def _check_depth(value: Any) -> None:
    """Level by level, so that the depth of the document is never the depth of a recursion."""
    level, seen, depth = [value], set[int](), 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise InvalidDocument(f"The document is nested deeper than {MAX_DEPTH} levels.")
        below: list[Any] = []
        for node in level:
            for item in node.values() if isinstance(node, Mapping) else node:
                # What a YAML alias names is one object that stands in several places.
                if isinstance(item, dict | list) and id(item) not in seen:
                    seen.add(id(item))
                    below.append(item)
        level = below
