"""Why a call was decided as it was: kept with it at that moment, and told beside what would be said today."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import personas
from agents_app.models import AgentToolConfig
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tools_app import approvals, calls, facts, policy
from tools_app.exceptions import DigestMismatch
from tools_app.explain import decided, explaining, explanations
from tools_app.explain.explaining import Line, Source
from tools_app.models import PolicyRule, Tool, ToolCall

pytestmark = pytest.mark.django_db


def kept(call: ToolCall) -> list[tuple[str, str, str]]:
    return [(each.stage, each.decision, each.code) for each in decided.read(fresh(call))]


def fresh(call: ToolCall) -> ToolCall:
    return ToolCall.objects.get(pk=call.pk)


def by_check(lines: tuple[Line, ...]) -> dict[str, Line]:
    return {line.check: line for line in lines}


def changed(door: Gate, **grant: Any) -> None:
    operator = identities.system(door.tool.organization_id)
    personas.grant(door.agent, Tool.objects.get(pk=door.tool.pk), grant, by=operator)


def test_each_step_is_kept_with_the_row_its_rule_stands_in() -> None:
    door = gate.opened({"denied_parameters": {"line": ["two"]}, "usage_limit": 5}, is_dangerous=True)
    call = door.ask({"line": "one"})
    (then,) = decided.read(fresh(call))
    assert (then.stage, then.decision, then.code) == ("asked", "ask", "")
    told = by_check(then.lines)
    tool = Source("tool", door.tool.pk, "ledger")
    persona = Source("persona", door.agent.pk, str(door.agent))
    grant = Source("grant", door.grant.pk, f"{door.agent} / ledger", within=door.agent.pk)
    assert told["tool"].sources == (tool, persona, grant)
    assert told["denied"].sources == told["limit"].sources == (grant,)
    assert told["allowed"].sources == ()
    assert (told["approval"].outcome, told["approval"].sources) == ("ask", (tool,))
    assert told["limit"].text == "0 of 5 uses so far in this conversation."


def test_what_is_kept_is_what_is_told_when_it_is_asked_about() -> None:
    call = gate.opened({"denied_parameters": ["number"]}).ask({"line": "one", "number": 1})
    (then,) = decided.read(fresh(call))
    refusing = [line for line in then.lines if line.outcome == "refuse"]
    assert (then.decision, then.code) == ("refuse", "denied_parameter")
    assert [line.text for line in refusing] == [call.reason_text]
    assert [source.kind for source in refusing[0].sources] == ["grant"]


def test_it_stays_as_it_was_and_today_is_told_beside_it() -> None:
    door = gate.opened()
    call = door.ask({"line": "one"})
    before = explanations.of(fresh(call))
    assert not before.differs
    changed(door, denied_parameters={"line": ["one"]})
    after = explanations.of(fresh(call))
    assert after.then == before.then
    assert after.today is not None
    assert (after.today.decision, after.today.code, after.differs) == ("refuse", "denied_parameter", True)


def test_a_claim_that_decides_otherwise_adds_its_own_chain() -> None:
    door = gate.opened()
    call = door.ask({"line": "one"})
    changed(door, requires_approval=True)
    calls.execute(fresh(call))
    assert kept(call) == [("asked", "allow", ""), ("claim", "ask", "")]
    asked_again = by_check(decided.read(fresh(call))[1].lines)
    assert [source.kind for source in asked_again["approval"].sources] == ["grant"]


def test_a_claim_that_decides_the_same_adds_nothing() -> None:
    call = gate.opened().ask({"line": "one"})
    calls.execute(call)
    assert kept(call) == [("asked", "allow", "")]


def test_a_yes_to_something_that_has_changed_is_explained() -> None:
    door = gate.opened({"requires_approval": True})
    call = door.ask({"line": "one"})
    changed(door, usage_limit=9)
    question = gate.question(call)
    with pytest.raises(DigestMismatch):
        approvals.approve(question, digest=question.digest, by=people.bob().identity)
    assert kept(call) == [("asked", "ask", ""), ("verdict", "refuse", "definition_changed")]
    last = decided.read(fresh(call))[1].lines[-1]
    assert (last.outcome, last.text) == ("refuse", fresh(call).reason_text)


def test_what_could_not_be_read_is_not_decided_again() -> None:
    call = gate.opened().ask('{"line": ')
    told = explanations.of(fresh(call))
    assert (told.then[0].code, told.today, told.differs) == ("invalid_arguments", None, False)


def test_calls_from_before_it_was_kept_still_say_what_would_be_said_today() -> None:
    call = gate.opened().ask({"line": "one"})
    torn: list[Any] = [
        *([], {}, None, "x", [1], [{"stage": "asked"}]),
        [{"stage": "asked", "decision": "allow", "rows": 1}],
    ]
    for broken in torn:
        call.explanation = broken
        told = explanations.of(call)
        assert told.then == ()
        assert told.today is not None
        assert told.today.decision == "allow"
        assert not told.differs


def test_a_call_that_is_asked_about_again_and_again_keeps_the_first_and_the_last() -> None:
    door = gate.opened()
    call = fresh(door.ask({"line": "one"}))
    for _ in range(20):
        decided.add(call, facts.regather(call), policy.Allow(), decided.CLAIM)
    stages = [each.stage for each in decided.read(fresh(call))]
    assert stages == ["asked", *["claim"] * (decided.MOST_KEPT - 1)]


def test_it_is_small() -> None:
    rules = {"usage_limit": 5, "denied_parameters": {"line": ["x"]}, "requires_approval": True}
    call = gate.opened(rules, is_dangerous=True).ask({"line": "one"})
    assert len(str(call.explanation)) < 1_200


def test_packing_loses_nothing() -> None:
    row, other = Source("tool", 1, "a"), Source("grant", 2, "b", within=3)
    lines = (
        Line("denied", explaining.title_of("denied"), "refuse", "No.", (row, other)),
        Line("allowed", explaining.title_of("allowed"), "pass", "Yes.", (other,)),
        Line("limit", explaining.title_of("limit"), "pass", "Never.", ()),
    )
    assert explaining.unpacked(explaining.packed(lines)) == lines


def test_a_grant_that_is_gone_is_the_reason_today() -> None:
    door = gate.opened()
    call = door.ask({"line": "one"})
    AgentToolConfig.objects.filter(pk=door.grant.pk).delete()
    told = explanations.of(fresh(call))
    assert told.today is not None
    assert (told.today.code, told.differs) == ("not_granted", True)


def test_rules_of_every_layer_are_named_by_their_rows() -> None:
    door = gate.opened({"ask_when": {"line": ["one"]}}, denied_parameters={"number": [7]})
    rule = PolicyRule.objects.create(
        organization=door.tool.organization, name="Look first", ask_when={"line": ["one"]}
    )
    PolicyRule.objects.create(
        organization=door.tool.organization, name="No two", denied_parameters={"line": ["two"]}
    )
    told = decided.read(fresh(door.ask({"line": "one"})))[0].lines
    asking = {source for line in told if line.outcome == "ask" for source in line.sources}
    assert {(each.kind, each.id) for each in asking} == {
        ("organization_rule", rule.pk),
        ("grant", door.grant.pk),
    }
    assert [each.name for each in by_check(told)["denied"].sources] == ["No two", "ledger"]
    refused = decided.read(fresh(door.ask({"line": "two", "number": 7})))[0]
    names = [line.sources[0].name for line in refused.lines if line.outcome == "refuse"]
    assert names == ["No two", "ledger"]


def test_a_model_that_writes_ever_so_much_wrong_leaves_little_behind() -> None:
    call = gate.opened().ask({f"wrong{number}": "x" for number in range(3_000)})
    (then,) = decided.read(fresh(call))
    assert then.code == "invalid_arguments"
    assert max(len(line.text) for line in then.lines) < 2_010


def test_words_that_cannot_be_found_keep_nothing_from_being_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a step nobody has words for")

    door = gate.opened()
    monkeypatch.setattr(explaining, "lines", broken)
    call = door.ask({"line": "one"})
    calls.execute(call)
    assert fresh(call).status == "succeeded"
    assert [(each.decision, each.lines) for each in decided.read(fresh(call))] == [("allow", ())]
