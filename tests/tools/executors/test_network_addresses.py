"""Which addresses are on the open internet, and how a web address may be written."""

from __future__ import annotations

import pytest

from tools_app.executors.network import EgressRefused, parse_url
from tools_app.executors.network.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::8.8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:0a00:0001",
        "::ffff:0:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::1",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:10.0.0.1",
        "3ffe::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "",
        "1.2.3.4.5",
    ],
)
def test_every_other_address_is_refused(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize(
    ("text", "written", "endpoint"),
    [
        ("https://example.org", "https://example.org/", "example.org:443"),
        ("HTTPS://EXAMPLE.org/A", "https://example.org/A", "example.org:443"),
        ("https://example.org:8443/x?y=1#part", "https://example.org:8443/x?y=1", "example.org:8443"),
        ("http://example.org:80/", "http://example.org/", "example.org:80"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c", "example.org:443"),
        (
            "https://bücher.example/ü?q=ß",
            "https://xn--bcher-kva.example/%C3%BC?q=%C3%9F",
            "xn--bcher-kva.example:443",
        ),
        ("https://8.8.8.8/", "https://8.8.8.8/", "8.8.8.8:443"),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/", "[2606:4700::1111]:443"),
        ("https://a_b.example.org/", "https://a_b.example.org/", "a_b.example.org:443"),
        ("https://example.org/a%20b?x=%2F", "https://example.org/a%20b?x=%2F", "example.org:443"),
        ("https://3com.example/", "https://3com.example/", "3com.example:443"),
        ("https://example.org/@user", "https://example.org/@user", "example.org:443"),
    ],
)
def test_addresses_have_one_written_form(text: str, written: str, endpoint: str) -> None:
    url = parse_url(text)
    assert url.text.rstrip("/") == written.rstrip("/")
    assert url.endpoint == endpoint
    assert parse_url(url.text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "//example.org/",
        "/path",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "https:example.org",
        "https:/example.org",
        "https:///path",
        "https://",
        "https://:443/",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://@example.org/",
        "https://example.org@127.0.0.1/",
        "https://127.0.0.1\\@example.org/",
        "https://example.org\\.evil.example/",
        " https://example.org/",
        "https://example.org/ ",
        "https://exam ple.org/",
        "https://example.org/a b",
        "https://example.org/\t",
        "ht\ntps://example.org/",
        "https://example.org/\x00",
        "https://example.org/\x7f",
        "https://example.org/\u00a0",
        "https://example.org/\u200b",
        "https://example.org/\u202e",
        "https://exam\u00adple.org/",
        "https://%31%32%37.0.0.1/",
        "https://example%2eorg/",
        "https://[::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::1/",
        "https://[v1.x]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.01/",
        "https://1.2.3.4.5/",
        "https://0/",
        "https://example.0/",
        "https://example.0x10/",
        "https://①②⑦.0.0.1/",
        "https://１２７.0.0.1/",
        "https://ⓛocalhost/",
        "https://example.org./",
        "https://.example.org/",
        "https://a..b/",
        "https://-a.example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        "https://example.org:/",
        "https://example.org:0/",
        "https://example.org:080/",
        "https://example.org:+80/",
        "https://example.org:-80/",
        "https://example.org:٨٠/",
        "https://example.org:65536/",
        "https://example.org:99999/",
        "https://example.org:8 0/",
        "https://example.org:80:80/",
        "https://[::1]:/",
        "https://[::1]x:80/",
        f"https://example.org/{'x' * 9_000}",
    ],
)
def test_what_two_programs_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(EgressRefused) as refused:
        parse_url(text)
    assert refused.value.code == "invalid_url"


def test_dots_of_other_scripts_are_dots() -> None:
    assert parse_url("https://127。0。0。1/").host == "127.0.0.1"
