"""A worker is lost over a dangerous tool: nobody knows whether it happened, so a person says how the answer ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.db import IntegrityError, transaction

from agents_app import conversations, runs, transcript
from agents_app import sweeps as run_sweeps
from agents_app.answering import history
from agents_app.models import Message, Step
from audit_app.exceptions import IllegalMove, StaleState
from audit_app.models import AuditEntry, ToolUsage
from audit_app.transitions import move
from project.accounts import identity as identities
from tests import gate, people
from tests.tools.losing import Verdict, asked, dangerous, decide, is_claimed, lose, lost, run_of, started
from tools_app import approvals, calls, catalog, facts, sweeps
from tools_app.approving import digest, questions
from tools_app.calling import claims, settling
from tools_app.exceptions import DigestMismatch, MayNotDecide, NeedsFreshLogin
from tools_app.executors.base import ToolResult
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db


def test_lost_dangerous_use_ends_and_asks_a_person() -> None:
    call = lost(dangerous())
    question = asked(call)
    assert (call.status, call.reason) == ("failed", "outcome_unknown")
    assert (question.status, question.is_dangerous, question.requester_id) == ("pending", True, call.user_id)
    assert question.covers["arguments"] == call.arguments
    assert timedelta(hours=23) < question.expires_at - datetime.now(UTC) <= timedelta(hours=24)
    assert ToolUsage.objects.get(tool_call_id=call.pk).reason == "outcome_unknown"
    told = AuditEntry.objects.filter(stream=call.audit_stream()).order_by("-seq")[:2]
    assert [entry.action for entry in told] == ["approval.pending", "call.failed"]
    assert told[0].facts["about"] == "outcome"


def test_tool_says_how_long_a_person_may_look() -> None:
    left = asked(lost(dangerous(approval_seconds=60))).expires_at - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def test_two_lost_uses_are_two_questions_with_digests_of_their_own() -> None:
    at = dangerous()
    one, other = asked(lost(at)), asked(lost(at))
    assert one.digest != other.digest
    with pytest.raises(DigestMismatch):
        approvals.approve(one, digest=other.digest, by=gate.fresh(people.bob().identity))


def test_harmless_tool_is_told_to_the_model_and_asks_nobody() -> None:
    call = lost(gate.opened(requires_approval=True))
    assert (call.status, call.reason) == ("failed", "outcome_unknown")
    assert not Approval.objects.about_outcome().exists()
    assert list(run_sweeps.overdue()) == [call.run_id]
    assert is_claimed(call)


@pytest.mark.parametrize(("then", "later"), [(True, False), (False, True)])
def test_tool_that_was_dangerous_or_is_by_now_asks(then: bool, later: bool) -> None:
    at = gate.opened(is_dangerous=then)
    call = started(at)
    Tool.objects.filter(pk=at.tool.pk).update(is_dangerous=later)
    lose(call)
    sweeps.give_up(ToolCall.objects.get(pk=call.pk))
    assert asked(call).status == "pending"


def test_use_that_never_started_asks_nobody() -> None:
    call = started(dangerous())
    for _ in range(sweeps.MAX_ATTEMPTS):
        ToolCall.objects.filter(pk=call.pk).update(started_at=None)
        lose(call)
        sweeps.give_up(ToolCall.objects.get(pk=call.pk))
        claims.claim(ToolCall.objects.get(pk=call.pk), by=identities.system(call.organization_id))
    call = ToolCall.objects.get(pk=call.pk)
    assert (call.status, call.reason) == ("failed", "poison")
    assert not Approval.objects.about_outcome().exists()


def test_nobody_is_asked_where_no_answer_waits() -> None:
    at = dangerous()
    stopped, alone = started(at), started(at)
    runs.cancel(run_of(stopped), by=people.alice().identity)
    ToolCall.objects.filter(pk=alone.pk).update(run_id=None)
    for call in (stopped, alone):
        lose(call)
        sweeps.give_up(ToolCall.objects.get(pk=call.pk))
        assert ToolCall.objects.get(pk=call.pk).reason == "outcome_unknown"
    assert not Approval.objects.about_outcome().exists()


def test_sweeping_again_asks_once() -> None:
    call = lost(dangerous())
    sweeps.give_up(ToolCall.objects.get(pk=call.pk))
    assert Approval.objects.about_outcome().count() == 1


# --- While it is open ---


def test_answer_rests_while_the_question_is_open() -> None:
    call = lost(dangerous())
    assert not is_claimed(call)
    assert list(run_sweeps.overdue()) == []
    decide(approvals.approve, asked(call))
    # Should the bell be lost, the sweeper rings.
    assert list(run_sweeps.overdue()) == [call.run_id]
    assert is_claimed(call)
    assert not is_claimed(call)


def test_answer_rests_until_every_question_is_answered() -> None:
    at = dangerous()
    one, other = lost(at), lost(at)
    decide(approvals.approve, asked(one))
    assert not is_claimed(one)
    decide(approvals.approve, asked(other))
    assert is_claimed(one)


def test_other_answers_do_not_rest_for_it() -> None:
    at = dangerous()
    lost(at)
    elsewhere = conversations.start(at.agent, by=people.alice().identity)
    posted = conversations.post_message(elsewhere, "Hi", client_id=None, by=people.alice().identity)
    assert runs.claim(posted.run)


def test_result_that_comes_late_answers_no_question() -> None:
    call = lost(dangerous())
    running = ToolCall.objects.get(pk=call.pk)
    settling.settle(
        running, settling.Succeeded(ToolResult("late"), 1), by=identities.system(people.toolroom())
    )
    assert (ToolCall.objects.get(pk=call.pk).status, asked(call).status) == ("failed", "pending")


# --- Go on ---


def test_go_on_rings_for_the_answer(django_capture_on_commit_callbacks: Any, valkey: redis.Redis) -> None:
    call = lost(dangerous())
    valkey.flushall()
    with django_capture_on_commit_callbacks(execute=True):
        decide(approvals.approve, asked(call))
    assert valkey.llen("toolroom:runs") == 1


def test_go_on_runs_nothing_and_is_never_used_up() -> None:
    call = lost(dangerous())
    question = decide(approvals.approve, asked(call))
    calls.execute(ToolCall.objects.get(pk=call.pk))
    assert (ToolCall.objects.get(pk=call.pk).status, gate.lines) == ("failed", [])
    assert sweeps.expire_approvals() == 0
    question.refresh_from_db()
    assert (question.status, question.decided_by_name) == ("approved", "Bob")
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=question.pk).update(status="consumed")


def test_go_on_is_no_yes_to_running_it() -> None:
    """Even laid by hand under a call that waits for a yes, with a digest that fits it, it lets nothing run."""
    call = gate.opened().ask({"line": "one"})
    Tool.objects.update(requires_approval=True)
    covers = questions.covered(call, facts.regather(call), expires_at=None)
    bob = people.bob().identity
    Approval.objects.create(
        organization_id=call.organization_id,
        call=call,
        about="outcome",
        status="approved",
        covers=covers,
        digest=digest.of(covers),
        requester_id=call.user_id,
        decided_by_id=bob.user_id,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        use_until=datetime.now(UTC) + timedelta(hours=1),
    )
    calls.execute(call)
    assert (ToolCall.objects.get(pk=call.pk).status, gate.lines) == ("waiting", [])


def test_model_reads_that_it_is_unknown_that_a_person_looked_and_what_they_found() -> None:
    call = lost(dangerous())
    decide(approvals.approve, asked(call), "Half of it is \x00 there.")
    [result] = results(call)
    assert result["is_error"]
    told = result["content"][0]["text"]
    assert told.startswith(
        "Failed (outcome_unknown): The worker died while it ran. Whether it took effect is unknown"
    )
    assert told.endswith("Bob has looked and said to go on. Their note: Half of it is \\u0000 there.")


def test_without_a_note_none_is_made_up() -> None:
    call = lost(dangerous())
    decide(approvals.approve, asked(call))
    assert history.use_of(call).text.endswith("Bob has looked and said to go on.")


def results(call: ToolCall) -> list[Any]:
    """The tool results of the next request of the answer, as the model is sent them."""
    run = run_of(call)
    said = Message.objects.create(
        organization_id=run.organization_id,
        conversation=run.conversation,
        role="assistant",
        ending="complete",
    )
    use = {"type": "tool_use", "id": "toolu_1", "name": call.tool_name, "input": call.arguments}
    ToolCall.objects.filter(pk=call.pk).update(message_id=said.pk, tool_use_id="toolu_1")
    ended = {"organization_id": run.organization_id, "run": run, "ended_at": datetime.now(UTC)}
    Step.objects.create(number=1, kind="model", message=said, content=[use], **ended)
    Step.objects.create(number=2, kind="tool", tool_call=call, **ended)
    request = transcript.build(history.exchanges(run), budget_tokens=10_000)
    return [block for block in request[-1]["content"] if block["type"] == "tool_result"]


def test_a_tool_changed_since_does_not_void_the_question() -> None:
    at = dangerous()
    call = lost(at)
    catalog.update(at.tool, {"description": "Another.", "enabled": False}, by=people.carol().identity)
    at.grant.delete()
    assert decide(approvals.approve, asked(call)).status == "approved"


# --- Stop here, nobody answers, Stop ---


def test_stop_here_ends_the_answer_and_what_it_waits_for() -> None:
    at = dangerous()
    call, other = lost(at), lost(at)
    waiting = at.ask({"line": "two"})
    decide(approvals.deny, asked(call), "The table is gone.")
    run = run_of(call)
    assert (run.status, run.reason) == ("cancelled", "outcome_stopped")
    assert run.reason_text == "Bob stopped it: nobody can tell whether ledger took effect."
    assert (asked(call).status, asked(other).status) == ("denied", "cancelled")
    assert ToolCall.objects.get(pk=waiting.pk).status == "cancelled"
    assert AuditEntry.objects.get(action="run.cancelled").actor_name == "Bob"
    # Whoever asks again in this conversation: the model knows what was found.
    assert history.use_of(call).text.endswith(
        "has looked and stopped the answer. Their note: The table is gone."
    )


def test_question_nobody_answers_fails_the_answer() -> None:
    call = lost(dangerous())
    Approval.objects.filter(pk=asked(call).pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(StaleState):
        decide(approvals.approve, asked(call))
    assert sweeps.expire_approvals() == 1
    run = run_of(call)
    assert (asked(call).status, run.status, run.reason) == ("expired", "failed", "outcome_unanswered")
    assert "nobody said in time whether to go on" in run.reason_text
    assert ToolCall.objects.get(pk=call.pk).status == "failed"
    assert runs.retry(run, by=people.alice().identity).status == "queued"


@pytest.mark.parametrize("way", ["stop", "delete"])
def test_stop_withdraws_the_question(way: str) -> None:
    call = lost(dangerous())
    alice, run = people.alice().identity, run_of(call)
    runs.cancel(run, by=alice) if way == "stop" else conversations.delete(run.conversation, by=alice)
    assert (asked(call).status, run_of(call).status) == ("cancelled", "cancelled")
    for verdict in (approvals.approve, approvals.deny):
        with pytest.raises(StaleState):
            decide(verdict, asked(call))


def test_answered_question_is_closed() -> None:
    call = lost(dangerous())
    question = decide(approvals.approve, asked(call))
    with pytest.raises(StaleState):
        decide(approvals.deny, asked(call))
    for status in ("denied", "pending"):
        with pytest.raises(IllegalMove):
            move(question, status, by=people.bob().identity)
    assert run_of(call).status == "waiting"


# --- Who may decide: as for every question about the tool ---


@pytest.mark.parametrize("verdict", [approvals.approve, approvals.deny])
@pytest.mark.parametrize(
    ("who", "approver", "may"),
    [
        (people.alice, "self", True),
        (people.bob, "self", True),
        (people.carol, "self", False),
        (people.mallory, "self", False),
        (people.alice, "other", False),
        (people.bob, "other", True),
        (people.mallory, "other", False),
    ],
)
def test_who_may_say_how_it_goes_on(
    who: Callable[[], people.Person], approver: str, may: bool, verdict: Verdict
) -> None:
    question = asked(lost(dangerous(approver=approver)))
    by = gate.fresh(who().identity)
    if not may:
        with pytest.raises(MayNotDecide):
            verdict(question, digest=question.digest, by=by)
        assert asked(question.call).status == "pending"
        return
    assert verdict(question, digest=question.digest, by=by).status in ("approved", "denied")


def test_go_on_needs_a_fresh_login_and_stop_here_none() -> None:
    question, bob = asked(lost(dangerous())), people.bob().identity
    with pytest.raises(NeedsFreshLogin):
        approvals.approve(question, digest=question.digest, by=bob)
    assert approvals.deny(question, digest=question.digest, by=bob).status == "denied"


@pytest.mark.parametrize("verdict", [approvals.approve, approvals.deny])
def test_verdict_names_the_digest_of_what_was_shown(verdict: Verdict) -> None:
    call = lost(dangerous())
    use = Approval.objects.get(call=call, about="use")
    for seen in ("", "0" * 64, use.digest):
        with pytest.raises(DigestMismatch):
            verdict(asked(call), digest=seen, by=gate.fresh(people.bob().identity))
    assert asked(call).status == "pending"
