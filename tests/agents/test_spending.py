"""Budgets of tokens and of money: checked before each request, never overshot, and what a turn took is in the book."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents_app import runs
from agents_app.answering import continuing, model_turns
from agents_app.costs import budgeting, gauge, spending
from agents_app.costs.money import Tokens
from agents_app.costs.spending import Held, Spent
from agents_app.costs.windows import Window
from agents_app.exceptions import InvalidBudget, MayNotGoOn
from agents_app.models import Budget, BudgetWindow, ModelUsage, Run, Step
from project.accounts import identity as identities
from tests import gate, people
from tests.agents import answering
from tests.agents.answering import CLOCK

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

LAST = {"say": "It is noon."}


def waiting_run(**fields: Any) -> Run:
    """A queued answer of Alice's, of which only the budgets are asked."""
    at = gate.opened()
    return answering.again(at.run)


def held(run: Run, *, prompt: int = 1_000, most: int = 1_000) -> Held | Spent:
    return spending.hold(run, model="scripted", prompt=prompt, max_output=most)


def test_what_a_turn_took_is_booked_by_person_persona_model_and_day() -> None:
    answering.price("2")
    run = answering.asked(answering.talk(answering.persona()), CLOCK, LAST)
    assert run.status == "finished"
    row = ModelUsage.objects.get()
    tokens = row.input_tokens + row.output_tokens
    assert (row.user_id, row.agent_type_id, row.model) == (run.user_id, run.agent_type_id, "scripted")
    assert (row.turns, row.input_tokens, row.output_tokens) == (2, run.input_tokens, run.output_tokens)
    assert row.nanos == run.nanos == tokens * 2_000
    assert sum(step.nanos or 0 for step in Step.objects.model_turns()) == row.nanos


def test_a_model_without_a_price_is_counted_and_said_to_have_none() -> None:
    run = answering.asked(answering.talk(answering.persona()), LAST)
    row = ModelUsage.objects.get()
    assert (row.nanos, row.unpriced_tokens) == (0, row.tokens)
    assert gauge.of(run.conversation)["unpriced_tokens"] == run.unpriced_tokens > 0


@pytest.mark.parametrize("scope", ["person", "persona", "organization", "answer"])
@pytest.mark.parametrize("measure", ["max_tokens", "max_cost"])
def test_nothing_is_asked_of_a_model_beyond_a_budget(scope: str, measure: str) -> None:
    answering.price()
    period = "answer" if scope == "answer" else "month"
    answering.budget(scope=scope, period=period, **{measure: 0})
    run = answering.asked(answering.talk(answering.persona()), LAST)
    assert (run.status, run.reason) == ("failed", "budget")
    assert "is used up" in run.reason_text
    assert not Step.objects.exists()
    assert not ModelUsage.objects.exists()


def test_money_without_a_price_is_refused_and_says_so() -> None:
    answering.budget(max_cost=Decimal(5))
    run = answering.asked(answering.talk(answering.persona()), LAST)
    assert (run.status, run.reason) == ("failed", "unpriced_model")
    assert "scripted" in run.reason_text


@pytest.mark.parametrize(
    ("fields", "falls"),
    [
        ({}, True),
        ({"agent_type": "theirs"}, True),
        ({"agent_type": "other"}, False),
        ({"member": "theirs"}, True),
        ({"member": "other"}, False),
        ({"enabled": False}, False),
    ],
)
def test_a_budget_may_be_of_one_person_or_persona_alone(fields: dict[str, Any], falls: bool) -> None:
    run = waiting_run()
    people_of = {"theirs": people.alice().membership, "other": people.bob().membership}
    agents = {"theirs": run.agent_type, "other": gate.opened_for(_tool()).agent}
    named: dict[str, dict[str, Any]] = {"member": people_of, "agent_type": agents}
    given = {name: named[name][value] if name in named else value for name, value in fields.items()}
    answering.budget(max_tokens=0, **given)
    assert isinstance(held(run), Spent) is falls


def _tool() -> Any:
    from tools_app.models import Tool

    return Tool.objects.get(name="ledger")


