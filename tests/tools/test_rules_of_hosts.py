"""Hosts and addresses of rules, asked directly: what the other tables of rules leave to chance."""

from __future__ import annotations

import pytest

from tools_app.rules import hosts, names


@pytest.mark.parametrize(
    ("rule", "value", "is_allowed"),
    [
        ("api.example", "https://api.example/v1", True),
        ("api.example", "api.example", True),
        ("api.example", "http://api.example/", False),
        ("http://api.example", "http://api.example/", True),
        ("http://api.example", "api.example", True),
        ("http://api.example", "https://api.example/", False),
        ("http://*.x.org", "http://a.x.org/", True),
        ("http://*.x.org", "https://a.x.org/", False),
        ("api.example:8443", "https://api.example:8443/", True),
        ("api.example", "https://api.example:8443/", False),
        ("[::1]", "https://[::1]/", True),
        ("*.x.org", "https://a.x.org/", True),
        ("*.X.org", "https://a.x.org/", True),
        ("*.x.org", "https://a.x.org:8443/", False),
        ("*.x.org", "https://x.org/", False),
        ("*.x.org", "https://evilx.org/", False),
        ("*.x.org", "https://.x.org/", False),
        ("api.example", "", False),
    ],
)
def test_a_host_is_allowed_exactly(rule: str, value: str, is_allowed: bool) -> None:
    assert hosts.allows_host(rule, value) is is_allowed


@pytest.mark.parametrize(
    ("rule", "value", "is_allowed"),
    [
        ("https://api.example/v1", "https://api.example/v1", True),
        ("https://api.example/v1", "api.example/v1", False),
        ("https://api.example/v1", "https://api.example/v1/users", True),
        ("https://api.example/v1/", "https://api.example/v1/users", True),
        ("https://api.example/v1", "https://api.example/v10", False),
        ("https://api.example/~", "https://api.example/ann", False),
        ("https://api.example/", "https://api.example/ann", True),
        ("https://api.example/v1", "https://api.example:444/v1", False),
        ("https://api.example/v1", "https://other.example/v1", False),
        ("https://api.example/v1?key=a", "https://api.example/v1?key=a", True),
        ("https://api.example/v1?key=a", "https://api.example/v1", False),
        ("https://api.example/v1", "https://api.example/v1?key=b", True),
        ("https://api.example/v1", "https://api.example/v1/%252e%252e/admin", False),
        ("https://api.example/v1", "https://api.example/v1/%2E%2E/admin", False),
        ("https://api.example/v1", "https://api.example/v1/..;/admin", False),
        ("https://api.example/v1", "https://api.example/v1//admin", False),
        ("nothing", "https://api.example/v1", False),
        ("https://api.example/v1", "nothing", False),
    ],
)
def test_an_address_is_allowed_with_what_lies_below(rule: str, value: str, is_allowed: bool) -> None:
    assert hosts.allows_url(rule, value) is is_allowed


@pytest.mark.parametrize(
    ("rule", "value", "is_hit"),
    [
        ("evil.org", "https://evil.org/x", True),
        ("evil.org", "https://evil.org?x", True),
        ("evil.org", "https://evil.org#x", True),
        ("evil.org", "https://evil.org\\x", True),
        ("evil.org", "evil.org/x/y", True),
        ("evil.org", "https://me:pw@evil.org:8080/", True),
        ("evil.org", "https://a@b@evil.org/", True),
        ("evil.org", "https://deep.evil.org./", True),
        ("*.evil.org", "https://evil.org/", True),
        ("evil.org", "*.evil.org", True),
        ("evil.org", "https://evil.org/\n@good.example/", True),
        ("good.example", "https://evil.org/\n@good.example/", True),
        ("evil.org", "https://notevil.org/", False),
        ("evil.org", "https://evil.org.example/", False),
        ("evil.org", "https://good.example/://evil.org", False),
        ("evil.org", "https://good.example~/", True),
        ("evil.org", "", True),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
        ("a..b", "https://a..b/", True),
        ("a..b", "https://c..d/", True),
        ("10.0.0.1", "https://10.0.0.1:8080/", True),
        ("10.0.0.1", "https://[::ffff:10.0.0.1]/", True),
        ("10.0.0.1", "https://10.0.0.2/", False),
        ("::1", "https://[::1]:8443/", True),
        ("[::1]", "0:0:0:0:0:0:0:1", True),
        ("fe80::1", "https://[fe80::1%eth0]/", True),
        ("fe80::1", "https://[fe80::2]/", False),
        ("fe80::1", "https://[fe80::2%eth0]/", True),
        ("evil.org", f"https://evil.org/{'x' * 300}", True),
    ],
)
def test_a_host_is_denied_whatever_stands_around_it(rule: str, value: str, is_hit: bool) -> None:
    assert hosts.denies(rule, value) is is_hit


@pytest.mark.parametrize(
    ("rule", "can_be_read"),
    [
        ("x.org", True),
        ("x.org:8443", True),
        ("*.x.org", True),
        ("http://x.org", True),
        ("http://*.x.org", True),
        ("https://x.org", True),
        ("ftp://x.org", False),
        ("x.org/path", False),
        ("a*.x.org", False),
        ("", False),
    ],
)
def test_what_can_be_a_rule_about_hosts(rule: str, can_be_read: bool) -> None:
    assert hosts.is_host(rule) is can_be_read


@pytest.mark.parametrize(("rule", "can_be_read"), [("https://x.org/a", True), ("x.org", False), ("", False)])
def test_what_can_be_a_rule_about_addresses(rule: str, can_be_read: bool) -> None:
    assert hosts.is_url(rule) is can_be_read


def test_the_hosts_of_a_long_policy_are_read_once() -> None:
    hosts._wanted.cache_clear()
    hosts._remembered.cache_clear()
    rules = [f"host{number}.example" for number in range(1_000)]
    for _ in range(2):
        assert not any(hosts.denies(rule, "https://other.example/") for rule in rules)
    assert hosts._wanted.cache_info().misses == 1_000
    assert hosts._remembered.cache_info().misses == 1


def test_long_texts_are_not_kept_in_memory() -> None:
    hosts._remembered.cache_clear()
    names._remembered.cache_clear()
    assert hosts.denies("evil.org", f"https://evil.org/{'x' * 60_000}")
    assert hosts._remembered.cache_info().currsize == 0
    assert names._remembered.cache_info().currsize <= 2
