"""Rules about many tools as fields, and what a tool says itself: each reaches the gate, and means what it says."""

from __future__ import annotations

from typing import Any

import pytest

from tools_app import rules
from tools_app.governing import layer_rules, layers
from tools_app.governing.selecting import Selected
from tools_app.models import PolicyRule, Tool
from tools_app.policy import Layer, Source

OURS = Source("organization", 3, "No outsiders")


@pytest.mark.parametrize(
    ("given", "layer"),
    [
        ({"forbids": True}, Layer(OURS, forbids=True)),
        ({"requires_approval": True}, Layer(OURS, requires_approval=True)),
        ({"denied_parameters": ["x"]}, Layer(OURS, denied=["x"])),
        ({"allowed_parameters": []}, Layer(OURS, allowed=[])),
        ({"allowed_parameters": {"x": [1]}}, Layer(OURS, allowed={"x": [1]})),
        ({"ask_when": {"x": [1]}}, Layer(OURS, ask_when={"x": [1]})),
        ({"forbids": True, "message": "Ask Ann."}, Layer(OURS, forbids=True, message="Ask Ann.")),
        ({"forbids": True, "message": "x" * 300}, Layer(OURS, forbids=True, message="x" * 300)),
        ({"forbids": True, "message": None}, Layer(OURS, forbids=True)),
    ],
)
def test_a_rule_is_what_its_fields_say(given: dict[str, Any], layer: Layer) -> None:
    assert layer_rules.problems(given) == {}
    assert layer_rules.made(given, OURS).layer == layer


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"forbids": True, "for_categories": "web"}, ["for_categories"]),
        ({"forbids": True, "message": 5}, ["message"]),
        ({"forbids": True, "requires_approval": "yes"}, ["requires_approval"]),
        ({"forbids": "no", "ask_when": "x"}, ["ask_when", "forbids"]),
        ({"forbids": False}, [""]),
    ],
)
def test_what_is_wrong_is_said_by_field(given: dict[str, Any], fields: list[str]) -> None:
    assert list(layer_rules.problems(given)) == fields


def test_all_that_is_wrong_is_told_in_one_line() -> None:
    with pytest.raises(rules.UnknownRule) as told:
        layer_rules.made({"forbids": 1, "message": 5}, OURS)
    assert str(told.value) == (
        "forbids: This must be true or false.; message: This must be a text of at most 300 characters."
    )


def test_only_rules_that_choose_a_tool_speak_of_it() -> None:
    found = tuple(
        layer_rules.made({"forbids": True, "for_tools": [name]}, Source("organization", pk))
        for pk, name in enumerate(("crm_*", "mail", "*"))
    )
    spoken = layer_rules.of(found, Selected("crm_find"))
    assert [layer.source.id for layer in spoken] == [0, 2]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("allowed_parameters", {"allowed": ["x"]}),
        ("denied_parameters", {"denied": ["x"]}),
        ("ask_when", {"ask_when": ["x"]}),
        ("parameter_defaults", {"defaults": ["x"]}),
        ("fixed_parameters", {"fixed": ["x"]}),
    ],
)
def test_what_a_tool_says_of_itself_is_a_layer(field: str, said: dict[str, Any]) -> None:
    assert layers.of_tool(Tool(name="x")) is None
    for pk in (None, 7):
        tool = Tool(pk=pk, name="x", **{field: ["x"]})
        assert layers.of_tool(tool) == Layer(Source("tool", pk or 0, "x"), **said)


@pytest.mark.parametrize("pk", [None, 7])
def test_a_row_is_a_rule_saved_or_not(pk: int | None) -> None:
    row = PolicyRule(pk=pk, name="Quiet", forbids=True, message="Hush.", for_tools=["x"])
    rule = layers.of_row(row)
    assert rule.layer == Layer(Source("organization", pk or 0, "Quiet"), forbids=True, message="Hush.")
    assert rule.selector.for_tools == ("x",)


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, {"not_repeatable"}),
        ({"is_idempotent": True}, set()),
        ({"is_idempotent": True, "is_dangerous": True}, {"dangerous", "asks"}),
        ({"is_idempotent": True, "requires_approval": True}, {"asks"}),
        ({"is_idempotent": True, "is_open_world": True}, {"open_world", "outgoing"}),
        ({"is_idempotent": True, "executor": "http"}, {"outgoing"}),
    ],
)
def test_the_flags_by_which_rules_choose(fields: dict[str, Any], flags: set[str]) -> None:
    tool = Tool(**{"name": "x", "category": "web", "executor": "python", **fields})
    assert layers.selected(tool) == Selected("x", "web", tool.executor, frozenset(flags))
