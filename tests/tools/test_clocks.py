"""The clock of a question is made with it: it counts in the database's time, and hears of what is over at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit_app.clock import NOW
from project.accounts.models import Membership
from tests import gate, people
from tests.tools import told
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals
from tools_app.approving import groups, instead
from tools_app.models import Approval, Delivery, QuestionClock, ToolCall
from tools_app.notices import audience, clock, preferences

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


def _law(people_in_it: int) -> None:
    members = [people.person(f"law{n}", Membership.Role.APPROVER) for n in range(people_in_it)]
    for each in members:
        told.with_address(each)
    groups.make("law", members=[each.membership for each in members], by=people.adam().identity)


def _statements() -> int:
    with CaptureQueriesContext(connection) as asked:
        told.tick()
    return len(asked)


@pytest.mark.parametrize("by_mail", [False, True])
def test_telling_many_people_asks_the_database_no_more_than_telling_few(by_mail: bool) -> None:
    """Beat does it, and what died is looked for behind it: each question costs some statements, and no person any."""
    told.rules(notify_by_mail=by_mail, tell_after_minutes=0)
    _law(12)
    at = gate.opened(requires_approval=True, approver_groups=["law"])
    for _ in range(3):
        told.asked(at=at)
    assert _statements() < 3 * 30
    assert len(told.told()) == (3 * 12 if by_mail else 0)
    assert QuestionClock.objects.filter(told_at__isnull=False).count() == 3


DEMANDS: list[dict[str, Any]] = [
    {},
    {"approver": "other"},
    {"approver_groups": ["law"]},
    {"approver_groups": ["law"], "approver": "other"},
]


def test_who_is_told_is_who_may_decide() -> None:
    """For many people at once it is judged from what was read of all of them; one by one it comes to the same."""
    _law(2)
    groups.make("heads", members=[people.bob().membership], by=people.adam().identity)
    policy = told.rules(escalate_to="heads")
    asked = [
        told.asked(at=gate.opened(name=f"tool{number}", requires_approval=True, **demand))
        for number, demand in enumerate(DEMANDS)
    ]
    QuestionClock.objects.filter(approval=asked[2]).update(escalated_at=NOW, escalated_to="heads")
    for approval in asked:
        members = Membership.objects.filter(organization=people.toolroom()).order_by("pk")
        able = {each.pk for each in members if audience.may_decide(each, approval)}
        assert {each.pk for each in audience.deciders(approval)} == able
        heads = {
            each.pk
            for each in members.filter(user=people.bob().user)
            if audience.may_be_handed(each, approval)
        }
        assert {each.pk for each in audience.handed_on_to(approval, policy)} == heads
    told_of = [{each.user.username for each in audience.deciders(approval)} for approval in asked]
    assert "alice" in told_of[0]
    assert "alice" not in told_of[1]
    assert told_of[2:] == [{"law0", "law1", "bob"}, {"law0", "law1"}]
