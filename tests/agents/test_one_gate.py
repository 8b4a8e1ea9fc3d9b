"""One gate: the same use is decided, told, explained and recorded alike through every door (`doors`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agents_app import decisions
from agents_app.models import AgentType
from audit_app.models import AuditEntry, ToolUsage
from tests import gate, people
from tests.agents.doors import DOORS, Door
from tests.gate import Gate
from tests.tools.allowing import allowed
from tools_app import calls
from tools_app.builtin_tools import ask_user
from tools_app.explain import decided, trying
from tools_app.governing import switches
from tools_app.models import Approval, PolicyRule, Tool, ToolCall

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Case:
    """A grant, flags of the tool, what else there is, what is asked, and what the gate must make of it."""

    name: str
    arguments: dict[str, Any]
    decision: str
    code: str = ""
    grant: dict[str, Any] = field(default_factory=dict)
    tool: dict[str, Any] = field(default_factory=dict)
    also: Callable[[Gate, Any], object] | None = None
    # What it is where nobody is there to be asked, if that is another thing.
    alone: tuple[str, str] | None = None

    def expected(self, door: Door) -> tuple[str, str]:
        return self.alone if self.alone and not door.attended else (self.decision, self.code)


def rule(**fields: Any) -> Callable[[Gate, Any], object]:
    return lambda at, _: PolicyRule.objects.create(organization=at.tool.organization, name="New", **fields)


def file_says(text: str) -> Callable[[Gate, Any], object]:
    """What the operator's file says; `settings` also names the folder it lies in."""

    def write(_: Gate, settings: Any) -> None:
        Path(settings.POLICY_FILE).write_text(text)

    return write


def thrown(target: Callable[[Gate], switches.Target]) -> Callable[[Gate, Any], object]:
    return lambda at, _: switches.throw(target(at), reason="Being mended.", by=people.adam().identity)


def unattended(mode: str) -> Callable[[Gate, Any], object]:
    return lambda at, _: AgentType.objects.filter(pk=at.agent.pk).update(unattended=mode)


def from_now_on(at: Gate, _: Any) -> None:
    """Carol was allowed such uses everywhere, whatever asks for them."""
    allowed(at.ask(LINE, identity=people.carol().identity), everywhere=True, uses=9)


def all_of(*acts: Callable[[Gate, Any], object]) -> Callable[[Gate, Any], object]:
    def do(at: Gate, settings: Any) -> None:
        for act in acts:
            act(at, settings)

    return do


