"""The guarded client at its exact limits: what is sent and read, and in which words it is refused."""

from __future__ import annotations

import gc
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.conftest import Certificate
from tests.tools.executors.fake_names import PUBLIC, Resolver
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.exceptions import NotAllowed
from tools_app.executors.network import EgressRefused, FetchFailed, Limits, Request, Url, client, fetch, vet
from tools_app.executors.network.backend import Deadline

LONG = 30.0


def test_what_a_fetch_may_cost_if_nobody_says_otherwise() -> None:
    assert Limits() == Limits(20.0, 65_536, 2_097_152, {}, 5, frozenset({80, 443}))
    assert FetchFailed().code == "fetch_failed"


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"])
def test_methods_that_are_sent(site: FakeSite, method: str) -> None:
    assert fetch(Request(site.says("/"), method)).status == 200
    assert site.requests[0][0] == f"{method} / HTTP/1.1"


@pytest.mark.parametrize(
    "name",
    [
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "upgrade"),
        *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding"),
    ],
)
def test_headers_that_frame_a_request_are_the_clients_own(name: str) -> None:
    assert not client.may_set_header(name)
    assert not client.may_set_header(name.title())
    assert client.may_set_header(f"x-{name}")


def test_names_of_headers_have_an_end() -> None:
    assert client.may_set_header("x" * 128) is True
    assert client.may_set_header("x" * 129) is False


@pytest.mark.parametrize(
    "request_",
    [
        Request("https://example.org/", "CONNECT"),
        Request("https://example.org/", headers={"Host": "x"}),
        *(Request("https://example.org/", headers={"X": value}) for value in ("\x1f", "\x7f")),
    ],
)
def test_what_is_no_request_is_told_apart_from_what_is_forbidden(request_: Request) -> None:
    with pytest.raises(EgressRefused) as refused:
        fetch(request_)
    assert refused.value.code == "invalid_request"


def test_every_character_that_can_be_printed_may_stand_in_a_header(site: FakeSite) -> None:
    value = "".join(map(chr, range(33, 127)))
    fetch(Request(site.says("/"), headers={"X-Key": f"{value} {value}"}))
    assert site.requests[0][1]["x-key"] == f"{value} {value}"


# --- where a request may go ---------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["https://8.8.8.8/", "https://[2606:4700::1111]/"])
def test_public_addresses_may_be_named_unless_they_are_ours(url: str, settings: Settings) -> None:
    host = vet(url).endpoint.removesuffix(":443")
    settings.ALLOWED_HOSTS = [host]
    with pytest.raises(EgressRefused):
        vet(url)


