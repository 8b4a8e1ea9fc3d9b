"""The organization's rules: written by whoever may set policy, read by the gate at every decision, and recorded."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.granted import carried
from agents_app.granted.carried import Carried
from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from tests import gate, people
from tests.gate import Gate
from tools_app import approvals, catalog
from tools_app.exceptions import DigestMismatch, InvalidRule, RuleNameTaken
from tools_app.governing import policy_rules
from tools_app.models import Approval, PolicyRule, Tool, ToolCall

pytestmark = pytest.mark.django_db

Status = ToolCall.Status


def ruled(**fields: Any) -> PolicyRule:
    return policy_rules.add({"name": "Quiet lines"} | fields, by=people.adam().identity)


def carries(door: Gate) -> Carried:
    return next(each for each in carried.granted(door.agent) if each.tool.pk == door.tool.pk)


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({"denied_parameters": {"line": ["loud"]}}, "blocked", "denied_parameter"),
        ({"denied_parameters": {"line": ["soft"]}}, "queued", ""),
        ({"allowed_parameters": ["number"]}, "blocked", "parameter_not_allowed"),
        ({"allowed_parameters": {"*": True}}, "queued", ""),
        ({"forbids": True}, "blocked", "forbidden"),
        ({"forbids": True, "for_tools": ["other*"]}, "queued", ""),
        ({"forbids": True, "enabled": False}, "queued", ""),
        ({"requires_approval": True, "for_flags": ["not_repeatable"]}, "waiting", ""),
        ({"ask_when": {"line": ["LOUD"]}}, "waiting", ""),
    ],
)
def test_the_gate_obeys_a_rule_from_the_next_use_on(rule: Any, status: str, code: str) -> None:
    door = gate.opened()
    assert door.ask({"line": "loud"}).status == Status.QUEUED
    ruled(**rule)
    call = door.ask({"line": "loud"})
    assert (call.status, call.reason) == (status, code)


def test_what_waits_is_judged_again_by_a_rule_that_came_later() -> None:
    door = gate.opened(requires_approval=True)
    call = door.ask({"line": "loud"})
    question = Approval.objects.get(call=call)
    ruled(name="Of others", for_tools=["other"], forbids=True)
    rule = ruled(denied_parameters={"line": ["soft"]})
    with pytest.raises(DigestMismatch):
        approvals.approve(question, digest=question.digest, by=people.alice().identity)
    call.refresh_from_db()
    assert (call.status, call.reason) == (Status.BLOCKED, "definition_changed")
    # What it says to the model, and what it is called, changes nothing of what would run.
    again = Approval.objects.get(call=door.ask({"line": "loud"}))
    policy_rules.change(rule, {"name": "Called otherwise", "message": "No."}, by=people.adam().identity)
    assert approvals.approve(again, digest=again.digest, by=people.alice().identity).status == "approved"


def test_a_model_is_shown_what_all_layers_leave() -> None:
    door = gate.opened({"allowed_parameters": {"line": ["a", "b"], "number": True}})
    ruled(allowed_parameters={"line": ["b", "c"], "*": True}, denied_parameters=["kind:path"])
    assert carries(door).definition.input_schema["properties"] == {
        "line": {"type": "string", "enum": ["b"]},
        "number": {"type": "number"},
    }
    Tool.objects.filter(pk=door.tool.pk).update(fixed_parameters={"number": 3})
    assert list(carries(door).definition.input_schema["properties"]) == ["line"]
    assert not carries(door).forbidden
    ruled(name="Closed", forbids=True)
    assert carries(door).forbidden


def test_a_tool_fills_in_and_sets_values_for_every_persona() -> None:
    door = gate.opened({"parameter_defaults": {"line": "of the grant"}})
    rules = {"parameter_defaults": {"line": "of the tool"}, "fixed_parameters": {"number": 3}}
    Tool.objects.filter(pk=door.tool.pk).update(**rules)
    call = door.ask({})
    assert (call.status, call.arguments) == (Status.QUEUED, {"line": "of the grant", "number": 3})
    assert sorted(call.filled) == ["line", "number"]
    assert door.ask({"number": 4}).reason == "fixed_parameter"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"forbids": True, "for_flags": ["danger"]}, "for_flags"),
        ({"denied_parameters": {"line": [{"like": "x"}]}}, "denied_parameters"),
        ({"denied_parameters": {"kind:shape": ["x"]}}, "denied_parameters"),
        ({"forbids": "yes"}, "forbids"),
        ({}, ""),
        ({"forbids": True, "organization_id": 1}, "organization_id"),
        ({"forbids": True, "name": ""}, "name"),
        ({"forbids": True, "name": "x" * 121}, "name"),
        ({"denied_parameters": {"line": [float("nan")]}}, ""),
        ({"denied_parameters": {"line": ["\0"]}}, ""),
    ],
)
def test_nothing_is_saved_that_the_gate_could_not_read(fields: Any, field: str) -> None:
    with pytest.raises(InvalidRule) as told:
        ruled(**fields)
    assert field in told.value.details
    assert not PolicyRule.objects.exists()


def test_a_rule_that_only_advises_cannot_be_all_there_is() -> None:
    schema = {"type": "object", "properties": {"command": {"type": "string", "x-kind": "command"}}}
    door = gate.opened(input_schema=schema)
    words = {"denied_parameters": {"kind:command": ["rm -rf", "sudo"]}}
    with pytest.raises(InvalidRule, match="cannot be saved") as told:
        ruled(**words)
    assert door.tool.name in told.value.details["denied_parameters"][0]
    rule = ruled(**words, requires_approval=True)
    assert policy_rules.advisory(rule) == ["kind:command"]
    assert door.ask({"command": "sudo ls"}).reason == "denied_parameter"
    # Whatever becomes of the rule later, in other hands: what it lets pass is asked about.
    PolicyRule.objects.update(requires_approval=False)
    passed = door.ask({"command": "s'u'do ls"})
    assert (passed.status, passed.approvals.get().reasons) == (Status.WAITING, ["only_advised"])


def test_rules_are_for_those_who_may_set_policy() -> None:
    rule = ruled(forbids=True)
    for who, refusal in ((people.carol(), NotAllowed), (people.mallory(), NotFound)):
        for act in (
            lambda by: policy_rules.change(rule, {"enabled": False}, by=by),
            lambda by: policy_rules.remove(rule, by=by),
        ):
            with pytest.raises(refusal):
                act(who.identity)
    with pytest.raises(NotAllowed):
        policy_rules.add({"name": "Mine", "forbids": True}, by=people.carol().identity)
    with pytest.raises(RuleNameTaken):
        ruled(forbids=True)


def test_every_change_of_a_rule_is_recorded_with_what_it_says() -> None:
    adam = people.adam().identity
    rule = ruled(forbids=True)
    assert policy_rules.change(rule, {"forbids": True}, by=adam).forbids
    policy_rules.change(rule, {"enabled": False}, by=adam)
    policy_rules.remove(rule, by=adam)
    entries = AuditEntry.objects.filter(subject_type="policy_rule").order_by("pk")
    assert [entry.action for entry in entries] == [
        "policy.rule_added",
        "policy.rule_changed",
        "policy.rule_removed",
    ]
    assert entries[1].facts["changed"] == ["enabled"]
    assert entries[1].facts["rule"]["forbids"] is True


def test_a_rule_nobody_can_read_refuses_every_use() -> None:
    door = gate.opened()
    rule = ruled(denied_parameters={"line": ["x"]})
    PolicyRule.objects.filter(pk=rule.pk).update(for_flags=["danger"])
    assert door.ask({"line": "one"}).reason == "policy_error"
    assert carries(door).definition.name == door.tool.name


def test_a_rule_about_a_kind_sees_into_lists() -> None:
    """A list of addresses is of their kind: else a rule about every address would miss those that come in one."""
    items = {"type": "array", "items": {"type": "string", "x-kind": "url"}}
    door = gate.opened(input_schema={"type": "object", "properties": {"pages": items}})
    ruled(denied_parameters={"kind:url": ["evil.example"]})
    good, bad = "https://good.example/", "https://a.evil.example/x"
    assert door.ask({"pages": [good]}).status == Status.QUEUED
    assert door.ask({"pages": [good, bad]}).reason == "denied_parameter"


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ({"for_categories": ["bank"]}, {"category": "other"}),
        ({"for_flags": ["dangerous"]}, {"is_dangerous": False}),
        ({"for_flags": ["not_repeatable"]}, {"is_idempotent": True}),
    ],
)
def test_who_keeps_the_catalog_takes_no_tool_out_of_a_rule(rule: Any, change: Any) -> None:
    """Rules choose by what keepers write of a tool; leaving one takes the right to make it."""
    door = gate.opened(category="bank", is_dangerous=True)
    ruled(forbids=True, **rule)
    with pytest.raises(NotAllowed) as refused:
        catalog.update(door.tool, change, by=people.carol().identity)
    assert "Quiet lines" in refused.value.message
    assert door.ask({"line": "one"}).reason == "forbidden"
    # What does not lead out of it stays theirs to change, and who sets the rules may lead out of them.
    catalog.update(door.tool, {"description": "Writes a line."}, by=people.carol().identity)
    catalog.update(door.tool, change, by=people.adam().identity)
    assert door.ask({"line": "one"}).reason != "forbidden"