COLOUR = {"question": "Which colour?", "options": ["red", "green"]}
ASK_USER: dict[str, Any] = {
    "name": "ask_user",
    "tool_type": "builtin",
    "executor": "builtin",
    "input_schema": ask_user.DEFINITION.input_schema,
}
LINE = {"line": "one"}
ASKS = {"requires_approval": True}
CASES = [
    Case("plain", LINE, "allow"),
    Case("filled in", {}, "allow", grant={"parameter_defaults": {"line": "by policy"}}),
    Case("the tool asks", LINE, "ask", tool=ASKS),
    Case("dangerous", LINE, "ask", tool={"is_dangerous": True}),
    Case("the grant asks", LINE, "ask", grant=ASKS),
    Case("a value asks", LINE, "ask", grant={"ask_when": {"line": ["ONE"]}}),
    Case("another value does not", LINE, "allow", grant={"ask_when": {"line": ["two"]}}),
    Case("unfit", {"line": 5}, "refuse", "invalid_arguments"),
    Case("unknown parameter", {"other": "x"}, "refuse", "invalid_arguments"),
    Case("reserved", {"user_id": "1"}, "refuse", "reserved_parameter"),
    Case("denied", LINE, "refuse", "denied_parameter", grant={"denied_parameters": {"line": ["one"]}}),
    Case("not listed", LINE, "refuse", "parameter_not_allowed", grant={"allowed_parameters": ["number"]}),
    Case("fixed", LINE, "refuse", "fixed_parameter", grant={"fixed_parameters": {"line": "x"}}),
    Case("never", LINE, "refuse", "limit", grant={"usage_limit": 0}),
    Case("no more today", LINE, "refuse", "daily_limit", grant={"person_daily_limit": 0}),
    Case("no more for anybody", LINE, "refuse", "daily_limit", tool={"daily_limit": 0}),
    Case("may not run", LINE, "refuse", "use_not_allowed", grant={"allow_use": False}),
    Case("not offered", LINE, "refuse", "not_offered", grant={"enabled_for_agent": False}),
    Case("switched off", LINE, "refuse", "tool_disabled", tool={"enabled": False}),
    Case("out of bounds", {"path": "/etc/passwd"}, "refuse", "hard_limit"),
    Case(
        "no permission", LINE, "refuse", "missing_permission", tool={"required_permissions": ["audit.view"]}
    ),
    Case(
        "the tool forbids", LINE, "refuse", "denied_parameter", tool={"denied_parameters": {"line": ["one"]}}
    ),
    Case("a value of the tool asks", LINE, "ask", tool={"ask_when": {"line": ["one"]}}),
    Case("a rule forbids", LINE, "refuse", "forbidden", also=rule(forbids=True)),
    Case(
        "a rule forbids a value",
        LINE,
        "refuse",
        "denied_parameter",
        also=rule(denied_parameters={"line": ["one"]}),
    ),
    Case("a rule asks", LINE, "ask", also=rule(requires_approval=True)),
    Case(
        "a rule lists others",
        LINE,
        "refuse",
        "parameter_not_allowed",
        also=rule(allowed_parameters=["number"]),
    ),
    Case("a rule about other tools", LINE, "allow", also=rule(forbids=True, for_tools=["other"])),
    Case(
        "the operator forbids",
        LINE,
        "refuse",
        "forbidden",
        also=file_says('[[rules]]\nname = "No"\nforbids = true\n'),
    ),
    Case("the operator's file is torn", LINE, "refuse", "policy_error", also=file_says("[[rules")),
    Case(
        "the tool is stopped",
        LINE,
        "refuse",
        "kill_switch",
        also=thrown(lambda at: switches.of_tool(at.tool)),
    ),
    Case("allowed from now on", LINE, "allow", grant=ASKS, also=from_now_on),
    Case(
        "nobody is there", LINE, "ask", tool=ASKS, also=unattended("refuse"), alone=("refuse", "unattended")
    ),
    Case("nobody is there, nothing asks", LINE, "allow", also=unattended("refuse")),
    Case("nobody is there, it waits", LINE, "ask", tool=ASKS, also=unattended("wait")),
    Case(
        "nobody is there, and nothing was allowed",
        LINE,
        "ask",
        tool=ASKS,
        also=unattended("standing"),
        alone=("refuse", "unattended"),
    ),
    Case(
        "nobody is there, and it was allowed",
        LINE,
        "allow",
        tool=ASKS,
        also=all_of(from_now_on, unattended("standing")),
    ),
    Case(
        "nobody is there, and no word counts but one given now",
        LINE,
        "allow",
        tool=ASKS,
        also=all_of(from_now_on, unattended("refuse")),
        alone=("refuse", "unattended"),
    ),
    Case("a question to the person", COLOUR, "ask", tool=ASK_USER),
    Case(
        "a question to nobody",
        COLOUR,
        "ask",
        tool=ASK_USER,
        also=unattended("refuse"),
        alone=("refuse", "unattended"),
    ),
]
# What a refused, asked or allowed use is when it has just been asked for.
BORN = {"refuse": "blocked", "ask": "waiting", "allow": "queued"}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def at(case: Case, settings: Any, tmp_path: Path) -> Gate:
    """The tool and the persona of a case, used by Carol: she may also try."""
    settings.POLICY_FILE, settings.POLICY_FILE_IS_NAMED = str(tmp_path / "policy.toml"), False
    opened = gate.opened(case.grant, **case.tool)
    if case.also is not None:
        case.also(opened, settings)
    return opened


def test_every_door_is_the_same_gate(case: Case, at: Gate) -> None:
    asked = {door: door.use(at, case.arguments) for door in DOORS}
    for door, (call, told) in asked.items():
        decision, code = case.expected(door)
        assert (call.status, call.reason) == (BORN[decision], code), door
        if told is not None:
            assert (told["decision"], told["code"], told["message"]) == (decision, code, call.reason_text), (
                door
            )
        then = decided.read(ToolCall.objects.get(pk=call.pk))[0]
        assert (then.decision, then.code) == (decision, code), door
    for group in ([True], [False]) if case.alone else ([True, False],):
        same = [(door, call) for door, (call, _) in asked.items() if door.attended in group]
        assert len({json.dumps(seen(door, call), default=str) for door, call in same}) == 1


