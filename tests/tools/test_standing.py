"""Allowed from now on: made with a yes, spares exactly such questions, is used up, runs out, and is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from agents_app import conversations, decisions, personas
from agents_app.models import AgentType
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.models import Membership
from tests import gate, people
from tests.gate import Gate
from tests.tools.allowing import WISH, allowed, approve, opened, ruled, used
from tests.tools.asking import run_it, waiting
from tools_app import catalog
from tools_app.approving import allowing, lasting, standing
from tools_app.calling import claims
from tools_app.exceptions import DigestMismatch, InvalidWish, MayNotDecide, NeedsFreshLogin, NotFromNowOn
from tools_app.models import Approval, OrganizationPolicy, StandingApproval, Tool, ToolCall

pytestmark = pytest.mark.django_db
ONE = {"line": "one"}


def test_made_with_a_yes_used_up_and_then_asked_again() -> None:
    at, row = opened()
    # The use that was asked about had a yes of its own.
    assert used(row) == 0
    for count in (1, 2):
        call = at.ask(ONE)
        assert call.status == "queued"
        call = run_it(call)
        assert (call.status, call.standing_id, used(row)) == ("succeeded", row.pk, count)
    call = at.ask(ONE)
    assert (call.status, used(row), len(gate.lines)) == ("waiting", 2, 3)


def test_another_use_is_asked_about() -> None:
    at, row = opened()
    for other in ({"line": "two"}, {"line": "one", "number": 1}, {}):
        assert at.ask(other).status == "waiting"
    assert used(row) == 0


def test_the_record_says_who_allowed_what_and_which_use_it_was() -> None:
    at, row = opened()
    call = run_it(at.ask(ONE))
    made = AuditEntry.objects.get(action="standing.made")
    assert (made.actor_name, made.subject_id) == ("Bob", str(row.pk))
    assert made.facts["allowed"] == [{"name": "line", "says": "exactly “one”"}]
    for action in ("call.queued", "call.running"):
        entry = AuditEntry.objects.get(action=action, subject_id=str(call.pk))
        assert entry.facts["standing"] == row.pk
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.decided_by, usage.approval_id) == ("Bob", None)


def test_the_last_use_of_one_and_the_first_of_another() -> None:
    at, row = opened({"uses": 1})
    other = at.ask({"line": "two"})
    wider = allowed(other, choices={"line": "same"}, everywhere=True)
    assert run_it(at.ask(ONE)).standing_id == row.pk
    assert at.ask(ONE).status == "waiting"
    assert run_it(at.ask({"line": "two"})).standing_id == wider.pk


# --- What it is bound to ---


def elsewhere(at: Gate) -> ToolCall:
    talk = conversations.start(at.agent, by=people.alice().identity)
    return at.ask(ONE, session_id=talk.session_id)


def by_somebody_else(at: Gate) -> ToolCall:
    return at.ask(ONE, identity=people.carol().identity)


def told_something_else(at: Gate) -> ToolCall:
    return at.ask(ONE, context={"customer": 6})


@pytest.mark.parametrize("ask", [by_somebody_else, told_something_else])
@pytest.mark.parametrize("everywhere", [True, False])
def test_it_is_for_this_person_and_what_the_tool_was_told(
    ask: Callable[[Gate], ToolCall], everywhere: bool
) -> None:
    at, _ = opened({"everywhere": everywhere})
    assert ask(at).status == "waiting"
    assert at.ask(ONE).status == "queued"


@pytest.mark.parametrize(("everywhere", "status"), [(True, "queued"), (False, "waiting")])
def test_it_is_for_one_conversation_or_for_all(everywhere: bool, status: str) -> None:
    at, _ = opened({"everywhere": everywhere})
    assert elsewhere(at).status == status


def changed_tool(at: Gate, row: StandingApproval) -> None:
    catalog.update(at.tool, {"description": "Another."}, by=identities.system(people.toolroom()))


def changed_persona(at: Gate, row: StandingApproval) -> None:
    AgentType.objects.filter(pk=at.agent.pk).update(system_prompt="Another.")


def changed_rules(at: Gate, row: StandingApproval) -> None:
    personas.grant(at.agent, at.tool, {"usage_limit": 9}, by=people.carol().identity)


def asked_for_another_reason(at: Gate, row: StandingApproval) -> None:
    Tool.objects.filter(pk=at.tool.pk).update(is_dangerous=True)


def giver_gone(at: Gate, row: StandingApproval) -> None:
    Membership.objects.filter(user_id=row.granted_by_id).update(active=False)


def giver_may_not_any_more(at: Gate, row: StandingApproval) -> None:
    Membership.objects.filter(user_id=row.granted_by_id).update(role=Membership.Role.MEMBER)


def closed_for_all(at: Gate, row: StandingApproval) -> None:
    ruled(standing_seconds=0)


def no_uses_for_all(at: Gate, row: StandingApproval) -> None:
    ruled(standing_uses=0)


def taken_back(at: Gate, row: StandingApproval) -> None:
    standing.revoke(row, by=people.alice().identity)


CHANGES = [
    *(changed_tool, changed_persona, changed_rules, asked_for_another_reason),
    *(giver_gone, giver_may_not_any_more, closed_for_all, no_uses_for_all, taken_back),
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_brings_the_question_back(change: Callable[[Gate, StandingApproval], None]) -> None:
    """Before the use is asked for, and between the asking and the start of a worker."""
    at, row = opened()
    early = at.ask(ONE)
    assert early.status == "queued"
    change(at, row)
    assert run_it(early).status == "waiting"
    assert run_it(at.ask(ONE)).status == "waiting"
    assert (used(row), len(gate.lines)) == (0, 1)


def test_fewer_uses_hold_for_what_was_allowed_before() -> None:
    at, row = opened({"uses": 5})
    assert run_it(at.ask(ONE)).status == "succeeded"
    late = at.ask(ONE)
    ruled(standing_uses=1)
    assert (run_it(late).status, at.ask(ONE).status, used(row)) == ("waiting", "waiting", 1)
    row.refresh_from_db()
    assert not lasting.fits_today(row)
    ruled(standing_uses=2)
    assert lasting.fits_today(row)
    assert run_it(at.ask(ONE)).status == "succeeded"


def test_content_from_outside_is_asked_about_all_the_same() -> None:
    at, row = opened(is_open_world=True, privacy="private")
    call = at.ask(ONE, tainted=True)
    assert (call.status, gate.question(call).reasons) == ("waiting", ["tool_requires_approval", "tainted"])
    with pytest.raises(NotFromNowOn):
        allowed(call)
    assert used(row) == 0


def test_it_runs_out_by_the_clock_of_the_database() -> None:
    at, row = opened()
    early = at.ask(ONE)
    kept = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM standing_approvals WHERE id = %s", [row.pk])
    StandingApproval.objects.create(
        pk=row.pk, **kept | {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    )
    assert run_it(early).status == "waiting"
    assert at.ask(ONE).status == "waiting"


# --- What a use takes of it ---


def test_a_call_that_a_limit_refuses_takes_nothing() -> None:
    at, row = opened(rate_limit=1)
    call = run_it(at.ask(ONE))
    assert (call.status, call.reason, call.standing_id, used(row)) == ("blocked", "rate_limit", None, 0)


def test_a_worker_that_dies_before_the_start_takes_one_use() -> None:
    at, row = opened({"uses": 1})
    call = at.ask(ONE)
    found = claims.claim(call, by=identities.system(people.toolroom()))
    assert found is not None
    assert found.spared_by is not None
    assert found.spared_by.id == row.pk
    ToolCall.objects.filter(pk=call.pk).update(status="queued")
    again = run_it(call)
    assert (again.status, again.attempt, again.standing_id, used(row)) == ("succeeded", 2, row.pk, 1)


def test_a_yes_to_the_use_itself_is_used_before_it() -> None:
    at, row = opened()
    call = at.ask({"line": "two"})
    allowed(call)
    approve(at.ask({"line": "three"}))
    assert (run_it(call).standing_id, used(row)) == (None, 0)


# --- Making it ---


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"choices": {}}, "choices"),
        ({"choices": {"line": "folder"}}, "choices"),
        ({"choices": {"line": "any"}}, "choices"),
        ({"choices": {"line": "same", "more": "same"}}, "choices"),
        ({"seconds": 59}, "seconds"),
        ({"seconds": 28_801}, "seconds"),
        ({"uses": 0}, "uses"),
        ({"uses": 51}, "uses"),
    ],
)
def test_a_wish_that_does_not_fit_decides_nothing(wish: dict[str, Any], field: str) -> None:
    _, call = waiting()
    with pytest.raises(InvalidWish) as told:
        allowed(call, **wish)
    assert list(told.value.details["fields"]) == [field]
    assert (gate.question(call).status, StandingApproval.objects.count()) == ("pending", 0)


def test_the_organization_says_how_long_and_how_often() -> None:
    ruled(standing_seconds=86_400, standing_uses=500)
    _, call = waiting()
    row = allowed(call, seconds=86_400, uses=500)
    left = row.expires_at - datetime.now(UTC)
    assert timedelta(hours=23) < left < timedelta(hours=25)


def test_dangerous_tools_only_where_the_organization_says_so() -> None:
    at, call = waiting(is_dangerous=True)
    assert not allowing.is_offered(gate.question(call), people.bob().identity)
    with pytest.raises(NotFromNowOn, match="dangerous"):
        allowed(call)
    ruled(standing_dangerous=True)
    question = gate.question(call)
    with pytest.raises(NeedsFreshLogin):
        decisions.approve_from_now_on(question, WISH, digest=question.digest, by=people.bob().identity)
    row = allowed(call)
    assert run_it(call).status == "succeeded"
    early = at.ask(ONE)
    assert early.status == "queued"
    ruled(standing_dangerous=False)
    assert run_it(early).status == "waiting"
    assert (at.ask(ONE).status, used(row)) == ("waiting", 0)


def test_what_was_not_seen_or_has_changed_is_not_allowed() -> None:
    at, call = waiting()
    question = gate.question(call)
    with pytest.raises(DigestMismatch):
        decisions.approve_from_now_on(question, WISH, digest="0" * 64, by=people.bob().identity)
    assert gate.question(call).status == "pending"
    changed_tool(at, StandingApproval())
    with pytest.raises(DigestMismatch) as told:
        allowed(call)
    assert told.value.code == "definition_changed"
    assert Approval.objects.get(pk=question.pk).status == "superseded"
    assert not StandingApproval.objects.exists()


def test_whoever_may_not_decide_may_not_allow() -> None:
    _, call = waiting(approver="other")
    for who in (people.alice(), people.carol(), people.mallory()):
        with pytest.raises(MayNotDecide):
            allowed(call, who)
    assert not StandingApproval.objects.exists()


def test_a_question_is_answered_once() -> None:
    _, call = waiting()
    question = gate.question(call)
    allowed(call)
    with pytest.raises((StaleState, NotFromNowOn)):
        decisions.approve_from_now_on(question, WISH, digest=question.digest, by=people.bob().identity)
    assert StandingApproval.objects.count() == 1


def test_there_are_never_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowing, "MOST_OPEN", 1)
    at, _ = opened()
    call = at.ask({"line": "two"})
    with pytest.raises(NotFromNowOn, match="already"):
        allowed(call)
    assert gate.question(call).status == "pending"


# --- Taking it back ---


def test_who_takes_it_back() -> None:
    _, row = opened()
    for who in (people.carol(), people.olga()):
        with pytest.raises(NotAllowed):
            standing.revoke(row, by=who.identity)
    with pytest.raises(NotFound):
        standing.revoke(row, by=people.mallory().identity)
    assert standing.may_revoke(row, people.alice().identity)
    standing.revoke(row, by=people.adam().identity)
    with pytest.raises(StaleState):
        standing.revoke(row, by=people.bob().identity)
    row.refresh_from_db()
    assert (row.revoked_by, AuditEntry.objects.filter(action="standing.revoked").count()) == ("Adam", 1)


def test_whoever_gave_it_takes_it_back_without_deciding_for_others() -> None:
    at, row = opened()
    giver_may_not_any_more(at, row)
    standing.revoke(row, by=people.bob().identity)
    assert not standing.may_revoke(StandingApproval.objects.get(pk=row.pk), people.bob().identity)


@pytest.mark.parametrize(
    "change",
    [
        "max_uses = 99",
        "expires_at = '2099-01-01 00:00:00'",
        "matchers = '{}'",
        "tool_hash = ''",
        "user_id = 'nobody'",
    ],
)
def test_database_refuses_to_widen_it(change: str) -> None:
    _, row = opened()
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE standing_approvals SET {change} WHERE id = %s", [row.pk])


def test_database_refuses_to_bring_it_back() -> None:
    _, row = opened()
    standing.revoke(row, by=people.bob().identity)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        StandingApproval.objects.filter(pk=row.pk).update(revoked_at=None)


@pytest.mark.parametrize(
    "demand", [{"approver": "other"}, {"approvals_needed": 2}, {"approver_groups": ["legal"]}]
)
def test_an_organization_that_tightens_who_decides_means_what_was_allowed_too(demand: dict[str, Any]) -> None:
    at, call = waiting()
    allowed(call, people.alice())
    assert run_it(call).status == "succeeded"
    early = at.ask({"line": "one"})
    assert early.status == "queued"
    OrganizationPolicy.objects.update_or_create(organization=people.toolroom(), defaults=demand)
    assert run_it(early).status == "waiting"
    assert at.ask({"line": "one"}).status == "waiting"
