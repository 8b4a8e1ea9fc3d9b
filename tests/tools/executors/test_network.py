"""The guarded client against real, and really hostile, servers."""

from __future__ import annotations

import gzip
import socket
import time
import zlib
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.conftest import Certificate
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.exceptions import NotAllowed
from tools_app.executors import network
from tools_app.executors.network import EgressRefused, FetchFailed, Limits, Request, Url, fetch

FAST = Limits(seconds=1.0)
PUBLIC = "93.184.216.34"


def test_an_excepted_address_is_fetched(site: FakeSite) -> None:
    answer = fetch(Request(site.says("/", b"hello", "Content-Type: text/plain")))
    assert (answer.status, answer.body, answer.truncated) == (200, b"hello", False)
    assert answer.headers["content-type"] == "text/plain"
    assert answer.url == site.url("/")
    assert answer.hops == (site.url("/"),)


def test_a_request_says_who_it_is_and_nothing_more(site: FakeSite) -> None:
    fetch(Request(site.says("/")))
    assert site.requests == [
        (
            "GET / HTTP/1.1",
            {
                "host": site.endpoint,
                "accept": "*/*",
                "accept-encoding": "gzip, deflate",
                "connection": "keep-alive",
                "user-agent": "Toolroom/1.0",
            },
            b"",
        )
    ]


def test_method_headers_and_body_go_out(site: FakeSite) -> None:
    fetch(Request(site.says("/api"), method="POST", headers={"X-Key": "s3cret"}, body=b'{"a":1}'))
    first, headers, body = site.requests[0]
    assert first == "POST /api HTTP/1.1"
    assert headers["x-key"] == "s3cret"
    assert body == b'{"a":1}'


def test_credentials_do_not_show_in_a_representation() -> None:
    assert "s3cret" not in repr(Request("https://example.org/", headers={"X-Key": "s3cret"}, body=b"s3cret"))


def test_any_status_is_an_answer(site: FakeSite) -> None:
    assert fetch(Request(site.url("/missing"))).status == 404
    assert fetch(Request(site.says("/broken", b"x", status="500 Oops"))).status == 500


@pytest.mark.parametrize(
    "header", ["Host", "content-length", "Transfer-Encoding", "Connection", "Te st", "", "X:Y"]
)
def test_headers_that_belong_to_the_client_are_refused(site: FakeSite, header: str) -> None:
    with pytest.raises(EgressRefused, match="may not be set"):
        fetch(Request(site.url(), headers={header: "x"}))


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", "\x7f", "ü"])
def test_header_values_cannot_hold_a_second_header(site: FakeSite, value: str) -> None:
    with pytest.raises(EgressRefused, match="characters"):
        fetch(Request(site.url(), headers={"X-Key": value}))
    assert site.requests == []


def test_strange_methods_are_refused(site: FakeSite) -> None:
    for method in ("CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\nX: "):
        with pytest.raises(EgressRefused):
            fetch(Request(site.url(), method=method))


# --- where a request may go ---------------------------------------------------------------------------------


def test_plain_http_is_an_opt_in() -> None:
    with pytest.raises(EgressRefused, match="https://") as refused:
        fetch(Request("http://example.org/"))
    assert refused.value.code == "http_refused"


@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 8443])
def test_other_ports_are_refused(port: int) -> None:
    with pytest.raises(EgressRefused, match=str(port)):
        fetch(Request(f"https://example.org:{port}/"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
    ],
)
def test_private_addresses_are_refused_before_any_connection(host: str) -> None:
    for scheme in ("https", "http"):
        with pytest.raises(EgressRefused) as refused:
            fetch(Request(f"{scheme}://{host}/", allow_http=True))
        assert refused.value.code == "egress_refused"


def test_names_that_stand_for_private_addresses_are_refused(site: FakeSite, resolver: Resolver) -> None:
    resolver.answers = [["127.0.0.1"]]
    with pytest.raises(FetchFailed) as refused:
        fetch(Request("http://internal.example/", allow_http=True))
    assert refused.value.code == "unreachable"
    assert "127" not in refused.value.message
    assert resolver.asked == ["internal.example"]
    assert resolver.connected == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(resolver: Resolver) -> None:
    resolver.answers = [[PUBLIC, "10.0.0.1"]]
    with pytest.raises(FetchFailed):
        fetch(Request("https://mixed.example/"))
    assert resolver.connected == []


