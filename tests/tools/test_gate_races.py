"""Two at the same moment, for each conditional update of the gate that no other file of tests sets against itself.

Verdicts, claims and limits race in test_claims, outcomes in test_outcome_races, starts in test_fence, windows in
test_rate_limit, votes in test_votes. Here: who withdraws, sweeps, settles, renews, supersedes and counts first.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from audit_app import records
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tests.tools.racing import PAST, again, chain_is_whole, claim, execute, lose_lease, unexpected
from tools_app import approvals, calls, sweeps
from tools_app.calling import claims, settling
from tools_app.calling.leases import Keeper, Lease
from tools_app.exceptions import DigestMismatch
from tools_app.executors.base import ToolResult
from tools_app.explain import decided
from tools_app.models import Approval, Tool, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def kinds(said: Any) -> list[str]:
    return sorted(type(each).__name__ for each in said)


def started(at: Gate, number: int) -> ToolCall:
    """A call whose worker has begun and is not heard of any more."""
    call = again(at.ask({"line": str(number)}))
    claim(call)()
    ToolCall.objects.filter(pk=call.pk).update(started_at=again(call).created_at)
    lose_lease(call)
    return again(call)


def edit(at: Gate, number: int) -> int:
    """As if an administrator saved another description at this moment."""
    return Tool.objects.filter(pk=at.tool.pk).update(description=f"Writes a line. Edited {number}.")


def test_of_two_who_say_yes_one_lets_it_run() -> None:
    at = gate.opened(requires_approval=True)
    bob, adam = people.bob().identity, people.adam().identity
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        one, other = gate.question(call), gate.question(call)
        said = gate.at_once(
            lambda one=one: approvals.approve(one, digest=one.digest, by=bob),
            lambda other=other: approvals.approve(other, digest=other.digest, by=adam),
        )
        assert kinds(said) == ["Approval", "StaleState"]
        assert AuditEntry.objects.filter(action="approval.approved", subject_id=str(one.pk)).count() == 1
        assert (again(call).status, Approval.objects.get(pk=one.pk).status) == ("queued", "approved")
    assert chain_is_whole()


def test_yes_against_stop_leaves_no_call_between_the_two() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        question, row = gate.question(call), again(call)
        said = gate.at_once(
            lambda question=question: approvals.approve(
                question, digest=question.digest, by=people.bob().identity
            ),
            lambda row=row: calls.cancel(row, by=people.alice().identity),
        )
        assert unexpected(said) == []
        ended = again(call).status, Approval.objects.get(pk=question.pk).status
        assert ended in {("queued", "approved"), ("cancelled", "cancelled")}
        assert not all(isinstance(each, StaleState) for each in said)
    assert chain_is_whole()


def test_yes_against_an_edit_of_the_tool_never_runs_the_edited_one() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        question = gate.question(call)
        said = gate.at_once(
            lambda question=question: approvals.approve(
                question, digest=question.digest, by=people.bob().identity
            ),
            lambda number=number: edit(at, number),
        )
        assert {type(each) for each in said} <= {Approval, DigestMismatch, int}
        calls.execute(again(call))
        assert (again(call).status, again(call).reason) == ("blocked", "definition_changed")
        assert Approval.objects.get(pk=question.pk).status == "superseded"
    assert gate.lines == []


def test_what_is_void_by_now_is_superseded_once() -> None:
    at = gate.opened(requires_approval=True)
    bob, adam = people.bob().identity, people.adam().identity
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        edit(at, number)
        one, other = gate.question(call), gate.question(call)
        said = gate.at_once(
            lambda one=one: approvals.approve(one, digest=one.digest, by=bob),
            lambda other=other: approvals.approve(other, digest=other.digest, by=adam),
        )
        assert set(kinds(said)) <= {"DigestMismatch", "StaleState"}
        assert "DigestMismatch" in kinds(said)
        assert AuditEntry.objects.filter(action="approval.superseded", subject_id=str(one.pk)).count() == 1
        assert again(call).status == "blocked"


def test_a_yes_to_what_is_void_and_a_stop_take_their_rows_in_one_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On PostgreSQL one of two that wait for each other is ended, with an error for whoever it was."""
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "x"})
    edit(at, 1)
    question, add = gate.question(call), decided.add
    noted, stopped = threading.Event(), threading.Event()

    def slow(*told: Any) -> None:
        add(*told)
        noted.set()
        # Long enough for the other one to take what it takes first; whoever waits for us never says so.
        stopped.wait(1)

    def stop() -> None:
        noted.wait(20)
        calls.cancel(again(call), by=people.alice().identity)
        stopped.set()

    monkeypatch.setattr(decided, "add", slow)
    bob = people.bob().identity
    said = gate.at_once(lambda: approvals.approve(question, digest=question.digest, by=bob), stop)
    assert set(kinds(said)) <= {"DigestMismatch", "StaleState", "NoneType"}
    assert again(call).status in {"blocked", "cancelled"}


