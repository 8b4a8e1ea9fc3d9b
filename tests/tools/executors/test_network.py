"""The guarded client against real, and really hostile, servers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.conftest import Certificate
from tests.tools.executors.fake_names import PUBLIC, Resolver
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.exceptions import NotAllowed
from tools_app.executors import network
from tools_app.executors.network import EgressRefused, FetchFailed, Limits, Request, Url, fetch

FAST = Limits(seconds=1.0)


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
