"""Hides secrets before anything is stored: by the name of a field, and by the looks of a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
_MAX_EXACT = 2**53 - 1
_NAMES = re.compile(
    r"(?i)(passw(or)?d|passphrase|secret|token|api[-_]?key|authorization|cookie|credential|private[-_]?key|auth_claims)"
)
_VALUES = re.compile(
    r"(?i)\bbearer\s+[a-z0-9._~+/=-]{8,}"
    r"|\bsk-[a-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|\b(?:gh[pousr]|glpat|xox[abps])[-_][A-Za-z0-9-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
# Counting words are no secrets: "max_tokens" must stay readable in the record.
_COUNTS = re.compile(
    r"(?i)(max|input|output|used|context|total)[-_]?tokens?|tokens?[-_]?(used|count)|token_weight"
)


def redact(value: Any) -> Any:
    """A copy without secrets; JSON shapes stay, hidden leaves become "[hidden]"."""
    if isinstance(value, Mapping):
        return {storable(str(key)): _field(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return storable(_VALUES.sub(HIDDEN, value))
    return plain(value)


def plain(value: Any) -> Any:
    """The same JSON shape as both databases can store it; what canonical JSON cannot write is kept as text."""
    if isinstance(value, Mapping):
        return {storable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= _MAX_EXACT:
        return value
    return storable(str(value))


def storable(text: str) -> str:
    """Text both databases accept: PostgreSQL refuses NUL and lone surrogates, and no event may be lost for them."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")


def _field(name: str, item: Any) -> Any:
    if _NAMES.search(name) and not _COUNTS.search(name) and item not in (None, "", True, False):
        return HIDDEN
    return redact(item)