def test_unknown_and_private_names_cannot_be_told_apart(resolver: Resolver) -> None:
    told = []
    for answer in ([], ["192.168.0.1"], ["::1"], ["64:ff9b::7f00:1"]):
        resolver.answers = [answer]
        with pytest.raises(FetchFailed) as refused:
            fetch(Request("https://name.example/"))
        told.append((refused.value.code, refused.value.message))
    assert len(set(told)) == 1


def test_the_address_that_was_judged_is_the_one_connected_to(resolver: Resolver) -> None:
    """A name server that answers differently the second time finds that there is no second time."""
    resolver.answers = [[PUBLIC], ["127.0.0.1"]]
    with pytest.raises(FetchFailed):
        fetch(Request("http://rebinding.example/", allow_http=True, limits=FAST))
    assert resolver.asked == ["rebinding.example"]
    assert resolver.connected == [(PUBLIC, 80)]


def test_the_name_stays_in_the_request_and_the_address_below_it(resolver: Resolver) -> None:
    with fake_site() as site:
        resolver.answers, resolver.leads_to = [[PUBLIC]], site.port
        site.says("/x", b"found")
        answer = fetch(Request("http://public.example/x", allow_http=True))
    assert answer.body == b"found"
    assert site.requests[0][1]["host"] == "public.example"
    assert resolver.connected == [(PUBLIC, 80)]


def test_a_connection_that_ends_elsewhere_is_dropped(resolver: Resolver) -> None:
    with fake_site() as site:
        resolver.answers, resolver.leads_to, resolver.disguises = [[PUBLIC]], site.port, False
        with pytest.raises(FetchFailed):
            fetch(Request("http://public.example/x", allow_http=True))
    assert site.requests == []


def test_the_next_address_is_tried_when_one_does_not_answer(resolver: Resolver) -> None:
    with fake_site() as site:
        resolver.answers, resolver.leads_to, resolver.dead = [["1.1.1.1", PUBLIC]], site.port, {"1.1.1.1"}
        site.says("/", b"second")
        assert fetch(Request("http://two.example/", allow_http=True)).body == b"second"
    assert resolver.connected == [("1.1.1.1", 80), (PUBLIC, 80)]


def test_an_exception_is_for_exactly_that_host_and_port(settings: Settings) -> None:
    with fake_site() as listed, fake_site() as unlisted:
        settings.EGRESS_EXCEPTIONS = [listed.endpoint]
        assert fetch(Request(listed.says("/"))).status == 200
        for url in (unlisted.says("/"), listed.url().replace("127.0.0.1", "localhost")):
            with pytest.raises(EgressRefused):
                fetch(Request(url, allow_http=True))
        assert unlisted.requests == []


def test_the_house_itself_cannot_be_fetched(settings: Settings, resolver: Resolver) -> None:
    settings.ALLOWED_HOSTS = ["toolroom.example", ".rooms.example", "*", ""]
    settings.CSRF_TRUSTED_ORIGINS = [
        "https://front.example:8443",
        "https://*.wild.example",
        "https://plain.example",
    ]
    resolver.answers = [[]]
    for host in ("toolroom.example", "a.rooms.example", "front.example", "x.wild.example", "plain.example"):
        with pytest.raises(EgressRefused):
            fetch(Request(f"https://{host}/api/approvals/1/decision", method="POST"))
    with pytest.raises(FetchFailed):
        fetch(Request("https://other.example/"))


