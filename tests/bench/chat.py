"""One conversation as the page keeps it: subscribe, fetch, apply; and every piece of text checked."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.bench.wire import Http, Seat, Socket, open_socket

ENDED = frozenset({"finished", "failed", "cancelled"})


class Item(msgspec.Struct):
    """Of a message or a run: what the check needs."""

    id: int = 0
    role: str = ""
    text: str = ""
    ending: str = ""
    status: str = ""
    reason: str = ""


class Event(msgspec.Struct):
    type: str
    message: int = 0
    offset: int = 0
    text: str = ""
    item: Item | None = None


class Snapshot(msgspec.Struct):
    messages: list[Item]
    runs: list[Item]


_event = msgspec.json.Decoder(Event).decode
_snapshot = msgspec.json.Decoder(Snapshot).decode


@dataclass(eq=False)
class Chat:
    """`pieces` holds (number, ns when it left the model, ns of arrival or 0 if a snapshot brought it)."""

    port: int
    seat: Seat
    texts: dict[int, str] = field(default_factory=dict)
    pieces: list[tuple[int, int, int]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    first: asyncio.Event = field(default_factory=asyncio.Event)
    sent_ns: int = 0
    answered_ns: int = 0
    frames: int = 0
    reopened: int = 0
    # Everything that would be a fault of the stream, in words.
    faults: list[str] = field(default_factory=list)
    _early: list[tuple[Event, int]] | None = None
    _socket: Socket | None = None

    def __post_init__(self) -> None:
        self.http = Http(self.port, self.seat)

    async def open(self) -> None:
        """Connect and wait until the subscription stands."""
        self.ready.clear()
        self._socket = await open_socket(self.port, self.seat, self._on_text)
        async with asyncio.timeout(60):
            await self.ready.wait()
        await self.http.connect()

    def drop(self) -> None:
        """Lose the socket, as a phone in a tunnel does."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None

    async def reopen(self) -> None:
        """What the page does: subscribe, keep what comes, fetch, apply."""
        self._early = []
        self.reopened += 1
        await self.open()
        fetched = _snapshot(await self.http.get(f"/api/conversations/{self.seat.conversation}/snapshot"))
        early, self._early = self._early, None
        for message in fetched.messages:
            if message.role == "assistant":
                self._put(message.id, offset=0, text=message.text, arrived=0)
        if fetched.runs and all(run.status in ENDED for run in fetched.runs):
            self.ended.set()
        for event, arrived in early or ():
            self._apply(event, arrived)

    def close(self) -> None:
        self.drop()
        self.http.close()

    async def post(self, turns: Sequence[Mapping[str, Any]]) -> None:
        """Say something that prescribes the model's turns exactly."""
        text = f"```script\n{msgspec.json.encode(turns).decode()}\n```"
        self.ended.clear()
        self.first.clear()
        self.sent_ns = time.monotonic_ns()
        body = {"text": text, "client_id": uuid.uuid4().hex}
        await self.http.post(f"/api/conversations/{self.seat.conversation}/messages", body)
        self.answered_ns = time.monotonic_ns()

    def _on_text(self, payload: bytes, arrived: int) -> None:
        event = _event(payload)
        if event.type == "ready":
            self.ready.set()
        elif self._early is not None:
            self._early.append((event, arrived))
        else:
            self._apply(event, arrived)

    def _apply(self, event: Event, arrived: int) -> None:
        if event.type == "text":
            self.frames += 1
            self._put(event.message, offset=event.offset, text=event.text, arrived=arrived)
        elif event.type == "message" and event.item is not None and event.item.ending:
            self._compare(event.item)
        elif event.type == "run" and event.item is not None and event.item.status in ENDED:
            if event.item.status != "finished":
                self.faults.append(f"run {event.item.status}: {event.item.reason}")
            self.ended.set()

    def _put(self, message: int, *, offset: int, text: str, arrived: int) -> None:
        """Append what is new of it; all of this text is ASCII, so offsets are lengths."""
        known = self.texts.get(message, "")
        if offset > len(known):
            self.faults.append(f"gap of {offset - len(known)} characters")
            return
        new = text[len(known) - offset :]
        if len(new) != len(text):
            self._check_overlap(known[offset:], text)
        self.texts[message] = known + new
        for word in new.split():
            number, colon, left = word.partition(":")
            if colon:
                self.pieces.append((int(number), int(left), arrived))
        if new and not self.first.is_set():
            self.first.set()

    def _check_overlap(self, known: str, text: str) -> None:
        """After a reopening the protocol sends some text twice, to be dropped; never else, never another text."""
        if not self.reopened:
            self.faults.append("doubled text")
        elif known[: len(text)] != text[: len(known)]:
            self.faults.append("another text at the same place")

    def _compare(self, message: Item) -> None:
        if message.role == "assistant" and self.texts.get(message.id, "") != message.text:
            self.faults.append("the stored text is another one than the streamed")
