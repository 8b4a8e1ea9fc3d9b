"""Approvals: what they are bound to, who may give a verdict, and that a yes is used once and never later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from agents_app import history, personas
from agents_app.models import AgentToolConfig, AgentType
from audit_app.exceptions import IllegalMove, StaleState
from audit_app.models import AuditEntry, ToolUsage
from audit_app.transitions import move
from project.accounts import identity as identities
from project.accounts.models import ApiToken, Membership
from tests import gate, people
from tests.gate import Gate
from tools_app import approvals, calls, catalog, claims, sweeps
from tools_app.exceptions import DigestMismatch, MayNotDecide, NeedsFreshLogin
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db

ASKING = {"requires_approval": True}
Change = Callable[[Gate, ToolCall], Any]


def waiting(arguments: Any = None, grant: dict[str, Any] | None = None, **tool: Any) -> tuple[Gate, ToolCall]:
    at = gate.opened(grant, **{**ASKING, **tool})
    call = at.ask(arguments if arguments is not None else {"line": "one"})
    assert call.status == "waiting"
    return at, call


def yes(call: ToolCall, who: people.Person | None = None) -> Approval:
    question = gate.question(call)
    identity = gate.fresh((who or people.bob()).identity)
    return approvals.approve(question, digest=question.digest, by=identity)


def run_it(call: ToolCall) -> ToolCall:
    found = ToolCall.objects.get(pk=call.pk)
    if found.status == "queued":
        calls.execute(found)
    return ToolCall.objects.get(pk=call.pk)


def test_what_was_approved_is_what_runs_once() -> None:
    _, call = waiting({"line": "one", "number": 1.0})
    approval = yes(call)
    call = run_it(call)
    assert (call.status, gate.lines) == ("succeeded", [(str(call.pk), {"line": "one", "number": 1})])
    approval.refresh_from_db()
    assert approval.status == "consumed"
    assert run_it(call).status == "succeeded"
    assert len(gate.lines) == 1
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.approval_id, usage.decided_by, usage.status) == (approval.pk, "Bob", "success")


# --- What the digest covers: each item changed in turn (`security.md` 2.3) ---


def tool_row(**fields: Any) -> Change:
    return lambda at, call: Tool.objects.filter(pk=at.tool.pk).update(**fields)


def grant_row(**fields: Any) -> Change:
    return lambda at, call: AgentToolConfig.objects.filter(pk=at.grant.pk).update(**fields)


def agent_row(**fields: Any) -> Change:
    return lambda at, call: AgentType.objects.filter(pk=at.agent.pk).update(**fields)


def call_row(**fields: Any) -> Change:
    return lambda at, call: ToolCall.objects.filter(pk=call.pk).update(**fields)


def membership(**fields: Any) -> Change:
    return lambda at, call: Membership.objects.filter(user=people.alice().user).update(**fields)


def other_file(at: Gate, call: ToolCall) -> None:
    """The same path names another file now."""
    path = settings.FILE_ROOTS[0] / "plan.txt"
    path.with_name("other.txt").write_text("other")
    path.with_name("other.txt").replace(path)


def no_file(at: Gate, call: ToolCall) -> None:
    (settings.FILE_ROOTS[0] / "plan.txt").unlink()


SCHEMA = {"type": "object", "properties": {**gate.SCHEMA["properties"], "more": {"type": "string"}}}
DRIFT: dict[str, Change] = {
    "name of the tool": tool_row(name="other"),
    "description": tool_row(description="Does something else."),
    "schema": tool_row(definition={"input_schema": SCHEMA}),
    "configuration": tool_row(configuration={"url": "https://elsewhere.example"}),
    "danger": tool_row(is_dangerous=True),
    "question": tool_row(requires_approval=False),
    "approver": tool_row(approver="other"),
    "required permissions": tool_row(required_permissions=["chat"]),
    "sign-in required": tool_row(requires_auth=True),
    "open world": tool_row(is_open_world=True),
    "may be repeated": tool_row(is_idempotent=True),
    "forced by the grant": grant_row(requires_approval=True),
    "waived by the grant": grant_row(waives_approval=True),
    "limit": grant_row(usage_limit=7),
    "allowed parameters": grant_row(allowed_parameters=["line", "path"]),
    "denied parameters": grant_row(denied_parameters=["number"]),
    "defaults": grant_row(parameter_defaults={"number": 1}),
    "prompt of the persona": agent_row(system_prompt="Do as you like."),
    "model of the persona": agent_row(model="claude-opus-5-5"),
    "name of the persona": agent_row(name="other"),
    "arguments in the row": call_row(arguments={"line": "two", "path": "plan.txt"}),
    "tool_use id": call_row(tool_use_id="toolu_other"),
    "run": call_row(run_id=999_999),
    "conversation": call_row(session_id="3f0c7c7e-0000-4000-8000-000000000000"),
    "taint": call_row(tainted=True),
    "file exchanged": other_file,
    "file gone": no_file,
}
# What is not drift of the question, but a reason why nobody may run it now: the gate itself refuses.
REFUSED: dict[str, tuple[Change, str]] = {
    "tool switched off": (tool_row(enabled=False), "tool_disabled"),
    "tool archived": (tool_row(archived_at=datetime(2026, 1, 1, tzinfo=UTC)), "tool_disabled"),
    "tool of nobody's executor": (tool_row(executor="mcp"), "executor_unavailable"),
    "grant not offered": (grant_row(enabled_for_agent=False), "not_offered"),
    "grant may not run": (grant_row(allow_use=False), "use_not_allowed"),
    "grant taken away": (lambda at, call: at.grant.delete(), "not_granted"),
    "persona switched off": (agent_row(enabled=False), "agent_disabled"),
    "argument denied": (grant_row(denied_parameters={"line": ["one"]}), "denied_parameter"),
    "argument not allowed": (grant_row(allowed_parameters={"line": ["two"]}), "parameter_not_allowed"),
    "file of the call denied": (grant_row(denied_parameters={"path": ["plan.txt"]}), "denied_parameter"),
    "value fixed": (grant_row(fixed_parameters={"line": "two"}), "fixed_parameter"),
    "value fixed that is absent": (grant_row(fixed_parameters={"number": 2}), "fixed_parameter"),
    "schema does not fit": (
        tool_row(definition={"input_schema": {"type": "object", "required": ["other"]}}),
        "invalid_arguments",
    ),
    "schema broken": (tool_row(definition={"input_schema": {"type": 7}}), "invalid_arguments"),
    "definition unreadable": (tool_row(definition=[]), "policy_error"),
    "rule unreadable": (grant_row(denied_parameters={"line": {"regex": "."}}), "policy_error"),
    "used up": (grant_row(usage_limit=0), "limit"),
    "permission missing": (tool_row(required_permissions=["audit.view"]), "missing_permission"),
    "requester removed": (membership(active=False), "requester_gone"),
    "requester in another organization": (
        lambda at, call: Membership.objects.filter(user=people.alice().user).update(
            organization=people.elsewhere()
        ),
        "requester_gone",
    ),
    "organization switched off": (
        lambda at, call: type(people.toolroom()).objects.filter(slug="toolroom").update(enabled=False),
        "requester_gone",
    ),
}
CHANGES = {name: (change, "definition_changed") for name, change in DRIFT.items()} | REFUSED


def with_file() -> tuple[Gate, ToolCall]:
    root = settings.FILE_ROOTS[0]
    root.mkdir(parents=True, exist_ok=True)
    (root / "plan.txt").write_text("plan")
    return waiting({"line": "one", "path": "plan.txt"})


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_change_while_pending_voids_the_question(change: Change, reason: str) -> None:
    at, call = with_file()
    who = people.bob().identity
    change(at, call)
    question = gate.question(call)
    with pytest.raises(DigestMismatch) as told:
        approvals.approve(question, digest=question.digest, by=gate.fresh(who))
    assert told.value.code == "definition_changed"
    question.refresh_from_db()
    call = ToolCall.objects.get(pk=call.pk)
    assert (question.status, call.status, call.reason) == ("superseded", "blocked", reason)
    assert run_it(call).status == "blocked"
    assert not gate.lines


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_change_after_the_yes_keeps_it_from_running(change: Change, reason: str) -> None:
    at, call = with_file()
    approval = yes(call)
    change(at, call)
    call = run_it(call)
    approval.refresh_from_db()
    assert (approval.status, call.status, call.reason) == ("superseded", "blocked", reason)
    assert not gate.lines


def test_nothing_changed_means_the_digest_fits_again_and_again() -> None:
    at, call = with_file()
    Tool.objects.filter(pk=at.tool.pk).update(version="9", tags=["x"], icon="X")
    AgentType.objects.filter(pk=at.agent.pk).update(avatar_color="#000000")
    yes(call)
    assert run_it(call).status == "succeeded"


# --- Who may decide ---


@pytest.mark.parametrize(
    ("who", "approver", "may"),
    [
        (people.alice, "self", True),
        (people.bob, "self", True),
        (people.adam, "self", True),
        (people.carol, "self", False),
        (people.olga, "self", False),
        (people.mallory, "self", False),
        (people.alice, "other", False),
        (people.bob, "other", True),
        (people.adam, "other", True),
        (people.carol, "other", False),
        (people.mallory, "other", False),
    ],
)
def test_who_may_decide(who: Callable[[], people.Person], approver: str, may: bool) -> None:
    _, call = waiting(approver=approver)
    question = gate.question(call)
    identity = gate.fresh(who().identity)
    assert approvals.may_decide(question, identity) is may
    for verdict in (approvals.deny, approvals.approve):
        if not may:
            with pytest.raises(MayNotDecide):
                verdict(question, digest=question.digest, by=identity)
    question.refresh_from_db()
    assert question.status == "pending"
    if may:
        assert approvals.approve(question, digest=question.digest, by=identity).status == "approved"


def test_approver_who_asked_needs_another_person_where_the_tool_says_so() -> None:
    at = gate.opened(requires_approval=True, approver="other")
    call = at.ask({"line": "one"}, identity=people.bob().identity)
    question = gate.question(call)
    assert not approvals.may_decide(question, people.bob().identity)
    assert approvals.may_decide(question, people.adam().identity)


def test_rule_of_the_live_tool_counts_when_it_became_stricter() -> None:
    at, call = waiting()
    Tool.objects.filter(pk=at.tool.pk).update(approver="other")
    assert not approvals.may_decide(gate.question(call), people.alice().identity)


def test_nobody_and_the_house_itself_may_not_decide() -> None:
    _, call = waiting()
    question = gate.question(call)
    for identity in (identities.system(people.toolroom()), identities.system(None)):
        with pytest.raises(MayNotDecide):
            approvals.approve(question, digest=question.digest, by=identity)


@pytest.mark.parametrize(
    ("scopes", "may"), [(["chat"], False), (["approvals.decide_own"], True), (["approvals.decide"], False)]
)
def test_token_decides_only_with_the_explicit_scope(scopes: list[str], may: bool, rf: Any) -> None:
    """Alice's token; she may not decide for others, and a scope cannot give her what she has not."""
    _, call = waiting(is_dangerous=True)
    alice = people.alice()
    token, _ = ApiToken.objects.create(user=alice.user, organization=alice.organization, scopes=scopes)
    identity = identities.from_token(token, request=rf.post("/"))
    question = gate.question(call)
    if may:
        assert approvals.approve(question, digest=question.digest, by=identity).status == "approved"
    else:
        with pytest.raises(MayNotDecide):
            approvals.approve(question, digest=question.digest, by=identity)


