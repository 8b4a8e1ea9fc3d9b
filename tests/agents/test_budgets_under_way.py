"""What requests under way hold back of a budget stays held back while the budget is switched or measured anew."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import budgeting, spending
from agents_app.models import Budget, BudgetWindow, ModelUsage, Run, Step
from agents_app.money import Tokens
from agents_app.spending import Held, Spent
from project.accounts import identity as identities
from tests import gate, people
from tests.agents import answering
from tests.tools.racing import unexpected

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
    from django.db import transaction

    with transaction.atomic():
        ended(step)
