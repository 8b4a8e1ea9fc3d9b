"""One gate where something comes between asking and running, or before: switches, budgets, what was read outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from agents_app.answering import halting
from agents_app.models import AgentType, Run
from project.accounts import identity as identities
from tests import gate, people
from tests.agents import answering, doors
from tests.agents.doors import DOORS
from tests.agents.test_one_gate import LINE, seen
from tests.flows.bound import advanced
from tests.gate import Gate
from tests.tools.test_information_flow import outward
from tools_app import calls
from tools_app.governing import switches
from tools_app.governing.switches import Target
from tools_app.models import ToolCall

pytestmark = pytest.mark.django_db

TURNS: list[dict[str, Any]] = [{"call": [{"name": "ledger", "arguments": LINE}]}, {"say": "Done."}]
SWITCHES: dict[str, Callable[[Gate], Target]] = {
    "tool": lambda at: switches.of_tool(at.tool),
    "persona": lambda at: halting.of_persona(at.agent),
    "organization": lambda at: switches.of_organization(at.tool.organization_id),
    "installation": lambda _: switches.INSTALLATION,
}


def thrown(at: Gate, scope: str) -> None:
    by = identities.system(None) if scope == "installation" else people.adam().identity
    switches.throw(SWITCHES[scope](at), reason="Being mended.", by=by)


def through_every_door(at: Gate) -> list[tuple[doors.Door, ToolCall]]:
    return [(door, door.use(at, LINE)[0]) for door in DOORS]


def alike(found: list[tuple[doors.Door, ToolCall]]) -> bool:
    return len({json.dumps(seen(door, call), default=str) for door, call in found}) == 1


@pytest.mark.parametrize("scope", SWITCHES)
def test_a_switch_acts_at_the_next_claim_behind_every_door(scope: str) -> None:
    at = gate.opened()
    asked = through_every_door(at)
    assert {call.status for _, call in asked} == {"queued"}
    thrown(at, scope)
    for _, call in asked:
        calls.execute(ToolCall.objects.get(pk=call.pk))
    ended = [(door, ToolCall.objects.get(pk=call.pk)) for door, call in asked]
    assert {(call.status, call.reason) for _, call in ended} == {("blocked", "kill_switch")}
    assert alike(ended)
    assert gate.lines == []


@pytest.mark.parametrize("scope", ["persona", "organization", "installation"])
def test_what_is_stopped_begins_no_answer_and_no_use(scope: str) -> None:
    at = gate.opened()
    thrown(at, scope)
    answers = [doors.talked(client(), at, TURNS) for client in (doors.browser, doors.program)]
    tries = [door.use(at, LINE)[0] for door in DOORS if door.through]
    ended = {(run.status, run.reason, run.reason_text) for run in map(again, answers)}
    (status, reason, told), *others = ended
    assert (status, reason, others) == ("failed", "kill_switch", [])
    assert {(call.status, call.reason) for call in tries} == {("blocked", "kill_switch")}
    assert all(call.reason_text.startswith(told) for call in tries)
    assert not ToolCall.objects.filter(run_id__in=[run.pk for run in answers]).exists()


def test_a_spent_budget_begins_no_answer_whoever_asks_for_it() -> None:
    at = gate.opened()
    answering.budget(max_tokens=0, scope="organization")
    answers = [doors.talked(client(), at, TURNS) for client in (doors.browser, doors.program)]
    ended = {(run.status, run.reason, run.reason_text) for run in map(again, answers)}
    assert {(status, reason) for status, reason, _ in ended} == {("failed", "budget")}
    assert len(ended) == 1
    assert not ToolCall.objects.exists()


@pytest.mark.parametrize(
    ("mode", "alone"), [("wait", "waiting"), ("refuse", "blocked"), ("standing", "blocked")]
)
def test_what_was_read_outside_is_asked_about_alike(mode: str, alone: str) -> None:
    at = outward({})
    AgentType.objects.filter(pk=at.agent.pk).update(unattended=mode)
    chats = [door for door in DOORS if not door.through]
    found = [(door, second_use(at, client())) for door, client in zip(chats, CLIENTS, strict=True)]
    assert [call.status for _, call in found] == ["waiting", alone]
    assert all(call.tainted for _, call in found)
    if alone == "waiting":
        assert alike(found)
        assert {tuple(gate.question(call).reasons) for _, call in found} == {("tainted",)}


CLIENTS = (doors.browser, doors.program)


def second_use(at: Gate, client: Any) -> ToolCall:
    """What the model asks for after a first use has brought something from outside."""
    run = doors.talked(client, at, [TURNS[0], TURNS[0], {"say": "Done."}])
    first = ToolCall.objects.get(run_id=run.pk)
    assert first.status == "queued"
    calls.execute(first)
    advanced(run.pk)
    return ToolCall.objects.filter(run_id=run.pk).latest("pk")


def again(run: Run) -> Run:
    run.refresh_from_db()
    return run