def test_the_house_itself_can_be_listed(site: FakeSite, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    assert fetch(Request(site.says("/"))).status == 200


def test_proxies_of_the_environment_are_ignored(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(Request(site.says("/"))).status == 200


def test_rules_of_the_caller_judge_every_address_on_the_way(site: FakeSite, other: FakeSite) -> None:
    seen: list[str] = []

    def decide(url: Url) -> None:
        seen.append(url.endpoint)
        if url.endpoint == other.endpoint:
            raise NotAllowed("Not this host.")

    site.redirects("/go", other.says("/"))
    with pytest.raises(NotAllowed):
        fetch(Request(site.url("/go")), decide)
    assert seen == [site.endpoint, other.endpoint]
    assert other.requests == []


def test_an_address_can_be_judged_by_its_text_alone(site: FakeSite) -> None:
    assert network.vet("https://EXAMPLE.org/a/../b#c").text == "https://example.org/b"
    assert network.vet(site.url("/x")).endpoint == site.endpoint
    for url in (
        "http://example.org/",
        "https://127.0.0.1/",
        "https://example.org:22/",
        "https://user@example.org/",
    ):
        with pytest.raises(EgressRefused):
            network.vet(url)
    assert site.requests == []


# --- redirects ----------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_listed(site: FakeSite) -> None:
    site.redirects("/a", "/b?x=1")
    site.redirects("/b", site.url("/c"), status=301)
    site.says("/c", b"there")
    answer = fetch(Request(site.url("/a")))
    assert (answer.status, answer.body, answer.url) == (200, b"there", site.url("/c"))
    assert answer.hops == (site.url("/a"), site.url("/b?x=1"), site.url("/c"))


def test_five_redirects_are_followed_and_no_sixth(site: FakeSite) -> None:
    for step in range(6):
        site.redirects(f"/{step}", f"/{step + 1}")
    site.says("/6", b"end")
    assert fetch(Request(site.url("/1"))).body == b"end"
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.url("/0")))
    assert refused.value.code == "too_many_redirects"


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        "https://2130706433/",
        "https://user@example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//127.0.0.1:1/",
        "http://127.0.0.1:1/",
        "https://example.org:22/",
        "https://exam ple.org/",
        "\\\\evil.example/",
        "http://[::1",
    ],
)
def test_each_redirect_is_a_new_decision(site: FakeSite, location: str) -> None:
    site.redirects("/go", location)
    with pytest.raises(EgressRefused):
        fetch(Request(site.url("/go"), allow_http=True))
    assert len(site.requests) == 1


def test_a_redirect_to_another_origin_leaves_everything_behind(site: FakeSite, other: FakeSite) -> None:
    site.redirects("/go", other.redirects("/on", site.says("/back"), status=307), status=307)
    headers = {"Authorization": "Bearer s3cret", "Cookie": "a=1", "X-Key": "s3cret"}
    fetch(Request(site.url("/go"), method="POST", headers=headers, body=b"s3cret"))
    assert site.requests[0][1]["authorization"] == "Bearer s3cret"
    for _, sent, body in (*other.requests, site.requests[1]):
        assert not {"authorization", "cookie", "x-key"} & sent.keys()
        assert b"s3cret" not in body


def test_a_redirect_within_the_origin_keeps_what_belongs_to_it(site: FakeSite) -> None:
    site.redirects("/a", "/b", status=307)
    site.says("/b")
    fetch(Request(site.url("/a"), method="POST", headers={"X-Key": "1"}, body=b"body"))
    first, headers, body = site.requests[1]
    assert (first, headers["x-key"], body) == ("POST /b HTTP/1.1", "1", b"body")


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
def test_methods_change_as_browsers_change_them(site: FakeSite, status: int, method: str) -> None:
    site.redirects("/a", "/b", status=status)
    site.says("/b")
    fetch(Request(site.url("/a"), method="POST", body=b"x"))
    first, _, body = site.requests[1]
    assert first == f"{method} /b HTTP/1.1"
    assert body == (b"x" if method == "POST" else b"")


def test_cookies_of_one_hop_do_not_reach_the_next(site: FakeSite) -> None:
    site.says("/a", b"", "Location: /b", "Set-Cookie: spy=1; Path=/", status="302 Found")
    site.says("/b")
    fetch(Request(site.url("/a")))
    assert "cookie" not in site.requests[1][1]


