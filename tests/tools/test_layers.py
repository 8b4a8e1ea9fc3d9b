"""Layers narrow: what any of them denies is denied, and what one lists is all there is, whoever else allows more."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tools_app import policy, rules
from tools_app.governing import layer_rules, selecting
from tools_app.governing.selecting import Selected
from tools_app.policy import Allow, AskApproval, Call, Facts, Grant, Layer, Refuse, Source, ToolFacts

KINDS = {"url": "url", "host": "host", "path": "path", "tree": "folder", "command": "command"}
TOOL = ToolFacts(id=7, name="fetch", content_hash="t", kinds=KINDS)
GRANT = Grant(id=9, agent_type_id=1, agent_name="Ana", agent_hash="a")
ABOVE = ("installation", "organization", "tool")


def decided(arguments: dict[str, Any], *layers: Layer, **grant: Any) -> policy.Decision:
    facts = Facts(tool=TOOL, grant=replace(GRANT, **grant), layers=layers)
    return policy.decide(Call(arguments, frozenset(arguments)), facts)


def layer(name: str, **said: Any) -> Layer:
    return Layer(Source(name, 3, "No outsiders"), **said)


@pytest.mark.parametrize("name", ABOVE)
@pytest.mark.parametrize(
    ("said", "arguments", "code"),
    [
        ({"denied": ["x"]}, {"x": 1}, "denied_parameter"),
        ({"denied": {"x": [1]}}, {"x": "1"}, "denied_parameter"),
        ({"denied": {"kind:url": ["evil.example"]}}, {"url": "https://a.evil.example/"}, "denied_parameter"),
        ({"denied": {"kind:path": ["/etc"]}}, {"tree": "/"}, "denied_parameter"),
        ({"denied": {"*": ["secret"]}}, {"x": ["secret"]}, "denied_parameter"),
        ({"denied": ["kind:url"]}, {"url": "https://a.example/"}, "denied_parameter"),
        ({"denied": {"x": [{"like": 1}]}}, {"y": 1}, "policy_error"),
        ({"denied": {"kind:shape": [1]}}, {"y": 1}, "policy_error"),
        ({"allowed": ["y"]}, {"x": 1}, "parameter_not_allowed"),
        ({"allowed": []}, {"x": 1}, "parameter_not_allowed"),
        (
            {"allowed": {"kind:url": ["a.example"], "*": True}},
            {"url": "https://b.example/"},
            "parameter_not_allowed",
        ),
        ({"forbids": True}, {}, "forbidden"),
        ({"fixed": {"x": 1}}, {"x": 1}, "fixed_parameter"),
    ],
)
def test_each_layer_refuses_and_is_named(name: str, said: Any, arguments: Any, code: str) -> None:
    decision = decided(arguments, layer(name, message="Use the wiki.", **said))
    assert isinstance(decision, Refuse)
    assert decision.code == code
    if code == "policy_error":
        return
    assert str(decision.rule) == f"{name}:3"
    if code != "fixed_parameter":
        assert decision.message.endswith("Use the wiki.")


@pytest.mark.parametrize("name", ABOVE)
@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ({"denied": {"x": [1]}}, {"x": 2}),
        ({"denied": {"kind:url": ["evil.example"]}}, {"url": "https://good.example/", "x": "evil.example"}),
        ({"denied": {"kind:path": ["/etc"]}}, {"path": "notes/etc"}),
        ({"allowed": ["x"]}, {"x": 1}),
        ({"allowed": ["*"]}, {"x": 1}),
        ({"allowed": {"kind:url": ["a.example"], "*": True}}, {"url": "https://a.example/", "x": [1]}),
        ({"allowed": {"kind:url": ["a.example"], "url": True, "*": []}}, {"url": "https://a.example/"}),
        ({}, {"x": 1}),
    ],
)
def test_each_layer_lets_pass_what_it_does_not_mean(name: str, said: Any, arguments: Any) -> None:
    assert decided(arguments, layer(name, **said)) == Allow()


def test_the_star_of_an_allow_rule_is_what_no_other_name_speaks_of() -> None:
    rule = {"x": [1], "/y/a": [1], "*": True}
    told = {
        name: list(rules.not_allowed(rule, rules.Subject({name: value})))
        for name, value in {"x": 2, "y": {"a": 1, "b": 2}, "z": 5}.items()
    }
    assert told == {"x": ["x"], "y": ["y"], "z": []}


@pytest.mark.parametrize("name", ABOVE)
def test_each_layer_may_let_a_person_be_asked(name: str) -> None:
    always = decided({"x": 1}, layer(name, requires_approval=True))
    assert always == AskApproval((f"{name}_requires_approval",))
    assert isinstance(always, AskApproval)
    assert [str(rule) for rule in always.rules] == [f"{name}:3"]
    assert decided({"x": 1}, layer(name, ask_when={"x": ["1"]})) == AskApproval((f"{name}_condition",))
    assert decided({"x": 1}, layer(name, ask_when={"x": [2]})) == Allow()
    # What a wider layer asks no grant drops.
    waived = decided({"x": 1}, layer(name, requires_approval=True), waives_approval=True)
    assert waived == always


def test_all_layers_must_allow() -> None:
    both = layer("organization", allowed=["x", "y"]), layer("tool", allowed=["y", "z"])
    passed = {name: decided({name: 1}, *both, allowed=["x", "y", "z"]) == Allow() for name in "xyz"}
    assert passed == {"x": False, "y": True, "z": False}


def test_wider_layers_set_what_narrower_ones_only_fill_in() -> None:
    layers = (
        layer("tool", defaults={"a": 1, "b": 1}, fixed={"c": 1}),
        Layer(Source("grant", 9), defaults={"b": 2}, fixed={"c": 2, "d": 2}),
    )
    assert policy.layering.filled(layers) == {"a": 1, "b": 2, "c": 1, "d": 2}


LEAVES = some.one_of(
    some.integers(-2, 2), some.sampled_from(["a", "A", "b", "https://a.example/"]), some.booleans()
)
ARGUMENTS = some.dictionaries(
    some.sampled_from(["x", "url", "path"]), some.one_of(LEAVES, some.lists(LEAVES, max_size=2)), max_size=3
)
MATCHERS = some.one_of(some.just(True), some.lists(LEAVES, max_size=2))
RULES = some.one_of(
    some.none(),
    some.lists(some.sampled_from(["x", "url", "kind:url", "*", "/x/*"]), max_size=2),
    some.dictionaries(
        some.sampled_from(["x", "url", "kind:url", "kind:path", "*", "/x/*"]), MATCHERS, max_size=3
    ),
)
LAYERS = some.builds(
    Layer,
    source=some.builds(Source, some.sampled_from(ABOVE)),
    allowed=some.one_of(some.none(), some.lists(some.sampled_from(["x", "url", "path", "*"]), max_size=3)),
    denied=RULES,
    ask_when=RULES,
    requires_approval=some.booleans(),
    forbids=some.booleans(),
)
STRICTNESS = {Allow: 0, AskApproval: 1, Refuse: 2}


@given(ARGUMENTS, some.lists(LAYERS, max_size=3), LAYERS)
def test_another_layer_never_widens(arguments: Any, layers: list[Layer], more: Layer) -> None:
    before, after = decided(arguments, *layers), decided(arguments, *layers, more)
    assert STRICTNESS[type(after)] >= STRICTNESS[type(before)]


@given(ARGUMENTS, some.lists(LAYERS, min_size=2, max_size=3))
def test_the_order_of_layers_decides_nothing(arguments: Any, layers: list[Layer]) -> None:
    found = {type(decided(arguments, *each)) for each in itertools.permutations(layers)}
    assert len(found) == 1


@pytest.mark.parametrize(
    ("given", "tool", "covered"),
    [
        ({}, Selected("any"), True),
        ({"for_tools": ["crm_*"]}, Selected("crm_find"), True),
        ({"for_tools": ["crm_*"]}, Selected("my_crm_find"), False),
        ({"for_tools": ["a.c"]}, Selected("abc"), False),
        ({"for_tools": ["x", "y"]}, Selected("y"), True),
        ({"for_categories": ["web"]}, Selected("any", "web"), True),
        ({"for_categories": ["web"]}, Selected("any", "webs"), False),
        ({"for_executors": ["mcp"]}, Selected("any", "web", "mcp"), True),
        ({"for_executors": ["mcp"], "for_categories": ["web"]}, Selected("any", "file", "mcp"), False),
        ({"for_flags": ["dangerous", "outgoing"]}, Selected("any", flags=frozenset({"outgoing"})), True),
        ({"for_flags": ["dangerous"]}, Selected("any", flags=frozenset({"outgoing"})), False),
    ],
)
def test_which_tools_a_rule_is_about(given: Any, tool: Selected, covered: bool) -> None:
    assert selecting.read(given).covers(tool) is covered


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"forbids": True, "for_flags": ["danger"]}, "for_flags"),
        ({"forbids": True, "for_executors": ["shell"]}, "for_executors"),
        ({"forbids": True, "for_tools": "x"}, "for_tools"),
        ({"forbids": True, "for_tools": [""]}, "for_tools"),
        ({"forbids": 1}, "forbids"),
        ({"denied_parameters": {"x": [{"like": 1}]}}, "denied_parameters"),
        ({"denied_parameters": {"kind:shape": True}}, "denied_parameters"),
        ({"allowed_parameters": {"x": [{"contains": "a"}]}}, "allowed_parameters"),
        ({"ask_when": "x"}, "ask_when"),
        ({"forbids": True, "message": "x" * 301}, "message"),
        ({}, ""),
        ({"for_tools": ["x"], "requires_approval": False, "denied_parameters": {}}, ""),
    ],
)
def test_what_no_rule_can_be(given: Any, field: str) -> None:
    assert list(layer_rules.problems(given)) == [field]
    with pytest.raises(rules.UnknownRule):
        layer_rules.made(given, Source("organization"))
