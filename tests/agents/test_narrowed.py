"""What a grant leaves of a tool's parameters is what the model is shown."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import personas, toolset
from agents_app.exceptions import InvalidGrant
from agents_app.granted import previews
from agents_app.granted.carried import narrowed
from tests import gate, people
from tools_app.definition import ToolDefinition
from tools_app.policy import Grant, Layer, Source

SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "string", "enum": ["s", "m", "l"]},
        "city": {"type": "string"},
        "path": {"type": "string", "x-kind": "path"},
        "more": {"type": "object"},
    },
    "required": ["size", "city"],
}
TOOL = ToolDefinition("shop", "Orders things.", SCHEMA, "shop")


def shown(**grant: Any) -> dict[str, Any]:
    return dict(narrowed(TOOL, Grant(1, 1, "clerk", "", **grant)).input_schema["properties"])


@pytest.mark.parametrize(
    ("grant", "left"),
    [
        ({}, ["size", "city", "path", "more"]),
        ({"allowed": []}, []),
        ({"allowed": ["city"]}, ["city"]),
        ({"allowed": {"city": [], "size": True}}, ["size"]),
        ({"allowed": {"/more/a": [1]}}, ["more"]),
        ({"allowed": {"/**/a": [1]}}, ["size", "city", "path", "more"]),
        ({"denied": ["city"]}, ["size", "path", "more"]),
        ({"denied": {"city": True, "size": ["s"]}}, ["size", "path", "more"]),
        ({"fixed": {"city": "Oslo"}}, ["size", "path", "more"]),
        ({"allowed": {"city": [{"like": 1}]}}, ["city"]),
    ],
)
def test_parameters_that_are_left(grant: dict[str, Any], left: list[str]) -> None:
    assert list(shown(**grant)) == left


def test_values_that_are_left_are_offered() -> None:
    assert shown(allowed={"city": ["Oslo", {"one_of": ["Rome"]}]})["city"]["enum"] == ["Oslo", "Rome"]
    assert shown(allowed={"size": ["l", "xl"]})["size"]["enum"] == ["l"]
    assert "size" not in shown(allowed={"size": ["xl"]})
    assert "enum" not in shown(allowed={"city": [{"regex": "O.*"}, "Rome"]})["city"]
    assert "enum" not in shown(allowed={"path": ["reports"]})["path"]
    assert narrowed(TOOL, Grant(1, 1, "clerk", "", allowed={"size": ["l"]})).input_schema["required"] == [
        "size"
    ]


LISTED: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
CHOSEN: dict[str, Any] = {"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}}


@pytest.mark.parametrize(
    ("spec", "grant", "left"),
    [
        ({"type": "string"}, {"allowed": {"m": ["a", "b"]}, "denied": {"m": ["b"]}}, {"enum": ["a"]}),
        ({"enum": ["a", "b"]}, {"denied": {"m": ["A"]}}, {"enum": ["b"]}),
        ({"enum": ["a", "b"]}, {"denied": {"*": [{"regex": "[ab]"}]}}, None),
        ({"enum": ["a", "b"]}, {"denied": {"m": [{"like": 1}]}}, {"enum": ["a", "b"]}),
        ({"enum": ["a", "b"]}, {"denied": {"other": ["a"]}}, {"enum": ["a", "b"]}),
        (LISTED, {"allowed": {"m": [{"each": ["a", "b"]}]}}, {"items": {"enum": ["a", "b"]}}),
        (LISTED, {"allowed": {"m": [{"each": ["a"]}, {"each": ["b"]}]}}, {"items": {"enum": ["a", "b"]}}),
        (LISTED, {"allowed": {"m": [{"each": [{"regex": "a"}]}]}}, {}),
        (LISTED, {"allowed": {"m": ["a", "b"]}}, None),
        (LISTED, {"allowed": {"m": True}}, {}),
        (CHOSEN, {"allowed": {"m": [{"each": ["c", "d"]}]}}, {"items": {"enum": ["c"]}}),
        (CHOSEN, {"denied": {"m": ["b"]}}, {"items": {"enum": ["a", "c"]}}),
    ],
)
def test_only_what_every_layer_leaves_is_offered(spec: Any, grant: Any, left: Any) -> None:
    tool = ToolDefinition("t", "T.", {"type": "object", "properties": {"m": spec}}, "code")
    found = narrowed(tool, Grant(1, 1, "clerk", "", **grant)).input_schema["properties"]
    if left is None:
        assert found == {}
        return
    items = {"items": {**spec["items"], **left["items"]}} if "items" in left else {}
    assert found == {"m": {**spec, **left, **items}}


def test_lists_that_have_nothing_in_common_leave_nothing() -> None:
    tool = ToolDefinition("t", "T.", {"type": "object", "properties": {"m": {"type": "string"}}}, "code")
    rule = Layer(Source("organization", 1, "Rule"), allowed={"m": ["a"]})
    assert (
        narrowed(tool, Grant(1, 1, "clerk", "", allowed={"m": ["b"]}), (rule,)).input_schema["properties"]
        == {}
    )


@pytest.mark.django_db
def test_a_tool_whose_rules_leave_nothing_of_what_it_needs_is_not_offered() -> None:
    schema = {
        "type": "object",
        "properties": {"m": {"type": "string"}, "n": {"type": "string"}},
        "required": ["m"],
    }
    door = gate.opened({"denied_parameters": ["m"]}, input_schema=schema)
    assert toolset.of(door.agent) == []
    (power,) = previews.of(door.agent)
    assert (power.decision, power.why) == ("refuse", previews.NOTHING_LEFT)
    personas.grant(door.agent, door.tool, {"denied_parameters": ["n"]}, by=people.carol().identity)
    assert [each.tool.pk for each in toolset.of(door.agent)] == [door.tool.pk]
    personas.grant(
        door.agent,
        door.tool,
        {"denied_parameters": None, "fixed_parameters": {"m": "x"}},
        by=people.carol().identity,
    )
    assert [each.tool.pk for each in toolset.of(door.agent)] == [door.tool.pk]


@pytest.mark.django_db
def test_plain_values_for_a_list_are_refused_on_saving() -> None:
    door = gate.opened({}, input_schema={"type": "object", "properties": {"tags": LISTED}})
    by = people.carol().identity
    with pytest.raises(InvalidGrant) as refused:
        personas.grant(door.agent, door.tool, {"allowed_parameters": {"tags": ["a", "b"]}}, by=by)
    assert 'write {"each"' in refused.value.details["allowed_parameters"][0]
    personas.grant(door.agent, door.tool, {"allowed_parameters": {"tags": [{"each": ["a", "b"]}]}}, by=by)
