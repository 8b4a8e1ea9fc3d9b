"""A claim to the letter: what is written in its one transaction, what the worker is given, what happens to the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents_app.models import AgentToolConfig
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from project.accounts.identity import Identity
from project.accounts.models import Membership
from tests import gate, people
from tests.gate import Gate
from tests.tools.allowing import allowed, opened, used
from tests.tools.asking import unguarded, waiting, yes
from tests.tools.test_ask_user import asked as asked_person
from tools_app import approvals
from tools_app.approving import sparing
from tools_app.calling import claims
from tools_app.explain import decided
from tools_app.models import Approval, StandingApproval, Tool, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def worker() -> Identity:
    return identities.system(people.toolroom().pk)


def claim(call: ToolCall) -> Any:
    return claims.claim(again(call), by=worker())


def stages(call: ToolCall) -> list[tuple[str, str]]:
    return [(each.stage, each.code) for each in decided.read(again(call))]


def drifted(at: Gate) -> None:
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")


# --- What a start writes ---


def test_a_start_without_a_question_writes_all_of_it(settings: Any) -> None:
    settings.CALL_LEASE_SECONDS = 3_000
    at = gate.opened({"usage_limit": 5})
    call = at.ask({"line": "one"})
    found = claim(call)
    assert (found.answer, found.spared_by) == (None, None)
    call = again(call)
    assert (call.status, call.attempt, call.limit_reserved, call.standing_id) == ("running", 1, True, None)
    assert (call.outside, call.remainder[0]["left"]) == ("", 4)
    left = call.lease_until - datetime.now(UTC)
    assert timedelta(seconds=2_700) < left <= timedelta(seconds=3_000)
    entry = AuditEntry.objects.get(action="call.running")
    assert {name: entry.facts.get(name) for name in ("usage", "attempt", "approval")} == {
        "usage": call.usage_id,
        "attempt": 1,
        "approval": None,
    }
    assert not {"standing", "acting_as", "over_rate_limit"} & set(entry.facts)
    usage = ToolUsage.objects.get(pk=call.usage_id)
    assert (usage.attempt, usage.approval_id, usage.decided_by, usage.acting_as) == (1, None, "", "")
    assert (usage.user_name, usage.status) == ("Alice", None)


def test_a_start_with_a_yes_uses_it_up_and_names_it() -> None:
    _, call = waiting()
    approval = yes(call)
    assert claim(call).answer is None
    entry = AuditEntry.objects.get(action="call.running")
    assert entry.facts["approval"] == approval.pk
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.approval_id, usage.decided_by) == (approval.pk, "Bob")
    assert (again(approval).status, again(call).standing_id) == ("consumed", None)
    used_up = AuditEntry.objects.get(action="approval.consumed")
    assert used_up.actor_name == worker().display_name


def test_a_start_of_what_comes_from_outside_says_so() -> None:
    at = gate.opened(is_open_world=True)
    call = at.ask({"line": "one"})
    assert claim(call) is not None
    assert again(call).outside == "open_world"


def test_a_start_that_was_allowed_from_now_on_names_who_allowed_it() -> None:
    at, row = opened()
    call = at.ask({"line": "one"})
    found = claim(call)
    assert (found.spared_by.id, found.spared_by.by) == (row.pk, "Bob")
    assert (again(call).standing_id, used(row)) == (row.pk, 1)
    entry = AuditEntry.objects.filter(action="call.running").latest("pk")
    assert (entry.facts["standing"], entry.facts["approval"]) == (row.pk, None)
    assert ToolUsage.objects.get(pk=again(call).usage_id).decided_by == "Bob"


def test_the_identity_a_persona_acts_under_is_recorded_beside_who_asked() -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    kept = {"acts_as_itself": True, "tool_context": {"user_id": "robot"}}
    type(at.agent).objects.filter(pk=at.agent.pk).update(**kept)
    found = claim(call)
    assert found.grant.acts_as["user_id"] == "robot"
    entry = AuditEntry.objects.get(action="call.running")
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert entry.facts["acting_as"] == usage.acting_as == "robot"
    assert usage.user_name == "Alice"


def test_an_answer_is_given_to_who_carries_it_out() -> None:
    _, call, question = asked_person()
    approvals.answer(question, digest=question.digest, given={"answer": "red"}, by=people.alice().identity)
    assert claim(call).answer == {"answer": "red"}


# --- Who loses ---


def test_a_reading_of_an_earlier_attempt_claims_nothing() -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    stale = again(call)
    ToolCall.objects.filter(pk=call.pk).update(attempt=1)
    assert claims.claim(stale, by=worker()) is None
    assert (again(call).status, again(call).attempt, ToolUsage.objects.count()) == ("queued", 1, 0)
    assert claim(call) is not None
    assert again(call).attempt == 2


@pytest.mark.parametrize("status", ["waiting", "running", "succeeded", "cancelled"])
def test_only_what_is_queued_is_claimed(status: str) -> None:
    call = gate.opened().ask({"line": "one"})
    stale = again(call)
    ToolCall.objects.filter(pk=call.pk).update(status=status)
    assert claims.claim(stale, by=worker()) is None
    assert claim(call) is None
    assert (again(call).status, again(call).attempt) == (status, 0)


def test_a_yes_whose_time_is_over_starts_nothing_and_stays_for_the_sweeper() -> None:
    _, call = waiting()
    approval = yes(call)
    Approval.objects.filter(pk=approval.pk).update(use_until=datetime.now(UTC) - timedelta(seconds=1))
    assert claim(call) is None
    assert (again(call).status, again(approval).status, ToolUsage.objects.count()) == (
        "queued",
        "approved",
        0,
    )
    assert UsageCounter.objects.filter(used__gt=0).count() == 0


# --- What ends or is asked again ---


def test_a_refusal_at_the_claim_voids_the_yes_and_says_why() -> None:
    at, call = waiting()
    approval = yes(call)
    AgentToolConfig.objects.filter(pk=at.grant.pk).update(allow_use=False)
    assert claim(call) is None
    call = again(call)
    assert (call.status, call.reason, again(approval).status) == ("blocked", "use_not_allowed", "superseded")
    assert stages(call)[-1] == ("claim", "use_not_allowed")
    assert call.reason_text
    assert ToolUsage.objects.get(tool_call_id=call.pk).error_message == call.reason_text


def test_a_refusal_of_what_nobody_was_asked_about_is_kept_too() -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    Tool.objects.filter(pk=at.tool.pk).update(enabled=False)
    assert claim(call) is None
    assert (again(call).reason, stages(call)[-1]) == ("tool_disabled", ("claim", "tool_disabled"))


def test_what_drifted_after_the_yes_is_asked_about_in_another_call() -> None:
    at, call = waiting()
    approval = yes(call)
    drifted(at)
    assert claim(call) is None
    assert (again(call).reason, again(approval).status) == ("definition_changed", "superseded")
    assert stages(call)[-1] == ("claim", "definition_changed")
    new = ToolCall.objects.get(replaces=call)
    assert (new.status, gate.question(new).reasons) == ("waiting", ["tool_requires_approval", "changed"])
    asked = AuditEntry.objects.filter(action="approval.pending").latest("pk")
    assert asked.actor_name == worker().display_name


def test_what_drifted_and_no_answer_waits_for_is_not_asked_about_again() -> None:
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "one"}, run_id=None)
    yes(call)
    drifted(at)
    assert claim(call) is None
    assert (again(call).reason, ToolCall.objects.count()) == ("definition_changed", 1)


def test_what_is_asked_about_only_now_says_why_and_keeps_it() -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    Tool.objects.filter(pk=at.tool.pk).update(requires_approval=True)
    assert claim(call) is None
    assert (again(call).status, gate.question(call).reasons) == ("waiting", ["tool_requires_approval"])
    assert stages(call)[-1][0] == "claim"
    assert ToolUsage.objects.count() == 0


def test_a_yes_whose_giver_may_not_any_more_is_asked_for_anew() -> None:
    _, call = waiting()
    approval = yes(call)
    Membership.objects.filter(user=people.bob().user).update(role="member")
    assert claim(call) is None
    assert (again(approval).status, again(call).status) == ("superseded", "waiting")
    assert gate.question(call).reasons == [*approval.reasons, "giver_gone"]
    assert stages(call)[1:] == [("claim", "")]


def test_the_newest_yes_is_the_one_that_counts() -> None:
    """An earlier one was used by an attempt that died; what was asked since is what may start it."""
    _, call = waiting()
    first = yes(call)
    assert claim(call) is not None
    ToolCall.objects.filter(pk=call.pk).update(status="queued", lease_until=None)
    question = Approval(
        **{f.attname: getattr(again(first), f.attname) for f in first._meta.concrete_fields if f.name != "id"}
    )
    question.status, question.use_until = "approved", datetime.now(UTC) + timedelta(seconds=60)
    question.save(force_insert=True)
    assert claim(call) is not None
    assert again(question).status == "consumed"
    assert ToolUsage.objects.filter(tool_call_id=call.pk).latest("pk").approval_id == question.pk


def test_a_yes_that_was_voided_starts_nothing_though_it_fits_and_its_giver_may() -> None:
    _, call = waiting()
    void = yes(call)
    Approval.objects.filter(pk=void.pk).update(status="superseded")
    assert claim(call) is None
    assert (again(call).status, gate.question(call).pk != void.pk) == ("waiting", True)


def test_that_another_yes_is_fresh_makes_no_old_one_young() -> None:
    at, call = waiting()
    old = yes(call)
    assert claim(call) is not None
    past = datetime.now(UTC) - timedelta(seconds=1)
    with unguarded():
        Approval.objects.filter(pk=old.pk).update(use_until=past)
    ToolCall.objects.filter(pk=call.pk).update(status="queued", lease_until=None)
    yes(at.ask({"line": "two"}))
    assert claim(call) is None
    assert (again(call).status, gate.question(call).status) == ("waiting", "pending")


# --- Limits at the claim ---


def test_a_limit_reached_at_the_claim_voids_the_yes_and_one_that_waits_keeps_it() -> None:
    at, call = waiting(rate_limit=1, concurrent_limit=1)
    other = at.ask({"line": "two"})
    yes(call)
    kept = yes(other)
    assert claim(call) is not None
    assert claim(other) is None
    # It waits for its turn, and has lost nothing. Once it is its turn nothing is left of the limit.
    assert (again(other).status, again(kept).status) == ("queued", "approved")
    ToolCall.objects.filter(pk=call.pk).update(status="succeeded")
    assert claim(other) is None
    ended = again(other)
    assert (ended.status, ended.reason, again(kept).status) == ("blocked", "rate_limit", "superseded")


def test_a_use_that_was_allowed_is_given_back_where_a_limit_is_reached() -> None:
    at, row = opened(concurrent_limit=1)
    first, second = at.ask({"line": "one"}), at.ask({"line": "one"})
    assert claim(first) is not None
    assert (claim(second), used(row), again(second).status) == (None, 1, "queued")


def test_who_allowed_it_is_named_only_where_it_was_allowed() -> None:
    at, row = opened()
    call = at.ask({"line": "one"})
    found = claim(call)
    assert (sparing.giver_of(row.pk, found), sparing.giver_of(None, found)) == ("Bob", "")
    assert sparing.giver_of(row.pk + 1, found) == ""
    given = replace(found, grant=None)
    assert claims._acting_as(given) == ""


def test_whoever_may_not_any_more_has_allowed_nothing_and_the_next_one_is_named() -> None:
    at, first = waiting({"line": "one"})
    second = at.ask({"line": "one"})
    by_bob, by_adam = allowed(first), allowed(second, people.adam())
    Membership.objects.filter(user=people.bob().user).update(role="member")
    found = claim(at.ask({"line": "one"}))
    assert (found.spared_by.id, found.spared_by.by) == (by_adam.pk, "Adam")
    assert (used(by_bob), used(by_adam)) == (0, 1)


def test_what_somebody_allowed_is_not_used_up_beside_a_yes_of_its_own() -> None:
    at, row = opened({"uses": 1})
    call = at.ask({"line": "one"})
    StandingApproval.objects.filter(pk=row.pk).update(used=1)
    assert claim(call) is None
    yes(call)
    StandingApproval.objects.filter(pk=row.pk).update(used=0)
    assert claim(call) is not None
    assert (used(row), again(call).standing_id) == (0, None)
