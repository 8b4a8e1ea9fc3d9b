"""Addresses at their exact limits, and where redirects lead: by the texts alone, nothing is connected."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools_app.executors.network import urls
from tools_app.executors.network.urls import EgressRefused, joined, parse_host, parse_url

BASE = "https://example.org/"
LONGEST = BASE + "x" * (8_192 - len(BASE))
LONG_HOST = "a." * 126 + "a"


def refusal(act: Callable[[], object]) -> EgressRefused:
    with pytest.raises(EgressRefused) as refused:
        act()
    return refused.value


@pytest.mark.parametrize("text", [LONGEST, f"https://{LONG_HOST}/", "https://example.org:65535/"])
def test_the_last_that_is_allowed(text: str) -> None:
    assert str(parse_url(text)).rstrip("/").removesuffix(":65535").startswith("https://")
    assert str(parse_url(text)) == parse_url(text).text


@pytest.mark.parametrize("text", [f"{LONGEST}x", f"https://{LONG_HOST}a/", "https://example.org:65536/"])
def test_the_first_that_is_not(text: str) -> None:
    assert refusal(lambda: parse_url(text)).code == "invalid_url"


@pytest.mark.parametrize("text", ["https://example%2eorg/", "https://[fe80::1%eth0]/"])
def test_percent_signs_in_hosts_are_named(text: str) -> None:
    assert "without %" in refusal(lambda: parse_url(text)).message


def test_an_interface_is_no_part_of_an_address() -> None:
    refused = refusal(lambda: urls._checked_address("fe80::1%eth0"))
    assert (refused.code, "interface" in refused.message) == ("invalid_url", True)


def test_programs_know_a_refusal_by_its_status() -> None:
    assert (EgressRefused().code, EgressRefused().status) == ("egress_refused", 403)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("X.org", "x.org"),
        ("x.org:8443", "x.org:8443"),
        ("[::1]", "[::1]"),
        ("[0::1]:8443", "[::1]:8443"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_a_line_of_a_list_has_one_written_form(text: str, written: str) -> None:
    assert parse_host(text) == written


@pytest.mark.parametrize("text", ["x.org/a", "x.org?a", "x.org#a"])
def test_a_line_of_a_list_is_a_bare_host(text: str) -> None:
    refused = refusal(lambda: parse_host(text))
    assert (refused.code, "bare host" in refused.message) == ("invalid_url", True)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("/a", "https://example.org/a"),
        ("?b", "https://example.org/?b"),
        ("//other.example/a", "https://other.example/a"),
        (LONGEST, LONGEST),
    ],
)
def test_where_a_redirect_leads(location: str, text: str) -> None:
    assert joined(parse_url(BASE), location).text == text


@pytest.mark.parametrize("location", ["/a b", "\\\\evil.org", "/a\t", f"{LONGEST}x", "//[", "https://x:y/"])
def test_where_no_redirect_leads(location: str) -> None:
    assert refusal(lambda: joined(parse_url(BASE), location)).code == "invalid_url"
