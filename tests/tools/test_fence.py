"""The fence (G4, G6): whoever slept through a lease does nothing when it wakes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from tests import gate, people
from tests.tools.racing import ROUNDS, again, claim, lose_lease, unexpected
from tools_app import approvals, calls, sweeps
from tools_app.calling import claims, settling
from tools_app.executors.base import ToolResult
from tools_app.models import Approval, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db(transaction=True)


def test_worker_that_slept_before_the_start_does_not_start() -> None:
    at = gate.opened()
    sleeper = again(at.ask({"line": "one"}))
    found = claims.claim(sleeper, by=identities.system(sleeper.organization_id))
    assert found is not None
    lose_lease(sleeper)
    sweeps.give_up(again(sleeper))
    assert again(sleeper).status == "queued"
    # It wakes up before anybody else has claimed the call.
    calls.carry_out(sleeper, found, at.tool)
    assert (again(sleeper).status, gate.lines) == ("queued", [])
    calls.execute(again(sleeper))
    # And it wakes up after somebody else has run it.
    calls.carry_out(sleeper, found, at.tool)
    assert (again(sleeper).status, len(gate.lines)) == ("succeeded", 1)
    usages = ToolUsage.objects.filter(tool_call_id=sleeper.pk).order_by("attempt")
    assert [(usage.attempt, usage.status, usage.reason) for usage in usages] == [
        (1, "failed", "worker_lost"),
        (2, "success", ""),
    ]


def test_start_and_sweep_at_once_start_it_once() -> None:
    at = gate.opened()
    for number in range(ROUNDS):
        call = again(at.ask({"line": str(number)}))
        found = claims.claim(call, by=identities.system(call.organization_id))
        assert found is not None
        lose_lease(call)
        stale = again(call)
        said = gate.at_once(
            lambda call=call, found=found: calls.carry_out(call, found, at.tool),
            lambda stale=stale: sweeps.give_up(stale),
        )
        assert unexpected(said) == []
        calls.execute(again(call))
        assert again(call).status == "succeeded"
        assert len([line for key, line in gate.lines if key == str(call.pk)]) == 1


def test_late_result_is_kept_and_changes_nothing() -> None:
    at = gate.opened()
    call = again(at.ask({"line": "one"}))
    found = claims.claim(call, by=identities.system(call.organization_id))
    assert found is not None
    ToolCall.objects.filter(pk=call.pk).update(started_at=datetime.now(UTC))
    lose_lease(call)
    sweeps.give_up(again(call))
    assert (again(call).status, again(call).reason) == ("failed", "outcome_unknown")
    by = identities.system(call.organization_id)
    settling.settle(call, settling.Succeeded(ToolResult("too late"), 5), by=by)
    after = again(call)
    assert (after.status, after.reason, after.result_text) == ("failed", "outcome_unknown", "")
    late = AuditEntry.objects.get(action="call.late_result")
    assert late.facts == {"attempt": 1, "outcome": "succeeded"}
    assert ToolUsage.objects.get(tool_call_id=call.pk).reason == "outcome_unknown"


@pytest.mark.parametrize("idempotent", [False, True])
def test_call_that_had_started_runs_again_only_if_it_may(idempotent: bool) -> None:
    at = gate.opened(is_idempotent=idempotent)
    call = again(at.ask({"line": "one"}))
    claim(call)()
    ToolCall.objects.filter(pk=call.pk).update(started_at=datetime.now(UTC))
    lose_lease(call)
    sweeps.give_up(again(call))
    calls.execute(again(call))
    assert again(call).status == ("succeeded" if idempotent else "failed")
    assert len(gate.lines) == int(idempotent)


def test_three_dead_workers_are_enough() -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    for _ in range(3):
        assert claim(call)() is not None
        lose_lease(call)
        sweeps.give_up(again(call))
    call = again(call)
    assert (call.status, call.reason, call.attempt) == ("failed", "poison", 3)
    assert ToolUsage.objects.filter(tool_call_id=call.pk).count() == 3


def test_limit_is_reserved_once_for_all_attempts() -> None:
    at = gate.opened({"usage_limit": 1})
    call = at.ask({"line": "one"})
    assert claim(call)() is not None
    lose_lease(call)
    sweeps.give_up(again(call))
    calls.execute(again(call))
    # The slot was its own: being at the limit now is no reason against its second attempt.
    assert (again(call).status, UsageCounter.objects.get().used) == ("succeeded", 1)


def test_approved_call_whose_worker_died_runs_on_the_same_yes() -> None:
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "one"})
    question = gate.question(call)
    approvals.approve(question, digest=question.digest, by=people.bob().identity)
    assert claim(call)() is not None
    lose_lease(call)
    sweeps.give_up(again(call))
    calls.execute(again(call))
    assert (again(call).status, len(gate.lines)) == ("succeeded", 1)
    assert Approval.objects.filter(call=call).count() == 1


def test_stop_withdraws_a_claimed_call_that_has_not_begun() -> None:
    at = gate.opened()
    call = again(at.ask({"line": "one"}))
    found = claims.claim(call, by=identities.system(call.organization_id))
    assert found is not None
    calls.cancel(again(call), by=people.alice().identity)
    calls.carry_out(call, found, at.tool)
    assert (again(call).status, gate.lines) == ("cancelled", [])
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "denied"


def test_sweep_of_a_healthy_call_changes_nothing() -> None:
    at = gate.opened()
    call = again(at.ask({"line": "one"}))
    stale = again(call)
    claim(call)()
    assert list(sweeps.abandoned()) == []
    sweeps.give_up(again(call))
    sweeps.give_up(stale)
    assert again(call).status == "running"
