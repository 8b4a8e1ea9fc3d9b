"""A bare connection to Valkey for the floor: writes commands without waiting, hands on what is published."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

OnMessage = Callable[[bytes, bytes], None]


class Connection(asyncio.Protocol):
    def __init__(self, on_message: OnMessage) -> None:
        self.made = asyncio.Event()
        self._on_message = on_message
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not say that they are some.
        self.transport = cast("asyncio.Transport", transport)
        self.made.set()

    def data_received(self, data: bytes) -> None:
        buffer, at = self._rest + data, 0
        while (read := _value(buffer, at)) is not None:
            value, at = read
            if isinstance(value, list) and value[0] == b"message":
                self._on_message(value[1], value[2])
        self._rest = buffer[at:]

    def send(self, *words: bytes) -> None:
        parts = [b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)]
        self.transport.write(b"".join(parts))


async def connect(path: str, on_message: OnMessage) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_unix_connection(lambda: Connection(on_message), path)
    # uvloop may return before it has told the protocol.
    await connection.made.wait()
    return connection


def _value(buffer: bytes, at: int) -> tuple[Any, int] | None:
    """One reply and where the next begins; None while it is incomplete."""
    end = buffer.find(b"\r\n", at)
    if end < 0:
        return None
    kind, number, at = buffer[at : at + 1], buffer[at + 1 : end], end + 2
    if kind == b"*":
        values = []
        for _ in range(int(number)):
            if (read := _value(buffer, at)) is None:
                return None
            value, at = read
            values.append(value)
        return values, at
    if kind == b"$":
        end = at + int(number)
        return (buffer[at:end], end + 2) if len(buffer) >= end + 2 else None
    return number, at
