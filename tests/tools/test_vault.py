"""Where a secret may be sent: exactly to the hosts on its own list, read by the parser that connects."""

import pytest

from tests import people
from tools_app import vault
from tools_app.exceptions import InvalidSecret
from tools_app.executors.network import parse_url


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("api.example.org", "https://api.example.org/v1"),
        ("api.example.org", "https://API.Example.ORG:443/"),
        ("API.Example.org", "https://api.example.org"),
        ("api.example.org:443", "https://api.example.org"),
        ("api.example.org:8443", "https://api.example.org:8443"),
        ("api.example.org", "http://api.example.org"),
        ("münchen.example", "https://MÜNCHEN.example"),
        ("xn--mnchen-3ya.example", "https://münchen.example"),
        ("127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("[2001:db8::1]", "https://[2001:0db8:0:0::1]"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_a_listed_host_is_known_however_it_is_written(listed: str, address: str) -> None:
    assert parse_url(address).is_listed([listed])
    assert parse_url(address).is_listed(["other.example.org", listed])


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("example.org", "https://api.example.org"),
        ("example.org", "https://evilexample.org"),
        ("api.example.org", "https://api.example.org.evil.example"),
        ("api.example.org", "https://evil.example/api.example.org"),
        ("api.example.org", "https://evil.example?api.example.org"),
        ("api.example.org", "https://api.example.org:8443"),
        ("api.example.org:8443", "https://api.example.org"),
        ("api.example.org:8443", "http://api.example.org:8444"),
        ("api.example.org", "https://xn--pi-7ed.example.org"),
        ("*.example.org", "https://api.example.org"),
        (".example.org", "https://api.example.org"),
        ("https://api.example.org", "https://api.example.org"),
        ("api.example.org/v1", "https://api.example.org/v1"),
        ("api.example.org#", "https://api.example.org"),
        ("evil.example@api.example.org", "https://api.example.org"),
        ("", "https://api.example.org"),
        ("2130706433", "http://127.0.0.1"),
    ],
)
def test_no_other_host_passes_for_it(listed: str, address: str) -> None:
    assert not parse_url(address).is_listed([listed])
    assert not parse_url(address).is_listed([])


@pytest.mark.django_db
def test_hosts_are_kept_as_they_are_compared() -> None:
    carol = people.carol().identity
    typed = ["API.Example.org", "münchen.example:8443", "api.example.org", "[2001:DB8::1]"]
    secret = vault.keep("weather", "value", hosts=typed, by=carol)
    written = ["api.example.org", "xn--mnchen-3ya.example:8443", "[2001:db8::1]"]
    assert secret.hosts == written
    assert vault.change(secret, value="", hosts=typed, by=carol).hosts == written


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host",
    ["", "*", "*.example.org", "https://a.example", "a.example/x", "a@b.example", "a.example:x", "a b"],
)
def test_what_names_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidSecret) as raised:
        vault.keep("weather", "value", hosts=["api.example.org", host], by=people.carol().identity)
    assert "hosts" in raised.value.details


@pytest.mark.django_db
def test_who_does_not_know_the_value_sends_it_to_no_other_host() -> None:
    carol = people.carol().identity
    secret = vault.keep("crm", "topsecret", hosts=["api.crm.example"], by=people.adam().identity)
    for hosts in (["evil.example"], ["api.crm.example", "evil.example"], ["api.crm.example:8443"]):
        with pytest.raises(InvalidSecret) as raised:
            vault.change(secret, value="", hosts=hosts, by=carol)
        assert hosts[-1] in raised.value.details["hosts"][0]
    secret.refresh_from_db()
    assert (secret.hosts, secret.version) == (["api.crm.example"], 1)
    # What is given with them is what goes there.
    theirs = vault.change(secret, value="theirs", hosts=["evil.example"], by=carol)
    assert (theirs.reveal(), theirs.version) == ("theirs", 2)


@pytest.mark.django_db
def test_every_change_of_hosts_is_a_version_and_nothing_else_is() -> None:
    carol = people.carol().identity
    secret = vault.keep("crm", "topsecret", hosts=["a.example", "b.example"], by=carol)
    assert vault.change(secret, value="", hosts=["a.example", "b.example"], by=carol).version == 1
    fewer = vault.change(secret, value="", hosts=["b.example"], by=carol)
    assert (fewer.version, fewer.reveal()) == (2, "topsecret")
    assert vault.change(secret, value="topsecret", hosts=["b.example", "c.example"], by=carol).version == 3