def seen(door: Door, call: ToolCall) -> list[Any]:
    """Everything a door must not make a difference to: what is kept, asked, explained and recorded."""
    chain = decided.read(ToolCall.objects.get(pk=call.pk))[0]
    return [
        [call.reason_text, call.arguments, call.filled, call.user_id, call.agent_type_id, call.tool_hash],
        [(line.check, line.outcome, line.text, line.sources) for line in chain.lines],
        questions(call),
        record(door, call),
    ]


def questions(call: ToolCall) -> list[Any]:
    return [(each.status, each.reasons, each.is_dangerous) for each in Approval.objects.filter(call=call)]


def record(door: Door, call: ToolCall) -> list[Any]:
    """What the record says of a use, but for the ids and for the way by which it was asked."""
    entries = AuditEntry.objects.filter(subject_type="call", subject_id=str(call.pk)).order_by("pk")
    usage = ToolUsage.objects.filter(tool_call_id=call.pk)
    assert {entry.facts.get("through") for entry in entries} == {door.through}
    return [
        *[(entry.action, entry.facts["persona"], entry.facts["person"]) for entry in entries],
        *[(row.status, row.reason, row.error_message, row.parameters) for row in usage],
    ]


def test_a_dry_run_says_the_same_and_does_nothing(case: Case, at: Gate) -> None:
    before = {model: model._default_manager.count() for model in (ToolCall, Approval, ToolUsage)}
    sent = {"agent": at.agent.pk, "arguments": case.arguments}
    answer = (
        people.carol().browser().post(f"/api/tools/{at.tool.pk}/try", json.dumps(sent), "application/json")
    )
    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["call"]) == (200, True, None)
    assert (told["decision"], told["code"]) == (case.decision, case.code)
    refusing = [line for line in told["explanation"] if line["outcome"] == "refuse"]
    assert bool(refusing) == (case.decision == "refuse")
    if refusing:
        # What the model is told, but for the hint not to try again, which is for it alone.
        assert told["message"].startswith(refusing[0]["text"])
    assert {model: model._default_manager.count() for model in before} == before
    assert gate.lines == []
    entry = AuditEntry.objects.get(action="tool.tried")
    assert (entry.facts["decision"], entry.actor_name) == (case.decision, "Carol")


@pytest.mark.parametrize("verdict", ["approve", "deny"])
def test_a_verdict_ends_alike_behind_every_door(verdict: str) -> None:
    at = gate.opened(ASKS)
    ended = [(door, ended_by(verdict, door.use(at, LINE)[0])) for door in DOORS]
    runs = verdict == "approve"
    assert {call.status for _, call in ended} == {"succeeded" if runs else "denied"}
    assert len(gate.lines) == (len(DOORS) if runs else 0)
    told = {
        json.dumps(
            [call.reason, call.reason_text, call.result_text, questions(call), record(door, call)],
            default=str,
        )
        for door, call in ended
    }
    assert len(told) == 1


def ended_by(verdict: str, call: ToolCall) -> ToolCall:
    question, bob = gate.question(call), gate.fresh(people.bob().identity)
    if verdict == "deny":
        decisions.deny(question, digest=question.digest, by=bob, comment="Not now.")
    else:
        decisions.approve(question, digest=question.digest, by=bob)
        calls.execute(ToolCall.objects.get(pk=call.pk))
    return ToolCall.objects.get(pk=call.pk)


@pytest.mark.parametrize("case", [CASES[0], CASES[7]], ids=lambda case: case.name)
def test_a_change_nobody_has_saved_is_judged_as_if_it_were(case: Case, at: Gate) -> None:
    draft = Tool.objects.get(pk=at.tool.pk)
    draft.requires_approval = True
    who = trying.asked(people.carol().identity, agent_type_id=at.agent.pk)
    told = trying.decide(draft, json.dumps(case.arguments), who)
    assert told.word == ("refuse" if case.decision == "refuse" else "ask")
    assert not ToolCall.objects.exists()
