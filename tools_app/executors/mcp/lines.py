"""Pure: a server's output cut into lines of bounded length. Of a longer one only its two ends are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Enough to find the id of an answer, which stands at one end of it.
_END_BYTES: Final = 512
_ID: Final = re.compile(
    rb'"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15}|"[\x20\x21\x23-\x5b\x5d-\x7e]{1,64}")\s*[,}]'
)
_ID_FIRST: Final = re.compile(rb'\A\s*\{\s*"id"\s*:\s*(\d{1,15}|"[\x20\x21\x23-\x5b\x5d-\x7e]{1,64}")\s*,')


@dataclass(frozen=True, slots=True)
class TooLong:
    """A line nobody reads whole: how it began and how it ended."""

    head: bytes
    tail: bytes


Line = bytes | TooLong


class Lines:
    """Feed it what arrives. It never holds more than `limit` bytes, whatever comes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._head = b""

    def feed(self, chunk: bytes) -> list[Line]:
        found: list[Line] = []
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._take(piece)
            found.append(self._line())
        self._take(rest)
        return found

    def _take(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._limit:
            whole = b"".join(self._pieces)
            self._head = self._head or whole[:_END_BYTES]
            # From here on the length says that it is too long, and only the end is worth keeping.
            self._pieces = [whole[-_END_BYTES:]]
            self._size = self._limit + 1

    def _line(self) -> Line:
        whole, is_cut = b"".join(self._pieces), self._size > self._limit
        line: Line = TooLong(self._head, whole) if is_cut else whole
        self._pieces, self._size, self._head = [], 0, b""
        return line


def id_of(line: Line) -> int | str | None:
    """Which request an unreadable line was meant to answer, if that can be told from its ends."""
    head, tail = (
        (line.head, line.tail) if isinstance(line, TooLong) else (line[:_END_BYTES], line[-_END_BYTES:])
    )
    found = _ID.search(head) or _ID_FIRST.search(head) or _last(tail)
    if found is None:
        return None
    text = found.group(1)
    return text[1:-1].decode("ascii") if text.startswith(b'"') else int(text)


def _last(tail: bytes) -> re.Match[bytes] | None:
    found = list(_ID.finditer(tail))
    return found[-1] if found and tail.endswith(b"}") else None
