"""Turns with several tool uses, and every way a model can end one (`security.md` 3.3)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings

from agents_app import runs, transcript
from agents_app.answering import history
from agents_app.answering.fencing import fenced
from agents_app.models import AgentType, Message, Run, Step
from tests.flows import acting
from tests.live import Live, wait_for
from tests.people import alice
from tools_app import approvals
from tools_app.models import Approval, ToolCall

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _seeded(live_app: Live) -> None:
    alice()
    acting.seeded()
    root = settings.FILE_ROOTS[0]
    root.mkdir(parents=True, exist_ok=True)
    (root / "ledger.txt").write_text("one line of the ledger\n")


def _plays(*turns: dict[str, Any]) -> Run:
    who = alice().identity
    return acting.say(acting.begin(who), f"```script\n{json.dumps(turns)}\n```", who)


def _uses(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def test_several_calls_of_one_turn_wait_for_the_slowest() -> None:
    turn = {
        "call": [
            _uses("current_time"),
            _uses("read_file", path="ledger.txt"),
            _uses("calculate", expression="6*7"),
        ]
    }
    run = _plays(turn, {"say": "All three are here."})
    question = acting.question(run)
    acting.until(run, "waiting")
    acting.approve(question, replace(alice().identity, authenticated_at=datetime.now(UTC)))
    acting.until(run, "finished")
    calls = ToolCall.objects.filter(run_id=run.pk).order_by("pk")
    assert [(call.tool_name, call.status) for call in calls] == [
        ("current_time", "succeeded"),
        ("read_file", "succeeded"),
        ("calculate", "succeeded"),
    ]
    assert acting.answer(run).strip().endswith("All three are here.")


def test_one_approved_and_one_denied_are_both_answered_in_order() -> None:
    uses = [
        {**_uses("read_file", path="ledger.txt"), "id": "toolu_no"},
        {**_uses("read_file", path="./ledger.txt"), "id": "toolu_yes"},
    ]
    run = _plays({"call": uses}, {"say": "One of two."})
    who = replace(alice().identity, authenticated_at=datetime.now(UTC))
    refused, wanted = _questions(run, 2)
    acting.approve(wanted, who)
    acting.until(run, "waiting")
    approvals.deny(refused, digest=refused.digest, by=who, comment="Not this one")
    acting.until(run, "finished")
    calls = ToolCall.objects.filter(run_id=run.pk).order_by("pk")
    assert [(call.tool_use_id, call.status) for call in calls] == [
        ("toolu_no", "denied"),
        ("toolu_yes", "succeeded"),
    ]
    no, yes = _results(run)
    assert (no["tool_use_id"], no["is_error"]) == ("toolu_no", True)
    assert "Not this one" in no["content"][0]["text"]
    assert yes == {
        "type": "tool_result",
        "tool_use_id": "toolu_yes",
        "content": [{"type": "text", "text": fenced("one line of the ledger\n")}],
    }


def _questions(run: Run, number: int) -> list[Approval]:
    """The questions of a run in the order of its calls, once there are so many."""
    asked = Approval.objects.filter(call__run_id=run.pk, status="pending").select_related("call")
    wait_for(lambda: asked.count() == number, what=f"{number} questions")
    return list(asked.order_by("call_id"))


def _results(run: Run) -> list[dict[str, Any]]:
    """The results of the run's first tool uses, as a request after them holds them."""
    said = transcript.build(history.exchanges(run), budget_tokens=run.agent_type.max_context_tokens)
    assert [message["role"] for message in said[:3]] == ["user", "assistant", "user"]
    assert [block["id"] for block in said[1]["content"] if block["type"] == "tool_use"] == [
        block["tool_use_id"] for block in said[2]["content"]
    ]
    results: list[dict[str, Any]] = said[2]["content"]
    return results


def test_paused_turn_goes_on_and_counts_as_a_step() -> None:
    run = _plays({"say": "First half,", "stop": "pause_turn"}, {"say": "second half."})
    acting.until(run, "finished")
    assert [said.text for said in Message.objects.filter(steps__run=run).order_by("pk")] == [
        "First half,",
        "second half.",
    ]
    assert Step.objects.filter(run=run).model_turns().count() == 2