def test_two_sweepers_close_a_question_once() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        Approval.objects.filter(call=call).update(expires_at=gate.question(call).expires_at - PAST * 60 * 48)
        one, other = gate.question(call), gate.question(call)
        said = gate.at_once(
            lambda one=one: approvals.expire(one), lambda other=other: approvals.expire(other)
        )
        assert unexpected(said) == []
        assert kinds(said) == ["NoneType", "StaleState"]
        assert (again(call).status, Approval.objects.get(pk=one.pk).status) == ("expired", "expired")
    assert ToolUsage.objects.count() == ROUNDS


def test_an_unused_yes_that_ran_out_is_asked_about_once_more_and_not_twice() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        question = gate.question(call)
        approvals.approve(question, digest=question.digest, by=people.bob().identity)
        Approval.objects.filter(pk=question.pk).update(use_until=gate.question(call).created_at - PAST)
        one, other = gate.question(call), gate.question(call)
        said = gate.at_once(
            lambda one=one: approvals.expire(one),
            lambda other=other: approvals.expire(other),
            execute(call),
        )
        assert unexpected(said) == []
        statuses = Approval.objects.filter(call=call).order_by("pk").values_list("status", flat=True)
        assert statuses[0] in {"expired", "superseded"}
        assert list(statuses[1:]) == ["pending"]
        assert again(call).status == "waiting"
    assert gate.lines == []


def test_two_sweepers_requeue_a_lost_call_once() -> None:
    at = gate.opened()
    for number in range(ROUNDS):
        call = again(at.ask({"line": str(number)}))
        claim(call)()
        lose_lease(call)
        one, other = again(call), again(call)
        said = gate.at_once(lambda one=one: sweeps.give_up(one), lambda other=other: sweeps.give_up(other))
        assert said == [None, None]
        assert again(call).status == "queued"
        again_queued = AuditEntry.objects.filter(action="call.queued", subject_id=str(call.pk)).count()
        assert again_queued == 2
        execute(call)()
        assert (again(call).status, again(call).attempt) == ("succeeded", 2)


def test_a_result_against_the_sweeper_has_one_ending() -> None:
    at = gate.opened()
    endings = set()
    for number in range(ROUNDS):
        call = started(at, number)
        one, other = again(call), again(call)
        by = identities.system(call.organization_id)
        said = gate.at_once(
            lambda one=one, by=by: settling.settle(one, settling.Succeeded(ToolResult("done"), 5), by=by),
            lambda other=other: sweeps.give_up(other),
        )
        assert said == [None, None]
        ended, usage = again(call), ToolUsage.objects.get(tool_call_id=call.pk)
        endings.add((ended.status, usage.status, usage.reason))
        assert (ended.result_text == "done") is (ended.status == "succeeded")
    assert endings <= {("succeeded", "success", ""), ("failed", "failed", "outcome_unknown")}
    assert chain_is_whole()