@pytest.mark.parametrize(("minutes", "fresh"), [(None, False), (16, False), (14, True), (0, True)])
def test_dangerous_tool_needs_a_fresh_login_to_allow_and_none_to_refuse(
    minutes: int | None, fresh: bool
) -> None:
    _, call = waiting(is_dangerous=True)
    question = gate.question(call)
    signed_in = None if minutes is None else datetime.now(UTC) - timedelta(minutes=minutes)
    bob = replace(people.bob().identity, authenticated_at=signed_in)
    if fresh:
        assert approvals.approve(question, digest=question.digest, by=bob).status == "approved"
        return
    with pytest.raises(NeedsFreshLogin):
        approvals.approve(question, digest=question.digest, by=bob)
    assert approvals.deny(question, digest=question.digest, by=bob).status == "denied"


def test_harmless_tool_needs_no_fresh_login() -> None:
    _, call = waiting()
    question = gate.question(call)
    assert approvals.approve(question, digest=question.digest, by=people.bob().identity).status == "approved"


@pytest.mark.parametrize(
    "loss",
    [
        lambda: Membership.objects.filter(user=people.bob().user).update(active=False),
        lambda: Membership.objects.filter(user=people.bob().user).update(role="member"),
        lambda: type(people.bob().user).objects.filter(username="bob").update(is_active=False),
        lambda: Membership.objects.filter(user=people.bob().user).delete(),
    ],
    ids=["suspended", "no approver any more", "account closed", "removed"],
)
def test_verdict_does_not_outlive_the_right_to_give_it(loss: Callable[[], Any]) -> None:
    _, call = waiting()
    approval = yes(call)
    loss()
    call = run_it(call)
    approval.refresh_from_db()
    assert (approval.status, call.status, gate.lines) == ("superseded", "waiting", [])
    again = gate.question(call)
    assert again.pk != approval.pk
    approvals.approve(again, digest=again.digest, by=gate.fresh(people.adam().identity))
    assert run_it(call).status == "succeeded"


