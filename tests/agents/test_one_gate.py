"""One gate: the same use is decided, told and recorded alike by the chat's loop, over REST and in the admin."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents_app import conversations, loop, runs
from agents_app.models import Run
from audit_app.models import AuditEntry, ToolUsage
from tests import gate, people
from tests.gate import Gate
from tools_app import trying
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Case:
    """A grant, flags of the tool, what is asked, and what the gate must make of it."""

    name: str
    arguments: dict[str, Any]
    decision: str
    code: str = ""
    grant: dict[str, Any] = field(default_factory=dict)
    tool: dict[str, Any] = field(default_factory=dict)


LINE = {"line": "one"}
CASES = [
    Case("plain", LINE, "allow"),
    Case("filled in", {}, "allow", grant={"parameter_defaults": {"line": "by policy"}}),
    Case("the tool asks", LINE, "ask", tool={"requires_approval": True}),
    Case("dangerous", LINE, "ask", tool={"is_dangerous": True}),
    Case("the grant asks", LINE, "ask", grant={"requires_approval": True}),
    Case("a value asks", LINE, "ask", grant={"ask_when": {"line": ["ONE"]}}),
    Case("another value does not", LINE, "allow", grant={"ask_when": {"line": ["two"]}}),
    Case("unfit", {"line": 5}, "refuse", "invalid_arguments"),
    Case("unknown parameter", {"other": "x"}, "refuse", "invalid_arguments"),
    Case("reserved", {"user_id": "1"}, "refuse", "reserved_parameter"),
    Case("denied", LINE, "refuse", "denied_parameter", grant={"denied_parameters": {"line": ["one"]}}),
    Case("not listed", LINE, "refuse", "parameter_not_allowed", grant={"allowed_parameters": ["number"]}),
    Case("fixed", LINE, "refuse", "fixed_parameter", grant={"fixed_parameters": {"line": "x"}}),
    Case("never", LINE, "refuse", "limit", grant={"usage_limit": 0}),
    Case("may not run", LINE, "refuse", "use_not_allowed", grant={"allow_use": False}),
    Case("not offered", LINE, "refuse", "not_offered", grant={"enabled_for_agent": False}),
    Case("switched off", LINE, "refuse", "tool_disabled", tool={"enabled": False}),
    Case("out of bounds", {"path": "/etc/passwd"}, "refuse", "hard_limit"),
    Case(
        "no permission",
        LINE,
        "refuse",
        "missing_permission",
        tool={"required_permissions": ["audit.view"]},
    ),
]
# What a refused, asked or allowed use is when it has just been asked for.
BORN = {"refuse": "blocked", "ask": "waiting", "allow": "queued"}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def opened(case: Case) -> Gate:
    """The tool and the persona of a case, talked to by Carol: she may also try."""
    return gate.opened(case.grant, **case.tool)


def by_chat(door: Gate, case: Case) -> ToolCall:
    """What the loop makes of a model that asks for it: the real turn, with the scripted model."""
    turns = [{"call": [{"name": "ledger", "arguments": case.arguments}]}, {"say": "Done."}]
    who = people.carol().identity
    talk = conversations.start(door.agent, by=who)
    text = f"```script\n{json.dumps(turns)}\n```"
    run = conversations.post_message(talk, text, client_id=None, by=who).run
    assert runs.claim(run)
    loop.advance(Run.objects.get(pk=run.pk))
    return ToolCall.objects.get(run_id=run.pk)


def by_rest(door: Gate, case: Case) -> tuple[dict[str, Any], ToolCall]:
    sent = {"agent": door.agent.pk, "arguments": case.arguments, "dry_run": False}
    answer = people.carol().api().post(f"/api/tools/{door.tool.pk}/try", sent, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json(), ToolCall.objects.get(pk=answer.json()["call"]["id"])


def by_admin(door: Gate, case: Case) -> tuple[dict[str, Any], ToolCall]:
    """As the panel of the admin page sends it: in a session, the arguments as they were typed."""
    sent = {"agent": door.agent.pk, "raw": json.dumps(case.arguments), "dry_run": False}
    browser = people.carol().browser()
    answer = browser.post(f"/api/tools/{door.tool.pk}/try", json.dumps(sent), "application/json")
    assert answer.status_code == 201, answer.content
    return answer.json(), ToolCall.objects.get(pk=answer.json()["call"]["id"])


def test_every_door_is_the_same_gate(case: Case) -> None:
    door = opened(case)
    foretold(door, case)
    chat = by_chat(door, case)
    told_rest, rest = by_rest(door, case)
    told_admin, admin = by_admin(door, case)
    calls = [chat, rest, admin]
    assert {call.status for call in calls} == {BORN[case.decision]}
    assert {call.reason for call in calls} == {case.code}
    assert len({call.reason_text for call in calls}) == 1
    assert len({json.dumps([call.arguments, call.filled], sort_keys=True) for call in calls}) == 1
    assert {(call.user_id, call.agent_type_id, call.tool_hash) for call in calls} == {
        (people.carol().identity.user_id, door.agent.pk, chat.tool_hash)
    }
    for told in (told_rest, told_admin):
        assert (told["decision"], told["code"]) == (case.decision, case.code)
        assert told["message"] == chat.reason_text
    assert questions(chat) == questions(rest) == questions(admin)
    assert record(chat) == record(rest) == record(admin)


def questions(call: ToolCall) -> list[Any]:
    return [(each.status, each.reasons, each.is_dangerous) for each in Approval.objects.filter(call=call)]


def record(call: ToolCall) -> list[Any]:
    """What the record says of a use, but for the ids and for the way by which it was asked."""
    entries = AuditEntry.objects.filter(subject_type="call", subject_id=str(call.pk)).order_by("pk")
    usage = ToolUsage.objects.filter(tool_call_id=call.pk)
    way = trying.THROUGH if call.run_id is None else None
    assert {entry.facts.get("through") for entry in entries} == {way}
    return [
        *[(entry.action, entry.facts["persona"], entry.facts["person"]) for entry in entries],
        *[(row.status, row.reason, row.error_message, row.parameters) for row in usage],
    ]


def foretold(door: Gate, case: Case) -> None:
    """A dry run says the same, and does nothing."""
    before = {model: model._default_manager.count() for model in (ToolCall, Approval, ToolUsage)}
    sent = {"agent": door.agent.pk, "arguments": case.arguments}
    answer = people.carol().api().post(f"/api/tools/{door.tool.pk}/try", sent, format="json")
    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["call"]) == (200, True, None)
    assert (told["decision"], told["code"]) == (case.decision, case.code)
    refusing = [line for line in told["explanation"] if line["outcome"] == "refuse"]
    assert bool(refusing) == (case.decision == "refuse")
    if refusing:
        assert told["message"] in refusing[0]["text"]
    assert {model: model._default_manager.count() for model in before} == before
    assert gate.lines == []
    entry = AuditEntry.objects.get(action="tool.tried")
    assert (entry.facts["decision"], entry.actor_name) == (case.decision, "Carol")


@pytest.mark.parametrize("case", [CASES[0], CASES[7]], ids=lambda case: case.name)
def test_a_change_nobody_has_saved_is_judged_as_if_it_were(case: Case) -> None:
    door = opened(case)
    draft = Tool.objects.get(pk=door.tool.pk)
    draft.requires_approval = True
    who = trying.asked(people.carol().identity, agent_type_id=door.agent.pk)
    told = trying.decide(draft, json.dumps(case.arguments), who)
    assert told.word == ("refuse" if case.decision == "refuse" else "ask")
    assert not ToolCall.objects.exists()
