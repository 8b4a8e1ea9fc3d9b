"""Claiming a queued ToolCall: decided again with fresh facts, the approval used up, the limit reserved, the record
opened, the status moved; all in one transaction, or nothing runs."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from audit_app import records
from audit_app.clock import NOW, from_now
from audit_app.exceptions import StaleState
from audit_app.transitions import hold, move
from project.accounts import prepared
from project.accounts.identity import Identity
from project.accounts.prepared import Given, Prepared
from tools_app import facts, policy
from tools_app.approving import questions, sparing, successors
from tools_app.calling import endings, limits, traces
from tools_app.explain import decided
from tools_app.facts import Gathered
from tools_app.models import Approval, ToolCall

_STILL_GOOD = Q(use_until__gt=NOW)
# The newest yes to running it. That an answer may go on, after a use was lost, is no such yes.
_GIVEN = Prepared(
    lambda: Approval.objects.filter(
        call_id=Given("call"),
        about__in=[Approval.About.USE, Approval.About.ANSWER],
        status__in=[Approval.Status.APPROVED, Approval.Status.CONSUMED],
    ).order_by("-pk")[:1]
)


def claim(call: ToolCall, *, by: Identity) -> Gathered | None:
    """Make the call ours to run, or None: somebody else has it, it is refused now, or it must be asked again."""
    try:
        with transaction.atomic():
            hold(call, only_if=Q(status=ToolCall.Status.QUEUED, attempt=call.attempt))
            return _decided(call, by=by)
    except StaleState:
        return None


def _decided(call: ToolCall, *, by: Identity) -> Gathered | None:
    found = facts.regather(call)
    decision = found.decision()
    approval = _GIVEN.first(call=call.pk)
    if approval is None:
        decision = sparing.used_up(decision, call, found)
    standing = decision.standing if approval is None and isinstance(decision, policy.Allow) else None
    match decision:
        case policy.Refuse(code=code, message=message):
            decided.add(call, found, decision, decided.CLAIM)
            _refused(call, approval, endings.Blocked(code, message), by=by)
            return None
        case policy.AskApproval(reasons=reasons):
            if approval is None:
                decided.add(call, found, decision, decided.CLAIM)
                _asked_again(call, found, reasons, by=by)
                return None
        case policy.Allow():
            pass
        case _:
            assert_never(decision)
    if approval is not None and not questions.still_fits(approval, call, found, decision):
        decided.add(call, found, endings.DRIFTED.refusal, decided.CLAIM)
        _refused(call, approval, endings.DRIFTED, by=by)
        if successors.may_have(call):
            successors.put_anew(call, found, decision, by=by)
        return None
    if approval is not None and (void := _void(approval)):
        questions.note_anew(call, found, approval, void)
        _asked_again(call, found, questions.anew(approval, void), by=by)
        return None
    return _started(call, found, approval, standing, by=by)


def _started(
    call: ToolCall, found: Gathered, approval: Approval | None, standing: int | None, *, by: Identity
) -> Gathered | None:
    reserved = limits.reserve(call, found)
    if reserved.waits or reserved.refused is not None:
        sparing.give_back(standing, call)
        # One that waits for its turn stays queued, its approval unused: the end of another one is the bell for it.
        if reserved.refused is not None:
            decided.add(call, found, reserved.refused.refusal, decided.CLAIM)
            _refused(call, approval, reserved.refused, by=by)
        return None
    if approval is not None and approval.status == Approval.Status.APPROVED:
        # An old yes must never run: the database's clock and the status decide, in the statement that uses it up.
        move(approval, Approval.Status.CONSUMED, by=by, only_if=_STILL_GOOD & Q(digest=approval.digest))
    attempt = call.attempt + 1
    acting_as, giver = _acting_as(found), sparing.giver_of(standing, found)
    used = endings.usage_of(call, attempt=attempt, approval=approval, acting_as=acting_as, allowed_by=giver)
    usage = records.open_tool_usage(used, by=endings.as_asked(call, found.asked))
    move(
        call,
        ToolCall.Status.RUNNING,
        by=by,
        only_if=Q(attempt=call.attempt),
        attempt=attempt,
        usage_id=usage.pk,
        limit_reserved=True,
        outside=traces.begun(call, found, acting_as or call.user_id),
        standing_id=standing,
        remainder=list(reserved.remainder),
        lease_until=from_now(settings.CALL_LEASE_SECONDS),
        facts={"approval": approval.pk if approval else None}
        | ({} if standing is None else {"standing": standing})
        | dict(reserved.observed)
        | ({"acting_as": acting_as} if acting_as else {}),
    )
    spared_by = next((each for each in found.facts.standing if each.id == standing), None)
    # An answer of which every field was left empty is one, too.
    return replace(found, answer=approval.answer if approval is not None else None, spared_by=spared_by)


def _acting_as(found: Gathered) -> str:
    """Both are recorded: who asked, and the identity of its own under which the persona acts for them (S3.95)."""
    return str(found.grant.acts_as.get("user_id", "")) if found.grant else ""


def _void(approval: Approval) -> str:
    """Why this yes may start nothing any more, though it is for exactly what would run; "" where it may."""
    if not questions.still_stands(approval):
        return questions.GIVER_GONE
    return "" if _is_fresh(approval) else questions.RAN_OUT


def _is_fresh(approval: Approval) -> bool:
    """Whether the yes may still start something. One used up by a claim that died before its start is old one day too.

    One that was not used yet is judged by the statement that uses it up.
    """
    if approval.status == Approval.Status.APPROVED:
        return True
    return prepared.exists(Approval, Q(pk=approval.pk) & _STILL_GOOD)


def _refused(call: ToolCall, approval: Approval | None, why: endings.Blocked, *, by: Identity) -> None:
    if approval is not None and approval.status == Approval.Status.APPROVED:
        move(approval, Approval.Status.SUPERSEDED, by=by)
    endings.end_unstarted(call, ToolCall.Status.BLOCKED, why, by=by)


def _asked_again(call: ToolCall, found: Gathered, reasons: tuple[str, ...], *, by: Identity) -> None:
    """The rules have become stricter, the yes ran out unused, or who gave it may not any more: ask, now."""
    for void in call.approvals.filter(status=Approval.Status.APPROVED):
        move(void, Approval.Status.SUPERSEDED, by=by)
    move(call, ToolCall.Status.WAITING, by=by)
    questions.ask(call, found, reasons=reasons, by=by)