def test_parallel_requests_never_hold_more_than_there_is() -> None:
    run = waiting_run()
    answering.budget(max_tokens=5_000)
    # Each may come to 2,000 tokens: two fit, a third fits with a shorter answer, the others do not.
    said = gate.at_once(*[lambda: held(answering.again(run)) for _ in range(6)])
    assert [each for each in said if isinstance(each, Exception)] == []
    got = [each for each in said if isinstance(each, Held)]
    window = BudgetWindow.objects.get()
    assert window.held_tokens == sum(each.prompt + each.max_output for each in got) <= 5_000
    assert len(got) >= 2


def test_an_answer_is_asked_for_as_short_as_the_budget_is_left() -> None:
    run = waiting_run()
    answering.budget(max_tokens=1_500)
    first = held(run)
    assert isinstance(first, Held)
    assert first.max_output == 500
    assert isinstance(held(run), Spent)


def test_money_is_held_at_the_dearest_a_request_may_come_to() -> None:
    run = waiting_run()
    answering.price("10")
    answering.budget(max_cost=Decimal("0.03"))
    assert isinstance(held(run), Held)
    assert BudgetWindow.objects.get().held_nanos == 2_000 * 10_000
    assert isinstance(held(run), Spent)


def test_what_was_held_is_given_back_and_what_was_taken_stays() -> None:
    answering.price()
    answering.budget(max_tokens=50_000, max_cost=Decimal(1))
    run = answering.asked(answering.talk(answering.persona()), CLOCK, LAST)
    window = BudgetWindow.objects.get()
    assert (window.held_tokens, window.held_nanos) == (0, 0)
    assert (window.used_tokens, window.used_nanos) == (run.input_tokens + run.output_tokens, run.nanos)


@pytest.mark.parametrize("ending", ["dead", "stopped"])
def test_a_dead_or_stopped_turn_holds_nothing_and_is_charged_once(ending: str) -> None:
    run = waiting_run()
    answering.budget(max_tokens=50_000)
    assert runs.claim(run)
    got = held(run)
    assert isinstance(got, Held)
    turn = model_turns.begin(run, _client(run), got)
    if ending == "stopped":
        runs.cancel(answering.again(run), by=people.alice().identity)
    for _ in range(2):
        model_turns.abandon(answering.again(run))
    window = BudgetWindow.objects.get()
    assert (window.held_tokens, window.used_tokens) == (0, 1_000)
    assert answering.again(run).input_tokens == 1_000
    assert Step.objects.get(pk=turn.step.pk).ended_at is not None


def _client(run: Run) -> Any:
    from agents_app import factory

    return factory.client_for(run.agent_type, people.alice().identity, run)


def test_a_budget_made_today_counts_what_was_used_today() -> None:
    run = answering.asked(answering.talk(answering.persona()), LAST)
    used = run.input_tokens + run.output_tokens
    by = identities.system(people.toolroom())
    for scope in ("person", "persona", "organization"):
        made = budgeting.add({"scope": scope, "period": "month", "max_tokens": 10_000}, by=by)
        assert isinstance(held(run), Held)
        assert BudgetWindow.objects.get(budget=made).used_tokens == used
        budgeting.remove(made, by=by)


def test_changing_a_budget_begins_nothing_anew() -> None:
    answering.budget(max_tokens=50_000)
    run = answering.asked(answering.talk(answering.persona()), LAST)
    used = run.input_tokens + run.output_tokens
    by, row = identities.system(people.toolroom()), Budget.objects.get()
    budgeting.change(row, {"period": "month"}, by=by)
    assert not BudgetWindow.objects.exists()
    assert isinstance(held(run), Held)
    assert BudgetWindow.objects.get().used_tokens == used
    budgeting.change(row, {"max_tokens": used}, by=by)
    assert isinstance(held(run), Spent)


@pytest.mark.parametrize("change", [{"period": "month"}, {"enabled": False}])
def test_a_budget_changed_while_turns_run_hears_of_them(change: dict[str, Any]) -> None:
    run, by = waiting_run(), identities.system(people.toolroom())
    answering.budget(max_tokens=10_000)
    row, took = Budget.objects.get(), Tokens(1_000, 2_000)
    first = held(run)
    budgeting.change(row, change, by=by)
    budgeting.change(row, {"enabled": True}, by=by)
    second = held(run)
    for each in (first, second):
        assert isinstance(each, Held)
        spending.settle(run, model="scripted", held=each.stored(), tokens=took)
    window = BudgetWindow.objects.get()
    assert (window.used_tokens, window.held_tokens) == (6_000, 0)


