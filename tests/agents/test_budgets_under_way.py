"""What requests under way hold back of a budget stays held back while the budget is switched or measured anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from agents_app.costs import budgeting, spending, windows
from agents_app.costs.money import Tokens
from agents_app.costs.spending import Held, Spent
from agents_app.models import Budget, BudgetWindow, ModelUsage, Run, Step
from project.accounts import identity as identities
from tests import gate, people
from tests.agents import answering
from tests.tools.racing import ROUNDS, unexpected

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

TOOK = Tokens(1_000, 4_000)


def waiting_run() -> Run:
    return answering.again(gate.opened().run)


def began(run: Run) -> tuple[Step, Held]:
    """A turn that may come to 6,000 tokens, as it stands while the model is asked."""
    held = spending.hold(run, model="scripted", prompt=1_000, max_output=5_000)
    assert isinstance(held, Held)
    number = Step.objects.filter(run=run).count() + 1
    step = Step.objects.create(
        organization_id=run.organization_id, run=run, number=number, kind="model", held=held.stored()
    )
    return step, held


def ended(step: Step) -> None:
    spending.settle(step.run, model="scripted", held=step.held, tokens=TOOK)
    Step.objects.filter(pk=step.pk).update(ended_at=step.created_at)


def changed(*changes: dict[str, Any]) -> None:
    for fields in changes:
        budgeting.change(Budget.objects.get(), fields, by=identities.system(people.toolroom()))


@pytest.mark.parametrize(
    "changes",
    [
        [{"enabled": False}, {"enabled": True}],
        [{"period": "month"}],
        [{"period": "month"}, {"period": "day"}],
        [{"scope": "organization"}],
        [{"scope": "persona"}, {"enabled": False}, {"scope": "person", "enabled": True}],
    ],
)
def test_what_is_held_stays_held(changes: list[dict[str, Any]]) -> None:
    run = waiting_run()
    answering.budget(max_tokens=10_000)
    first, _ = began(run)
    changed(*changes)
    second, held = began(run)
    assert held.prompt + held.max_output == 4_000
    assert isinstance(spending.hold(run, model="scripted", prompt=1, max_output=300), Spent)
    for step in (first, second):
        ended(step)
    window = BudgetWindow.objects.get()
    assert (window.used_tokens, window.held_tokens) == (10_000, 0)


def test_a_budget_that_is_off_goes_on_counting() -> None:
    run = waiting_run()
    answering.budget(max_tokens=10_000)
    first, _ = began(run)
    changed({"enabled": False})
    while_off, held = began(run)
    assert held.windows == ()
    ended(first)
    ended(while_off)
    changed({"enabled": True})
    assert isinstance(spending.hold(run, model="scripted", prompt=1, max_output=300), Spent)


def test_what_no_longer_falls_under_a_budget_holds_nothing_of_it() -> None:
    run = waiting_run()
    answering.budget(max_tokens=10_000)
    step, _ = began(run)
    changed({"member": people.bob().membership})
    assert not BudgetWindow.objects.exists()
    ended(step)
    assert not BudgetWindow.objects.exists()
    assert ModelUsage.objects.get().tokens == 5_000


def test_a_turn_that_ends_while_its_budget_is_changed_is_counted_once() -> None:
    run = waiting_run()
    answering.budget(max_tokens=10_000_000)
    total = 0
    for number in range(8):
        step, _ = began(run)
        other, _ = began(run)
        fields = {"scope": "organization" if number % 2 else "person"}
        said = gate.at_once(lambda step=step: _atomic(step), lambda fields=fields: changed(fields))
        assert unexpected(said) == []
        ended(other)
        total += 2 * TOOK.all
        began_anew, _ = began(run)
        window = BudgetWindow.objects.get()
        assert (window.used_tokens, window.held_tokens) == (total, 6_000)
        Step.objects.filter(pk=began_anew.pk).delete()
        BudgetWindow.objects.update(held_tokens=0)


def _atomic(step: Step) -> None:
    _in_transaction(lambda: ended(step))


def _in_transaction(what: Callable[[], object]) -> None:
    with transaction.atomic():
        what()


def test_a_first_window_misses_no_turn_that_ends_at_that_moment() -> None:
    """Between reading the book and making the window another turn may be booked; its sum must be in either."""
    run = waiting_run()
    total = 0
    for number in range(ROUNDS):
        # Begun before there is any budget: what it takes is told to all that there are when it ends.
        step, _ = began(run)
        budget = answering.budget(max_tokens=10_000_000, scope="organization", note=str(number))
        said = gate.at_once(lambda step=step: _atomic(step), lambda: _in_transaction(lambda: began(run)))
        assert unexpected(said) == []
        total += TOOK.all
        assert BudgetWindow.objects.get(budget=budget).used_tokens == total
        Step.objects.filter(ended_at__isnull=True).delete()
        Budget.objects.all().delete()


def test_a_window_is_made_as_its_budget_is_measured_by_then() -> None:
    run = waiting_run()
    budget = answering.budget(max_tokens=10_000)
    was = Budget.objects.select_related("member", "agent_type").get(pk=budget.pk)
    changed({"scope": "organization"})
    with transaction.atomic(), pytest.raises(windows.Changed):
        windows.opened(was, run, "2026-11-21")
    assert not BudgetWindow.objects.exists()
    # Whoever holds something reads it anew and goes on.
    began(run)
    assert BudgetWindow.objects.get().subject == ""


def test_a_turn_is_counted_where_its_budget_has_no_window_yet() -> None:
    run = waiting_run()
    step, _ = began(run)
    answering.budget(max_tokens=10_000)
    answering.budget(max_tokens=10_000, scope="persona", enabled=False)
    ended(step)
    assert list(BudgetWindow.objects.values_list("used_tokens", flat=True)) == [TOOK.all] * 2
