"""The life of a Run: whose turn it is, who wakes it, what stops it, and what becomes of dead workers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from agents_app import conversations, runs, sweeps
from agents_app.answering import model_turns
from agents_app.exceptions import NothingToRetry
from agents_app.models import Message, Run, Step
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from audit_app.transitions import move
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tools_app import calls
from tools_app import sweeps as call_sweeps
from tools_app.calling import settling
from tools_app.models import Approval, ToolCall

pytestmark = pytest.mark.django_db


def again(run: Run) -> Run:
    return Run.objects.select_related("conversation", "message").get(pk=run.pk)


def said(at: Gate, text: str = "More") -> Run:
    return conversations.post_message(at.conversation, text, client_id=None, by=people.alice().identity).run


def lose_lease(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=60))


def at_work(at: Gate) -> Run:
    run = again(at.run)
    assert runs.claim(run)
    return run


# --- Whose turn it is ---


def test_claim_takes_a_queued_run_once() -> None:
    run = again(gate.opened().run)
    other = again(run)
    assert runs.claim(run)
    assert (run.status, run.attempt, again(run).status) == ("running", 1, "running")
    assert not runs.claim(other)
    assert not runs.claim(again(run))


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled"])
def test_ended_run_is_not_claimed(status: str) -> None:
    run = at_work(gate.opened())
    move(run, status, by=identities.system(run.organization_id))
    assert not runs.claim(again(run))


def test_runs_of_a_conversation_line_up_oldest_first() -> None:
    at = gate.opened()
    second, third = said(at), said(at)
    assert not runs.claim(again(third))
    assert not runs.claim(again(second))
    first = at_work(at)
    assert not runs.claim(again(second))
    runs.finish(first)
    assert not runs.claim(again(third))
    assert runs.claim(again(second))


def test_conversations_do_not_wait_for_each_other() -> None:
    at = gate.opened()
    other = conversations.start(at.agent, by=people.alice().identity)
    elsewhere = conversations.post_message(other, "Hi", client_id=None, by=people.alice().identity).run
    at_work(at)
    assert runs.claim(again(elsewhere))


def test_database_itself_knows_one_active_run() -> None:
    at = gate.opened()
    second = said(at)
    at_work(at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=second.pk).update(status="waiting")


@pytest.mark.parametrize("status", ["waiting", "queued", "running"])
def test_open_call_keeps_its_run_asleep(status: str) -> None:
    at = gate.opened(requires_approval=status == "waiting")
    call = at.ask({"line": "one"})
    if status == "running":
        move(call, "running", by=identities.system(at.run.organization_id))
    run = at_work_with_calls(at)
    assert not runs.claim(again(run))
    ToolCall.objects.filter(pk=call.pk).update(status="failed")
    assert runs.claim(again(run))


def at_work_with_calls(at: Gate) -> Run:
    """A run that waits for the calls asked for in it."""
    Run.objects.filter(pk=at.run.pk).update(status="waiting", attempt=1)
    return again(at.run)


@pytest.mark.parametrize("end", [runs.wait, runs.finish, lambda run: runs.fail(run, reason="x", text="x")])
def test_worker_that_lost_its_run_ends_nothing(end: Callable[[Run], None]) -> None:
    at = gate.opened()
    sleeper = at_work(at)
    lose_lease(sleeper)
    runs.requeue(again(sleeper))
    awake = again(sleeper)
    assert runs.claim(awake)
    with pytest.raises(StaleState):
        end(sleeper)
    with pytest.raises(StaleState):
        runs.require_ours(sleeper)
    runs.require_ours(awake)
    assert (again(awake).status, again(awake).attempt) == ("running", 2)


# --- Waking up: the subtlest line of the house ---


@pytest.mark.django_db(transaction=True)
def test_three_calls_settling_together_wake_their_run_exactly_once() -> None:
    """Real commits, a few milliseconds apart; each settled call rings once after its commit, as receivers do."""
    at = gate.opened()
    rounds = 50 if connection.vendor == "postgresql" else 15
    dice = random.Random(4)
    for number in range(rounds):
        asked = [at.ask({"line": f"{number}.{each}"}) for each in range(3)]
        for call in asked:
            move(call, "running", by=identities.system(call.organization_id))
        run = at_work_with_calls(at)
        done = gate.at_once(*[_settled_and_rung(call, run, dice.random() * 0.003) for call in asked])
        assert sorted(done) == [False, False, True], f"round {number}: {done}"
        assert again(run).status == "running"
        Run.objects.filter(pk=run.pk).update(status="waiting")


def _settled_and_rung(call: ToolCall, run: Run, pause: float) -> Callable[[], bool]:
    worker = identities.system(call.organization_id)

    def act() -> bool:
        with transaction.atomic():
            settling.settle(call, settling.Failed("error", "Done."), by=worker)
            time.sleep(pause)
        return runs.claim(again(run))

    return act


@pytest.mark.django_db(transaction=True)
def test_one_bell_heard_by_many_workers_wakes_one() -> None:
    at = gate.opened()
    for _ in range(15):
        rows = [again(at.run) for _ in range(4)]
        claimed = gate.at_once(*[lambda row=row: runs.claim(row) for row in rows])
        assert sorted(claimed) == [False, False, False, True]
        Run.objects.filter(pk=at.run.pk).update(status="queued")


@pytest.mark.django_db(transaction=True)
def test_two_runs_of_a_conversation_are_never_active_together() -> None:
    at = gate.opened()
    for _ in range(10):
        first, second = Run.objects.filter(conversation=at.conversation).order_by("pk").first(), said(at)
        assert first is not None
        one, two = again(first), again(second)
        taken = gate.at_once(lambda one=one: runs.claim(one), lambda two=two: runs.claim(two))
        assert taken == [True, False]
        Run.objects.filter(pk=first.pk).update(status="finished")
        assert runs.claim(again(second))
        Run.objects.filter(pk=second.pk).update(status="finished")
        said(at)
        Run.objects.filter(status="finished").delete()


# --- Stop (G10) ---


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_stop_ends_a_run_wherever_it_is(status: str) -> None:
    at = gate.opened()
    Run.objects.filter(pk=at.run.pk).update(status=status)
    run = runs.cancel(again(at.run), by=people.alice().identity)
    assert (run.status, run.reason) == ("cancelled", "stopped")
    assert again(run).ended_at is not None
    assert AuditEntry.objects.get(action="run.cancelled").actor_name == "Alice"


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled"])
def test_stop_of_an_ended_run_is_told_so(status: str) -> None:
    at = gate.opened()
    Run.objects.filter(pk=at.run.pk).update(status=status)
    with pytest.raises(StaleState):
        runs.cancel(again(at.run), by=people.alice().identity)
    runs.stop(again(at.run), by=people.alice().identity)
    assert again(at.run).status == status


def test_stop_finds_a_run_that_moved_meanwhile() -> None:
    at = gate.opened()
    stale = again(at.run)
    at_work(at)
    assert runs.cancel(stale, by=people.alice().identity).status == "cancelled"


def test_stop_withdraws_calls_and_questions_and_lets_the_started_end() -> None:
    at = gate.opened()
    queued, claimed, started = (at.ask({"line": str(each)}) for each in range(3))
    for call in (claimed, started):
        move(call, "running", by=identities.system(call.organization_id))
    ToolCall.objects.filter(pk=started.pk).update(started_at=datetime.now(UTC))
    runs.cancel(at_work_with_calls(at), by=people.alice().identity)
    assert [ToolCall.objects.get(pk=call.pk).status for call in (queued, claimed, started)] == [
        "cancelled",
        "cancelled",
        "running",
    ]
    settling.settle(
        ToolCall.objects.get(pk=started.pk), settling.Failed("error", "True ending."), by=_house()
    )
    assert ToolCall.objects.get(pk=started.pk).reason_text == "True ending."
    assert again(at.run).status == "cancelled"


def test_stopped_call_is_not_started_again_when_its_worker_dies() -> None:
    at = gate.opened(is_idempotent=True)
    call = ToolCall.objects.get(pk=at.ask({"line": "one"}).pk)
    move(call, "running", by=_house(), attempt=1, started_at=datetime.now(UTC))
    ToolCall.objects.filter(pk=call.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=60))
    runs.cancel(at_work_with_calls(at), by=people.alice().identity)
    call_sweeps.give_up(ToolCall.objects.get(pk=call.pk))
    call = ToolCall.objects.get(pk=call.pk)
    assert (call.status, call.reason) == ("failed", "outcome_unknown")


def test_stop_withdraws_the_open_question() -> None:
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "one"})
    runs.cancel(at_work_with_calls(at), by=people.alice().identity)
    assert Approval.objects.get(call=call).status == "cancelled"
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "denied"


@pytest.mark.django_db(transaction=True)
def test_after_stop_nothing_starts_any_more() -> None:
    """Stop against three workers at once: what ran had been started before, and nothing runs afterwards."""
    at = gate.opened()
    for number in range(10):
        asked = [at.ask({"line": f"{number}.{each}"}) for each in range(3)]
        run = at_work_with_calls(at)
        rows = [ToolCall.objects.get(pk=call.pk) for call in asked]
        workers = [lambda row=row: calls.execute(row) for row in rows]
        told = gate.at_once(*workers, lambda run=run: runs.cancel(run, by=people.alice().identity))
        assert not [each for each in told if isinstance(each, Exception)], told
        before = len(gate.lines)
        for call in asked:
            calls.execute(ToolCall.objects.get(pk=call.pk))
        assert len(gate.lines) == before
        ended = {ToolCall.objects.get(pk=call.pk).status for call in asked}
        assert ended <= {"succeeded", "cancelled"}
        Run.objects.filter(pk=run.pk).delete()
        at = Gate(at.tool, at.agent, at.grant, at.conversation, said(at))


def _house() -> Any:
    return identities.system(people.toolroom())


# --- Another try ---


@pytest.mark.parametrize(
    ("status", "may"), [("failed", True), ("cancelled", True), ("finished", False), ("queued", False)]
)
def test_only_an_answer_that_did_not_come_is_tried_again(status: str, may: bool) -> None:
    at = gate.opened()
    Run.objects.filter(pk=at.run.pk).update(status=status)
    if not may:
        with pytest.raises(NothingToRetry):
            runs.retry(again(at.run), by=people.alice().identity)
        return
    new = runs.retry(again(at.run), by=people.alice().identity)
    assert (new.status, new.message_id) == ("queued", at.run.message_id)
    with pytest.raises(NothingToRetry):
        runs.retry(again(at.run), by=people.alice().identity)


def test_only_the_newest_answer_is_tried_again() -> None:
    at = gate.opened()
    Run.objects.filter(pk=at.run.pk).update(status="failed")
    said(at)
    with pytest.raises(NothingToRetry):
        runs.retry(again(at.run), by=people.alice().identity)


@pytest.mark.django_db(transaction=True)
def test_two_tries_at_once_are_one() -> None:
    at = gate.opened()
    Run.objects.filter(pk=at.run.pk).update(status="failed")
    rows = [again(at.run), again(at.run)]
    told = gate.at_once(*[lambda row=row: runs.retry(row, by=people.alice().identity) for row in rows])
    assert sorted(type(each).__name__ for each in told) == ["NothingToRetry", "Run"]


# --- Dead workers ---


def test_abandoned_run_goes_to_another_worker_and_keeps_what_was_said() -> None:
    at = gate.opened()
    run = at_work(at)
    message = Message.objects.create(
        organization_id=run.organization_id, conversation=run.conversation, role="assistant", text="Half an"
    )
    Step.objects.create(organization_id=run.organization_id, run=run, number=1, kind="model", message=message)
    assert list(sweeps.abandoned()) == []
    lose_lease(run)
    assert [each.pk for each in sweeps.abandoned()] == [run.pk]
    sweeps.hand_over(again(run))
    message.refresh_from_db()
    assert (again(run).status, again(run).crashes) == ("queued", 1)
    assert (message.ending, message.text) == ("interrupted", "Half an")
    assert runs.claim(again(run))


def test_run_over_which_workers_keep_dying_is_given_up() -> None:
    run = again(gate.opened().run)
    for _ in range(settings.MAX_CRASHES):
        assert runs.claim(again(run))
        lose_lease(run)
        sweeps.hand_over(again(run))
    assert (again(run).status, again(run).reason) == ("failed", "poison")
    assert not runs.claim(again(run))


def test_sweep_does_not_take_a_run_that_is_alive() -> None:
    run = at_work(gate.opened())
    sweeps.hand_over(again(run))
    assert (again(run).status, again(run).crashes) == ("running", 0)


def test_turn_that_was_cut_is_ended_once() -> None:
    run = at_work(gate.opened())
    message = Message.objects.create(
        organization_id=run.organization_id, conversation=run.conversation, role="assistant", text="Some"
    )
    Step.objects.create(organization_id=run.organization_id, run=run, number=1, kind="model", message=message)
    model_turns.abandon(run)
    ended = Message.objects.get(pk=message.pk).ended_at
    model_turns.abandon(run)
    assert Message.objects.get(pk=message.pk).ended_at == ended


def test_sweeper_finds_runs_whose_bell_was_lost() -> None:
    at = gate.opened()
    assert list(sweeps.overdue()) == []
    Run.objects.filter(pk=at.run.pk).update(created_at=datetime.now(UTC) - timedelta(hours=1))
    assert list(sweeps.overdue()) == [at.run.pk]
    call = at.ask({"line": "one"})
    at_work_with_calls(at)
    assert list(sweeps.overdue()) == []
    ToolCall.objects.filter(pk=call.pk).update(status="failed")
    assert list(sweeps.overdue()) == [at.run.pk]


@pytest.mark.parametrize("who", [people.bob, people.adam, people.mallory])
def test_nobody_else_sees_the_run(who: Callable[[], people.Person]) -> None:
    gate.opened()
    assert not Run.objects.visible_to(who().identity).exists()
