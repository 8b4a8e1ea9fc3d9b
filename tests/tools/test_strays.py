"""A rule never vanishes with the parameter it names: the gate refuses, and whoever changes the tool is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse

from audit_app.models import AuditEntry
from tests import gate, people
from tools_app import catalog, policy
from tools_app.cataloging import drafts, linting
from tools_app.governing import meanings, strays
from tools_app.models import Tool
from tools_app.policy import Call, Facts, Grant, Layer, Source, ToolFacts

TOOL = ToolFacts(1, "tool", "t", parameters=frozenset({"x", "y"}))
GRANT = Grant(1, 1, "Ana", "a")
SAYING: list[dict[str, Any]] = [
    {"denied": ["z"]},
    {"denied": {"z": ["a"]}},
    {"denied": {"/z/url": ["a"]}},
    {"ask_when": {"z": True}},
    {"fixed": {"z": 1}},
    {"defaults": {"z": 1}},
]


def schema(*names: str, **specs: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**{name: {"type": "string"} for name in names}, **specs}}


def decide(known: Facts) -> policy.Decision:
    return policy.decide(Call({"x": "a"}, frozenset({"x"})), known)


def renamed(door: gate.Gate, **changes: Any) -> Tool:
    wanted = {"definition": {"input_schema": schema("text")}, **changes}
    return catalog.update(door.tool, wanted, by=people.carol().identity)


@pytest.mark.parametrize("said", SAYING)
def test_what_is_said_about_one_tool_refuses_where_its_parameter_is_gone(said: dict[str, Any]) -> None:
    for known in (
        Facts(TOOL, replace(GRANT, **said)),
        Facts(TOOL, GRANT, layers=(Layer(Source("tool", 1, "tool"), **said),)),
    ):
        decision = decide(known)
        assert isinstance(decision, policy.Refuse)
        assert (decision.code, decision.message) == ("policy_error", policy.UNREADABLE.message)
        assert decision.rule is not None
        assert f"the {decision.rule.layer} {decision.rule.name} " in decision.detail
        assert "it speaks of z, and tool has no such parameter" in decision.detail


@pytest.mark.parametrize("said", SAYING[:4])
def test_wider_rules_are_about_many_tools(said: dict[str, Any]) -> None:
    layers = tuple(Layer(Source(name, 1, "Rule"), **said) for name in ("installation", "organization"))
    assert decide(Facts(TOOL, GRANT, layers=layers)) == policy.Allow()


@pytest.mark.parametrize(
    "said",
    [
        {"allowed": ["x", "z"]},
        {"denied": {"*": ["b"], "kind:url": ["b"], "/*/z": ["b"], "/**/z": ["b"], "/x/z": ["b"]}},
        {"ask_when": {"y": ["b"]}},
    ],
)
def test_what_names_no_parameter_that_is_gone_is_no_stray(said: dict[str, Any]) -> None:
    assert decide(Facts(TOOL, replace(GRANT, **said))) == policy.Allow()


def test_a_tool_that_takes_any_parameter_has_no_strays() -> None:
    grant = replace(GRANT, denied=["z"])
    assert decide(Facts(replace(TOOL, parameters=None), grant)) == policy.Allow()
    named = Tool(name="t", definition={"input_schema": schema("x")})
    assert meanings.names_of(named) == frozenset({"x"})
    for more in ("additionalProperties", "patternProperties"):
        assert (
            meanings.names_of(Tool(name="t", definition={"input_schema": {**schema("x"), more: {"a": {}}}}))
            is None
        )


def test_an_earlier_refusal_is_told_as_before() -> None:
    known = Facts(replace(TOOL, enabled=False), replace(GRANT, denied=["z"]))
    decision = decide(known)
    assert isinstance(decision, policy.Refuse)
    assert decision.code == "tool_disabled"


@pytest.mark.django_db
def test_a_deny_does_not_vanish_with_its_name() -> None:
    door = gate.opened({"denied_parameters": {"line": [{"contains": "secret"}]}, "allowed_parameters": None})
    assert door.ask({"line": "a secret"}).reason == "denied_parameter"
    renamed(door)
    call = door.ask({"text": "a secret"})
    assert (call.status, call.reason) == ("blocked", "policy_error")
    ((_, outcome, _, rows, detail),) = call.explanation[0]["chain"]
    assert (outcome, call.explanation[0]["rows"][rows[0]][:2]) == ("refuse", ["grant", door.grant.pk])
    assert detail == (
        f"The rule of the grant {door.agent.display_name} cannot be evaluated: "
        "it speaks of line, and ledger has no such parameter."
    )


@pytest.mark.django_db
def test_who_changes_the_tool_is_told_which_rules_go_astray() -> None:
    rules = {"denied_parameters": {"line": ["x"], "path": ["/etc"]}, "allowed_parameters": ["line", "path"]}
    door = gate.opened({**rules, "parameter_defaults": {"line": "y"}})
    tool = renamed(door)
    whose = f"the grant of {door.agent.display_name}"
    told = [each.told for each in strays.of(tool)]
    refused = "which is not there any more: every use is refused until somebody mends it."
    assert told == [
        f"What {whose} forbids is about line, path, {refused}",
        f"What {whose} fills in is about line, {refused}",
        f"What {whose} allows is about line, path, which is not there any more: nothing is allowed by it.",
    ]
    entry = AuditEntry.objects.filter(action="tool.changed").latest("pk")
    assert entry.facts["rules_astray"] == told
    hints = [hint.message for hint in linting.of(tool) if hint.code == "rule_astray"]
    assert hints == told
    listed = next(iter(linting.of_rows([tool], {}))).hints
    assert [hint.message for hint in listed if hint.code == "rule_astray"] == told


@pytest.mark.django_db
def test_a_parameter_of_another_kind_is_told_of() -> None:
    door = gate.opened({"denied_parameters": {"path": ["/etc"], "line": ["x"]}, "ask_when": {"path": True}})
    wanted = Tool.objects.get(pk=door.tool.pk)
    wanted.definition = {**wanted.definition, "input_schema": schema("path", "line", "number")}
    (stray,) = strays.of(wanted, door.tool)
    assert (stray.field, stray.names, stray.is_gone) == ("denied", ("path",), False)
    assert "now of another kind" in stray.told
    assert strays.of(wanted, wanted) == strays.of(door.tool, door.tool) == ()


@pytest.mark.django_db
def test_a_draft_says_which_rules_it_leaves_behind() -> None:
    door = gate.opened({"denied_parameters": {"line": ["x"]}})
    wanted = {"definition": {"input_schema": schema("text")}}
    draft = drafts.propose(door.tool, wanted, by=people.carol().identity, source="person")
    client = people.adam().browser()
    page = client.get(reverse("admin:tools_app_tooldraft_change", args=[draft.pk])).content.decode()
    assert "is about line, which is not there any more" in page
    renamed(door)
    page = client.get(reverse("admin:tools_app_tooldraft_change", args=[draft.pk])).content.decode()
    assert "is about line" in page
