"""Answers a program asked for: by token, through the whole of the loop, with nobody there to be asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents_app import factory
from agents_app.models import Conversation, Run
from tests import gate, people
from tests.flows.bound import advanced
from tests.gate import Gate
from tests.tools.asking import run_it
from tools_app import facts, policy
from tools_app.calling import askers
from tools_app.models import Approval, ToolCall

pytestmark = pytest.mark.django_db

SCRIPT = [{"call": [{"name": "ledger", "arguments": {"line": "one"}}]}, {"say": "Done."}]
TEXT = f"```script\n{json.dumps(SCRIPT)}\n```"


def opened(mode: str, **tool: Any) -> Gate:
    at = gate.opened(None, **tool)
    changed = people.carol().api().patch(f"/api/agents/{at.agent.pk}", {"unattended": mode}, format="json")
    assert (changed.status_code, changed.json()["unattended"]) == (200, mode)
    return at


def asked(at: Gate, client: Any) -> Run:
    """A conversation begun over the API, up to where its answer waits or ends."""
    sent = {"agent": at.agent.name, "text": TEXT}
    if hasattr(client, "credentials"):
        answer = client.post("/api/conversations", sent, format="json")
    else:
        answer = client.post("/api/conversations", json.dumps(sent), "application/json")
    assert answer.status_code == 201, answer.content
    talk = Conversation.objects.get(public_id=answer.json()["conversation"]["id"])
    return advanced(Run.objects.get(conversation=talk).pk)


@pytest.mark.parametrize(
    ("mode", "run", "call"),
    [("wait", "waiting", "waiting"), ("refuse", "finished", "blocked"), ("standing", "finished", "blocked")],
)
def test_what_a_program_asks_for_is_never_simply_allowed(mode: str, run: str, call: str) -> None:
    at = opened(mode, requires_approval=True)
    answer = asked(at, people.alice().api())
    found = ToolCall.objects.get(run_id=answer.pk)
    answer.refresh_from_db()
    assert (answer.status, found.status, gate.lines) == (run, call, [])
    assert found.reason == ("" if mode == "wait" else "unattended")
    assert Approval.objects.filter(call=found).exists() == (mode == "wait")


@pytest.mark.parametrize("mode", ["refuse", "standing"])
def test_a_person_in_a_browser_is_asked_all_the_same(mode: str) -> None:
    at = opened(mode, requires_approval=True)
    answer = asked(at, people.alice().browser())
    assert ToolCall.objects.get(run_id=answer.pk).status == "waiting"


@pytest.mark.parametrize("mode", ["refuse", "standing"])
def test_what_needs_nobody_runs_without_anybody(mode: str) -> None:
    at = opened(mode)
    answer = asked(at, people.alice().api())
    assert run_it(ToolCall.objects.get(run_id=answer.pk)).status == "succeeded"


def test_a_persona_that_refuses_by_now_takes_back_the_question() -> None:
    at = opened("wait", requires_approval=True)
    found = ToolCall.objects.get(run_id=asked(at, people.alice().api()).pk)
    question = gate.question(found)
    opened_again = (
        people.carol().api().patch(f"/api/agents/{at.agent.pk}", {"unattended": "refuse"}, format="json")
    )
    assert opened_again.status_code == 200
    said = {"verdict": "approve", "digest": question.digest}
    answer = people.bob().api().post(f"/api/approvals/{question.pk}/decision", said, format="json")
    found.refresh_from_db()
    assert (answer.status_code, found.status, found.reason) == (409, "blocked", "unattended")


def test_the_model_is_told_beforehand_that_nobody_is_there() -> None:
    at = opened("refuse")
    run = asked(at, people.alice().api())
    by_token = askers.person_of(run.user_id, run.organization_id, run.asked_through)
    agent = Run.objects.get(pk=run.pk).agent_type
    said = factory.client_for(agent, by_token, run).request([], tries=1).system
    assert "nobody watches it" in said
    in_person = people.alice().identity
    assert "nobody watches it" not in factory.client_for(agent, in_person, run).request([], tries=1).system


def test_an_unknown_word_is_refused_over_the_api() -> None:
    at = gate.opened()
    answer = people.carol().api().patch(f"/api/agents/{at.agent.pk}", {"unattended": "allow"}, format="json")
    assert answer.status_code == 400


@pytest.mark.parametrize("kept", [{}, {"via": ""}, {"via": None}, {"via": "schedule"}, {"via": ["session"]}])
def test_a_use_that_does_not_say_how_it_was_asked_is_nobodys(kept: dict[str, Any]) -> None:
    at = opened("refuse", requires_approval=True)
    call = at.ask({"line": "one"})
    assert call.status == "waiting"
    through = {name: value for name, value in call.asked_through.items() if name != "via"}
    ToolCall.objects.filter(pk=call.pk).update(asked_through={**through, **kept})
    call.refresh_from_db()
    again = askers.of(call).identity
    assert [askers.was_attended(call.asked_through), askers.is_attended(again)] == [False, False]
    assert not again.is_fresh
    assert policy.decide(*_facts(call)).code == "unattended"  # type: ignore[union-attr]


def _facts(call: ToolCall) -> tuple[Any, Any]:
    found = facts.regather(call)
    return found.call, found.facts
