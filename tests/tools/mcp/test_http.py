"""Servers at an address: judged like everything tools reach, spoken to with the organization's own credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import people
from tests.tools.mcp.fake_site import Site, site
from tests.tools.mcp.using import brought_in, row, used
from tools_app import vault
from tools_app.exceptions import InvalidServer
from tools_app.mcp import servers, sync
from tools_app.models import McpServer, Secret

pytestmark = pytest.mark.django_db

At = Callable[..., McpServer]


@pytest.fixture(scope="module")
def _site() -> Iterator[Site]:
    with site() as found:
        yield found


@pytest.fixture
def there(_site: Site, settings: Any) -> Site:
    settings.EGRESS_EXCEPTIONS = [_site.endpoint]
    _site.heard.clear()
    return _site


@pytest.fixture
def at(there: Site) -> At:
    def made(path: str, **more: Any) -> McpServer:
        given = {"name": path, "prefix": "site", "url": there.url(path), "timeout_seconds": 20}
        return servers.add({**given, **more}, by=people.carol().identity)

    return made


def keep(value: str, *hosts: str) -> None:
    vault.keep("key", value, hosts=hosts, by=people.carol().identity)


def test_a_server_at_an_address_is_used_like_any_other(at: At) -> None:
    server = at("/mcp")
    brought_in(server)
    call = used(server, "say", {})
    assert (call.status, call.result_text) == ("succeeded", "said")


def test_the_secret_goes_to_this_server_alone(at: At, there: Site) -> None:
    keep("sesame", there.endpoint)
    server = at("/mcp", auth="bearer", secret="key")
    brought_in(server)
    assert {heard[2] for heard in there.heard} == {"Bearer sesame"}
    # The list of hosts is asked again at each use: taken off it, the secret goes nowhere.
    Secret.objects.update(hosts=["elsewhere.example"])
    assert used(server, "say", {}).reason == "secret_unusable"


def test_oauth_client_credentials(at: At, there: Site) -> None:
    keep("hush", there.endpoint)
    oauth = {"auth": "oauth", "secret": "key", "auth_name": "client", "auth_issuer": there.url("/issuer")}
    server = at("/oauth", **oauth)
    brought_in(server)
    assert used(server, "say", {}).status == "succeeded"
    assert ("POST", "/oauth", "Bearer granted") in there.heard
    assert next(heard[2][:5] for heard in there.heard if heard[1] == "/token") == "Basic"


def test_a_redirect_to_a_private_address_is_not_followed(at: At) -> None:
    report = sync.sync(at("/redirects"))
    assert report.error
    assert "said" not in report.error


def test_a_redirect_within_the_server_is(at: At) -> None:
    assert sync.sync(at("/moved")).error == ""


@pytest.mark.parametrize(("path", "reason"), [("/big", "too_large"), ("/broken", "bad_answer")])
def test_an_answer_that_cannot_be_taken_spoils_no_other(at: At, path: str, reason: str) -> None:
    server = at(path)
    brought_in(server)
    assert used(server, "say", {}).reason == reason
    assert sync.sync(server).error == ""


def test_a_drip_ends_with_the_time_of_the_server(at: At) -> None:
    server = at("/drips", timeout_seconds=2)
    brought_in(server)
    call = used(server, "say", {})
    # On a busy machine it may also be the way to the server that takes too long.
    assert (call.status, call.reason in {"timeout", "server_unavailable"}) == ("failed", True)


def test_a_server_that_is_gone_is_told_and_comes_back(at: At, there: Site, settings: Any) -> None:
    server = at("/mcp")
    settings.EGRESS_EXCEPTIONS = []
    report = sync.sync(server)
    assert "https" in report.error
    assert there.heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://mcp.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "https://user:pass@mcp.example/",
        "https://mcp.example:8443/",
        "file:///etc/passwd",
        "",
    ],
)
def test_addresses_that_tools_may_not_reach_are_refused(url: str) -> None:
    with pytest.raises(InvalidServer):
        servers.add({"name": "x", "prefix": "x", "url": url}, by=people.carol().identity)


def test_a_secret_is_named_only_for_hosts_it_may_go_to(there: Site) -> None:
    keep("sesame", "elsewhere.example")
    given = {"name": "x", "prefix": "x", "url": there.url("/mcp"), "auth": "bearer", "secret": "key"}
    with pytest.raises(InvalidServer):
        servers.add(given, by=people.carol().identity)


def test_the_row_says_where_a_use_goes(at: At, there: Site) -> None:
    server = at("/mcp")
    brought_in(server)
    told = row(server, "say").configuration["server"]
    assert (told["url"], told["organization"]) == (there.url("/mcp"), people.toolroom().pk)
