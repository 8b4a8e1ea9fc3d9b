"""Claims under contention, with real transactions on real threads: who loses, and what the loser is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from agents_app.models import AgentToolConfig
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tests.tools.asking import unguarded
from tests.tools.racing import ROUNDS, again, chain_is_whole, execute, unexpected
from tools_app import approvals, calls, sweeps
from tools_app.calling import claims
from tools_app.models import Approval, Tool, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_old_yes_starts_nothing_though_it_was_used_up_in_time() -> None:
    """The worker died between claim and start, and everything stood still until long after the yes had run out."""
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "x"})
    question = gate.question(call)
    approvals.approve(question, digest=question.digest, by=people.bob().identity)
    assert claims.claim(again(call), by=identities.system(call.organization_id)) is not None
    past = datetime.now(UTC) - timedelta(seconds=1)
    with unguarded():
        Approval.objects.filter(pk=question.pk).update(use_until=past)
    ToolCall.objects.filter(pk=call.pk).update(lease_until=past)
    sweeps.give_up(again(call))
    calls.execute(again(call))
    assert (again(call).status, gate.lines) == ("waiting", [])
    assert [each.status for each in call.approvals.order_by("pk")] == ["consumed", "pending"]
