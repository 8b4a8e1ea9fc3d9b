"""Steps and time of one answer: at a limit it asks its person, answers with what it has, or ends, as it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents_app import runs, sweeps
from agents_app.answering import allowance, continuing
from agents_app.exceptions import MayNotGoOn, NothingToContinue
from agents_app.models import AgentType, Message, Run, Step
from audit_app.models import AuditEntry
from tests import gate, people
from tests.agents import answering
from tests.agents.answering import CLOCK
from tools_app.explain import explanations
from tools_app.models import ToolCall

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

LAST = {"say": "It is noon."}


def rests(**fields: Any) -> Run:
    """An answer that has taken its two turns, and would take more."""
    agent = answering.persona(max_steps=2, **fields)
    return answering.asked(answering.talk(agent), CLOCK, CLOCK, CLOCK, CLOCK, LAST)


def turns(run: Run) -> int:
    return Step.objects.filter(run=run).model_turns().count()


def words(run: Run) -> str:
    return " ".join(said.text for said in Message.objects.filter(steps__run=run).order_by("pk")).strip()


def test_the_person_is_asked_and_the_answer_holds_no_worker() -> None:
    run = rests()
    assert (run.status, run.reason, turns(run)) == ("waiting", "step_limit", 2)
    assert (run.lease_until, allowance.open_choices(run)) == (None, ["go_on", "answer_now"])
    assert not runs.claim(answering.again(run))
    assert run.pk not in set(sweeps.overdue())
    assert AuditEntry.objects.filter(action="run.waiting", facts__reason="step_limit").count() == 1


def test_going_on_gives_as_much_again_each_time() -> None:
    run = rests()
    for taken in (4, 5):
        continuing.go_on(run, by=people.alice().identity)
        run = answering.advanced(run)
        assert turns(run) == taken
    assert (run.status, run.reason) == ("finished", "")
    assert words(run) == "It is noon."
    chosen = AuditEntry.objects.filter(action="run.queued", facts__chose="go_on")
    assert [entry.actor_name for entry in chosen] == ["Alice", "Alice"]


def test_answering_now_takes_one_more_turn_without_tools() -> None:
    run = rests()
    continuing.answer_now(run, by=people.alice().identity)
    run = answering.advanced(run)
    assert (run.status, turns(run)) == ("finished", 3)
    assert words(run) == "I have to answer without that tool now."


def test_a_persona_may_answer_with_what_it_has_without_asking() -> None:
    run = rests(at_limits="answer")
    assert (run.status, turns(run)) == ("finished", 3)


def test_a_persona_may_end_there() -> None:
    run = rests(at_limits="stop")
    assert (run.status, run.reason, turns(run)) == ("failed", "step_limit", 2)
    with pytest.raises(NothingToContinue):
        continuing.go_on(run, by=people.alice().identity)


def test_a_program_lifts_no_limit_by_itself() -> None:
    """It has the person's word for it only if its token has the scope to decide about the person's requests."""
    run = rests()
    address, chosen = f"/api/runs/{run.pk}/continuation", {"choice": "go_on"}
    refused = people.alice().api("chat").post(address, chosen, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "may_not_go_on")
    allowed = people.alice().api("chat", "approvals.decide_own").post(address, chosen, format="json")
    assert allowed.status_code == 200


def test_the_rule_of_the_moment_decides_whether_one_may_go_on() -> None:
    run = rests()
    AgentType.objects.filter(pk=run.agent_type_id).update(at_limits="stop")
    with pytest.raises(MayNotGoOn):
        continuing.go_on(run, by=people.alice().identity)
    continuing.answer_now(run, by=people.alice().identity)
    assert answering.advanced(run).status == "finished"


def test_two_clicks_at_once_have_one_winner() -> None:
    who = people.alice().identity
    for _ in range(5):
        run = rests() if not Run.objects.exists() else _rests_again()
        one, other = answering.again(run), answering.again(run)
        said = gate.at_once(
            lambda one=one: continuing.go_on(one, by=who),
            lambda other=other: continuing.answer_now(other, by=who),
        )
        assert sorted(type(each).__name__ for each in said) == ["NothingToContinue", "Run"]


def _rests_again() -> Run:
    return answering.asked(
        answering.talk(AgentType.objects.get(name="clerk")), CLOCK, CLOCK, CLOCK, CLOCK, LAST
    )


def test_a_late_click_does_not_wake_an_answer_that_rests_for_the_next_time() -> None:
    run = rests()
    stale = answering.again(run)
    continuing.go_on(run, by=people.alice().identity)
    run = answering.advanced(run)
    assert run.resting_since is not None
    with pytest.raises(NothingToContinue):
        continuing.go_on(stale, by=people.alice().identity)


def test_nobody_waits_for_ever() -> None:
    run = rests()
    sweeps.end_unanswered()
    assert answering.again(run).status == "waiting"
    Run.objects.filter(pk=run.pk).update(resting_since=datetime.now(UTC) - timedelta(days=30))
    sweeps.end_unanswered()
    run = answering.again(run)
    assert (run.status, run.reason) == ("failed", "step_limit")


def test_stop_ends_what_rests() -> None:
    run = rests()
    runs.cancel(run, by=people.alice().identity)
    assert answering.again(run).status == "cancelled"


def test_time_is_what_models_and_tools_took_and_side_by_side_counts_once() -> None:
    start = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def at(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    model = ("model", at(0), at(10), None, None)
    tools = [("tool", at(10), at(99_999), at(20), at(50)), ("tool", at(10), at(10), at(30), at(60))]
    never_ran = ("tool", at(10), at(10), None, None)
    assert allowance.worked([*tools, never_ran, model]) == 10 + 40


def test_an_answer_that_works_too_long_is_cut_and_its_person_asked() -> None:
    agent = answering.persona(max_seconds=1)
    slow = {"say": "one two three four five six", "pace_ms": 400}
    run = answering.asked(answering.talk(agent), slow, {"say": "Done."})
    assert (run.status, run.reason) == ("waiting", "time_limit")
    said = Message.objects.get(steps__run=run)
    assert said.ending == "interrupted"
    assert said.text.startswith("one")
    continuing.go_on(run, by=people.alice().identity)
    run = answering.advanced(run)
    assert run.status in ("finished", "waiting")


def test_the_model_is_told_when_little_is_left() -> None:
    run = Run(agent_type=AgentType(max_steps=24))
    assert allowance.told(run, allowance.Allowance(4, None)) == ""
    assert "3 turns are left" in allowance.told(run, allowance.Allowance(3, None))
    assert "last turn" in allowance.told(run, allowance.Allowance(1, None))
    assert allowance.told(run, allowance.Allowance(9, 61.0)) == ""
    assert "20 seconds" in allowance.told(run, allowance.Allowance(9, 20.0))
    assert "300 tokens" in allowance.told(run, allowance.Allowance(9, None), room=300)
    run.answers_now = True
    assert "Answer now" in allowance.told(run, allowance.Allowance(0, None))


def test_one_turn_may_not_ask_for_any_number_of_uses(settings: Any) -> None:
    settings.MAX_USES_PER_TURN = 2
    clock = CLOCK["call"][0]
    run = answering.asked(answering.talk(answering.persona()), {"call": [clock] * 500}, LAST)
    assert (run.status, words(run)) == ("finished", "It is noon.")
    made = ToolCall.objects.filter(run_id=run.pk).order_by("pk")
    assert [(call.status, call.reason) for call in made] == [
        ("succeeded", ""),
        ("succeeded", ""),
        ("blocked", "too_many_uses"),
    ]
    assert made[2].reason_text.startswith("500 uses were asked for at once and the first 2 were taken")
    then = explanations.of(made[2]).then
    assert [(each.stage, each.decision) for each in then] == [("asked", "refuse")]