def test_a_budget_made_while_a_turn_runs_hears_of_it_once() -> None:
    run, took = waiting_run(), Tokens(1_000, 2_000)
    before = held(run)
    answering.budget(max_tokens=10_000)
    other = held(run)
    for each in (before, other):
        assert isinstance(each, Held)
        spending.settle(run, model="scripted", held=each.stored(), tokens=took)
    assert BudgetWindow.objects.get().used_tokens == 6_000
    assert isinstance(held(run, prompt=4_000), Spent)


def test_the_person_may_go_on_beyond_a_budget_that_lets_them() -> None:
    answering.budget(max_tokens=0, may_go_on=True)
    talk = answering.talk(answering.persona())
    run = answering.asked(talk, LAST)
    assert (run.status, run.reason) == ("waiting", "budget")
    continuing.go_on(run, by=people.alice().identity)
    run = answering.advanced(run)
    assert (run.status, run.beyond) == ("finished", {"budgets": [Budget.objects.get().pk]})
    # For that answer alone; and what it took counts all the same.
    assert BudgetWindow.objects.get().used_tokens == run.input_tokens + run.output_tokens
    assert answering.asked(talk, LAST).status == "waiting"


@pytest.mark.parametrize(("unattended", "status"), [("wait", "waiting"), ("refuse", "failed")])
def test_a_program_is_asked_only_where_the_persona_waits(unattended: str, status: str) -> None:
    answering.budget(max_tokens=0, may_go_on=True)
    program = replace(people.alice().identity, via="token")
    talk = answering.talk(answering.persona(unattended=unattended))
    assert answering.asked(talk, LAST, who=program).status == status


def test_a_budget_that_holds_by_now_lets_nobody_go_on() -> None:
    answering.budget(max_tokens=0, may_go_on=True)
    run = answering.asked(answering.talk(answering.persona()), LAST)
    Budget.objects.update(may_go_on=False)
    for chosen in (continuing.go_on, continuing.answer_now):
        with pytest.raises(MayNotGoOn):
            chosen(run, by=people.alice().identity)


def test_answering_now_is_one_turn_beyond_the_budget() -> None:
    answering.budget(scope="answer", period="answer", max_tokens=600, may_go_on=True)
    run = answering.asked(answering.talk(answering.persona()), CLOCK, CLOCK, CLOCK, CLOCK, LAST)
    assert run.reason == "budget"
    before = Step.objects.model_turns().count()
    continuing.answer_now(run, by=people.alice().identity)
    assert answering.advanced(run).status == "finished"
    assert Step.objects.model_turns().count() == before + 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"scope": "person", "period": "day"}, "max_tokens"),
        ({"scope": "person", "period": "answer", "max_tokens": 1}, "period"),
        ({"scope": "answer", "period": "day", "max_tokens": 1}, "period"),
        ({"scope": "person", "period": "day", "max_tokens": -1}, "max_tokens"),
        ({"scope": "person", "period": "day", "max_cost": "x"}, "max_cost"),
        ({"scope": "nobody", "period": "day", "max_tokens": 1}, "scope"),
    ],
)
def test_a_budget_that_says_nothing_sound_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidBudget) as refused:
        budgeting.add(fields, by=identities.system(people.toolroom()))
    assert named in refused.value.details


def test_people_and_personas_of_elsewhere_are_not_here() -> None:
    run = waiting_run()
    theirs = {"member": people.mallory().membership}
    with pytest.raises(InvalidBudget):
        budgeting.add(
            {"scope": "person", "period": "day", "max_tokens": 1, **theirs},
            by=identities.system(run.organization_id),
        )


def test_a_budget_is_called_used_up_only_when_it_is() -> None:
    budget = Budget(scope="organization", period="day", max_tokens=300)
    assert "does not leave enough for the next request" in spending.used_up(Window(budget, tokens=120))
    assert "is used up (300 of 300 tokens)." in spending.used_up(Window(budget, tokens=300))
    dear = Budget(scope="organization", period="day", max_cost=Decimal(1))
    assert "does not leave enough" in spending.used_up(Window(dear, nanos=5))
