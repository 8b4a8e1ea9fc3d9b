"""Where verdicts are given: approve(), deny(), expire(). One transaction each; who loses a race gets StaleState."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from audit_app.clock import NOW, from_now
from audit_app.exceptions import StaleState
from audit_app.redaction import storable
from audit_app.transitions import hold, move, note
from project.accounts import identity as identities
from project.accounts.identity import Identity
from tools_app import calls, doors, executors, facts, policy
from tools_app.approving import answers, questions, successors, votes
from tools_app.calling import endings
from tools_app.exceptions import (
    DecidesForItself,
    DigestMismatch,
    MayNotDecide,
    NeedsAnswer,
    NeedsFreshLogin,
    NotAQuestion,
    StoppedForNow,
)
from tools_app.explain import decided
from tools_app.governing import halts
from tools_app.models import Approval, ApprovalVote, ToolCall

may_decide = questions.may_decide


def approve(approval: Approval, *, digest: str, by: Identity, comment: str = "") -> Approval:
    """Say yes to exactly what was seen. `digest` is that of the card the person looked at.

    About the outcome of a use that was lost, yes means "go on": the answer is woken, the tool stays where it is.

    Raises MayNotDecide, NeedsFreshLogin, DigestMismatch, and StaleState where the question is not open any more.
    """
    require_right(approval, by)
    if approval.about == Approval.About.ANSWER:
        raise NeedsAnswer
    if approval.is_dangerous and not by.is_fresh:
        raise NeedsFreshLogin
    require_digest(approval, digest)
    if approval.about == Approval.About.OUTCOME:
        # It has run, so nothing that changed since can void the question; and whoever says "go on" permits no tool.
        return move(
            approval, Approval.Status.APPROVED, by=by, only_if=still_open(digest), **verdict_of(by, comment)
        )
    require_unchanged(approval, by)
    return _agreed(approval, digest, by=by, comment=comment)


@transaction.atomic
def _agreed(approval: Approval, digest: str, *, by: Identity, comment: str) -> Approval:
    """Count this yes. It lets the use run once every demand is met; until then the question stays open."""
    yes = ApprovalVote.Verdict.APPROVE
    missing = votes.cast(approval, digest=digest, verdict=yes, by=by, comment=comment)
    if missing:
        return note(approval, "approval.voted", by=by, voted=by.display_name, missing=missing)
    return _released(approval, digest, settings.APPROVAL_UNUSED_SECONDS, by=by, **verdict_of(by, comment))


def answer(approval: Approval, *, digest: str, given: Mapping[str, Any], by: Identity) -> Approval:
    """Answer what a tool asks: the answer is what it gives to the model.

    Raises what approve raises, NotAQuestion where nothing is asked, and InvalidAnswer, field by field.
    """
    require_right(approval, by)
    if approval.about != Approval.About.ANSWER or approval.call.tool is None:
        raise NotAQuestion
    require_digest(approval, digest)
    tool = approval.call.tool
    answered = answers.checked(executors.form(tool.executor, tool.name, approval.covers["arguments"]), given)
    require_unchanged(approval, by)
    # An answer permits nothing: it is kept as long as a question is, so that no pause of the workers loses it.
    seconds = settings.APPROVAL_PENDING_SECONDS
    return _released(approval, digest, seconds, by=by, answer=answered, **verdict_of(by, ""))


def require_unchanged(approval: Approval, by: Identity) -> None:
    """A yes to what would be refused by now, or is another thing than was shown, lets nothing run.

    What was refused ends, and the model is told. What has only changed is asked about anew, as it is by now. What a
    kill switch stops stays asked: that is no verdict about this use, and it may be lifted before the question closes.
    Raises DigestMismatch, and StoppedForNow.
    """
    call = approval.call
    found = facts.regather(call)
    decision = found.decision()
    if isinstance(decision, policy.Refuse) and decision.code == halts.CODE:
        raise StoppedForNow(f"{found.facts.halted} You can deny it, or wait until it acts again.")
    if not isinstance(decision, policy.Refuse) and questions.still_fits(approval, call, found, decision):
        return
    with transaction.atomic():
        # The stream first, as everybody takes it: a Stop that holds it waits for the call, which `add` takes.
        hold(approval)
        refusal = decision if isinstance(decision, policy.Refuse) else endings.CHANGED_WHILE_ASKED.refusal
        decided.add(call, found, refusal, decided.VERDICT)
        supersede(approval, endings.Blocked(refusal.code, refusal.message), by=by)
        if not isinstance(decision, policy.Refuse) and successors.may_have(call):
            successors.put_anew(call, found, decision, by=identities.system(call.organization_id))
    raise DigestMismatch(code="definition_changed", details={"reason": refusal.code})


@transaction.atomic
def _released(approval: Approval, digest: str, seconds: int, *, by: Identity, **fields: Any) -> Approval:
    use_until = from_now(seconds)
    move(approval, Approval.Status.APPROVED, by=by, only_if=still_open(digest), use_until=use_until, **fields)
    calls.release(approval.call, by=by)
    return approval


def deny(approval: Approval, *, digest: str, by: Identity, comment: str = "", instead: str = "") -> Approval:
    """Say no; the reason is told to the model, and what it shall do instead. No fresh login is needed to refuse.

    About the outcome of a use that was lost, no means "stop here": the answer ends.
    """
    require_right(approval, by)
    require_digest(approval, digest)
    with transaction.atomic():
        votes.cast(approval, digest=digest, verdict=ApprovalVote.Verdict.DENY, by=by, comment=comment)
        instead = storable(instead).strip()[:2000]
        fields = {**verdict_of(by, comment), "instead": instead}
        move(approval, Approval.Status.DENIED, by=by, only_if=still_open(digest), **fields)
        if approval.about == Approval.About.OUTCOME:
            doors.end_run(approval, by=by)
            return approval
        said = "did not want to answer" if approval.about == Approval.About.ANSWER else "denied this use"
        why = f"{by.display_name or 'A person'} {said}."
        why += f" Reason given: {storable(comment)}" if comment else ""
        if instead:
            end = "" if why.endswith((".", "!", "?", "…")) else "."
            why += f"{end} Do this instead: {instead}"
        endings.end_unstarted(approval.call, ToolCall.Status.DENIED, endings.Blocked("denied", why), by=by)
    return approval


@transaction.atomic
def expire(approval: Approval) -> None:
    """Close a question nobody answered, or take back a yes that was never used and ask afresh."""
    by = identities.system(approval.organization_id)
    call = approval.call
    if approval.status == Approval.Status.PENDING:
        move(approval, Approval.Status.EXPIRED, by=by, only_if=Q(expires_at__lte=NOW))
        if approval.about == Approval.About.OUTCOME:
            doors.end_run(approval, by=by)
            return
        why = endings.Blocked("expired", "Nobody decided in time, so it was not run.")
        endings.end_unstarted(call, ToolCall.Status.EXPIRED, why, by=by)
        return
    move(approval, Approval.Status.EXPIRED, by=by, only_if=Q(use_until__lte=NOW))
    if call.status == ToolCall.Status.QUEUED:
        found, void = facts.regather(call), questions.RAN_OUT
        questions.note_anew(call, found, approval, void)
        move(call, ToolCall.Status.WAITING, by=by)
        questions.ask(call, found, reasons=questions.anew(approval, void), by=by)


@transaction.atomic
def supersede(approval: Approval, why: endings.Blocked, *, by: Identity) -> None:
    """What was asked about is not what would run any more: the question is void, the model is told.

    One whose time is over only ends: no late click puts it anew.
    """
    move(approval, Approval.Status.SUPERSEDED, by=by, only_if=Q(expires_at__gt=NOW))
    endings.end_unstarted(approval.call, ToolCall.Status.BLOCKED, why, by=by)


def require_right(approval: Approval, by: Identity) -> None:
    if not may_decide(approval, by):
        raise DecidesForItself if questions.decides_for_itself(approval, by) else MayNotDecide


def require_digest(approval: Approval, seen: str) -> None:
    if approval.status != Approval.Status.PENDING:
        raise StaleState(details={"status": approval.status})
    if seen != approval.digest:
        raise DigestMismatch


def still_open(digest: str) -> Q:
    return Q(digest=digest, expires_at__gt=NOW)


def verdict_of(by: Identity, comment: str) -> dict[str, Any]:
    return {
        "decided_by_id": by.user_id,
        "decided_by_name": by.display_name[:255],
        "decided_at": NOW,
        "comment": storable(comment)[:2000],
    }
