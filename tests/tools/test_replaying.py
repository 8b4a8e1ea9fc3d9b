"""What a change of policy would have done: past calls decided again as things are and as they would be."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_app.granted import granting, grants
from audit_app.models import AuditEntry
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tools_app import calls, catalog
from tools_app.approving import instead
from tools_app.cataloging import unsaved
from tools_app.executors import paths
from tools_app.explain import replaying, trying
from tools_app.explain.replaying import Change, Replay
from tools_app.governing import layers, policy_rules
from tools_app.models import Approval, PolicyRule, Tool, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db


def granted(door: Gate, **config: Any) -> Replay:
    operator = identities.system(door.tool.organization_id)
    row = granting.unsaved(door.agent, door.tool, config, by=operator)
    return replaying.replay(
        Change(row.organization_id, grants={(door.agent.pk, door.tool.pk): grants.of(row)}),
        by=people.olga().identity,
    )


def flagged(door: Gate, **values: Any) -> Replay:
    operator = identities.system(door.tool.organization_id)
    row = unsaved.after(values, by=operator, tool=Tool.objects.get(pk=door.tool.pk))
    return replaying.replay(Change(row.organization_id, tools={row.pk: row}), by=people.olga().identity)


def ruled(door: Gate, **fields: Any) -> Replay:
    operator = identities.system(door.tool.organization_id)
    row = policy_rules.unsaved({"name": "New", **fields}, by=operator)
    return replaying.replay(
        Change(row.organization_id, rules=layers.supposing(row)), by=people.olga().identity
    )


def flips(told: Replay) -> list[tuple[Any, str, str, str]]:
    return [
        (each.call.arguments.get("line"), each.before.decision, each.after.decision, each.after.code)
        for each in told.flips
    ]


def asked(door: Gate) -> list[ToolCall]:
    return [door.ask({"line": line}) for line in ("one", "two", "three")]


def test_a_stricter_grant_names_those_it_would_have_held() -> None:
    door = gate.opened()
    asked(door)
    told = granted(door, denied_parameters={"line": ["two"]}, ask_when={"line": ["three"]})
    assert (told.looked_at, told.skipped) == (3, 0)
    assert flips(told) == [("three", "allow", "ask", ""), ("two", "allow", "refuse", "denied_parameter")]
    assert told.counts == {"allow to ask": 1, "allow to refuse": 1}
    assert [each.then for each in told.flips] == ["allow", "allow"]
    assert all(each.after.text for each in told.flips)


def test_a_looser_grant_names_those_it_would_have_let() -> None:
    door = gate.opened({"denied_parameters": {"line": ["two"]}})
    asked(door)
    assert flips(granted(door, denied_parameters=None)) == [("two", "refuse", "allow", "")]


def test_what_changes_nothing_flips_nothing() -> None:
    door = gate.opened({"denied_parameters": {"line": ["two"]}})
    asked(door)
    assert flips(granted(door, denied_parameters={"line": ["two", "four"]})) == []


def test_flags_and_rules_of_a_tool_are_replayed() -> None:
    door = gate.opened()
    asked(door)
    assert {after for _, _, after, _ in flips(flagged(door, is_dangerous=True))} == {"ask"}
    assert flips(flagged(door, denied_parameters={"line": ["one"]})) == [
        ("one", "allow", "refuse", "denied_parameter")
    ]
    assert {code for *_, code in flips(flagged(door, enabled=False))} == {"tool_disabled"}


def test_a_stricter_schema_is_replayed_with_what_the_model_gave() -> None:
    door = gate.opened({"parameter_defaults": {"number": 1}})
    asked(door)
    schema = {**gate.SCHEMA, "required": ["number"]}
    assert flips(flagged(door, input_schema=schema)) == []
    bare = gate.opened(name="other_ledger")
    asked(bare)
    assert {code for *_, code in flips(flagged(bare, input_schema=schema))} == {"invalid_arguments"}


def test_a_rule_of_the_organization_is_replayed_over_the_tools_it_speaks_of() -> None:
    door, other = gate.opened(), gate.opened(name="other_ledger")
    asked(door)
    asked(other)
    told = ruled(door, for_tools=["ledger"], denied_parameters={"line": ["two"]})
    assert (told.looked_at, flips(told)) == (3, [("two", "allow", "refuse", "denied_parameter")])
    everywhere = ruled(door, denied_parameters={"line": ["two"]})
    assert (everywhere.looked_at, len(everywhere.flips)) == (6, 2)


def test_a_grant_that_is_taken_away_refuses() -> None:
    door = gate.opened()
    asked(door)
    change = Change(door.tool.organization_id, grants={(door.agent.pk, door.tool.pk): None})
    told = replaying.replay(change, by=people.olga().identity)
    assert {code for *_, code in flips(told)} == {"not_granted"}


def test_a_lower_limit_holds_the_later_ones() -> None:
    door = gate.opened()
    for call in asked(door):
        calls.execute(call)
    told = granted(door, usage_limit=1)
    assert flips(told) == [("three", "allow", "refuse", "limit"), ("two", "allow", "refuse", "limit")]


def test_other_personas_are_not_concerned_by_a_grant() -> None:
    door = gate.opened()
    other = gate.opened_for(door.tool)
    asked(door)
    asked(other)
    assert granted(door, allow_use=False).looked_at == 3
    assert flagged(door, enabled=False).looked_at == 6


def test_only_the_last_ones_are_looked_at() -> None:
    door = gate.opened()
    asked(door)
    change = Change(door.tool.organization_id, grants={(door.agent.pk, door.tool.pk): None})
    told = replaying.replay(change, by=people.olga().identity, last=2)
    assert [each.call.arguments["line"] for each in told.flips] == ["three", "two"]


def test_what_could_not_be_read_and_tries_of_drafts_are_left_out() -> None:
    door = gate.opened()
    door.ask('{"line": ')
    call = door.ask({"line": "one"})
    ToolCall.objects.filter(pk=call.pk).update(asked_through={**call.asked_through, "draft": "x"})
    told = granted(door, allow_use=False)
    assert (told.looked_at, told.skipped) == (0, 2)


def test_a_file_is_what_it_was_though_it_is_gone_by_now(tmp_path: Any, settings: Any) -> None:
    settings.FILE_ROOTS = [str(tmp_path)]
    paths.forget() if hasattr(paths, "forget") else None
    (tmp_path / "notes.txt").write_text("x")
    door = gate.opened()
    door.ask({"path": "notes.txt"})
    (tmp_path / "notes.txt").unlink()
    told = granted(door, denied_parameters={"path": ["notes.txt"]})
    assert [(each.before.decision, each.after.code) for each in told.flips] == [("allow", "denied_parameter")]
    allowed = granted(door, allowed_parameters={"path": ["elsewhere"]})
    assert [each.after.code for each in allowed.flips] == ["parameter_not_allowed"]


def test_calls_from_before_meanings_were_kept_are_looked_up() -> None:
    door = gate.opened()
    asked(door)
    ToolCall.objects.update(explanation=[])
    told = granted(door, denied_parameters={"line": ["two"]})
    assert [(each.then, each.after.decision) for each in told.flips] == [("", "refuse")]


def test_rules_that_cannot_be_read_refuse_before_and_after() -> None:
    door = gate.opened()
    asked(door)
    PolicyRule.objects.create(organization=door.tool.organization, name="Torn", denied_parameters={"a": 5})
    healed = replaying.replay(Change(door.tool.organization_id, rules=()), by=people.olga().identity)
    assert {(before, after) for _, before, after, _ in flips(healed)} == {("refuse", "allow")}


def test_nothing_is_written_and_many_calls_cost_no_more_statements() -> None:
    door = gate.opened()

    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            granted(door, denied_parameters={"line": ["two"]}, usage_limit=50)
        assert not [each for each in found if each["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        return len(found)

    asked(door)
    people.olga()
    few = statements()
    for _ in range(10):
        asked(door)
    assert statements() == few
    assert not Approval.objects.exists()
    assert not UsageCounter.objects.exists()


def told(who: Person, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = who.api().post("/api/replays", body, format="json")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_over_rest_by_those_who_may_make_the_change() -> None:
    door = gate.opened()
    asked(door)
    body = {"tool": door.tool.pk, "agent": door.agent.pk, "values": {"denied_parameters": {"line": ["two"]}}}
    item = told(people.adam(), body)
    assert (item["looked_at"], item["counts"]) == (3, {"allow to refuse": 1})
    (flip,) = item["flips"]
    assert (flip["before"]["decision"], flip["after"]["code"]) == ("allow", "denied_parameter")
    assert (flip["person"], flip["url"]) == ("Alice", f"/admin/tools_app/toolcall/{flip['call']}/change/")
    assert told(people.carol(), body)["looked_at"] == 0
    told(people.alice(), body, 403)
    told(people.mallory(), body, 404)


def test_over_rest_a_change_that_could_not_be_saved_is_refused_as_by_saving() -> None:
    door = gate.opened()
    body = {"tool": door.tool.pk, "agent": door.agent.pk, "values": {"usage_limit": -5}}
    assert "usage_limit" in told(people.carol(), body, 400)["error"]["details"]
    flags = {"tool": door.tool.pk, "values": {"input_schema": {"type": "array"}}}
    assert "input_schema" in told(people.carol(), flags, 400)["error"]["details"]
    for wrong in (
        {},
        {"agent": door.agent.pk},
        {"tool": door.tool.pk, "rule": None},
        {"tool": door.tool.pk, "remove": True},
    ):
        told(people.carol(), wrong, 400)


def test_over_rest_rules_of_the_organization() -> None:
    door = gate.opened()
    asked(door)
    rule = {"rule": None, "values": {"name": "New", "forbids": True, "for_tools": ["led*"]}}
    assert told(people.adam(), rule)["counts"] == {"allow to refuse": 3}
    row = policy_rules.add(rule["values"], by=people.adam().identity)  # type: ignore[arg-type]
    assert told(people.adam(), {"rule": row.pk, "remove": True})["counts"] == {"refuse to allow": 3}
    assert PolicyRule.objects.get().enabled
    told(people.adam(), {"rule": None, "remove": True}, 400)
    told(people.mallory(), {"rule": row.pk, "remove": True}, 404)
    told(people.carol(), rule, 403)


def test_a_try_in_the_admin_is_a_call_like_any_other() -> None:
    door = gate.opened()
    who = trying.asked(people.carol().identity, agent_type_id=door.agent.pk)
    trying.use(door.tool, '{"line": "one"}', who, by=people.carol().identity)
    catalog.update(door.tool, {"description": "Writes it."}, by=people.carol().identity)
    assert flips(granted(door, allow_use=False)) == [("one", "allow", "refuse", "use_not_allowed")]


def test_a_pattern_that_hits_tells_nobody_what_others_wrote() -> None:
    """Whether a rule of one's own choosing would flip a call is an answer about its arguments, letter by letter."""
    door = gate.opened()
    door.ask({"line": "narwhal"})
    sent = {
        "tool": door.tool.pk,
        "agent": door.agent.pk,
        "values": {"denied_parameters": {"line": [{"regex": "^n"}]}},
    }
    told = people.carol().api().post("/api/replays", sent, format="json").json()
    assert (told["looked_at"], told["whose"], told["flips"], told["counts"]) == (0, "yours", [], {})
    assert not AuditEntry.objects.filter(action="record.read").exists()
    told = people.adam().api().post("/api/replays", sent, format="json").json()
    assert (told["looked_at"], told["whose"], len(told["flips"])) == (1, "everybody", 1)
    assert AuditEntry.objects.get(action="record.read").facts["page"] == "replay"


def test_a_use_that_went_on_in_another_call_counts_once() -> None:
    door = gate.opened(requires_approval=True)
    first = door.ask({"line": "one"})
    ToolCall.objects.filter(pk=first.pk).update(limit_reserved=True)
    question = gate.question(first)
    bob = people.bob().identity
    new = instead.edit(question, digest=question.digest, arguments={"line": "two"}, by=bob).call
    assert ToolCall.objects.get(pk=new.pk).limit_reserved
    later = door.ask({"line": "three"})
    flips = {each.call.pk for each in granted(door, usage_limit=1).flips}
    assert later.pk in flips
    flips = {each.call.pk for each in granted(door, usage_limit=2).flips}
    assert later.pk not in flips
