"""Approvals: a verdict is given once, about what was seen, and a yes is used once and never later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from agents_app import personas
from agents_app.answering import history
from audit_app.exceptions import IllegalMove, StaleState
from audit_app.models import AuditEntry, ToolUsage
from audit_app.transitions import move
from project.accounts import identity as identities
from tests import gate, people
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals, calls, catalog, sweeps
from tools_app.calling import claims
from tools_app.exceptions import DigestMismatch
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db


def test_what_was_approved_is_what_runs_once() -> None:
    _, call = waiting({"line": "one", "number": 1.0})
    approval = yes(call)
    call = run_it(call)
    assert (call.status, gate.lines) == ("succeeded", [(str(call.pk), {"line": "one", "number": 1})])
    approval.refresh_from_db()
    assert approval.status == "consumed"
    assert run_it(call).status == "succeeded"
    assert len(gate.lines) == 1
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.approval_id, usage.decided_by, usage.status) == (approval.pk, "Bob", "success")


# --- The verdict itself ---


@pytest.mark.parametrize("seen", ["", "0" * 64, "x"])
@pytest.mark.parametrize("verdict", [approvals.approve, approvals.deny])
def test_verdict_about_something_else_is_refused(verdict: Callable[..., Any], seen: str) -> None:
    _, call = waiting()
    question = gate.question(call)
    with pytest.raises(DigestMismatch) as told:
        verdict(question, digest=seen, by=people.bob().identity)
    assert told.value.status == 409
    question.refresh_from_db()
    assert question.status == "pending"


def test_digest_of_another_call_does_not_fit() -> None:
    at, one = waiting()
    other = at.ask({"line": "one"})
    mine, theirs = gate.question(one), gate.question(other)
    assert mine.digest != theirs.digest
    with pytest.raises(DigestMismatch):
        approvals.approve(mine, digest=theirs.digest, by=people.bob().identity)


@pytest.mark.parametrize("first", [approvals.approve, approvals.deny])
@pytest.mark.parametrize("second", [approvals.approve, approvals.deny])
@pytest.mark.parametrize("knows", [True, False])
def test_there_is_one_verdict(first: Callable[..., Any], second: Callable[..., Any], knows: bool) -> None:
    _, call = waiting()
    question = gate.question(call)
    # An older reading that still says "pending", or one that knows it is decided: both lose the same way.
    other = question if knows else gate.question(call)
    first(question, digest=question.digest, by=people.bob().identity)
    status = question.status
    with pytest.raises(StaleState):
        second(other, digest=question.digest, by=people.adam().identity)
    assert Approval.objects.get(pk=question.pk).status == status
    assert Approval.objects.get(pk=question.pk).decided_by_name == "Bob"


def test_reason_of_a_denial_reaches_the_model_and_the_record() -> None:
    _, call = waiting()
    question = gate.question(call)
    approvals.deny(question, digest=question.digest, by=people.bob().identity, comment="Not \x00 today")
    call = ToolCall.objects.get(pk=call.pk)
    told = history.use_of(call)
    assert told.is_error
    assert told.text == "Denied (denied): Bob denied this use. Reason given: Not \\u0000 today"
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.status, usage.reason, usage.attempt) == ("denied", "denied", 1)
    assert AuditEntry.objects.filter(action="approval.denied", actor_name="Bob").exists()


def test_record_names_what_was_seen_and_who_decided() -> None:
    _, call = waiting()
    approval = yes(call)
    facts = AuditEntry.objects.get(action="approval.approved").facts
    assert (facts["digest"], facts["decided_by"], facts["call"]) == (approval.digest, "Bob", call.pk)


# --- Time ---


def test_question_nobody_answers_expires() -> None:
    _, call = waiting()
    question = gate.question(call)
    past = datetime.now(UTC) - timedelta(seconds=1)
    Approval.objects.filter(pk=question.pk).update(expires_at=past)
    with pytest.raises(StaleState):
        approvals.approve(question, digest=question.digest, by=people.bob().identity)
    with pytest.raises(StaleState):
        approvals.deny(question, digest=question.digest, by=people.bob().identity)
    assert sweeps.expire_approvals() == 1
    assert sweeps.expire_approvals() == 0
    question.refresh_from_db()
    call = ToolCall.objects.get(pk=call.pk)
    assert (question.status, call.status, call.reason) == ("expired", "expired", "expired")
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "denied"


def test_tool_says_how_long_its_questions_stay_open() -> None:
    _, call = waiting(approval_seconds=60)
    left = gate.question(call).expires_at - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def test_old_yes_never_runs_and_the_call_asks_again() -> None:
    _, call = waiting()
    approval = yes(call)
    Approval.objects.filter(pk=approval.pk).update(use_until=datetime.now(UTC) - timedelta(seconds=1))
    assert run_it(call).status == "queued"
    assert not gate.lines
    assert sweeps.expire_approvals() == 1
    approval.refresh_from_db()
    assert (approval.status, ToolCall.objects.get(pk=call.pk).status) == ("expired", "waiting")
    again = gate.question(call)
    assert again.digest != approval.digest
    yes(call)
    assert run_it(call).status == "succeeded"
    assert len(gate.lines) == 1


def test_call_whose_tool_asks_only_now_is_asked_about_at_the_claim() -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    assert call.status == "queued"
    Tool.objects.filter(pk=at.tool.pk).update(requires_approval=True)
    call = run_it(call)
    assert (call.status, gate.lines) == ("waiting", [])
    yes(call)
    assert run_it(call).status == "succeeded"


# --- States ---


def test_stop_withdraws_question_and_call() -> None:
    _, call = waiting()
    question = gate.question(call)
    calls.cancel(call, by=people.alice().identity)
    question.refresh_from_db()
    assert (question.status, call.status) == ("cancelled", "cancelled")
    with pytest.raises(StaleState):
        approvals.approve(
            Approval.objects.get(pk=question.pk), digest=question.digest, by=people.bob().identity
        )


def test_stop_takes_back_a_yes_that_was_not_used() -> None:
    _, call = waiting()
    approval = yes(call)
    calls.cancel(ToolCall.objects.get(pk=call.pk), by=people.alice().identity)
    approval.refresh_from_db()
    assert approval.status == "cancelled"
    assert run_it(call).status == "cancelled"


@pytest.mark.parametrize("status", ["denied", "expired", "superseded", "cancelled", "consumed"])
@pytest.mark.parametrize("to", sorted(Approval.Status.values))
def test_decided_question_never_moves_again(status: str, to: str) -> None:
    _, call = waiting()
    question = gate.question(call)
    if status == "consumed":
        move(question, "approved", by=people.bob().identity)
    move(question, status, by=people.bob().identity)
    with pytest.raises(IllegalMove):
        move(question, to, by=people.bob().identity)


@pytest.mark.parametrize(
    "change",
    [
        "status = 'pending'",
        "digest = 'other'",
        "about = 'outcome'",
        "covers = '{}'",
        "decided_by_id = 'nobody'",
        "decided_by_name = 'Mallory'",
        "comment = 'rewritten'",
        "expires_at = '2099-01-01 00:00:00'",
        "requester_id = 'nobody'",
        "call_id = call_id + 1",
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_database_refuses_to_rewrite_a_verdict(change: str, used: bool) -> None:
    _, call = waiting()
    approval = yes(call)
    if used:
        run_it(call)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE approvals SET {change} WHERE id = %s", [approval.pk])


def test_one_call_has_one_open_question() -> None:
    _, call = waiting()
    question = gate.question(call)
    question.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        question.save(force_insert=True)


def test_grant_changed_by_its_verb_voids_the_question_too() -> None:
    at, call = waiting()
    personas.grant(at.agent, at.tool, {"usage_limit": 3}, by=people.carol().identity)
    catalog.update(at.tool, {"description": "Another."}, by=identities.system(people.toolroom()))
    question = gate.question(call)
    with pytest.raises(DigestMismatch):
        approvals.approve(question, digest=question.digest, by=people.bob().identity)


def test_claim_of_somebody_elses_call_needs_a_yes_of_its_own() -> None:
    at, one = waiting()
    other = at.ask({"line": "two"})
    yes(one)
    Approval.objects.filter(call=other).update(status="superseded")
    ToolCall.objects.filter(pk=other.pk).update(status="queued")
    stray = ToolCall.objects.get(pk=other.pk)
    assert claims.claim(stray, by=identities.system(people.toolroom())) is None
    assert not gate.lines
