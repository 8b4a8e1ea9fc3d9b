"""What a program printed, as text that harms nobody: its beginning and its end, without what steers a terminal."""

from __future__ import annotations

import re
from collections import deque

# Sequences a terminal would obey: moves, colours, titles, links, strings for devices.
_SEQUENCES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|[ -/]*[0-~])|\x9b[0-?]*[ -/]*[@-~]"
)
_ENDS = re.compile(r"\r\n?")
# Two directions in one line show it in another order than it has.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Kept:
    """Takes a stream of any length and keeps its first and its last bytes."""

    def __init__(self, limit: int) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._half = limit // 2
        self._in_tail = 0
        self.total = 0

    def add(self, piece: bytes) -> None:
        self.total += len(piece)
        room = self._half - len(self._head)
        if room > 0:
            self._head += piece[:room]
            piece = piece[room:]
        if piece:
            self._tail.append(piece)
            self._in_tail += len(piece)
        while self._tail and self._in_tail - len(self._tail[0]) >= self._half:
            self._in_tail -= len(self._tail.popleft())

    def octets(self) -> bytes:
        """All of it, if it fitted; else beginning and end."""
        return bytes(self._head) + b"".join(self._tail)[-self._half :]

    def text(self) -> str:
        tail = b"".join(self._tail)[-self._half :]
        missing = self.total - len(self._head) - len(tail)
        if missing <= 0:
            return harmless(bytes(self._head) + tail)
        return f"{harmless(bytes(self._head))}\n[… {missing} bytes not shown …]\n{harmless(tail)}"

    def last_line(self) -> str:
        """The newest line that says something, for whoever waits."""
        recent = self._tail[-1] if self._tail else bytes(self._head[-400:])
        lines = [line.strip() for line in harmless(recent[-400:]).splitlines()]
        return next((line for line in reversed(lines) if line), "")[:150]


def harmless(octets: bytes) -> str:
    """UTF-8 as far as it is; what would steer a terminal or a reader's eye is taken out or shown as a sign."""
    text = _SEQUENCES.sub("", octets.decode("utf-8", "replace"))
    return _CONTROLS.sub(_sign, _ENDS.sub("\n", text))


def _sign(found: re.Match[str]) -> str:
    number = ord(found[0])
    return chr(0x2400 + number) if number < 0x20 else "\u2421" if number == 0x7F else "\ufffd"
