"""A worker of tools dies at each named point: everything ends properly after a restart, and nothing runs twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import redis
from django.conf import settings

from agents_app import runs
from agents_app.models import Run
from audit_app.models import AuditEntry, ToolUsage
from tests.flows import acting
from tests.live import Live
from tests.people import alice
from tools_app import approvals
from tools_app.models import ToolCall

pytestmark = [pytest.mark.django_db(transaction=True)]

ALL = ("web", "runs", "tools")
READ = "Please read the file ledger.txt"


@pytest.fixture(autouse=True)
def _seeded(live_app: Live) -> None:
    alice()
    acting.seeded()
    root = settings.FILE_ROOTS[0]
    root.mkdir(parents=True, exist_ok=True)
    (root / "ledger.txt").write_text("one line of the ledger\n")


def _approved(run: Run) -> None:
    acting.approve(acting.question(run), replace(alice().identity, authenticated_at=datetime.now(UTC)))


def test_worker_killed_between_approval_and_execution(live_app: Live) -> None:
    run = acting.asked(READ)
    question = acting.question(run)
    live_app.kill("tools")
    acting.approve(question, replace(alice().identity, authenticated_at=datetime.now(UTC)))
    assert acting.only_call(run).status == "queued"
    live_app.start_again("tools")
    acting.until(run, "finished", seconds=30)
    assert "one line of the ledger" in acting.answer(run)
    assert list(ToolUsage.objects.filter(run_id=run.pk).values_list("attempt", "status")) == [(1, "success")]


def test_a_question_outlives_the_whole_installation(live_app: Live, valkey: redis.Redis) -> None:
    run = acting.asked(READ)
    question = acting.question(run)
    acting.until(run, "waiting")
    # It rests in rows alone: no lease is renewed for it, and nothing of it stands in the broker.
    assert Run.objects.get(pk=run.pk).lease_until is None
    assert ToolCall.objects.get(pk=question.call_id).lease_until is None
    for name in ALL:
        live_app.kill(name)
    valkey.flushall()
    for name in ALL:
        live_app.start_again(name)
    acting.approve(question, replace(alice().identity, authenticated_at=datetime.now(UTC)))
    acting.until(run, "finished", seconds=40)
    assert "one line of the ledger" in acting.answer(run)
    assert list(ToolUsage.objects.filter(run_id=run.pk).values_list("attempt", "status")) == [(1, "success")]


@pytest.mark.parametrize(
    ("point", "ending", "reason"),
    [
        ("after-commit-before-publish", "succeeded", ""),
        ("after-claim", "succeeded", ""),
        ("after-intent", "failed", "outcome_unknown"),
        ("mid-effect", "failed", "outcome_unknown"),
        ("after-effect-before-settle", "failed", "outcome_unknown"),
        ("after-settle-before-event", "succeeded", ""),
    ],
)
def test_tool_worker_dies_at(live_app: Live, point: str, ending: str, reason: str) -> None:
    run = acting.asked(READ)
    question = acting.question(run)
    if point == "after-commit-before-publish":
        # Here the verdict's own process is the one that would publish: only the lost message is played.
        live_app.kill("tools")
        ToolCall.objects.filter(pk=question.call_id).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
        _approved(run)
        live_app.start_again("tools")
    else:
        acting.dies(live_app, "tools", point)
        _approved(run)
        live_app.wait_until_ended("tools")
        live_app.start_again("tools")
    if reason == "outcome_unknown":
        _looked_at(run)
    acting.until(run, "finished", seconds=40)
    call = acting.only_call(run)
    assert (call.status, call.reason) == (ending, reason)
    assert AuditEntry.objects.filter(action="call.running", subject_id=str(call.pk)).count() == call.attempt
    usages = ToolUsage.objects.filter(tool_call_id=call.pk).order_by("attempt")
    assert all(usage.status is not None for usage in usages)
    started = [usage for usage in usages if usage.reason != "worker_lost"]
    assert len(started) == 1


def _looked_at(run: Run) -> None:
    """A dangerous tool was lost half-way: the answer rests until a person has looked and says to go on."""
    question = acting.question(run)
    assert (question.about, acting.until(run, "waiting").status) == ("outcome", "waiting")
    who = replace(alice().identity, authenticated_at=datetime.now(UTC))
    approvals.approve(question, digest=question.digest, by=who, comment="Nothing was broken.")
    acting.until(run, "finished", seconds=40)
    said = acting.answer(run)
    assert "Whether it took effect is unknown" in said
    assert "Alice has looked and said to go on. Their note: Nothing was broken." in said
    assert acting.only_call(run).attempt == 1


def test_person_stops_the_answer_after_a_worker_died(live_app: Live) -> None:
    run = acting.asked(READ)
    question = acting.question(run)
    acting.dies(live_app, "tools", "mid-effect")
    acting.approve(question, replace(alice().identity, authenticated_at=datetime.now(UTC)))
    live_app.wait_until_ended("tools")
    live_app.start_again("tools")
    lost = acting.question(run)
    approvals.deny(lost, digest=lost.digest, by=alice().identity, comment="It was the wrong one.")
    run.refresh_from_db()
    assert (run.status, run.reason) == ("cancelled", "outcome_stopped")
    again = runs.retry(run, by=alice().identity)
    acting.until(again, "finished")
    assert "Alice has looked and stopped the answer. Their note: It was the wrong one." in acting.answer(
        again
    )
