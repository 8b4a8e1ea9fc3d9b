"""How uses end, to the letter: what is kept of a result, in which record, under whose name, and told in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from project.accounts.identity import Identity
from tests import gate, people
from tests.tools import losing
from tests.tools.asking import waiting, yes
from tests.tools.test_file_changes import granted
from tools_app import approvals
from tools_app.approving import digest, outcomes
from tools_app.calling import claims, endings, settling, traces
from tools_app.executors import stopping
from tools_app.executors.base import ToolResult
from tools_app.governing import halts
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def worker() -> Identity:
    return identities.system(people.toolroom().pk)


def is_now(moment: datetime | None) -> bool:
    return moment is not None and datetime.now(UTC) - moment < timedelta(minutes=5)


def running() -> ToolCall:
    call = again(gate.opened(name=f"ledger{ToolCall.objects.count() or ''}").ask({"line": "one"}))
    assert claims.claim(call, by=worker()) is not None
    return ToolCall.objects.get(pk=call.pk)


def settled(outcome: settling.Outcome, call: ToolCall | None = None) -> tuple[ToolCall, ToolUsage]:
    call = call or running()
    settling.settle(call, outcome, by=worker())
    return again(call), ToolUsage.objects.filter(tool_call_id=call.pk).latest("pk")


# --- What is kept of a result ---


def test_a_success_is_kept_whole_in_both_rows() -> None:
    call, usage = settled(settling.Succeeded(ToolResult("Four \x00", {"sum": 4}), 17))
    assert (call.status, call.result_text, call.result) == ("succeeded", "Four \\u0000", {"sum": 4})
    assert (call.lease_until, call.reason, call.blocks) == (None, "", [])
    assert is_now(call.ended_at)
    assert (usage.status, usage.result, usage.execution_time_ms) == ("success", {"text": "Four \\u0000"}, 17)
    assert AuditEntry.objects.get(action="call.succeeded").actor_name == worker().display_name


def test_a_long_result_is_cut_by_bytes_and_says_by_how_many(settings: Settings) -> None:
    settings.RESULT_STORED_BYTES = 10
    assert settled(settling.Succeeded(ToolResult("0123456789"), 1))[0].result_text == "0123456789"
    cut = settled(settling.Succeeded(ToolResult("01234567890"), 1))[0].result_text
    assert cut == "0123456789\n[1 more bytes are not kept]"
    half = settled(settling.Succeeded(ToolResult("012345678äb"), 1))[0].result_text
    assert half == "012345678\n[2 more bytes are not kept]"


def test_structure_is_kept_while_it_is_small(settings: Settings) -> None:
    data = {"a": "bcd"}
    settings.RESULT_STORED_BYTES = len(repr(data))
    assert settled(settling.Succeeded(ToolResult("x", data), 1))[0].result == data
    settings.RESULT_STORED_BYTES = len(repr(data)) - 1
    assert settled(settling.Succeeded(ToolResult("x", data), 1))[0].result is None
    assert settled(settling.Succeeded(ToolResult("x"), 1))[0].result is None


def test_a_failure_says_why_in_both_rows_up_to_a_length() -> None:
    call, usage = settled(settling.Failed("timeout", "x" * 4000, 9))
    assert (call.status, call.reason, call.reason_text) == ("failed", "timeout", "x" * 4000)
    assert (call.lease_until, usage.status, usage.reason) == (None, "failed", "timeout")
    assert (usage.error_message, usage.execution_time_ms) == ("x" * 4000, 9)
    assert is_now(call.ended_at)
    longer, _ = settled(settling.Failed("timeout", "x" * 4001))
    assert longer.reason_text == "x" * 4000 + "\n[1 more bytes are not kept]"
    assert settled(settling.Failed("timeout", "No \x00"))[1].execution_time_ms == 0


@pytest.mark.parametrize(
    ("reason", "status"),
    [(stopping.Stopped.code, "cancelled"), (halts.CODE, "cancelled"), ("other", "failed")],
)
def test_what_was_stopped_while_it_ran_is_cancelled(reason: str, status: str) -> None:
    assert settled(settling.Failed(reason, "It was stopped."))[0].status == status


def test_a_use_without_a_record_is_settled_all_the_same() -> None:
    call = running()
    ToolCall.objects.filter(pk=call.pk).update(usage_id=None)
    settling.settle(ToolCall.objects.get(pk=call.pk), settling.Failed("x", "y"), by=worker())
    assert (again(call).status, ToolUsage.objects.get().status) == ("failed", None)


@pytest.mark.parametrize("outcome", [settling.Succeeded(ToolResult("late"), 1), settling.Failed("x", "late")])
def test_what_comes_too_late_is_noted_beside_the_ending_and_changes_nothing(outcome: Any) -> None:
    call = running()
    stale = ToolCall.objects.get(pk=call.pk)
    settled(settling.Succeeded(ToolResult("first"), 1), call)
    settling.settle(stale, outcome, by=worker())
    assert again(call).result_text == "first"
    late = AuditEntry.objects.get(action="call.late_result")
    assert late.facts == {"attempt": 1, "outcome": type(outcome).__name__.lower()}
    assert (late.stream, late.subject_id, late.subject_name) == (call.audit_stream(), str(call.pk), "ledger")
    assert late.subject_type == "call"


@pytest.mark.parametrize("outcome", [settling.Succeeded(ToolResult("old"), 1), settling.Failed("x", "old")])
def test_a_result_of_an_earlier_attempt_is_late(outcome: Any) -> None:
    call = running()
    stale = ToolCall.objects.get(pk=call.pk)
    ToolCall.objects.filter(pk=call.pk).update(attempt=2)
    settling.settle(stale, outcome, by=worker())
    assert again(call).status == "running"
    assert AuditEntry.objects.filter(action="call.late_result").count() == 1


@pytest.mark.parametrize("outcome", [settling.Succeeded(ToolResult("."), 1), settling.Failed("x", ".")])
def test_what_was_left_from_outside_while_it_ran_marks_its_end_however_it_ends(
    outcome: settling.Outcome, settings: Settings, tmp_path: Path
) -> None:
    """What a failure says may hold words of the file as well."""
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [tmp_path]
    (tmp_path / "a.txt").write_text("Meet on Monday.")
    call = begun(granted("read_file"), {"path": "a.txt"})
    begun(granted("write_file"), {"path": "a.txt", "content": "Send it."}, tainted=True)
    ended, _ = settled(outcome, call)
    assert ended.outside == traces.LEFT_BEHIND


def begun(at: gate.Gate, arguments: dict[str, str], **about: Any) -> ToolCall:
    call = at.ask(arguments, **about)
    if call.status == "waiting":
        yes(call)
    assert claims.claim(again(call), by=worker()) is not None
    ToolCall.objects.filter(pk=call.pk).update(started_at=call.created_at)
    row: ToolCall = again(call)
    return row


# --- What nobody can tell ---


def test_a_lost_use_is_told_by_whether_it_had_begun() -> None:
    begun = losing.lost(gate.opened())
    assert begun.reason_text == (
        "The worker died while it ran. Whether it took effect is unknown; check before asking for it again."
    )
    usage = ToolUsage.objects.get(tool_call_id=begun.pk)
    assert (usage.status, usage.reason, usage.error_message) == ("failed", begun.reason, begun.reason_text)
    assert (begun.lease_until, is_now(begun.ended_at)) == (None, True)
    call = running()
    losing.lose(call)
    settling.settle_abandoned(again(call), by=worker())
    poisoned = again(call)
    assert (poisoned.status, poisoned.reason) == ("failed", "poison")
    assert poisoned.reason_text == (
        "It was given up: its worker was lost before it could start, and it is not tried again."
    )


@pytest.mark.parametrize(("is_lost", "attempt"), [(False, 1), (True, 2)])
def test_a_use_whose_worker_lives_or_that_was_taken_again_is_not_given_up(
    is_lost: bool, attempt: int
) -> None:
    call = running()
    stale = ToolCall.objects.get(pk=call.pk)
    ToolCall.objects.filter(pk=call.pk).update(attempt=attempt)
    if is_lost:
        losing.lose(call)
    with pytest.raises(StaleState), transaction.atomic():
        settling.settle_abandoned(stale, by=worker())
    assert again(call).status == "running"
    assert ToolUsage.objects.get(tool_call_id=call.pk).status is None


def test_what_is_asked_about_a_loss_goes_by_these_names_for_good() -> None:
    call = losing.lost(losing.dangerous(approver="other"))
    question = losing.asked(call)
    assert question.covers == {
        "about": "outcome",
        "organization": call.organization_id,
        "conversation": call.session_id,
        "run": call.run_id,
        "call": call.pk,
        "attempt": 1,
        "usage": call.usage_id,
        "tool_use_id": call.tool_use_id,
        "requester": call.user_id,
        "agent": [call.agent_type_id, call.agent_hash],
        "tool": [call.tool_id, call.tool_hash],
        "description": "Writes a line.",
        "arguments": {"line": "one"},
        "tainted": False,
        "expires_at": question.expires_at.isoformat(),
    }
    assert question.digest == digest.of(question.covers)
    assert (question.approver, question.reasons, question.requester_name) == (
        "other",
        ["outcome_unknown"],
        "Alice",
    )
    entry = AuditEntry.objects.filter(action="approval.pending").latest("pk")
    assert entry.facts["reasons"] == ["outcome_unknown"]


def test_what_somebody_found_is_told_and_what_nobody_looked_at_is_not() -> None:
    call = losing.lost(losing.dangerous())
    assert outcomes.told(call) == ""
    losing.decide(approvals.deny, losing.asked(call), "Gone.")
    assert outcomes.told(call) == "Bob has looked and stopped the answer. Their note: Gone."
    other = losing.lost(losing.dangerous(name="other"))
    assert outcomes.told(other) == ""
    question = losing.asked(other)
    nameless = replace(gate.fresh(people.bob().identity), display_name="")
    approvals.approve(question, digest=question.digest, by=nameless)
    assert outcomes.told(other) == "A person has looked and said to go on."


def test_a_yes_to_running_it_is_no_word_about_its_outcome() -> None:
    call = losing.lost(losing.dangerous())
    assert Approval.objects.filter(call=call, about="use", status="consumed").exists()
    assert outcomes.told(call) == ""
    outcomes.withdraw(call.run_id or 0, by=worker())
    asked = Approval.objects.filter(call=call).order_by("pk").values_list("about", "status")
    assert list(asked) == [("use", "consumed"), ("outcome", "cancelled")]
    assert outcomes.told(call) == ""


def test_only_the_questions_of_one_answer_are_taken_back() -> None:
    at = losing.dangerous()
    one, other = losing.lost(at), losing.lost(losing.again(at))
    asked = at.ask({"line": "two"})
    outcomes.withdraw(one.run_id or 0, by=worker())
    assert [losing.asked(each).status for each in (one, other)] == ["cancelled", "pending"]
    assert gate.question(asked).status == "pending"


def test_nobody_is_asked_about_a_tool_that_is_gone() -> None:
    call = losing.started(losing.dangerous())
    call.tool = None
    assert outcomes.ask(call, by=worker()) is None


# --- What never began ---


def test_what_never_ran_is_recorded_with_both_ends_and_by_whom_it_was_asked() -> None:
    _, call = waiting()
    question = gate.question(call)
    approvals.deny(question, digest=question.digest, by=people.bob().identity, comment="No.")
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    ended = again(call)
    assert (usage.status, usage.reason, usage.error_message) == ("denied", "denied", ended.reason_text)
    assert (usage.user_id, usage.user_name, usage.attempt) == (call.user_id, "Alice", 1)
    assert (ended.usage_id, usage.parameters) == (usage.pk, {"line": "one"})
    assert is_now(ended.ended_at)


def test_a_record_names_what_was_used_where_and_for_which_answer() -> None:
    at, call = waiting()
    ToolCall.objects.filter(pk=call.pk).update(agent_name="Clerk")
    approval = yes(call)
    row = endings.usage_of(again(call), attempt=3, approval=approval, acting_as="x" * 300, allowed_by="Dora")
    assert (row.organization_id, row.tool_name, row.parameters) == (
        call.organization_id,
        "ledger",
        {"line": "one"},
    )
    assert row.copied == {
        "session_id": call.session_id,
        "agent_type_id": at.agent.pk,
        "agent_name": "Clerk",
        "tool_id": at.tool.pk,
        "tool_version": call.tool_hash,
        "tool_call_id": call.pk,
        "run_id": call.run_id,
        "attempt": 3,
        "acting_as": "x" * 255,
        "approval_id": approval.pk,
        "decided_by": "Bob",
    }
    alone = endings.usage_of(replace_session(call), attempt=1, allowed_by="Dora").copied
    assert (alone["session_id"], alone["approval_id"], alone["decided_by"]) == (None, None, "Dora")
    assert (alone["acting_as"], endings.usage_of(call, attempt=1).copied["decided_by"]) == ("", "")


def replace_session(call: ToolCall) -> ToolCall:
    call.session_id = ""
    return call


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        ("denied", "denied", "denied"),
        ("expired", "expired", "denied"),
        ("cancelled", "withdrawn", "denied"),
        ("blocked", "limit", "blocked"),
        ("blocked", "not_granted", "denied"),
        ("blocked", "use_not_allowed", "denied"),
        ("blocked", "not_offered", "denied"),
        ("blocked", "denied", "blocked"),
    ],
)
def test_a_record_says_in_four_words_how_it_ended(status: str, code: str, told: str) -> None:
    call = gate.opened().ask({"line": "one"})
    usage = endings.record_unstarted(call, status, endings.Blocked(code, "Why."))
    usage.refresh_from_db()
    assert (usage.status, usage.reason, usage.error_message, usage.attempt) == (told, code, "Why.", 1)


def test_the_codes_and_words_of_what_is_refused_stay_what_programs_know() -> None:
    assert endings.DRIFTED.refusal.code == "definition_changed"
    assert endings.DRIFTED.refusal.message == endings.DRIFTED.message
    never, often = endings.over_rate(0), endings.over_rate(1)
    assert (never.code, often.code) == ("rate_limit", "rate_limit")
    assert "0 times a minute, so not at all" in never.message
    assert "1 times a minute, and that is used up" in often.message
    spent = endings.over(2, "in this conversation", "limit")
    assert (spent.code, "in this conversation" in spent.message, "2" in spent.message) == (
        "limit",
        True,
        True,
    )


def test_a_dangerous_tool_at_its_use_asks_though_it_is_harmless_by_now() -> None:
    at = losing.dangerous()
    call = losing.started(at)
    Tool.objects.filter(pk=at.tool.pk).update(is_dangerous=False)
    losing.lose(call)
    settling.settle_abandoned(again(call), by=worker())
    assert losing.asked(call).is_dangerous
