"""What tools are told beside who asks: the values of a persona and those a program sends with a message.

Only ordinary values. Who asks is decided by the server, except that a persona with that flag has an identity of
its own, which must be nobody's.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from agents_app.exceptions import InvalidContext
from tools_app import arguments
from tools_app.context import ACTING_KEYS, SERVER_KEYS
from tools_app.exceptions import InvalidArguments

MAX_BYTES: Final = 16_384
_NOT_YOURS: Final = "Who asks is decided by the server; leave these out: {names}."


def of_run(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a program sends with a message, checked. Raises InvalidContext."""
    told = dict(given or {})
    problems = _problems(told, refused=SERVER_KEYS)
    if problems:
        raise InvalidContext(details={"tool_context": problems})
    return told


def written(told: Mapping[str, Any]) -> bytes:
    """For a hash: nothing where nothing was sent, so that messages without a context keep theirs."""
    return b"\n" + json.dumps(told, sort_keys=True).encode() if told else b""


def problems_of_persona(told: Any, *, acts_as_itself: bool) -> list[str]:
    """Everything wrong with the values a persona is to hold for its tools."""
    if not isinstance(told, dict):
        return ["This must be an object of names and values."]
    refused = SERVER_KEYS - (ACTING_KEYS if acts_as_itself else frozenset())
    problems = _problems(told, refused=refused)
    return problems or (_problems_of_identity(told) if acts_as_itself else [])


def _problems(told: Mapping[str, Any], *, refused: frozenset[str]) -> list[str]:
    names = sorted(str(name) for name in told if unicodedata.normalize("NFKC", str(name)) in refused)
    if names:
        return [_NOT_YOURS.format(names=", ".join(names))]
    try:
        arguments.parse(json.dumps(told), max_bytes=MAX_BYTES)
    except (InvalidArguments, TypeError, ValueError, RecursionError):
        return [f"These must be plain JSON values of at most {MAX_BYTES} bytes."]
    return []


def _problems_of_identity(told: Mapping[str, Any]) -> list[str]:
    user_id = told.get("user_id")
    # People's ids are numbers: an identity of its own must never be a person's (S3.93).
    if not isinstance(user_id, str) or not user_id.strip() or user_id.strip().isdecimal():
        return ['A persona that acts as itself needs a "user_id" that is a name and nobody\'s number.']
    wrong = [key for key in ("roles", "permissions") if not _are_texts(told.get(key, []))]
    if not isinstance(told.get("role", ""), str):
        wrong.append("role")
    return [f"role is a text, roles and permissions are lists of texts: {', '.join(wrong)}."] if wrong else []


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
