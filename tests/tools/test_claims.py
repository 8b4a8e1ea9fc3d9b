"""Claims under contention, with real transactions on real threads: who loses, and what the loser is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from agents_app.models import AgentToolConfig
from audit_app import chain
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tools_app import approvals, calls, claims, sweeps
from tools_app.executors.base import ToolResult
from tools_app.models import Approval, Tool, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 15
PAST = timedelta(seconds=60)


def again(call: ToolCall) -> ToolCall:
    return ToolCall.objects.select_related("tool").get(pk=call.pk)


def execute(call: ToolCall) -> Callable[[], None]:
    row = again(call)
    return lambda: calls.execute(row)


def claim(call: ToolCall) -> Callable[[], Any]:
    row = again(call)
    return lambda: claims.claim(row, by=identities.system(row.organization_id))


def lose_lease(call: ToolCall) -> None:
    ToolCall.objects.filter(pk=call.pk).update(lease_until=datetime.now(UTC) - PAST)


def unexpected(said: Any) -> list[Any]:
    return [each for each in said if isinstance(each, Exception) and not isinstance(each, StaleState)]


def chain_is_whole() -> bool:
    heads = {entry.stream for entry in AuditEntry.objects.all()}
    entries = {
        name: [
            (entry.body(), entry.seq, entry.prev_hash, entry.hash)
            for entry in AuditEntry.objects.filter(stream=name).order_by("seq")
        ]
        for name in heads
    }
    return all(chain.first_break(each) is None for each in entries.values())


def test_one_call_claimed_by_many_workers_runs_once() -> None:
    at = gate.opened()
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        assert unexpected(gate.at_once(*[execute(call) for _ in range(4)])) == []
        assert (again(call).status, again(call).attempt) == ("succeeded", 1)
    assert len(gate.lines) == ROUNDS
    assert ToolUsage.objects.filter(status="success").count() == ROUNDS
    assert chain_is_whole()


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_parallel_calls_never_overshoot_the_limit(limit: int) -> None:
    at = gate.opened({"usage_limit": limit})
    asked = [at.ask({"line": str(number)}) for number in range(2 * limit)]
    assert {call.status for call in asked} == {"queued"}
    assert unexpected(gate.at_once(*[execute(call) for call in asked])) == []
    ended = sorted(again(call).status for call in asked)
    assert ended == ["blocked"] * limit + ["succeeded"] * limit
    assert len(gate.lines) == limit
    assert UsageCounter.objects.get().used == limit
    assert {again(call).reason for call in asked if again(call).status == "blocked"} == {"limit"}


def test_limit_counts_what_ran_and_survives_the_grant() -> None:
    at = gate.opened({"usage_limit": 2})
    assert again(_done(at, {"line": "fail"})).status == "failed"
    blocked = at.ask({"unknown": 1})
    assert blocked.reason == "invalid_arguments"
    AgentToolConfig.objects.all().delete()
    AgentToolConfig.objects.create(
        organization_id=at.tool.organization_id, agent_type=at.agent, tool=at.tool, usage_limit=2
    )
    assert again(_done(at, {"line": "two"})).status == "succeeded"
    assert at.ask({"line": "three"}).reason == "limit"


@pytest.mark.parametrize("limit", [None, -1])
def test_unlimited_is_unlimited(limit: int | None) -> None:
    at = gate.opened({"usage_limit": limit})
    assert [again(_done(at, {"line": "x"})).status for _ in range(5)] == ["succeeded"] * 5


def test_negative_limit_is_never_reserved() -> None:
    key = {"organization_id": people.toolroom().pk, "scope": "conversation", "scope_key": "c"}
    whole: Any = {**key, "agent_type_id": 1, "tool_id": 1}
    assert not UsageCounter.objects.reserve(whole, limit=-5)
    assert not UsageCounter.objects.reserve(whole, limit=0)
    assert UsageCounter.objects.reserve(whole, limit=1)
    assert not UsageCounter.objects.reserve(whole, limit=1)
    assert UsageCounter.objects.reserve(whole, limit=-1)


def test_approve_against_deny_has_one_winner() -> None:
    at = gate.opened(requires_approval=True)
    bob, adam = people.bob().identity, people.adam().identity
    statuses = set()
    for number in range(50):
        call = at.ask({"line": str(number)})
        one, other = gate.question(call), gate.question(call)
        said = gate.at_once(
            lambda one=one: approvals.approve(one, digest=one.digest, by=bob),
            lambda other=other: approvals.deny(other, digest=other.digest, by=adam),
        )
        assert sorted(type(each).__name__ for each in said) == ["Approval", "StaleState"]
        verdict, status = Approval.objects.get(call=call).status, again(call).status
        assert (verdict, status) in {("approved", "queued"), ("denied", "denied")}
        statuses.add(status)
    assert chain_is_whole()


def test_yes_is_used_by_one_worker() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        question = gate.question(call)
        approvals.approve(question, digest=question.digest, by=people.bob().identity)
        assert unexpected(gate.at_once(*[execute(call) for _ in range(3)])) == []
        assert Approval.objects.get(call=call).status == "consumed"
    assert len(gate.lines) == ROUNDS


@pytest.mark.parametrize("asks", [False, True], ids=["free", "approved"])
def test_stop_against_claim_has_one_winner(asks: bool) -> None:
    at = gate.opened(requires_approval=asks)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        if asks:
            question = gate.question(call)
            approvals.approve(question, digest=question.digest, by=people.bob().identity)
        row, before = again(call), len(gate.lines)
        said = gate.at_once(execute(call), lambda row=row: calls.cancel(row, by=people.alice().identity))
        assert unexpected(said) == []
        status, ran = again(call).status, len(gate.lines) - before
        assert (status, ran) in {("succeeded", 1), ("cancelled", 0)}
        assert isinstance(said[1], StaleState) is (status == "succeeded")
    assert ToolUsage.objects.filter(status__isnull=True).count() == 0
    assert chain_is_whole()


def test_expiry_against_yes_has_one_winner() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        one, other = gate.question(call), gate.question(call)
        soon = datetime.now(UTC) + timedelta(milliseconds=number)
        Approval.objects.filter(pk=one.pk).update(expires_at=soon)
        said = gate.at_once(
            lambda one=one: approvals.approve(one, digest=one.digest, by=people.bob().identity),
            lambda other=other: approvals.expire(other),
        )
        assert unexpected(said) == []
        sweeps.expire_approvals()
        verdict, status = Approval.objects.get(call=call).status, again(call).status
        assert (verdict, status) in {("approved", "queued"), ("expired", "expired"), ("pending", "waiting")}


def test_unused_yes_expires_or_runs_but_never_both() -> None:
    at = gate.opened(requires_approval=True)
    for number in range(ROUNDS):
        call = at.ask({"line": str(number)})
        question = gate.question(call)
        approvals.approve(question, digest=question.digest, by=people.bob().identity)
        soon = datetime.now(UTC) + timedelta(milliseconds=number % 10)
        Approval.objects.filter(pk=question.pk).update(use_until=soon)
        row, before = gate.question(call), len(gate.lines)
        said = gate.at_once(execute(call), lambda row=row: approvals.expire(row))
        assert unexpected(said) == []
        ran = len(gate.lines) - before
        status = Approval.objects.get(pk=question.pk).status
        assert (status, ran) in {("consumed", 1), ("expired", 0), ("approved", 0)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda at: Tool.objects.update(enabled=False), "tool_disabled"),
        (lambda at: AgentToolConfig.objects.update(allow_use=False), "use_not_allowed"),
        (lambda at: AgentToolConfig.objects.update(enabled_for_agent=False), "not_offered"),
        (lambda at: AgentToolConfig.objects.all().delete(), "not_granted"),
        (lambda at: AgentToolConfig.objects.update(denied_parameters=["line"]), "denied_parameter"),
        (lambda at: AgentToolConfig.objects.update(usage_limit=0), "limit"),
        (lambda at: AgentToolConfig.objects.update(fixed_parameters={"line": "z"}), "fixed_parameter"),
        (lambda at: at.agent.__class__.objects.update(enabled=False), "agent_disabled"),
        (lambda at: people.alice().user.memberships.update(active=False), "requester_gone"),
        (lambda at: Tool.objects.update(definition="?"), "policy_error"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_claim_decides_again(change: Callable[[Gate], Any], reason: str) -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    change(at)
    calls.execute(again(call))
    call = again(call)
    assert (call.status, call.reason, gate.lines) == ("blocked", reason, [])
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.attempt, usage.reason) == (1, reason)
    assert usage.status == (
        "denied" if reason in {"use_not_allowed", "not_offered", "not_granted"} else "blocked"
    )


def test_intent_stands_before_the_effect_and_one_ending_after_it() -> None:
    at = gate.opened()
    call = again(at.ask({"line": "one"}))
    found = claims.claim(call, by=identities.system(call.organization_id))
    assert found is not None
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.status, usage.pk, usage.parameters) == (None, call.usage_id, {"line": "one"})
    assert AuditEntry.objects.filter(action="call.running", subject_id=str(call.pk)).count() == 1
    calls.carry_out(call, found, at.tool)
    usage.refresh_from_db()
    assert (usage.status, usage.result) == ("success", {"text": "written"})
    assert usage.execution_time_ms is not None


# --- The fence (G4, G6): whoever slept through a lease does nothing when it wakes ---


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
    calls.settle(call, calls.Succeeded(ToolResult("too late"), 5), by=by)
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


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**80,
        "\x00",
        "\ud800",
        {"\x00\ud800": ["\x00"]},
        {1: 2},
        datetime(2026, 1, 1, tzinfo=UTC),
        {"deep": {"deeper": [b"bytes", {1, 2}]}},
        "x" * 300_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_no_result_is_lost_for_what_is_in_it(value: Any) -> None:
    at = gate.opened()
    gate.results["odd"] = value
    call = again(_done(at, {"line": "odd"}))
    assert (call.status, call.result_text) == ("succeeded", "written")
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "success"


@pytest.mark.parametrize("name", ["", "no_such", "\x00", "\ud800", "ledger\x00", "LEDGER", "x" * 999])
def test_any_name_a_model_invents_is_told_so(name: str) -> None:
    call = gate.opened().ask({"line": "one"}, name=name or " ")
    assert (call.status, call.reason) == ("blocked", "unknown_tool")


def _done(at: Gate, arguments: dict[str, Any]) -> ToolCall:
    call = at.ask(arguments)
    calls.execute(again(call))
    return call


def test_the_threads_of_these_tests_are_real() -> None:
    """The races above say nothing on a database that lives inside one connection."""
    assert "memory" not in str(connection.settings_dict["NAME"])
