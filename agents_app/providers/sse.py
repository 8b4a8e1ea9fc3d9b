"""Server-sent events of the Messages API, from bytes to typed events.

The SDK's own parsing costs three times as much per token (`tests/bench/model_stream.py`); it keeps
connections, authentication and error types, this reads the lines.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

ONE_LINE_BYTES = 32_000_000


class StreamBroken(Exception):
    """The stream of a model holds something that is no event, or says itself that it failed."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


class Delta(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: dict[str, Any] | None = None
    stop_reason: str | None = None


class UsageCounts(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class Start(msgspec.Struct):
    id: str = ""
    model: str = ""
    usage: UsageCounts | None = None


class Fault(msgspec.Struct):
    type: str = "api_error"
    message: str = ""


class Event(msgspec.Struct):
    type: str
    index: int = 0
    delta: Delta | None = None
    content_block: dict[str, Any] | None = None
    message: Start | None = None
    usage: UsageCounts | None = None
    error: Fault | None = None


_decode = msgspec.json.Decoder(Event).decode


class Events:
    """Feed it bytes as they come; it yields the events they complete."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._begun_bytes = 0
        self._lines: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        first, *others = chunk.split(b"\n")
        self._keep(first)
        if not others:
            return
        lines = [b"".join(self._begun), *others]
        self._begun, self._begun_bytes = [], 0
        self._keep(lines.pop())
        for line in lines:
            if line.startswith(b"data:"):
                self._lines.append(line[5:])
            elif self._lines and line in (b"", b"\r"):
                yield self._event()

    def _keep(self, part: bytes) -> None:
        """The line that has not ended yet, in parts: joined once, however many reads it takes."""
        self._begun_bytes += len(part)
        if self._begun_bytes > ONE_LINE_BYTES:
            raise StreamBroken("too_large", "one line without an end")
        if part:
            self._begun.append(part)

    def _event(self) -> Event:
        written = b"\n".join(self._lines)
        self._lines.clear()
        try:
            return _decode(written)
        except msgspec.MsgspecError as error:
            raise StreamBroken("garbled", str(error)) from error