def test_https_never_becomes_http(
    certificate: Certificate, settings: Settings, trusting: Callable[[Path], None]
) -> None:
    context, written = certificate("127.0.0.1")
    trusting(written)
    with fake_site(context) as secure, fake_site() as plain:
        settings.EGRESS_EXCEPTIONS = [secure.endpoint, plain.endpoint]
        secure.redirects("/go", plain.says("/"))
        with pytest.raises(EgressRefused, match="from https to http"):
            fetch(Request(secure.url("/go"), allow_http=True))
        assert plain.requests == []


# --- encryption ---------------------------------------------------------------------------------------------


def test_a_trusted_certificate_for_the_name_is_accepted(
    certificate: Certificate, resolver: Resolver, trusting: Callable[[Path], None]
) -> None:
    context, written = certificate("secure.example")
    trusting(written)
    names: list[str | None] = []
    context.sni_callback = lambda stream, name, used: names.append(name)
    with fake_site(context) as site:
        resolver.answers, resolver.leads_to = [[PUBLIC]], site.port
        site.says("/", b"safe")
        assert fetch(Request("https://secure.example/")).body == b"safe"
    assert names == ["secure.example"]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_that_does_not_fit_is_refused(
    certificate: Certificate, resolver: Resolver, trusting: Callable[[Path], None], trusted: bool
) -> None:
    context, written = certificate("somebody-else.example" if trusted else "secure.example")
    if trusted:
        trusting(written)
    with fake_site(context) as site:
        resolver.answers, resolver.leads_to = [[PUBLIC]], site.port
        with pytest.raises(FetchFailed) as refused:
            fetch(Request("https://secure.example/"))
    assert refused.value.code == "tls_failed"
    assert site.requests == []


# --- size and time ------------------------------------------------------------------------------------------


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
    assert time.monotonic() - began < 4


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
    assert time.monotonic() - began < 4


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
    assert 0.3 < time.monotonic() - began < 4


def test_the_deadline_counts_over_all_redirects(site: FakeSite) -> None:
    def slow(stream: socket.socket) -> None:
        time.sleep(0.25)
        stream.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    site.answers["/"] = slow
    began = time.monotonic()
    with pytest.raises(FetchFailed) as refused:
        fetch(Request(site.url("/"), limits=Limits(seconds=0.6)))
    assert refused.value.code == "timeout"
    assert time.monotonic() - began < 4


def test_a_name_server_that_hangs_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(*_: Any, **__: Any) -> list[Any]:
        time.sleep(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    began = time.monotonic()
    with pytest.raises(FetchFailed) as refused:
        fetch(Request("https://slow.example/", limits=Limits(seconds=0.3)))
    assert refused.value.code == "timeout"
    assert time.monotonic() - began < 4


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


# --- a name server and a network of our own -----------------------------------------------------------------


class Resolver:
    """Stands in for the machine's name server and network: answers in turn, and notes who was connected to.

    Host names may come as text or as bytes; a stand-in that knows only one of them passes for the wrong reason.
    """

    def __init__(self) -> None:
        self.answers: list[list[str]] = []
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.leads_to: int | None = None
        self.disguises = True
        self.dead: set[str] = set()

    def getaddrinfo(self, host: str | bytes, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host.decode() if isinstance(host, bytes) else host)
        found = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if not found:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    found = Resolver()
    connect, getpeername = socket.socket.connect, socket.socket.getpeername
    disguised: dict[int, str] = {}

    def connected(self: socket.socket, address: tuple[str, int]) -> None:
        found.connected.append(address)
        if found.leads_to is None or address[0] in found.dead:
            raise ConnectionRefusedError
        connect(self, ("127.0.0.1", found.leads_to))
        disguised[self.fileno()] = address[0]

    def peer(self: socket.socket) -> Any:
        real = getpeername(self)
        return (disguised.get(self.fileno(), real[0]), real[1]) if found.disguises else real

    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connected)
    monkeypatch.setattr(socket.socket, "getpeername", peer)
    return found


@pytest.fixture
def trusting(settings: Settings) -> Any:
    """Trust a certificate as an operator would, and forget it afterwards."""

    def trust(written: Path) -> None:
        settings.EGRESS_CA_FILE = str(written)
        network.client._tls.cache_clear()

    yield trust
    network.client._tls.cache_clear()
