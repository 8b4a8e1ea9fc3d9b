"""Parameters of which a keeper says that they are addresses, and lists of them: one reading, one border for all."""

from __future__ import annotations

from typing import Any

import pytest

from tests import gate

pytestmark = pytest.mark.django_db

TEXT: dict[str, Any] = {"type": "string"}
SCHEMA = {"type": "object", "properties": {"link": TEXT, "links": {"type": "array", "items": TEXT}}}
DESCRIBED = {
    "type": "object",
    "properties": {"links": {"type": "array", "items": {"type": "string", "x-kind": "url"}}},
}


def opened(**grant: Any) -> gate.Gate:
    return gate.opened(grant, input_schema=SCHEMA, parameter_kinds={"link": "url", "links": "url"})


def test_an_address_is_written_as_it_would_be_asked_for() -> None:
    call = opened().ask(
        {"link": "HTTPS://Straße.de#top", "links": ["https://BÜCHER.de/a?b#/page", "no address"]}
    )
    assert call.arguments["link"] == "https://xn--strae-oqa.de#top"
    assert call.arguments["links"][0] == "https://xn--bcher-kva.de/a?b#/page"


@pytest.mark.parametrize("inner", ["https://10.0.0.1/", "http://127.1/", "https:evil.com", "https://[::1]/"])
def test_no_address_beyond_the_border_of_the_installation_passes(inner: str) -> None:
    given = opened()
    assert given.ask({"link": inner}).status == "blocked"
    assert given.ask({"links": ["https://good.org/", inner]}).status == "blocked"
    described = gate.opened(input_schema=DESCRIBED, name="described")
    assert described.ask({"links": ["https://good.org/", inner]}).status == "blocked"
    assert described.ask({"links": ["https://good.org/"]}).status == "queued"


def test_addresses_within_an_object_are_read_and_held_alike() -> None:
    url = {"type": "string", "x-kind": "url"}
    body = {
        "type": "object",
        "properties": {"hook": url, "more": {"type": "array", "items": url}, "note": TEXT},
    }
    door = gate.opened(input_schema={"type": "object", "properties": {"body": body}})
    said = {"hook": "https://Straße.de", "more": ["HTTPS://good.org/a#b"], "note": "http://10.0.0.1/ or so"}
    call = door.ask({"body": said})
    assert (call.status, call.arguments["body"]) == (
        "queued",
        {**said, "hook": "https://xn--strae-oqa.de", "more": ["https://good.org/a#b"]},
    )
    for part in ({"hook": "https://10.0.0.1/"}, {"more": ["https://good.org/", "https:evil.com"]}):
        assert door.ask({"body": part}).status == "blocked"


def test_a_denied_host_is_denied_in_a_list_too() -> None:
    door = opened(denied_parameters={"kind:url": ["straße.de"]})
    assert door.ask({"links": ["https://good.org/", "https://www.straße.de/"]}).reason == "denied_parameter"
