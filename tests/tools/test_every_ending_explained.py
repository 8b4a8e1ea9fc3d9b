"""Whatever ends a call before it ran, or has it asked about anew, is found in the chain that is kept with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from project.accounts.models import Membership
from tests import gate, people
from tests.gate import Gate
from tests.tools.allowing import allowed
from tests.tools.asking import run_it, unguarded, waiting, yes
from tools_app import approvals, calls, facts, sweeps
from tools_app.approving import instead
from tools_app.calling import claims
from tools_app.exceptions import DigestMismatch
from tools_app.explain import decided, explaining, explanations
from tools_app.explain.decided import Then
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db
ONE = {"line": "one"}


def fresh(call: ToolCall) -> ToolCall:
    return ToolCall.objects.get(pk=call.pk)


def last(call: ToolCall) -> Then:
    return decided.read(fresh(call))[-1]


def at_birth() -> ToolCall:
    return gate.opened({"denied_parameters": {"line": ["one"]}}).ask(ONE)


def at_the_claim() -> ToolCall:
    at = gate.opened()
    call = at.ask(ONE)
    Tool.objects.filter(pk=at.tool.pk).update(enabled=False)
    return run_it(call)


def drifted_at_the_claim() -> ToolCall:
    at, call = waiting()
    yes(call)
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    return run_it(call)


def drifted_at_the_verdict() -> ToolCall:
    at, call = waiting()
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    with pytest.raises(DigestMismatch):
        yes(call)
    return fresh(call)


def refused_at_the_verdict() -> ToolCall:
    at, call = waiting()
    Tool.objects.filter(pk=at.tool.pk).update(enabled=False)
    with pytest.raises(DigestMismatch):
        yes(call)
    return fresh(call)


def edited() -> ToolCall:
    _, call = waiting()
    question = gate.question(call)
    instead.edit(question, digest=question.digest, arguments={"line": "two"}, by=people.bob().identity)
    return fresh(call)


def the_second_of(grant: dict[str, Any] | None, **tool: Any) -> ToolCall:
    """Of two that were let at the same moment, the one for which nothing is left as it is about to start."""
    at = gate.opened(grant, **tool)
    one, other = at.ask(ONE), at.ask({"line": "two"})
    found = facts.regather(fresh(other))
    assert run_it(one).status == "succeeded"
    with pytest.MonkeyPatch.context() as patch:
        # What a worker has read that was a little quicker than the first one took it.
        patch.setattr(facts, "regather", lambda call: found)
        calls.execute(fresh(other))
    return fresh(other)


BLOCKED: dict[str, tuple[Callable[[], ToolCall], str]] = {
    "at birth": (at_birth, "denied_parameter"),
    "at the claim": (at_the_claim, "tool_disabled"),
    "drift at the claim": (drifted_at_the_claim, "definition_changed"),
    "drift at the verdict": (drifted_at_the_verdict, "definition_changed"),
    "refused at the verdict": (refused_at_the_verdict, "tool_disabled"),
    "replaced by an edit": (edited, "replaced"),
    "uses of the conversation": (lambda: the_second_of({"usage_limit": 1}), "limit"),
    "uses of a day": (lambda: the_second_of({"person_daily_limit": 1}), "daily_limit"),
    "calls of a minute": (lambda: the_second_of(None, rate_limit=1), "rate_limit"),
}


@pytest.mark.parametrize(("happen", "reason"), BLOCKED.values(), ids=BLOCKED)
def test_whatever_blocks_a_call_is_the_last_word_kept_with_it(
    happen: Callable[[], ToolCall], reason: str
) -> None:
    call = happen()
    assert (call.status, call.reason) == ("blocked", reason)
    told = last(call)
    assert (told.decision, told.code) == ("refuse", reason)
    refusing = [line for line in told.lines if line.outcome == "refuse"]
    assert [line.text for line in refusing] == [call.reason_text]


def test_a_limit_that_was_reached_at_the_claim_names_whose_it_is() -> None:
    call = the_second_of(None, rate_limit=1)
    (line,) = [line for line in last(call).lines if line.outcome == "refuse"]
    assert (line.check, [source.kind for source in line.sources]) == ("limit", ["tool"])
    explained = explanations.of(call)
    assert explained.today is not None
    # A minute later it might run: today is another word than the last.
    assert (explained.today.decision, explained.differs) == ("allow", True)


def of_somebody_gone(at: Gate, call: ToolCall) -> ToolCall:
    yes(call)
    Membership.objects.filter(user=people.bob().user).update(role="member")
    return run_it(call)


def not_used_in_time(at: Gate, call: ToolCall) -> ToolCall:
    question = yes(call)
    Approval.objects.filter(pk=question.pk).update(use_until=timezone.now() - timedelta(hours=1))
    assert sweeps.expire_approvals() == 1
    return fresh(call)


def of_a_start_long_ago(at: Gate, call: ToolCall) -> ToolCall:
    question = yes(call)
    claims.claim(fresh(call), by=people.adam().identity)
    past = timezone.now() - timedelta(hours=1)
    ToolCall.objects.filter(pk=call.pk).update(lease_until=past)
    sweeps.give_up(fresh(call))
    with unguarded():
        Approval.objects.filter(pk=question.pk).update(use_until=past)
    return run_it(call)


@pytest.mark.parametrize(
    ("happen", "why"),
    [(of_somebody_gone, "giver_gone"), (not_used_in_time, "ran_out"), (of_a_start_long_ago, "ran_out")],
)
def test_a_yes_that_is_void_says_why_it_is_asked_anew(
    happen: Callable[[Gate, ToolCall], ToolCall], why: str
) -> None:
    at, call = waiting()
    before = gate.question(call).reasons
    call = happen(at, call)
    question = gate.question(call)
    assert (call.status, question.reasons) == ("waiting", [*before, why])
    told = last(call)
    assert (told.stage, told.decision) == ("claim", "ask")
    assert explaining.REASONS[why] in [line.text for line in told.lines]


def test_why_it_is_asked_anew_is_said_once_and_keeps_nothing_from_being_allowed() -> None:
    _, call = waiting()
    for _ in range(2):
        question = yes(call, people.adam())
        Approval.objects.filter(pk=question.pk).update(use_until=timezone.now() - timedelta(hours=1))
        approvals.expire(Approval.objects.select_related("call__tool").get(pk=question.pk))
    assert gate.question(call).reasons == ["tool_requires_approval", "ran_out"]
    row = allowed(call)
    assert row.reasons == ["tool_requires_approval"]
    assert run_it(call).status == "succeeded"
