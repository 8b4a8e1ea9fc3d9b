"""The hash chain of a stream: pure, so that a verifier needs nothing but the entries (`security.md` 4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785

PREFIX = b"audit/v1\n"
START = "0" * 64


def link(body: Mapping[str, Any], previous: str) -> str:
    """SHA-256 over the canonical entry (without its own hash) and the hash before it, as hex."""
    return hashlib.sha256(PREFIX + rfc8785.dumps(dict(body)) + previous.encode()).hexdigest()


def first_break(entries: Iterable[tuple[Mapping[str, Any], int, str, str]]) -> int | None:
    """The seq of the first entry that does not follow from the one before, or None.

    Takes (body, seq, prev_hash, hash) in order of seq, from the start of a stream.
    """
    previous, expected = START, 1
    for body, seq, prev_hash, own_hash in entries:
        if seq != expected or prev_hash != previous or link(body, previous) != own_hash:
            return seq
        previous, expected = own_hash, expected + 1
    return None
