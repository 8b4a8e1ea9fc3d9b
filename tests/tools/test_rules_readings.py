"""Where reader and executor might differ: what a rule denies is denied in every reading, and unreadable is a hit."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from tests.tools.test_rules import denied, not_allowed
from tools_app import rules
from tools_app.executors.network import parse_url
from tools_app.rules import hosts, mail, names, paths

MANY = settings(max_examples=200, deadline=None, derandomize=True)
# Letters the two standards of IDNA read differently, others beside them, and what separates labels in some scripts.
LETTERS = "aßςẞüéσδеﬁＡİıΣ〮。ـ‌‍०1-."
LABELS = some.text(some.sampled_from(LETTERS) | some.characters(codec="utf-8"), min_size=1, max_size=8)
HOSTS = some.lists(LABELS, min_size=1, max_size=3).map(".".join) | some.ip_addresses(v=4).map(str)


@MANY
@given(HOSTS)
def test_a_denied_host_is_denied_as_it_would_be_connected_to(host: str) -> None:
    asked_for = names.read(f"https://{host}/")
    assume(asked_for is not None)
    assert asked_for is not None
    assert hosts.can_deny(host)
    assert hosts.denies(host, f"https://{host}/")
    assert hosts.denies(host, asked_for.text)
    assert hosts.denies(host, asked_for.host)
    assert hosts.denies(host, f"https://below.{asked_for.host}/") or names.addresses(host)
    assert denied({"x": [host]}, {"x": asked_for.text}, {"x": "url"}) == ["x"]


@MANY
@given(HOSTS)
def test_a_denied_domain_is_denied_in_every_address_of_mail(host: str) -> None:
    assume(mail.is_recipient(host))
    assert mail.denies(host, f"ann@{host}")
    assert mail.denies(host, f"ann@{parse_url(f'https://{host}/').host}")


@MANY
@given(some.text(max_size=20) | HOSTS.map("https://{}/".format), some.sampled_from(["url", "host"]))
def test_what_is_not_denied_is_read_as_another_host(value: str, kind: str) -> None:
    """Whatever a deny rule lets pass, our own reader reads, and reads as something else."""
    if not denied({"x": ["evil.example"]}, {"x": value}, {"x": kind}):
        bare = value.partition("://")[2] or value
        assert not parse_url(f"https://{bare}").host.endswith("evil.example")


@MANY
@given(some.ip_addresses(v=4))
def test_an_address_is_denied_in_every_spelling(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spelled = [str(number), hex(number), f"0{number:o}", f"[::ffff:{address}]", f"[64:ff9b::{address}]"]
    for each in spelled:
        assert hosts.denies(str(address), f"https://{each}/", must_be_read=False)
        assert hosts.denies(f"{address}/8", f"https://{each}/", must_be_read=False)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("straße.de", "https://straße.de/"),
        ("straße.de", "https://xn--strae-oqa.de/"),
        ("STRASSE.de", "https://xn--strae-oqa.de/"),
        ("*.straße.de", "https://www.xn--strae-oqa.de/"),
        ("βόλος.com", "https://xn--nxasmm1c.com/"),
        ("bücher.de", "https://xn--bcher-kva.de/"),
        ("evil.com", "https:evil.com"),
        ("evil.com", "https:/evil.com"),
        ("evil.com", "https:\\\\evil.com"),
        ("evil.com", "//evil.com"),
        ("evil.com", "https://ev\til.com/"),
        ("evil.com", "https://ev\nil.com"),
        ("evil.com", "https://%65vil.com"),
        ("evil.com", "https://evil.com\\@good.org"),
        ("evil.com", "https://evil.com@good.org"),
        ("evil.com", "view-source:https://evil.com"),
        ("evil.com", "ftp://evil.com/x"),
        ("169.254.169.254", "http://2852039166/"),
        ("169.254.169.254", "http://0xa9fea9fe/latest"),
        ("127.0.0.1", "http://127.1/"),
        ("127.0.0.1", "http://0177.0.0.1/"),
        ("127.0.0.1", 2130706433),
        ("10.0.0.1", "http://[64:ff9b::a00:1]/"),
        ("10.0.0.1", "http://[64:ff9b:1::a00:1]/"),
        ("10.0.0.1", "http://[2002:a00:1::]/"),
        ("10.0.0.0/8", "http://10.1.2.3/"),
        ("10.9.9.9/8", "http://167838211/"),
        ("10.0.0.0/255.0.0.0", "10.1.2.3:8080"),
        ("fd00::/8", "https://[fd12::1]/"),
        ("93.184.0.0/16", "93.184.216.34"),
        ("ru", "https://x.ru/"),
        ("*.ru", "https://x.ru/"),
    ],
)
@pytest.mark.parametrize("kind", ["url", "host"])
def test_a_host_is_denied_however_it_is_written(rule: str, value: Any, kind: str) -> None:
    assert denied({"x": [rule]}, {"x": value}, {"x": kind}) == ["x"]
    assert denied({"x": [rule]}, {"x": ["https://good.org/", value]}, {"x": kind}) == ["x"]
    assert denied({"/x/*": [rule]}, {"x": [value]}, {"x": kind}) == ["x"]


@pytest.mark.parametrize(
    "value",
    [
        "https://good.org/a?b=https://evil.com#c",
        "good.org:8080",
        "wss://good.org/",
        "https://[fe80::1]/",
        "fe80::1",
    ],
)
def test_what_can_be_read_is_no_hit(value: str) -> None:
    assert denied({"x": ["evil.com", "10.0.0.0/8"]}, {"x": value}, {"x": "url"}) == []


@pytest.mark.parametrize(
    ("kind", "value", "is_hit"),
    [
        # Beside the address there is other text in an object, and it need not be one.
        ("url", {"to": "https://good.org/", "note": "Hello, world", "seconds": 30}, False),
        ("url", {"to": "https:evil.com"}, True),
        ("url", {"https://evil.com": 1}, True),
        ("url", [{"to": "\\\\evil.com"}], True),
        ("email", [{"address": "ann@x.org", "name": "Ann Lee"}], False),
        ("email", [{"address": "Ann <ann@evil.com>"}], True),
        ("path", {"path": "reports/a.txt", "note": "~ 5 minutes, $5 or 100%"}, False),
        ("path", {"path": "../evil.com/x"}, True),
    ],
)
def test_parts_of_objects_must_be_readable_if_they_look_it(kind: str, value: Any, is_hit: bool) -> None:
    assert bool(denied({"x": ["evil.com"]}, {"x": value}, {"x": kind})) is is_hit


def test_a_rule_about_any_parameter_does_not_make_addresses_of_texts() -> None:
    rule = {"*": [{"host": "evil.com"}], "/**": [{"email": "evil.com"}]}
    assert denied(rule, {"city": "New York", "n": 7, "on": True, "note": None}) == []
    assert denied(rule, {"city": "https:evil.com"}) == ["city"]
    assert denied({"city": [{"host": "evil.com"}]}, {"city": "New York"}) == ["city"]


@pytest.mark.parametrize(
    "to",
    [
        "A <a@evil.com>",
        "<a@good.org>",
        "a@evil.com, b@good.org",
        "b@good.org;a@evil.com",
        "a@good.org(comment)",
        '"a@evil.com"@good.org',
        "a%evil.com@good.org",
        "a@[1.2.3.4]",
        "a@good.org\n",
        "a@good.org~",
        "a＠evil.com，b@good.org",
        "Ann",
        "",
        "a@straße.evil.com",
    ],
)
def test_what_is_not_one_plain_mailbox_is_denied(to: str) -> None:
    assert denied({"to": ["evil.com"]}, {"to": [to]}, {"to": "email"}) == ["to"]
    assert denied({"to": ["ann@evil.com"]}, {"to": to}, {"to": "email"}) == (
        ["to"] if "straße" not in to else []
    )


@pytest.mark.parametrize(
    "to",
    [
        "root, a@x.org",
        "Evil <a@x.org",
        "<a@x.org",
        "a\r\nBcc:b%c@x.org",
        " a@x.org",
        "a;b@x.org",
        "a，b@x.org",
        "a\u200b@x.org",
    ],
)
@pytest.mark.parametrize("rule", ["x.org", "@x.org", "*@x.org"])
def test_what_is_not_one_plain_mailbox_is_not_allowed(rule: str, to: str) -> None:
    assert not_allowed({"to": [rule]}, {"to": to}, {"to": "email"}) == ["to"]
    assert not_allowed({"to": [rule]}, {"to": "a@x.org"}, {"to": "email"}) == []


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd",
        "x/../../etc/passwd",
        "..",
        "/proc/self/root/etc/passwd",
        "//proc/1/cwd",
        "/dev/fd/3/x",
        "file:/etc/passwd",
        "FILE://localhost/etc/passwd",
        "smb://host/share",
        "~/../../etc/passwd",
        "$HOME/x",
        "%2fetc/passwd",
        "x/%252e%252e/y",
        "/e*c/passwd",
        "/et?/passwd",
        "/etc/pass\x00wd",
    ],
)
def test_a_path_nobody_else_can_read_is_denied(path: str) -> None:
    assert denied({"x": ["/etc"]}, {"x": path}, {"x": "path"}) == ["x"]
    assert denied({"x": ["secret"]}, {"x": [path]}, {"x": "path"}) == ["x"]
    # Of a file that was opened the real names are looked at: nothing in it was expanded.
    opened = rules.Subject({"x": path}, {"x": "path"}, {"x": ["a.txt", "/files/a.txt"]})
    assert bool(list(rules.denied({"x": ["secret"]}, opened))) is False


@pytest.mark.parametrize(
    "path", ["a/../b", "/procedure", "a..b/c", "C:\\x", "app/[id]/p.tsx", "100%/x", "a~", ""]
)
def test_a_plain_path_is_no_hit(path: str) -> None:
    assert not paths.leads_elsewhere(path)
