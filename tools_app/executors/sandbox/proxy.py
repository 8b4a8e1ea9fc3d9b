"""The one way from a cell to the network, where hosts were granted: a proxy of the worker, for https to these hosts.

The cell has a network of its own with nothing in it. There its helper opens a listening socket and hands it over; a
socket stays in the network it was made in, so what connects to it inside is heard out here. Names are resolved, judged
and connected to by the same rules as every fetch; the program never sees an address or a resolver.
"""

from __future__ import annotations

import logging
import re
import select
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from tools_app.exceptions import ToolFailed
from tools_app.executors import network

log = logging.getLogger(__name__)
_FIRST_LINE = re.compile(rb"CONNECT ([!-~]{1,300}) HTTP/1\.[01]\r\n")
_HEAD_BYTES = 8_192
_MOST_AT_ONCE, _MOST = 16, 500
_MOST_BYTES = 256 * 2**20
_PIECE = 65_536
_TICK = 0.5
_CONNECT_SECONDS = 10


class Proxy:
    """Serves one cell until it is closed. `reached` names the hosts that were spoken to."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = tuple(host.lower() for host in hosts)
        self._here, self.there = socket.socketpair()
        self._over = threading.Event()
        self._seats = threading.Semaphore(_MOST_AT_ONCE)
        self._left = _MOST_BYTES
        self.reached: set[str] = set()
        self._thread = threading.Thread(target=self._serve, name="sandbox-proxy", daemon=True)

    def start(self) -> None:
        """After the cell's process has been started: it holds its own copy of the other end."""
        self.there.close()
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self.there.close()
        if self._thread.is_alive():
            self._thread.join(_TICK * 4)
        self._here.close()

    def allows(self, endpoint: str) -> bool:
        """Whether an administrator has named this host: exactly, or by `*.example.org` for all below it, not itself.

        On the port of https unless another one is named. Read by the parser of what connects: a path that ends in a
        granted name must not pass for a host.
        """
        try:
            meant = network.parse_url(f"https://{network.parse_host(endpoint)}")
        except network.EgressRefused:
            return False
        return any(_names(known, meant) for known in self._hosts)

    def _serve(self) -> None:
        try:
            listener = self._received()
        except (OSError, ValueError):
            return
        with listener:
            for _ in range(_MOST):
                client = self._next(listener)
                if client is None:
                    return
                threading.Thread(target=self._calmly, args=(client,), daemon=True).start()

    def _received(self) -> socket.socket:
        self._here.settimeout(30)
        _, (descriptor, *_), _, _ = socket.recv_fds(self._here, 1, 1)
        return socket.socket(fileno=descriptor)

    def _next(self, listener: socket.socket) -> socket.socket | None:
        while not self._over.is_set():
            if select.select([listener], [], [], _TICK)[0] and self._seats.acquire(timeout=_TICK):
                return listener.accept()[0]
        return None

    def _calmly(self, client: socket.socket) -> None:
        try:
            with client, suppress(OSError):
                client.settimeout(_CONNECT_SECONDS)
                self._answer(client)
        finally:
            self._seats.release()

    def _answer(self, client: socket.socket) -> None:
        head = _head(client)
        asked = _FIRST_LINE.match(head)
        if asked is None:
            _refuse(client, "405 Method Not Allowed", "Only https goes through this proxy.")
            return
        endpoint = asked[1].decode("ascii")
        if not self.allows(endpoint):
            _refuse(client, "403 Forbidden", "This host was not granted.")
            return
        try:
            server = network.tunnel(endpoint, seconds=_CONNECT_SECONDS)
        except ToolFailed as refused:
            log.info("the sandbox's proxy refused %s: %s", endpoint, refused.code)
            _refuse(client, "502 Bad Gateway", refused.message)
            return
        self.reached.add(endpoint)
        with server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._relay(client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        """Both ways until either end is done, the cell is gone, or too much was moved."""
        other = {client: server, server: client}
        while not self._over.is_set() and self._left > 0:
            for ready in select.select([client, server], [], [], _TICK)[0]:
                piece = ready.recv(_PIECE)
                if not piece:
                    return
                self._left -= len(piece)
                other[ready].sendall(piece)


def _names(known: str, meant: network.Url) -> bool:
    if not known.startswith("*."):
        return meant.is_listed([known])
    domain, _, port = known[2:].partition(":")
    return meant.host.endswith(f".{domain}") and meant.port == int(port or 443)


def _head(client: socket.socket) -> bytes:
    head = b""
    deadline = time.monotonic() + _CONNECT_SECONDS
    while b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES and time.monotonic() < deadline:
        piece = client.recv(_HEAD_BYTES)
        if not piece:
            break
        head += piece
    return head


def _refuse(client: socket.socket, status: str, why: str) -> None:
    client.sendall(
        f"HTTP/1.1 {status}\r\nContent-Length: {len(why)}\r\nConnection: close\r\n\r\n{why}".encode()
    )