# --- The verdict itself ---


@pytest.mark.parametrize("seen", ["", "0" * 64, "x"])
@pytest.mark.parametrize("verdict", [approvals.approve, approvals.deny])
def test_verdict_about_something_else_is_refused(verdict: Callable[..., Any], seen: str) -> None:
    _, call = waiting()
    question = gate.question(call)
    with pytest.raises(DigestMismatch) as told:
        verdict(question, digest=seen, by=people.bob().identity)
    assert told.value.status == 409
    question.refresh_from_db()
    assert question.status == "pending"


def test_digest_of_another_call_does_not_fit() -> None:
    at, one = waiting()
    other = at.ask({"line": "one"})
    mine, theirs = gate.question(one), gate.question(other)
    assert mine.digest != theirs.digest
    with pytest.raises(DigestMismatch):
        approvals.approve(mine, digest=theirs.digest, by=people.bob().identity)


@pytest.mark.parametrize("first", [approvals.approve, approvals.deny])
@pytest.mark.parametrize("second", [approvals.approve, approvals.deny])
@pytest.mark.parametrize("knows", [True, False])
def test_there_is_one_verdict(first: Callable[..., Any], second: Callable[..., Any], knows: bool) -> None:
    _, call = waiting()
    question = gate.question(call)
    # An older reading that still says "pending", or one that knows it is decided: both lose the same way.
    other = question if knows else gate.question(call)
    first(question, digest=question.digest, by=people.bob().identity)
    status = question.status
    with pytest.raises(StaleState):
        second(other, digest=question.digest, by=people.adam().identity)
    assert Approval.objects.get(pk=question.pk).status == status
    assert Approval.objects.get(pk=question.pk).decided_by_name == "Bob"


