"""A small real web server on loopback whose answers are raw bytes, so that it can also misbehave."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answer = bytes | Callable[[socket.socket], None]


@dataclass
class FakeSite:
    """`requests` holds what arrived, as (first line, headers in lower case, body); `heads` the same as it was sent."""

    listener: socket.socket
    tls: ssl.SSLContext | None = None
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"{'https' if self.tls else 'http'}://{self.endpoint}{path}"

    def says(self, path: str, body: bytes = b"", *headers: str, status: str = "200 OK") -> str:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.answers[path] = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        return self.url(path)

    def redirects(self, path: str, location: str, status: int = 302) -> str:
        return self.says(path, b"", f"Location: {location}", status=f"{status} Elsewhere")

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self.listener.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            stream = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
            with stream:
                path = self._read(stream)
                answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                if callable(answer):
                    answer(stream)
                else:
                    stream.sendall(answer)

    def _read(self, stream: socket.socket) -> str:
        received = b""
        while b"\r\n\r\n" not in received:
            piece = stream.recv(65_536)
            if not piece:
                raise ConnectionResetError
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += stream.recv(65_536)
        self.heads.append(head.decode())
        self.requests.append((first, headers, body))
        return first.split(" ")[1].partition("?")[0] if " " in first else ""


@contextmanager
def fake_site(tls: ssl.SSLContext | None = None) -> Iterator[FakeSite]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site = FakeSite(listener, tls)
        threading.Thread(target=site.serve, daemon=True).start()
        yield site