def _ends_after(steps: int) -> None:
    """Before anybody asks: an answer that has begun keeps the persona it began with."""
    AgentType.objects.update(max_steps=steps, at_limits=AgentType.AtLimits.STOP)


def test_turn_paused_for_ever_meets_the_step_limit() -> None:
    _ends_after(3)
    run = _plays(*[{"say": "Still at it.", "stop": "pause_turn"}] * 30)
    acting.until(run, "failed", seconds=40)
    assert run.reason == "step_limit"
    assert Step.objects.filter(run=run).model_turns().count() >= 3


def test_calls_that_are_all_refused_are_answers_to_the_model() -> None:
    turn = {"call": [_uses("no_such_tool"), _uses("bash", command="ls"), _uses("calculate", nonsense=1)]}
    run = _plays(turn, {"say": "Then without."})
    acting.until(run, "finished")
    calls = ToolCall.objects.filter(run_id=run.pk).order_by("pk")
    assert [(call.status, call.reason) for call in calls] == [
        ("blocked", "unknown_tool"),
        ("blocked", "not_granted"),
        ("blocked", "invalid_arguments"),
    ]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("read_file", {"path": "/etc/passwd"}),
        ("read_file", {"path": "../secret-key"}),
        ("web_fetch", {"url": "https://127.0.0.1/"}),
        ("web_fetch", {"url": "https://[::ffff:169.254.169.254]/latest/"}),
    ],
)
def test_what_the_installation_forbids_is_never_asked_about(tool: str, arguments: dict[str, Any]) -> None:
    run = _plays({"call": [_uses(tool, **arguments)]}, {"say": "So be it."})
    acting.until(run, "finished")
    call = acting.only_call(run)
    assert (call.status, call.reason) == ("blocked", "hard_limit")


@pytest.mark.parametrize(
    "raw", ['{"expression": ', '{"expression": "1", "expression": "2"}', '{"expression": NaN}', "[]"]
)
def test_broken_tool_json_never_runs(raw: str) -> None:
    run = _plays({"call": [{"name": "calculate", "raw": raw}]}, {"say": "I give up."})
    acting.until(run, "finished")
    assert acting.only_call(run).reason == "invalid_arguments"


def test_refusal_is_named_and_left_out_of_the_next_request() -> None:
    run = _plays({"say": "No.", "stop": "refusal"})
    acting.until(run, "finished")
    assert (run.reason, Message.objects.get(steps__run=run).ending) == ("refusal", "refusal")


def test_answer_cut_at_the_length_limit_keeps_its_text() -> None:
    run = _plays({"say": "Half an ans", "stop": "max_tokens"})
    acting.until(run, "finished")
    said = Message.objects.get(steps__run=run)
    assert (said.ending, said.text) == ("max_tokens", "Half an ans")


@pytest.mark.parametrize(
    ("fault", "after", "reason", "ending"),
    [
        ("drop", 3, "provider_interrupted", "interrupted"),
        ("error", 3, "provider_interrupted", "interrupted"),
        ("quota", 0, "provider_quota", "failed"),
        ("rejected", 0, "provider_rejected", "failed"),
        ("misconfigured", 0, "provider_misconfigured", "failed"),
    ],
)
def test_trouble_of_the_provider_ends_in_a_named_state(
    fault: str, after: int, reason: str, ending: str
) -> None:
    run = _plays({"say": "one two three four five six", "fail": fault, "after": after})
    acting.until(run, "failed", seconds=40)
    said = Message.objects.get(steps__run=run)
    assert (run.reason, said.ending) == (reason, ending)
    assert bool(said.text) is bool(after)


def test_failed_answer_can_be_tried_again() -> None:
    run = _plays({"say": "one two three", "fail": "drop", "after": 1})
    acting.until(run, "failed")
    again = runs.retry(run, by=alice().identity)
    acting.until(again, "failed")
    assert Message.objects.filter(steps__run__in=[run, again]).count() == 2


def test_model_that_never_stops_calling_meets_the_step_limit() -> None:
    turn = {"call": [_uses("current_time")]}
    _ends_after(4)
    run = _plays(*[turn] * 30)
    acting.until(run, "failed", seconds=40)
    assert run.reason == "step_limit"
