"""A network and a server for long conversations: where connections lead, and how many of them there are."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpcore2
import pytest

from tests.tools.executors.fake_names import Resolver

LONG = 30.0
PIECE = b"held"


class Held:
    """Answers when it may, keeps its connections open, and counts them and those that were closed again."""

    def __init__(self) -> None:
        self.open = self.closed = 0
        self.may_answer = threading.Event()
        self.changed = threading.Condition()

    def __call__(self, stream: socket.socket) -> None:
        self._count("open")
        self.may_answer.wait(LONG)
        stream.settimeout(LONG)
        try:
            while True:
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PIECE), PIECE))
                if not stream.recv(65_536):
                    break
        finally:
            self._count("closed")

    def waits_for(self, name: str, number: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: getattr(self, name) >= number, LONG)

    def _count(self, name: str) -> None:
        with self.changed:
            setattr(self, name, getattr(self, name) + 1)
            self.changed.notify_all()


class Leading:
    """A name server of our own, and connections that lead to a site on this machine, whatever their address says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names = Resolver()
        self.to = 0
        self.dead: set[str] = set()
        self.connected: list[tuple[str, int]] = []
        self.closed: list[str] = []
        # Who is said to be at the other end; "" for whoever was asked for, None for nobody knows.
        self.peer: str | None = ""
        self._connect = httpcore2.AnyIOBackend.connect_tcp
        leading = self

        async def connect_tcp(backend: Any, host: str, port: int, *rest: Any) -> Any:
            leading.connected.append((host, port))
            if host in leading.dead:
                raise httpcore2.ConnectError
            stream = await leading._connect(backend, "127.0.0.1", leading.to, *rest)
            return _Disguised(stream, leading, host)

        monkeypatch.setattr(socket, "getaddrinfo", self.names.getaddrinfo)
        monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect_tcp)


class _Disguised(httpcore2.AsyncNetworkStream):
    """A connection that says whom it leads to."""

    def __init__(self, stream: Any, leading: Leading, host: str) -> None:
        self._stream, self._leading, self._host = stream, leading, host

    def __getattribute__(self, name: str) -> Any:
        if name in ("get_extra_info", "aclose", "getpeername") or name.startswith("_"):
            return super().__getattribute__(name)
        return getattr(self._stream, name)

    async def aclose(self) -> None:
        self._leading.closed.append(self._host)
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        if info != "socket":
            return self._stream.get_extra_info(info)
        return None if self._leading.peer is None else self

    def getpeername(self) -> tuple[str, int]:
        return self._leading.peer or self._host, 443


def answering(*pieces: bytes) -> Callable[[socket.socket], None]:
    """Answers in so many pieces, a moment between them."""

    def answer(stream: socket.socket) -> None:
        length = sum(map(len, pieces))
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
        for piece in pieces:
            stream.sendall(piece)
            time.sleep(0.05)

    return answer
