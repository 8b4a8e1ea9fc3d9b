"""A client for conversations that outlast one request (MCP): asynchronous, for one origin, judged like `fetch`.

Every request is judged by its address and again by what is connected to. Nothing that breaks on the way is raised
into the conversation: it becomes an answer that says so, because one broken request must not end all the others.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpcore2
import httpx2

from tools_app.exceptions import ToolFailed
from tools_app.executors.network import client
from tools_app.executors.network.addresses import is_public
from tools_app.executors.network.backend import Unreachable
from tools_app.executors.network.urls import EgressRefused, Url

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 300.0
# What a JSON-RPC client is told where there is no answer; outside of the codes that servers themselves use.
NO_ANSWER = -32098

Auth = httpx2.Auth


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom the conversation is held with. `headers` may hold credentials: they go to this origin and nowhere else.

    `others` says to which further addresses requests may go; without it to none.
    """

    url: str
    body_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    others: Callable[[Url], bool] | None = None


class Broken(httpx2.StreamError):
    """The body of an answer broke off, or is more than what is read."""


def conversation(origin: Origin, *, auth: httpx2.Auth | None = None) -> httpx2.AsyncClient:
    """To be entered and left on the loop that uses it. Raises EgressRefused where the installation forbids it."""
    return httpx2.AsyncClient(
        transport=_Transport(origin, client.vet(origin.url)),
        auth=auth,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(_CONNECT_SECONDS, read=_SILENCE_SECONDS),
        headers={"User-Agent": "Toolroom/1.0", "Accept-Encoding": "identity"},
    )


class _Transport(httpx2.AsyncBaseTransport):
    def __init__(self, origin: Origin, home: Url) -> None:
        self._origin, self._home = origin, home
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=client.tls(),
            max_connections=20,
            max_keepalive_connections=4,
            keepalive_expiry=60.0,
            network_backend=_GuardedBackend(),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            url = self._judged(str(request.url))
            return await self._answered(request, url)
        except ToolFailed as refused:
            return _instead(refused.message)
        except (httpcore2.TimeoutException, TimeoutError):
            return _instead(f"{self._home.host} did not answer in time.")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError):
            return _instead(f"{self._home.host} cannot be reached from here, or does not speak HTTP.")

    async def aclose(self) -> None:
        await self._pool.aclose()

    def _judged(self, address: str) -> Url:
        """Each request is a decision of its own: the library above follows redirects and asks other servers."""
        url = client.vet(address)
        others = self._origin.others
        if url.origin != self._home.origin and not (others is not None and others(url)):
            raise EgressRefused("The server leads to another host, which is not followed.")
        return url

    async def _answered(self, request: httpx2.Request, url: Url) -> httpx2.Response:
        headers = list(request.headers.raw)
        if url.origin == self._home.origin:
            own = {
                name.lower().encode(): value.encode("ascii") for name, value in self._origin.headers.items()
            }
            headers = [pair for pair in headers if pair[0].lower() not in own] + list(own.items())
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=headers,
            content=request.stream,
            extensions=request.extensions,
        )
        found = await self._pool.handle_async_request(sent)
        answer = httpx2.Response(found.status, headers=found.headers, stream=_Body(found, self._limit(found)))
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise EgressRefused("The server compresses its answers, although it was asked not to.")
        return answer

    def _limit(self, found: httpcore2.Response) -> int | None:
        """A stream of events has no end to count to: its reader limits each event."""
        kinds = [value for name, value in found.headers if name.lower() == b"content-type"]
        return None if kinds and kinds[0].startswith(b"text/event-stream") else self._origin.body_bytes


class _Body(httpx2.AsyncByteStream):
    def __init__(self, found: httpcore2.Response, limit: int | None) -> None:
        self._found, self._left = found, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._found.aiter_stream():
                if self._left is not None:
                    self._left -= len(piece)
                    if self._left < 0:
                        raise Broken("The answer is longer than what is read of one.")
                yield piece
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as cut:
            raise Broken("The answer was cut off.") from cut

    async def aclose(self) -> None:
        await self._found.aclose()


def _instead(told: str) -> httpx2.Response:
    return httpx2.Response(
        502, json={"jsonrpc": "2.0", "id": None, "error": {"code": NO_ANSWER, "message": told}}
    )


class _GuardedBackend(httpcore2.AnyIOBackend):
    """Resolves a name once, judges each address behind it, connects to a judged one (`backend.py`)."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  The signature is that of the library.
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await _looked_up(host, port)
        excepted = client.is_excepted_endpoint(host, port)
        if not addresses or not (excepted or all(map(is_public, addresses))):
            raise Unreachable
        problem: Exception = Unreachable()
        for address in addresses:
            try:
                stream = await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                problem = failed
                continue
            # What counts is who is at the other end, not what was asked for.
            if _peer(stream) != address:
                await stream.aclose()
                raise Unreachable
            return stream
        raise problem

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise Unreachable


async def _looked_up(host: str, port: int) -> list[str]:
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _peer(stream: httpcore2.AsyncNetworkStream) -> str | None:
    connection = stream.get_extra_info("socket")
    return str(connection.getpeername()[0]) if connection is not None else None