def test_reason_of_a_denial_reaches_the_model_and_the_record() -> None:
    _, call = waiting()
    question = gate.question(call)
    approvals.deny(question, digest=question.digest, by=people.bob().identity, comment="Not \x00 today")
    call = ToolCall.objects.get(pk=call.pk)
    told = history.use_of(call)
    assert told.is_error
    assert told.text == "Denied (denied): Bob denied this use. Reason given: Not \\u0000 today"
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.status, usage.reason, usage.attempt) == ("denied", "denied", 1)
    assert AuditEntry.objects.filter(action="approval.denied", actor_name="Bob").exists()


def test_record_names_what_was_seen_and_who_decided() -> None:
    _, call = waiting()
    approval = yes(call)
    facts = AuditEntry.objects.get(action="approval.approved").facts
    assert (facts["digest"], facts["decided_by"], facts["call"]) == (approval.digest, "Bob", call.pk)


# --- Time ---


def test_question_nobody_answers_expires() -> None:
    _, call = waiting()
    question = gate.question(call)
    past = datetime.now(UTC) - timedelta(seconds=1)
    Approval.objects.filter(pk=question.pk).update(expires_at=past)
    with pytest.raises(StaleState):
        approvals.approve(question, digest=question.digest, by=people.bob().identity)
    with pytest.raises(StaleState):
        approvals.deny(question, digest=question.digest, by=people.bob().identity)
    assert sweeps.expire_approvals() == 1
    assert sweeps.expire_approvals() == 0
    question.refresh_from_db()
    call = ToolCall.objects.get(pk=call.pk)
    assert (question.status, call.status, call.reason) == ("expired", "expired", "expired")
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "denied"


