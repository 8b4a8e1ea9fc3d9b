"""How many calls of a tool run at one moment: further ones wait for their turn, and none is lost."""

from __future__ import annotations

import threading

import pytest

from audit_app.models import ToolUsage
from tests import gate, people
from tests.gate import Gate
from tests.tools.racing import again, claim, execute, lose_lease, unexpected
from tools_app import approvals, calls, receivers, sweeps, tasks
from tools_app.models import Approval, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db(transaction=True)


def running(at: Gate) -> int:
    return ToolCall.objects.filter(tool=at.tool, status="running").count()


@pytest.mark.parametrize("limit", [1, 3])
def test_never_more_run_than_may(limit: int) -> None:
    at = gate.opened(concurrent_limit=limit)
    asked = [at.ask({"line": "x"}) for _ in range(limit + 3)]
    assert unexpected(gate.at_once(*[claim(call) for call in asked])) == []
    assert running(at) == limit
    # Those that wait have lost nothing: no slot, no record, no attempt.
    waiting = [again(call) for call in asked if again(call).status == "queued"]
    assert len(waiting) == 3
    assert {(call.attempt, call.limit_reserved) for call in waiting} == {(0, False)}
    assert ToolUsage.objects.count() == limit


def test_a_call_that_waits_takes_none_of_its_other_limits() -> None:
    at = gate.opened({"usage_limit": 5, "daily_limit": 5}, concurrent_limit=1, rate_limit=9)
    asked = [at.ask({"line": "x"}) for _ in range(3)]
    assert unexpected(gate.at_once(*[claim(call) for call in asked])) == []
    counted = {row.scope: row.used for row in UsageCounter.objects.exclude(scope="tool-now")}
    assert counted == {"conversation": 1, "organization-day": 1, "tool-minute": 1}


def test_the_end_of_one_is_the_bell_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    at = gate.opened(concurrent_limit=1)
    rung: list[int] = []
    monkeypatch.setattr(receivers, "ring", lambda task, pk: rung.append(pk))
    first, second, third = (at.ask({"line": "x"}) for _ in range(3))
    assert rung == [first.pk, second.pk, third.pk]
    execute(first)()
    assert rung[3:] == [second.pk]
    calls.cancel(again(second), by=people.alice().identity)
    assert rung[4:] == [third.pk]


def test_a_place_of_a_dead_worker_is_free_again() -> None:
    at = gate.opened(concurrent_limit=1)
    lost, waits = at.ask({"line": "x"}), at.ask({"line": "y"})
    claim(lost)()
    execute(waits)()
    assert again(waits).status == "queued"
    lose_lease(lost)
    sweeps.give_up(again(lost))
    assert again(lost).status == "queued"
    execute(waits)()
    execute(lost)()
    assert {again(lost).status, again(waits).status} == {"succeeded"}


def test_a_yes_waits_with_its_call_and_is_used_once() -> None:
    at = gate.opened(concurrent_limit=1, requires_approval=True)
    bob = people.bob().identity
    asked = [at.ask({"line": str(number)}) for number in range(2)]
    for call in asked:
        question = gate.question(call)
        approvals.approve(question, digest=question.digest, by=bob)
    claim(asked[0])()
    execute(asked[1])()
    assert Approval.objects.get(call=asked[1]).status == "approved"
    lose_lease(asked[0])
    sweeps.give_up(again(asked[0]))
    execute(asked[1])()
    assert Approval.objects.get(call=asked[1]).status == "consumed"


def test_never_is_said_before_anybody_is_asked() -> None:
    at = gate.opened(concurrent_limit=0, requires_approval=True)
    call = at.ask({"line": "x"})
    assert (call.status, call.reason) == ("blocked", "concurrent_limit")


def test_all_that_wait_get_their_turn_by_their_bells_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sweep helps here: each ending rings for the next, whoever was first."""
    at = gate.opened(concurrent_limit=2)
    lock, pending = threading.Lock(), list[int]()

    def ring(task: object, pk: int) -> None:
        with lock:
            pending.append(pk)

    monkeypatch.setattr(receivers, "ring", ring)
    asked = [at.ask({"line": str(number)}) for number in range(7)]
    while pending:
        with lock:
            batch = pending[:4]
            del pending[:4]
        assert unexpected(gate.at_once(*[lambda pk=pk: tasks.execute_call(pk) for pk in batch])) == []
    assert {again(call).status for call in asked} == {"succeeded"}
    assert len(gate.lines) == 7


def test_all_personas_stand_in_one_line() -> None:
    at = gate.opened(concurrent_limit=1)
    other = gate.opened_for(at.tool)
    claim(at.ask({"line": "x"}))()
    waits = other.ask({"line": "y"})
    execute(waits)()
    assert again(waits).status == "queued"