def test_a_renewed_lease_against_the_sweeper_has_one_winner() -> None:
    at = gate.opened()
    for number in range(ROUNDS):
        call = again(at.ask({"line": str(number)}))
        claim(call)()
        lose_lease(call)
        lease, stale = Lease(ToolCall, call.pk, again(call).attempt, 30), again(call)
        said = gate.at_once(
            lambda lease=lease: Keeper()._renewed(lease), lambda stale=stale: sweeps.give_up(stale)
        )
        assert unexpected(said) == []
        # Who has renewed still has it; who has not, has lost it: never both, never neither.
        assert (said[0], again(call).status) in {(True, "running"), (False, "queued")}


def test_stop_against_the_start_has_one_winner() -> None:
    at = gate.opened()
    for number in range(ROUNDS):
        call = again(at.ask({"line": str(number)}))
        found = claims.claim(call, by=identities.system(call.organization_id))
        assert found is not None
        row, before = again(call), len(gate.lines)
        said = gate.at_once(
            lambda call=call, found=found: calls.carry_out(call, found, at.tool),
            lambda row=row: calls.cancel(row, by=people.alice().identity),
        )
        assert unexpected(said) == []
        assert (again(call).status, len(gate.lines) - before) in {("succeeded", 1), ("cancelled", 0)}
    assert ToolUsage.objects.filter(status__isnull=True).count() == 0


def test_two_stops_withdraw_once() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        one, other = again(call), again(call)
        said = gate.at_once(
            lambda one=one: calls.cancel(one, by=people.alice().identity),
            lambda other=other: calls.cancel(other, by=people.alice().identity),
        )
        assert kinds(said) == ["NoneType", "StaleState"]
        assert AuditEntry.objects.filter(action="call.cancelled", subject_id=str(call.pk)).count() == 1


def test_the_first_uses_of_a_counter_are_counted_like_all_others() -> None:
    for number in range(ROUNDS):
        key: Any = {
            "organization_id": people.toolroom().pk,
            "scope": "conversation",
            "scope_key": f"c{number}",
            "agent_type_id": 1,
            "tool_id": 1,
        }
        whole = {**key, "scope": "tool-minute"}
        said = gate.at_once(
            *[lambda key=key: UsageCounter.objects.reserve(key, limit=1) for _ in range(2)],
            *[
                lambda key=whole: UsageCounter.objects.reserve_within(key, limit=1, seconds=60)
                for _ in range(2)
            ],
        )
        assert (sorted(said[:2]), sorted(said[2:])) == ([False, True], [False, True])
        assert [row.used for row in UsageCounter.objects.filter(scope_key=f"c{number}")] == [1, 1]


def test_the_record_of_a_use_is_closed_once() -> None:
    at = gate.opened()
    for number in range(ROUNDS):
        call = again(at.ask({"line": str(number)}))
        claim(call)()
        usage = ToolUsage.objects.get(tool_call_id=call.pk)
        said = gate.at_once(
            lambda usage=usage: records.close_tool_usage(usage.pk, status="success"),
            lambda usage=usage: records.close_tool_usage(usage.pk, status="failed", reason="error"),
        )
        usage.refresh_from_db()
        assert kinds(said) == ["NoneType", "StaleState"]
        assert usage.status == ("success" if said[0] is None else "failed")


def test_a_claim_against_the_tools_switch_runs_before_it_or_not_at_all() -> None:
    at = gate.opened()
    for number in range(ROUNDS):
        Tool.objects.filter(pk=at.tool.pk).update(enabled=True)
        call, before = at.ask({"line": str(number)}), len(gate.lines)
        said = gate.at_once(execute(call), lambda: Tool.objects.filter(pk=at.tool.pk).update(enabled=False))
        assert unexpected(said) == []
        ended = again(call)
        assert (ended.status, ended.reason, len(gate.lines) - before) in {
            ("succeeded", "", 1),
            ("blocked", "tool_disabled", 0),
        }
