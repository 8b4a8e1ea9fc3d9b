"""Beneath the HTTP client: resolves a name once, judges each address behind it, connects to a judged one.

A name server may answer differently a moment later, so nothing below this module ever sees the name again.
All waiting counts against one deadline, whatever the other side drips.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore2

from tools_app.executors.network.addresses import is_public

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_WRITE_BYTES = 65_536


class Unreachable(httpcore2.ConnectError):
    """The name stands for nothing, or for something that may not be reached; nobody outside learns which."""


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds to go; raises when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left


class GuardedBackend(httpcore2.NetworkBackend):
    """One per hop. `excepted` is decided by the caller, for exactly the host and port it asked for."""

    def __init__(self, deadline: Deadline, *, excepted: bool, head_bytes: int) -> None:
        self._deadline = deadline
        self._excepted = excepted
        self._head_bytes = head_bytes
        self.stream: GuardedStream | None = None
        # Told every address a name stands for, before one of them is connected to; refuses by raising.
        self.reaches: Callable[[Sequence[str]], None] | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = resolve(host, port, self._deadline)
        if not addresses or not (self._excepted or all(is_public(address) for address in addresses)):
            logger.info("Egress refused: %s stands for %s", host, addresses or "nothing")
            raise Unreachable
        if self.reaches is not None:
            self.reaches(addresses)
        self.stream = GuardedStream(
            connect(addresses, port, self._deadline), self._deadline, self._head_bytes
        )
        return self.stream

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        raise Unreachable


class GuardedStream(httpcore2.NetworkStream):
    def __init__(self, connection: socket.socket, deadline: Deadline, head_bytes: int) -> None:
        self._socket = connection
        self._deadline = deadline
        # Bytes that may come before the headers are complete: endless interim answers end here.
        self.head_left: int | None = head_bytes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        octets = self._timed(self._socket.recv, max_bytes, httpcore2.ReadTimeout, httpcore2.ReadError)
        if self.head_left is not None:
            self.head_left -= len(octets)
            if self.head_left < 0:
                raise httpcore2.RemoteProtocolError("header too large")
        return bytes(octets)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            piece = rest[:_WRITE_BYTES]
            sent = self._timed(self._socket.send, piece, httpcore2.WriteTimeout, httpcore2.WriteError)
            rest = rest[sent:]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        def wrap(name: str | None) -> ssl.SSLSocket:
            return ssl_context.wrap_socket(self._socket, server_hostname=name)

        try:
            self._socket = self._timed(
                wrap, server_hostname, httpcore2.ConnectTimeout, httpcore2.ConnectError
            )
        except BaseException:
            self.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        return None

    def _timed(self, act: Any, argument: Any, late: type[Exception], failed: type[Exception]) -> Any:
        try:
            self._socket.settimeout(self._deadline.left())
            return act(argument)
        except TimeoutError as waited:
            raise late from waited
        except OSError as broken:
            raise failed(type(broken).__name__) from broken


def resolve(host: str, port: int, deadline: Deadline) -> list[str]:
    """Ask the name server on a thread of its own: asking cannot be interrupted, but waiting for it can."""
    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    asking = threading.Thread(target=lambda: answer.put(_looked_up(host, port)), name="resolve", daemon=True)
    asking.start()
    try:
        return answer.get(timeout=deadline.left())
    except queue.Empty as late:
        raise httpcore2.ConnectTimeout from late


def _looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    """Try the judged addresses in turn, each for a few seconds only."""
    problem: Exception = Unreachable()
    for address in addresses:
        try:
            return _connected(address, port, min(_CONNECT_SECONDS, deadline.left()))
        except TimeoutError as late:
            problem = httpcore2.ConnectTimeout()
            problem.__cause__ = late
        except OSError as refused:
            problem = httpcore2.ConnectError(type(refused).__name__)
            problem.__cause__ = refused
    raise problem


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((address, port))
        # What counts is who is at the other end, not what was asked for.
        if connection.getpeername()[0] != address:
            raise OSError("connected elsewhere")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection
