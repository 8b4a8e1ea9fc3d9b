"""The clock of a question is made with it: it counts in the database's time, and hears of what is over at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import gate, people
from tests.tools import told
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals
from tools_app.approving import instead
from tools_app.models import Approval, Delivery, QuestionClock, ToolCall
from tools_app.notices import clock, preferences

pytestmark = pytest.mark.django_db


def test_what_a_worker_takes_for_the_time_is_nothing_to_the_clock() -> None:
    """G18: a host ten minutes behind puts a question; nobody has waited, and nobody is handed anything yet."""
    told.rules(notify_by_mail=True, tell_after_minutes=5, escalate_after_minutes=10)
    approval = told.asked()
    behind = approval.created_at - timedelta(minutes=10)
    Approval.objects.filter(pk=approval.pk).update(created_at=behind)
    told.tick()
    told.tick()
    row = QuestionClock.objects.get()
    assert (row.told_at, row.escalated_at, told.told()) == (None, None, [])


def test_a_question_stands_by_one_clock() -> None:
    """When it was put and until when it stays open are read together, and so is what is allowed from now on."""
    _, call = waiting(approval_seconds=90)
    question = gate.question(call)
    assert question.expires_at - question.created_at == timedelta(seconds=90)


def _used(call: ToolCall) -> None:
    yes(call)
    run_it(call)


def _withdrawn(call: ToolCall) -> None:
    instead.withdraw(gate.question(call), by=people.alice().identity)


def _denied(call: ToolCall) -> None:
    question = gate.question(call)
    approvals.deny(question, digest=question.digest, by=people.bob().identity)


def _edited(call: ToolCall) -> None:
    question = gate.question(call)
    instead.edit(question, digest=question.digest, arguments={"line": "two"}, by=people.bob().identity)


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (_used, [("approval.decided", "consumed")]),
        (_denied, [("approval.decided", "denied")]),
        (_withdrawn, [("approval.decided", "cancelled")]),
        (_edited, [("approval.requested", "pending"), ("approval.decided", "superseded")]),
    ],
)
def test_a_program_hears_of_what_was_over_before_a_sweep(
    ending: Callable[[ToolCall], None], expected: list[tuple[str, str]]
) -> None:
    """Not that it waits, for it does not; but that it is over, once, however quick they were."""
    told.webhook(events=["approval.requested", "approval.decided"])
    _, call = waiting()
    ending(call)
    told.tick()
    told.tick()
    bodies = Delivery.objects.order_by("pk").values_list("event", "body__data__status")
    assert list(bodies) == expected


def test_who_asked_hears_of_a_quick_verdict_if_they_want() -> None:
    told.rules(notify_by_mail=True)
    preferences.change(told.with_address(people.alice()).identity, {"mail_decided": True})
    _, call = waiting()
    _denied(call)
    told.tick()
    assert told.told() == [("decided", "mail", "Alice")]


def test_a_question_from_before_is_watched_from_when_it_was_put() -> None:
    """As the rows of an installation look that was upgraded: what waits has no clock, what is over needs none."""
    told.webhook(events=["approval.requested", "approval.decided"])
    at, over = waiting()
    _denied(over)
    waits = told.asked(at=at, minutes_ago=5)
    QuestionClock.objects.all().delete()
    told.tick()
    row = QuestionClock.objects.get()
    assert (row.approval_id, row.asked_at) == (waits.pk, Approval.objects.get(pk=waits.pk).created_at)
    assert told.told() == [("requested", "webhook", "Desk")]


def test_a_verdict_while_a_sweep_begins_is_told_as_one() -> None:
    told.webhook(events=["approval.requested", "approval.decided"])
    _, call = waiting()
    (row,) = clock._unbegun()
    _denied(call)
    clock._begin(row)
    told.tick()
    assert [event for event, _, _ in told.told()] == ["decided"]
