"""A websocket and an HTTP connection with nothing but what a measurement needs: the client must cost little."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec

OnText = Callable[[bytes, int], None]
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SECONDS = 60.0


class Refused(Exception):
    """The server answered something that makes the measurement meaningless."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One signed-in person at one conversation."""

    session: str
    conversation: str

    @property
    def cookies(self) -> str:
        return f"session={self.session}; csrf={'c' * 32}"


class Socket(asyncio.Protocol):
    """Calls `on_text(payload, monotonic ns of arrival)` for each text frame; pings are answered."""

    def __init__(self, on_text: OnText) -> None:
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._on_text = on_text
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not say that they are some.
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.open.done():
            self.open.set_exception(Refused("the socket was closed before it was open"))

    def data_received(self, data: bytes) -> None:
        arrived = time.monotonic_ns()
        self._rest += data
        if not self.open.done() and not self._opened():
            return
        buffer, at = self._rest, 0
        while frame := _frame(buffer, at):
            opcode, start, at = frame
            self._take(opcode, buffer[start:at], arrived)
        self._rest = buffer[at:]

    def _opened(self) -> bool:
        head, found, rest = self._rest.partition(b"\r\n\r\n")
        if not found:
            return False
        self._rest = rest
        if not head.startswith(b"HTTP/1.1 101"):
            self.open.set_exception(Refused(head.split(b"\r\n")[0].decode()))
            return False
        self.open.set_result(None)
        return True

    def _take(self, opcode: int, payload: bytes, arrived: int) -> None:
        if opcode == TEXT:
            self._on_text(payload, arrived)
        elif opcode == PING:
            # Masked with zeros, which is a mask too.
            self.transport.write(bytes((0x80 | PONG, 0x80 | len(payload), 0, 0, 0, 0)) + payload)
        elif opcode == CLOSE:
            self.closed = True
            self.transport.close()


def _frame(buffer: bytes, at: int) -> tuple[int, int, int] | None:
    """Opcode, start and end of the payload at `at`, or None while it is incomplete. Servers do not mask."""
    left = len(buffer) - at
    if left < 2:
        return None
    size, start = buffer[at + 1] & 127, at + 2
    if size > 125:
        width = 2 if size == 126 else 8
        if left < 2 + width:
            return None
        size, start = int.from_bytes(buffer[start : start + width], "big"), start + width
    return (buffer[at] & 15, start, start + size) if len(buffer) >= start + size else None


async def open_socket(port: int, seat: Seat, on_text: OnText) -> Socket:
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(on_text), "127.0.0.1", port)
    lines = (
        f"GET /ws/conversations/{seat.conversation}/ HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        f"Cookie: {seat.cookies}",
    )
    socket.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    async with asyncio.timeout(SECONDS):
        await socket.open
    return socket


class Http:
    """One kept connection; requests one after the other, as a page sends them."""

    def __init__(self, port: int, seat: Seat) -> None:
        self._port, self._seat = port, seat
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def connect(self) -> None:
        self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)

    async def get(self, path: str) -> bytes:
        return await self._send("GET", path, b"")

    async def post(self, path: str, body: Any) -> bytes:
        return await self._send("POST", path, msgspec.json.encode(body))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _send(self, method: str, path: str, body: bytes) -> bytes:
        if self._streams is None:
            await self.connect()
        assert self._streams is not None
        reader, writer = self._streams
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {self._seat.cookies}\r\n"
            f"X-CSRFToken: {'c' * 32}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        async with asyncio.timeout(SECONDS):
            return await _answer(reader, f"{method} {path}")


async def _answer(reader: asyncio.StreamReader, what: str) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, after = head.partition(b"content-length:")
    if not found:
        raise Refused(f"{what}: an answer without a length")
    body = await reader.readexactly(int(after.split(b"\r\n", 1)[0]))
    status = int(head.split(b" ", 2)[1])
    if status >= 300:
        raise Refused(f"{what}: {status} {body[:300].decode(errors='replace')}")
    return body
