"""Fetches one address: follows redirects, each a complete new decision, and stops at every limit."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

import httpcore2
import httpx2
from django.conf import settings
from django.http.request import validate_host

from tools_app.exceptions import ToolFailed
from tools_app.executors.network.addresses import is_public
from tools_app.executors.network.backend import Deadline, GuardedBackend
from tools_app.executors.network.urls import EgressRefused, Url, joined, parse_url

logger = logging.getLogger(__name__)

_REDIRECTS = (301, 302, 303, 307, 308)
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}\Z")
# Written by the client alone: each of these could make one request look like two, or another host's.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_PUBLIC_HEADERS = {"User-Agent": "Toolroom/1.0", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}

Decide = Callable[[Url], None]


@runtime_checkable
class Watching(Protocol):
    """A `decide` that also wants to know what a host stands for, before it is connected to; it refuses by raising."""

    def reaches(self, url: Url, addresses: Sequence[str], /) -> None: ...


class FetchFailed(ToolFailed):
    """The address could not be fetched."""

    code = "fetch_failed"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds count for the whole fetch, redirects included; body bytes are counted after decompression."""

    seconds: float = 20.0
    header_bytes: int = 65_536
    body_bytes: int = 2 * 2**20
    # More for some kinds of content, by the name the server gives them.
    larger: Mapping[str, int] = field(default_factory=dict)
    redirects: int = 5
    ports: frozenset[int] = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` may hold credentials: they go to the first origin only, and show in no representation."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    allow_http: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    truncated: bool
    hops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request on the way: what is sent where, after everything that does not belong there was dropped."""

    url: Url
    method: str
    headers: Mapping[str, str]
    body: bytes


def fetch(request: Request, decide: Decide | None = None) -> Response:
    """Send a request and read the answer; any status is an answer.

    `decide` is called with every address on the way, the first included, and refuses by raising. Raises
    EgressRefused for what is not allowed, FetchFailed for what did not work; both speak to the model.
    """
    _check_request(request)
    deadline = Deadline(request.limits.seconds)
    hop = _Hop(parse_url(request.url), request.method, request.headers, request.body)
    hops: list[str] = []
    while True:
        _check_egress(hop.url, request)
        if decide is not None:
            decide(hop.url)
        hops.append(hop.url.text)
        response = _send(hop, request.limits, deadline, decide)
        location = response.headers.get("location")
        if response.status not in _REDIRECTS or not location:
            return replace(response, hops=tuple(hops))
        if len(hops) > request.limits.redirects:
            raise FetchFailed("The address redirects too often.", code="too_many_redirects")
        hop = _next_hop(hop, response.status, location)


def vet(url: str) -> Url:
    """Judge an address by its text alone, before anybody is asked about it; raises EgressRefused.

    The connection is judged again when it is made: a name may stand for anything.
    """
    found = parse_url(url)
    _check_egress(found, Request(url))
    return found


def may_set_header(name: str) -> bool:
    """Whether a request may carry a header of this name: those that frame it are the client's own."""
    return bool(_HEADER_NAME.match(name)) and name.lower() not in _OWN_HEADERS


def _check_request(request: Request) -> None:
    if request.method not in _METHODS:
        raise EgressRefused(f"The method {request.method[:20]!r} is not supported.", code="invalid_request")
    for name, value in request.headers.items():
        if not may_set_header(name):
            raise EgressRefused(f"The header {name[:50]!r} may not be set.", code="invalid_request")
        if any(ord(character) < 32 or ord(character) > 126 for character in value):
            raise EgressRefused(f"The header {name!r} holds characters it must not.", code="invalid_request")


def _check_egress(url: Url, request: Request) -> None:
    """The installation's own rules, which no row of the database can loosen."""
    if is_excepted(url):
        return
    if url.scheme != "https" and not request.allow_http:
        raise EgressRefused("Only addresses that begin with https:// can be fetched.", code="http_refused")
    if url.port not in request.limits.ports:
        raise EgressRefused(f"The port {url.port} may not be reached.")
    if _is_our_own(url.host) or (_is_address(url.host) and not is_public(url.host)):
        raise EgressRefused


def is_excepted(url: Url) -> bool:
    return url.endpoint in _exceptions()


def is_excepted_endpoint(host: str, port: int) -> bool:
    """The same of a host and a port that are about to be connected to."""
    return (f"[{host}]:{port}" if ":" in host else f"{host}:{port}").lower() in _exceptions()


def _exceptions() -> set[str]:
    return {entry.strip().lower() for entry in settings.EGRESS_EXCEPTIONS}


def _is_our_own(host: str) -> bool:
    """Fetching ourselves would let a tool approve its own calls."""
    origins = (*settings.CSRF_TRUSTED_ORIGINS, *settings.ALLOWED_ORIGINS)
    names = (*settings.ALLOWED_HOSTS, *(urlsplit(origin).hostname for origin in origins))
    # "*" means that any name will do, not that every name is ours: what is left of it is no name's end.
    ours = [name.removeprefix("*") for name in names if name]
    return validate_host(f"[{host}]" if ":" in host else host, ours)


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()


def _next_hop(hop: _Hop, status: int, location: str) -> _Hop:
    url = joined(hop.url, location)
    if hop.url.scheme == "https" and url.scheme != "https":
        raise EgressRefused(
            "The address redirects from https to http, which is not followed.", code="http_refused"
        )
    becomes_get = status == 303 or (status in (301, 302) and hop.method == "POST")
    method = "GET" if becomes_get and hop.method != "HEAD" else hop.method
    if url.origin != hop.url.origin:
        # Everything that was meant for the first origin stays there, for the rest of the way.
        return _Hop(url, method, {}, b"")
    return _Hop(url, method, hop.headers, b"" if becomes_get else hop.body)


def _send(hop: _Hop, limits: Limits, deadline: Deadline, decide: Decide | None) -> Response:
    backend = GuardedBackend(deadline, excepted=is_excepted(hop.url), head_bytes=2 * limits.header_bytes)
    watching: object = decide
    if isinstance(watching, Watching):
        backend.reaches = partial(watching.reaches, hop.url)
    headers = {**_PUBLIC_HEADERS, **hop.headers}
    # A client of its own for every hop: no pool, no cookie and no proxy can be shared by accident.
    with (
        _explained(hop.url),
        httpx2.Client(
            transport=_Transport(backend), trust_env=False, follow_redirects=False, timeout=None
        ) as client,
        client.stream(hop.method, hop.url.text, headers=headers, content=hop.body or None) as answer,
    ):
        if backend.stream is not None:
            backend.stream.head_left = None
        _check_head(answer, limits)
        body, truncated = (
            (b"", False) if answer.status_code in _REDIRECTS else _body(answer, limits, deadline)
        )
        return Response(answer.status_code, dict(answer.headers), body, hop.url.text, truncated, ())


def _check_head(answer: httpx2.Response, limits: Limits) -> None:
    if sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) > limits.header_bytes:
        raise FetchFailed("The answer has too many headers.", code="headers_too_large")
    # Two compressions on top of each other could turn a few bytes into work without end.
    if len(answer.headers.get_list("content-encoding", split_commas=True)) > 1:
        raise FetchFailed(
            "The answer is compressed in a way that is not supported.", code="encoding_unsupported"
        )


def _body(answer: httpx2.Response, limits: Limits, deadline: Deadline) -> tuple[bytes, bool]:
    """Read up to the limit of *decompressed* bytes and stop there: what is behind it is never read."""
    pieces: list[bytes] = []
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    left = limits.larger.get(kind, limits.body_bytes)
    for piece in answer.iter_bytes():
        deadline.left()
        pieces.append(piece[:left])
        left -= len(piece)
        if left < 0:
            return b"".join(pieces), True
    return b"".join(pieces), False


@contextmanager
def _explained(url: Url) -> Iterator[None]:
    """Turn the client's errors into sentences that name the host as it was asked for, and nothing else."""
    try:
        yield
    except (httpx2.TimeoutException, httpcore2.TimeoutException) as late:
        raise FetchFailed(f"{url.host} did not answer in time.", code="timeout", retryable=True) from late
    except (httpx2.ConnectError, httpcore2.ConnectError) as failed:
        if _is_about_tls(failed):
            message = f"No secure connection to {url.host}: its certificate or encryption is not acceptable."
            raise FetchFailed(message, code="tls_failed") from failed
        message = (
            f"{url.host} cannot be reached from here: no such name, not a public address, or nobody answers."
        )
        raise FetchFailed(message, code="unreachable", retryable=True) from failed
    except (httpx2.HTTPError, httpx2.StreamError, httpcore2.ProtocolError, httpcore2.NetworkError) as broken:
        logger.info("Fetch from %s broke: %s", url.host, type(broken).__name__)
        raise FetchFailed(
            f"The answer of {url.host} was cut off or is not valid HTTP.", code="bad_answer"
        ) from broken


def _is_about_tls(error: BaseException | None) -> bool:
    """Whether encryption is what failed, however often it was told anew."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


class _Transport(httpx2.BaseTransport):
    """The client's own transport cannot be given a network backend; this one has nothing else.

    It carries one request: waiting is limited by the backend's deadline, and nothing is kept open for another.
    """

    def __init__(self, backend: GuardedBackend) -> None:
        self._pool = httpcore2.ConnectionPool(ssl_context=tls(), network_backend=backend)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        found = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx2.Response(found.status, headers=found.headers, stream=_Stream(found))

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx2.SyncByteStream):
    def __init__(self, found: httpcore2.Response) -> None:
        self._found = found

    def __iter__(self) -> Iterator[bytes]:
        yield from self._found.iter_stream()

    def close(self) -> None:
        self._found.close()


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """The system's certificate authorities, or the operator's file of them (EGRESS_CA_FILE)."""
    if authorities := settings.EGRESS_CA_FILE:
        return ssl.create_default_context(cafile=authorities)
    return httpx2.create_ssl_context(trust_env=False)