def test_origins_without_a_host_name_nobody(settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = settings.ALLOWED_ORIGINS = ["*", "null", "https://front.example"]
    assert vet("https://example.org/").host == "example.org"
    with pytest.raises(EgressRefused):
        vet("https://front.example/")


@pytest.mark.parametrize(
    ("host", "port", "is_listed"),
    [
        ("::1", 8080, True),
        ("::1", 80, False),
        ("INSIDE.example", 80, True),
        ("inside.example", 81, False),
        ("1", 8080, False),
    ],
)
def test_exceptions_are_read_however_they_are_written(
    settings: Settings, host: str, port: int, is_listed: bool
) -> None:
    settings.EGRESS_EXCEPTIONS = ["[::1]:8080", " Inside.Example:80 "]
    assert client.is_excepted_endpoint(host, port) is is_listed


class Watchman:
    """Judges addresses, and what they stand for."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def __call__(self, url: Url) -> None:
        self.seen.append(url.host)

    def reaches(self, url: Url, addresses: Sequence[str], /) -> None:
        self.seen.append((url.host, list(addresses)))
        raise NotAllowed("Not there.")


def test_who_watches_is_told_what_a_host_stands_for(resolver: Resolver) -> None:
    resolver.answers = [[PUBLIC]]
    watchman = Watchman()
    with pytest.raises(NotAllowed):
        fetch(Request("https://public.example/"), watchman)
    assert watchman.seen == ["public.example", ("public.example", [PUBLIC])]
    assert resolver.connected == []


# --- redirects ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "method", "becomes", "body"),
    [
        (303, "HEAD", "HEAD", b""),
        (301, "HEAD", "HEAD", b""),
        (302, "PUT", "PUT", b"x"),
        (301, "DELETE", "DELETE", b"x"),
        (303, "PUT", "GET", b""),
    ],
)
def test_methods_other_than_post_stay_as_they_are(
    site: FakeSite, status: int, method: str, becomes: str, body: bytes
) -> None:
    site.redirects("/a", "/b", status=status)
    site.says("/b")
    fetch(Request(site.url("/a"), method=method, body=b"" if method == "HEAD" else b"x"))
    assert (site.requests[1][0], site.requests[1][2]) == (f"{becomes} /b HTTP/1.1", body)


def test_encrypted_stays_encrypted_on_the_way(
    certificate: Certificate, settings: Settings, trusting: Callable[[Path], None]
) -> None:
    context, written = certificate("127.0.0.1")
    trusting(written)
    with fake_site(context) as site, fake_site() as plain:
        settings.EGRESS_EXCEPTIONS = [site.endpoint, plain.endpoint]
        site.says("/there", b"safe")
        assert fetch(Request(site.redirects("/go", "/there"))).body == b"safe"
        with pytest.raises(EgressRefused) as refused:
            fetch(Request(site.redirects("/down", plain.url("/"))))
        assert refused.value.code == "http_refused"


def test_a_redirect_to_nowhere_is_an_answer_without_a_body(site: FakeSite) -> None:
    answer = fetch(Request(site.says("/", b"look elsewhere", status="302 Found")))
    assert (answer.status, answer.body, answer.truncated) == (302, b"", False)


# --- limits -------------------------------------------------------------------------------------------------


def test_headers_may_fill_their_limit_and_no_more(site: FakeSite) -> None:
    limits = Limits(header_bytes=1_000)
    # Name, value, colon, blank and the end of the line: 18 + 4 bytes of them are the length of the body.
    rest = 1_000 - len("Content-Length: 1\r\n") - len("X-Long: \r\n")
    url = site.says("/", b"x", f"X-Long: {'v' * rest}")
    assert fetch(Request(url, limits=limits)).status == 200
    site.says("/", b"x", f"X-Long: {'v' * (rest + 1)}")
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(url, limits=limits))
    assert refused.value.code == "headers_too_large"


@pytest.mark.parametrize(("hints", "is_read"), [(40, True), (80, False)])
def test_answers_before_the_answer_may_be_as_long_again(site: FakeSite, hints: int, is_read: bool) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    site.answers["/"] = hint * hints + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    limits = Limits(header_bytes=1_000)
    if is_read:
        assert fetch(Request(site.url(), limits=limits)).status == 200
    else:
        with pytest.raises(FetchFailed):
            fetch(Request(site.url(), limits=limits))


@pytest.mark.parametrize(
    ("kind", "is_cut"),
    [("application/pdf", False), ("Application/PDF ; x=1", False), ("text/plain", True), (None, True)],
)
def test_some_kinds_of_content_may_be_longer(site: FakeSite, kind: str | None, is_cut: bool) -> None:
    limits = Limits(body_bytes=10, larger={"application/pdf": 50})
    url = site.says("/", b"x" * 50, *([f"Content-Type: {kind}"] if kind else []))
    answer = fetch(Request(url, limits=limits))
    assert (len(answer.body), answer.truncated) == ((10, True) if is_cut else (50, False))


def test_a_body_that_is_unpacked_for_too_long_is_given_up() -> None:
    answer = httpx2.Response(200, content=b"unpacked")
    assert client._body(answer, Limits(), Deadline(LONG)) == (b"unpacked", False)
    with pytest.raises(httpcore2.TimeoutException):
        client._body(answer, Limits(), Deadline(0.0))


# --- what broke ---------------------------------------------------------------------------------------------


def test_whoever_cannot_be_reached_may_be_asked_again(resolver: Resolver) -> None:
    resolver.answers = [[PUBLIC]]
    with pytest.raises(FetchFailed) as refused:
        fetch(Request("https://public.example/"))
    assert (refused.value.code, refused.value.retryable) == ("unreachable", True)


def test_the_operator_reads_how_an_answer_broke(site: FakeSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=client.__name__)
    site.answers["/"] = b"nothing of the kind\r\n\r\n"
    with pytest.raises(FetchFailed):
        fetch(Request(site.url()))
    assert caplog.messages == ["Fetch from 127.0.0.1 broke: RemoteProtocolError"]


def caused(error: BaseException, cause: BaseException | None, context: BaseException | None) -> BaseException:
    error.__cause__, error.__context__ = cause, context
    return error


@pytest.mark.parametrize(
    ("error", "is_about_tls"),
    [
        (ssl.SSLError(), True),
        (caused(OSError(), ssl.SSLError(), None), True),
        (caused(OSError(), None, ssl.SSLError()), True),
        (caused(OSError(), caused(OSError(), None, ssl.SSLError()), OSError()), True),
        (caused(OSError(), None, OSError()), False),
        (OSError(), False),
    ],
)
def test_what_failed_is_found_beneath_what_was_told(error: BaseException, is_about_tls: bool) -> None:
    assert client._is_about_tls(error) is is_about_tls


# --- connections --------------------------------------------------------------------------------------------


def test_nothing_stays_open_behind_an_answer(site: FakeSite) -> None:
    closed = threading.Event()

    def answers(stream: socket.socket) -> None:
        stream.settimeout(LONG)
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        if not stream.recv(1):
            closed.set()

    site.answers["/"] = answers
    gc.disable()
    try:
        assert fetch(Request(site.url())).body == b"ok"
        assert closed.wait(20)
    finally:
        gc.enable()


def test_authorities_of_the_environment_are_not_trusted(
    certificate: Certificate, settings: Settings, monkeypatch: pytest.MonkeyPatch, trusting: Any
) -> None:
    context, written = certificate("127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(written))
    trusting("")
    with fake_site(context) as site:
        settings.EGRESS_EXCEPTIONS = [site.endpoint]
        with pytest.raises(FetchFailed) as refused:
            fetch(Request(site.says("/")))
    assert refused.value.code == "tls_failed"
