"""The guarded client follows redirects: each is a new decision, and nothing private goes along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.conftest import Certificate
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.executors.network import EgressRefused, FetchFailed, Request, fetch


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
