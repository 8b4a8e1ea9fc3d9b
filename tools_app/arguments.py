"""Pure rules about the arguments of a call: read strictly, fill defaults, fit the schema, write canonically.

Whether the values are allowed is for `policy`; what a schema may contain is in `schemas`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from tools_app.exceptions import InvalidArguments
from tools_app.schema.schemas import RESERVED, Problem, anchored, check_schema, problems, reserved

__all__ = [
    "RESERVED",
    "Problem",
    "anchored",
    "canonical",
    "check_schema",
    "fill",
    "parse",
    "problems",
    "reserved",
]

MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_INTEGER = 2**53 - 1

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(raw: str | bytes, *, max_bytes: int) -> dict[str, Any]:
    """Read a model's argument text; raises InvalidArguments with what the model should do.

    Stricter than `json`: whatever two readers could understand differently is refused, because what a person
    approves, what is stored and what runs must be one thing. Empty text counts as no arguments.
    """
    text = _decoded(raw, max_bytes)
    if not text.strip():
        return {}
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as broken:
        _refuse(
            f"not valid JSON: {broken.msg} at line {broken.lineno}, column {broken.colno}", "invalid_json"
        )
    except RecursionError:
        _refuse(f"nested deeper than {MAX_DEPTH} levels", "too_deep")
    if not isinstance(value, dict):
        _refuse("not a JSON object; send named parameters between { and }", "not_an_object")
    _check_size_of_tree(value)
    return value


def fill(arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Add defaults for absent names only: an explicit null is an answer. Copies all, merges nothing."""
    filled = {name: _copied(value) for name, value in arguments.items()}
    for name, value in defaults.items():
        filled.setdefault(name, _copied(value))
    return filled


def canonical(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write equal values one way (1.0 is 1, -0.0 is 0), so that rules, card and digest see the same."""
    return {name: _canonical(value) for name, value in arguments.items()}


def _decoded(raw: str | bytes, max_bytes: int) -> str:
    try:
        octets = raw.encode() if isinstance(raw, str) else raw
        text = octets.decode()
    except UnicodeError:
        _refuse("not valid UTF-8 text", "not_utf8")
    if len(octets) > max_bytes:
        _refuse(f"{len(octets)} bytes long, and at most {max_bytes} are accepted", "too_large")
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            _refuse(f"ambiguous: {_shown(name)} is given twice", "duplicate_key")
        found[name] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"not valid JSON: {name} is not a number", "invalid_number")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse(f"not usable: the number {digits[:40]} is too large", "invalid_number")
    return number


def _integer(digits: str) -> int:
    # The length is judged first: turning a very long text into a number is itself expensive.
    number = int(digits) if len(digits) <= 17 else MAX_INTEGER + 1
    if abs(number) > MAX_INTEGER:
        _refuse(f"not exact: the integer {digits[:40]} is beyond 2^53-1; send it as text", "invalid_number")
    return number


def _check_size_of_tree(value: dict[str, Any]) -> None:
    pending: list[tuple[Any, int]] = [(value, 1)]
    nodes = 0
    while pending:
        node, depth = pending.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            _refuse(f"nested deeper than {MAX_DEPTH} levels", "too_deep")
        if nodes > MAX_NODES:
            _refuse(f"made of more than {MAX_NODES} values", "too_many_values")
        if isinstance(node, dict):
            pending.extend((child, depth + 1) for child in node.values())
            _check_texts(node)
        elif isinstance(node, list):
            pending.extend((child, depth + 1) for child in node)
        elif isinstance(node, str):
            _check_texts((node,))


def _check_texts(texts: Iterable[str]) -> None:
    for text in texts:
        if found := _UNSTORABLE.search(text):
            _refuse(
                f"not storable: the character U+{ord(found[0]):04X} is not allowed in text",
                "invalid_character",
            )


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _canonical(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_INTEGER:
        return int(value)
    return value


def _shown(name: str) -> str:
    return json.dumps(name[:100])


def _refuse(what: str, code: str) -> NoReturn:
    raise InvalidArguments(f"The arguments are {what}.", code=code)
