"""Kinds by place: what a schema says of the parts of a parameter is what rules about these parts mean."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests import gate, people
from tests.tools.test_rules import denied, not_allowed
from tools_app.governing import policy_rules, rule_problems
from tools_app.models import Tool
from tools_app.schema import schema_kinds

URL = {"type": "string", "x-kind": "url"}
PATH = {"type": "string", "x-kind": "path"}
TEXT = {"type": "string"}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def listing(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


NODE = obj(at=URL, parts=listing({"$ref": "#/$defs/node"}))


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        (obj(u=URL, t=TEXT), {"u": "url"}),
        (obj(u={"anyOf": [URL, {"type": "null"}]}), {"u": "url"}),
        (obj(u={"oneOf": [{"type": "null"}, {"allOf": [URL]}]}), {"u": "url"}),
        (obj(u={"$ref": "#/$defs/u"}) | {"$defs": {"u": URL}}, {"u": "url"}),
        (obj(u={"$ref": "https://example.org/u"}), {}),
        (obj(u={"$ref": "#/$defs/gone"}), {}),
        (obj(u={"anyOf": [listing(URL), {"type": "null"}]}), {"u": "url"}),
        (obj(u=listing(listing(URL))), {"u": "url"}),
        (obj(u={**PATH, "x-access": "list"}), {"u": "folder"}),
        (obj(u={"anyOf": [PATH | {"x-access": "list"}, {"type": "null"}]}), {"u": "folder"}),
        (obj(f=obj(url=URL, note=TEXT)), {"/f/url": "url"}),
        (obj(f={"anyOf": [obj(url=URL), {"type": "null"}]}), {"/f/url": "url"}),
        (obj(f=listing(obj(to=URL))), {"/f/*/to": "url"}),
        (obj(f=obj(urls=listing(URL))), {"/f/urls": "url"}),
        (obj(f={"type": "object", "additionalProperties": URL}), {"/f/*": "url"}),
        (obj(f={"type": "object", "patternProperties": {"^a": URL}}), {"/f/*": "url"}),
        (obj(f={"type": "array", "prefixItems": [TEXT, URL]}), {"/f/*": "url"}),
        (obj(f=obj(**{"a/b~c": URL})), {"/f/a~1b~0c": "url"}),
        (obj(f=URL | obj(path=PATH, same=URL)), {"f": "url", "/f/path": "path"}),
        (obj(t={"$ref": "#/$defs/node"}) | {"$defs": {"node": NODE}}, {"/t/at": "url", "/t/**/at": "url"}),
        (obj(f=obj(**{"": URL})), {}),
        ({"type": "object"}, {}),
        ({"properties": {"x": True, "y": {"items": 5, "anyOf": 7, "properties": []}}}, {}),
    ],
)
def test_kinds_that_schemas_say(schema: dict[str, Any], kinds: dict[str, str]) -> None:
    assert dict(schema_kinds.of(schema)) == kinds


@pytest.mark.parametrize("word", ["anyOf", "items", "$ref"])
def test_schemas_that_contain_themselves_come_to_an_end(word: str) -> None:
    """Written by a server, to be read for long."""
    again = {"$ref": "#/$defs/a"}
    inner: Any = {"anyOf": {"anyOf": [again] * 9}, "items": {"items": again}, "$ref": again}[word]
    wide = obj(**{f"p{number}": again for number in range(9)})
    for each in (inner, inner | wide, wide):
        assert dict(schema_kinds.of(obj(x=again) | {"$defs": {"a": each}})) == {}


@pytest.mark.parametrize(
    ("rule", "value", "hit"),
    [
        ({"/f/url": ["evil.example"]}, {"url": "https://evil.example/x"}, True),
        ({"/f/url": ["evil.example"]}, {"url": "https://good.example/x"}, False),
        ({"f": ["evil.example"]}, {"url": "https://a.evil.example/x"}, True),
        ({"kind:url": ["evil.example"]}, {"url": "https://evil.example/x"}, True),
        ({"kind:url": ["evil.example"]}, {"note": "https://evil.example/x"}, False),
        ({"kind:url": True}, {"url": "https://good.example/"}, True),
        ({"kind:url": True}, {"note": "x"}, False),
        ({"kind:path": ["/etc"]}, {"path": "/etc/passwd", "url": "https://x.example/"}, True),
        ({"/**/path": ["/etc"]}, {"path": "/x/../etc/passwd"}, True),
    ],
)
def test_what_is_denied_is_read_by_its_own_kind(rule: Any, value: Any, hit: bool) -> None:
    kinds = {"/f/url": "url", "/f/path": "path"}
    assert denied(rule, {"f": value}, kinds) == (["f"] if hit else [])


@pytest.mark.parametrize(
    ("rule", "value", "refused"),
    [
        (
            {"/f/url": ["good.example"], "/f/note": True},
            {"url": "https://good.example/x", "note": "a"},
            False,
        ),
        ({"/f/url": ["good.example"], "/f/note": True}, {"url": "https://evil.example/x"}, True),
        # What is said of a kind narrows what lies within, and covers nothing there.
        ({"kind:url": ["good.example"], "*": True}, {"url": "https://good.example/x", "note": "a"}, False),
        ({"kind:url": ["good.example"], "*": True}, {"url": "https://evil.example/x"}, True),
        ({"kind:url": ["good.example"], "*": True}, {"note": "https://evil.example/x"}, False),
        ({"kind:url": ["good.example"]}, {"url": "https://good.example/x"}, True),
        ({"kind:url": ["good.example"], "/f/note": True}, {"note": "a"}, False),
    ],
)
def test_what_is_allowed_is_read_by_its_own_kind(rule: Any, value: Any, refused: bool) -> None:
    assert not_allowed(rule, {"f": value}, {"/f/url": "url"}) == (["f"] if refused else [])


@pytest.mark.parametrize(
    ("rule", "is_unclear"),
    [
        ({"/f/url": ["evil.example"]}, False),
        ({"/f/note": ["evil"]}, True),
        ({"/f/*": ["evil"]}, True),
        ({"/f/**/url": ["evil.example"]}, False),
        ({"/f/more": ["evil"]}, True),
        ({"/f/count": ["3"]}, False),
        ({"/f/colour": ["red"]}, False),
        ({"/urls/0": ["evil.example"]}, False),
        ({"/f/note": [{"contains": "evil"}]}, False),
        ({"/f/note": True}, False),
        ({"note": ["evil"]}, True),
        ({"urls": ["evil.example"]}, False),
    ],
)
def test_a_bare_text_wants_a_kind_wherever_it_is_looked_for(rule: Any, is_unclear: bool) -> None:
    inner = obj(url=URL, note=TEXT, count={"type": "integer"}, colour={"type": "string", "enum": ["red"]})
    tool = Tool(name="t", definition={"input_schema": obj(f=inner, urls=listing(URL), note=TEXT)})
    row = SimpleNamespace(denied_parameters=rule)
    assert bool(rule_problems.unclear(row, tool, ["denied_parameters"])) is is_unclear


@pytest.mark.django_db
def test_the_gate_reads_parts_and_optional_parameters_by_their_kind() -> None:
    schema = obj(f=obj(url=URL), u={"anyOf": [URL, {"type": "null"}]})
    door = gate.opened(
        {"denied_parameters": {"/f/url": ["evil.example"], "u": ["evil.example"]}}, input_schema=schema
    )
    assert door.ask({"f": {"url": "https://evil.example/x"}}).reason == "denied_parameter"
    assert door.ask({"u": "https://evil.example/"}).reason == "denied_parameter"
    assert door.ask({"u": "http://169.254.169.254/"}).reason == "hard_limit"
    assert door.ask({"f": {"url": "https://good.example/x"}, "u": None}).status == "queued"
    rule = {"name": "Not there", "denied_parameters": {"kind:url": ["worse.example"]}}
    policy_rules.add(rule, by=people.adam().identity)
    assert door.ask({"f": {"url": "https://worse.example/x"}}).reason == "denied_parameter"
