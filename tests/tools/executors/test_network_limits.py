"""The guarded client ends whatever has no end: bodies, headers, drips, name servers."""

from __future__ import annotations

import gzip
import socket
import time
import zlib
from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.fake_site import FakeSite
from tools_app.executors.network import FetchFailed, Limits, Request, fetch

FAST = Limits(seconds=1.0)


def test_a_body_is_cut_at_the_limit(site: FakeSite) -> None:
    url = site.says("/", b"x" * 300_000)
    answer = fetch(Request(url, limits=Limits(body_bytes=100_000)))
    assert (len(answer.body), answer.truncated) == (100_000, True)
    exact = fetch(Request(url, limits=Limits(body_bytes=300_000)))
    assert (len(exact.body), exact.truncated) == (300_000, False)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_bodies_are_read(site: FakeSite, coding: str) -> None:
    squeezed = gzip.compress(b"hello") if coding == "gzip" else zlib.compress(b"hello")
    assert fetch(Request(site.says("/", squeezed, f"Content-Encoding: {coding}"))).body == b"hello"


def test_a_bomb_goes_off_at_the_limit(site: FakeSite) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, 9)
    began = time.monotonic()
    answer = fetch(Request(site.says("/", bomb, "Content-Encoding: gzip")))
    assert (len(answer.body), answer.truncated) == (2 * 2**20, True)
    assert time.monotonic() - began < 30


def test_compressions_on_top_of_each_other_are_refused(site: FakeSite) -> None:
    twice = gzip.compress(gzip.compress(b"x"))
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.says("/", twice, "Content-Encoding: gzip, gzip")))
    assert refused.value.code == "encoding_unsupported"
    with pytest.raises(FetchFailed):
        fetch(Request(site.says("/", twice, "Content-Encoding: gzip", "Content-Encoding: gzip")))


def test_broken_compression_is_a_bad_answer(site: FakeSite) -> None:
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.says("/", b"not gzip at all", "Content-Encoding: gzip")))
    assert refused.value.code == "bad_answer"


def test_too_many_headers_are_refused(site: FakeSite) -> None:
    url = site.says("/", b"", *(f"X-{n}: {'v' * 100}" for n in range(700)))
    with pytest.raises(FetchFailed):
        fetch(Request(url))


def flooding(piece: bytes) -> Callable[[socket.socket], None]:
    def flood(stream: socket.socket) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\n")
        for again in repeat(piece):
            stream.sendall(again)

    return flood


def interim(stream: socket.socket) -> None:
    for again in repeat(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 100):
        stream.sendall(again)


@pytest.mark.parametrize("answer", [flooding(b"X: y\r\n" * 1_000), flooding(b"x" * 10_000), interim])
def test_headers_without_end_are_ended(site: FakeSite, answer: Callable[[socket.socket], None]) -> None:
    site.answers["/"] = answer
    began = time.monotonic()
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.url("/")))
    assert refused.value.code in ("bad_answer", "headers_too_large")
    assert time.monotonic() - began < 30


def dripping(head: bytes) -> Callable[[socket.socket], None]:
    def drip(stream: socket.socket) -> None:
        stream.sendall(head)
        for _ in range(200):
            time.sleep(0.05)
            stream.sendall(b"x")

    return drip


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"]
)
def test_a_drip_does_not_outlast_the_deadline(site: FakeSite, head: bytes) -> None:
    site.answers["/"] = dripping(head)
    began = time.monotonic()
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.url("/"), limits=Limits(seconds=0.4)))
    assert refused.value.code == "timeout"
    assert refused.value.retryable
    assert 0.3 < time.monotonic() - began < 9


def test_the_deadline_counts_over_all_redirects(site: FakeSite) -> None:
    def slow(stream: socket.socket) -> None:
        time.sleep(0.25)
        stream.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    site.answers["/"] = slow
    began = time.monotonic()
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.url("/"), limits=Limits(seconds=0.6)))
    assert refused.value.code == "timeout"
    assert time.monotonic() - began < 30


def test_a_name_server_that_hangs_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(*_: Any, **__: Any) -> list[Any]:
        time.sleep(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    began = time.monotonic()
    with pytest.raises(FetchFailed) as refused:
        fetch(Request("https://slow.example/", limits=Limits(seconds=0.3)))
    assert refused.value.code == "timeout"
    assert time.monotonic() - began < 4.5


def closing(octets: bytes) -> Callable[[socket.socket], None]:
    return lambda stream: stream.sendall(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"\x16\x03\x01\x02\x00",
        b"SSH-2.0-OpenSSH_9.0\r\n",
    ],
)
def test_answers_that_are_no_http_say_so_and_no_more(site: FakeSite, octets: bytes) -> None:
    site.answers["/"] = closing(octets)
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.url("/")))
    assert refused.value.code == "bad_answer"
    assert refused.value.message == "The answer of 127.0.0.1 was cut off or is not valid HTTP."


def test_a_closed_port_is_unreachable(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.EGRESS_EXCEPTIONS = [f"127.0.0.1:{port}"]
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(f"http://127.0.0.1:{port}/"))
    assert refused.value.code == "unreachable"
