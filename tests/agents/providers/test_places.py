"""Where each kind of endpoint sends its requests, and which keys may go along."""

from typing import Any

import pytest

from agents_app.providers import places
from agents_app.providers.base import Endpoint
from agents_app.providers.errors import ProviderMisconfigured

VENDORS = [
    ("direct", {}, "https://api.anthropic.com"),
    ("bedrock", {"region": "eu-west-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com"),
    ("bedrock", {"aws_region": "us-east-1"}, "https://bedrock-runtime.us-east-1.amazonaws.com"),
    ("vertex", {"region": "europe-west1"}, "https://europe-west1-aiplatform.googleapis.com/v1"),
    ("vertex", {"region": "eu"}, "https://aiplatform.eu.rep.googleapis.com/v1"),
    ("vertex", {"region": "global"}, "https://aiplatform.googleapis.com/v1"),
    ("foundry", {"resource": "house"}, "https://house.services.ai.azure.com/anthropic/"),
]


@pytest.mark.parametrize(("kind", "options", "expected"), VENDORS)
def test_an_empty_list_means_the_vendors_own_address(
    kind: str, options: dict[str, Any], expected: str
) -> None:
    own = Endpoint(kind, "own", options=options)
    assert places.address(own) == expected
    assert places.may_carry(own, [])
    assert places.may_carry(Endpoint(kind, "written out", expected, options=options), [])
    assert not places.may_carry(Endpoint(kind, "moved", "https://collector.example", options=options), [])
    host = expected.split("/")[2]
    assert not places.may_carry(Endpoint(kind, "other port", f"https://{host}:8443", options=options), [])


@pytest.mark.parametrize(("kind", "options", "expected"), VENDORS)
def test_a_list_is_all_there_is(kind: str, options: dict[str, Any], expected: str) -> None:
    hosts = ["gateway.example.org"]
    assert places.may_carry(Endpoint(kind, "a", "https://Gateway.example.org/v1", options=options), hosts)
    for url in ("", expected, "https://gateway.example.org.evil.example", "https://gateway.example.org:8443"):
        assert not places.may_carry(Endpoint(kind, "b", url, options=options), hosts)


@pytest.mark.parametrize(
    "text", ["evil.example/", "evil.example#", "a@evil.example/", "a.b", "", " ", "é", 5, None]
)
@pytest.mark.parametrize(
    ("kind", "name"), [("bedrock", "region"), ("vertex", "region"), ("foundry", "resource")]
)
def test_an_option_cannot_end_the_host_name(kind: str, name: str, text: Any) -> None:
    """A region of "evil.example/" would make https://bedrock-runtime.evil.example/.amazonaws.com."""
    for hosts in ([], ["evil.example"]):
        with pytest.raises(ProviderMisconfigured, match=name):
            places.may_carry(Endpoint(kind, "x", options={name: text}), hosts)


@pytest.mark.parametrize(
    "url", ["https://a@b.example", "ftp://a.example", "https://a.example:x", "b.example"]
)
def test_an_address_that_cannot_be_read_carries_nothing(url: str) -> None:
    with pytest.raises(ProviderMisconfigured):
        places.may_carry(Endpoint("direct", "x", url), ["a.example", "b.example"])


def test_a_kind_without_an_address_of_its_own_needs_one() -> None:
    with pytest.raises(ProviderMisconfigured):
        places.may_carry(Endpoint("carrier-pigeon", "x"), [])
    assert places.may_carry(Endpoint("carrier-pigeon", "x", "https://loft.example"), ["loft.example"])