def test_tool_says_how_long_its_questions_stay_open() -> None:
    _, call = waiting(approval_seconds=60)
    left = gate.question(call).expires_at - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def test_old_yes_never_runs_and_the_call_asks_again() -> None:
    _, call = waiting()
    approval = yes(call)
    Approval.objects.filter(pk=approval.pk).update(use_until=datetime.now(UTC) - timedelta(seconds=1))
    assert run_it(call).status == "queued"
    assert not gate.lines
    assert sweeps.expire_approvals() == 1
    approval.refresh_from_db()
    assert (approval.status, ToolCall.objects.get(pk=call.pk).status) == ("expired", "waiting")
    again = gate.question(call)
    assert again.digest != approval.digest
    yes(call)
    assert run_it(call).status == "succeeded"
    assert len(gate.lines) == 1


def test_call_whose_tool_asks_only_now_is_asked_about_at_the_claim() -> None:
    at = gate.opened()
    call = at.ask({"line": "one"})
    assert call.status == "queued"
    Tool.objects.filter(pk=at.tool.pk).update(requires_approval=True)
    call = run_it(call)
    assert (call.status, gate.lines) == ("waiting", [])
    yes(call)
    assert run_it(call).status == "succeeded"


# --- States ---


def test_stop_withdraws_question_and_call() -> None:
    _, call = waiting()
    question = gate.question(call)
    calls.cancel(call, by=people.alice().identity)
    question.refresh_from_db()
    assert (question.status, call.status) == ("cancelled", "cancelled")
    with pytest.raises(StaleState):
        approvals.approve(
            Approval.objects.get(pk=question.pk), digest=question.digest, by=people.bob().identity
        )


def test_stop_takes_back_a_yes_that_was_not_used() -> None:
    _, call = waiting()
    approval = yes(call)
    calls.cancel(ToolCall.objects.get(pk=call.pk), by=people.alice().identity)
    approval.refresh_from_db()
    assert approval.status == "cancelled"
    assert run_it(call).status == "cancelled"


@pytest.mark.parametrize("status", ["denied", "expired", "superseded", "cancelled", "consumed"])
@pytest.mark.parametrize("to", sorted(Approval.Status.values))
def test_decided_question_never_moves_again(status: str, to: str) -> None:
    _, call = waiting()
    question = gate.question(call)
    if status == "consumed":
        move(question, "approved", by=people.bob().identity)
    move(question, status, by=people.bob().identity)
    with pytest.raises(IllegalMove):
        move(question, to, by=people.bob().identity)


@pytest.mark.parametrize(
    "change",
    [
        "status = 'pending'",
        "digest = 'other'",
        "covers = '{}'",
        "decided_by_id = 'nobody'",
        "decided_by_name = 'Mallory'",
        "comment = 'rewritten'",
        "expires_at = '2099-01-01 00:00:00'",
        "requester_id = 'nobody'",
        "call_id = call_id + 1",
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_database_refuses_to_rewrite_a_verdict(change: str, used: bool) -> None:
    _, call = waiting()
    approval = yes(call)
    if used:
        run_it(call)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE approvals SET {change} WHERE id = %s", [approval.pk])


def test_one_call_has_one_open_question() -> None:
    _, call = waiting()
    question = gate.question(call)
    question.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        question.save(force_insert=True)


def test_grant_changed_by_its_verb_voids_the_question_too() -> None:
    at, call = waiting()
    personas.grant(at.agent, at.tool, {"usage_limit": 3}, by=people.carol().identity)
    catalog.update(at.tool, {"description": "Another."}, by=identities.system(people.toolroom()))
    question = gate.question(call)
    with pytest.raises(DigestMismatch):
        approvals.approve(question, digest=question.digest, by=people.bob().identity)


def test_claim_of_somebody_elses_call_needs_a_yes_of_its_own() -> None:
    at, one = waiting()
    other = at.ask({"line": "two"})
    yes(one)
    Approval.objects.filter(call=other).update(status="superseded")
    ToolCall.objects.filter(pk=other.pk).update(status="queued")
    stray = ToolCall.objects.get(pk=other.pk)
    assert claims.claim(stray, by=identities.system(people.toolroom())) is None
    assert not gate.lines
