"""What people may do about a use instead of a yes or a no: change its arguments, answer in its place, withdraw it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from audit_app.exceptions import StaleState
from audit_app.redaction import storable
from audit_app.transitions import hold, move
from project.accounts.identity import Identity
from project.accounts.roles import CHAT
from tools_app import approvals, facts, policy, rules
from tools_app.approving import successors, votes
from tools_app.calling import askers, endings
from tools_app.exceptions import CannotBeEdited, InvalidAnswer, InvalidEdit, MayNotDecide
from tools_app.explain import decided
from tools_app.facts import Gathered
from tools_app.governing import meanings
from tools_app.models import Approval, ApprovalVote, ToolCall

RESPONSE_CHARS: Final = 20_000
# How the call ended that a person answered for.
ANSWERED: Final = "answered_by_person"


def edit(
    approval: Approval, *, digest: str, arguments: Mapping[str, Any], by: Identity, comment: str = ""
) -> Approval:
    """Change the arguments of a use that waits. Another call takes its place, judged anew and asked about anew.

    It stays the use of whoever asked, and runs as theirs: so the gate must let it to them, and to who changes it too.
    Returns the new question. Raises InvalidEdit, saying why, where the gate would refuse such a use: then nothing has
    changed. Besides MayNotDecide, CannotBeEdited, DigestMismatch and StaleState.
    """
    call = _changeable(approval, digest, by)
    asked = askers.changed_by(call, by)
    found = facts.gather(call.tool_name, json.dumps(_supplied(call, arguments)), asked)
    decision = found.decision()
    if isinstance(decision, policy.Refuse):
        raise InvalidEdit(decision.message, details={"reason": decision.code})
    if not successors.differing(call.arguments, found.call.arguments):
        raise InvalidEdit("Nothing is different. Approve or deny it as it is.", code="nothing_changed")
    if by.user_id != call.user_id:
        _require_same_file(call, found)
    who = by.display_name or "A person"
    why = endings.Blocked(successors.REPLACED, f"{who} changed the arguments; the use goes on as changed.")
    with transaction.atomic():
        verdict = approvals.verdict_of(by, comment)
        move(approval, Approval.Status.SUPERSEDED, by=by, only_if=approvals.still_open(digest), **verdict)
        decided.add(call, facts.regather(call), why.refusal, decided.VERDICT)
        endings.end_unstarted(call, ToolCall.Status.BLOCKED, why, by=by)
        return successors.put_edited(call, found, decision, by=by, groups=votes.groups_for(approval, by))


def _require_same_file(call: ToolCall, found: Gathered) -> None:
    """The new card shows what the file holds now: else whoever may approve could read any file by naming it."""
    if found.tool is None or not found.preview:
        return
    kinds = meanings.kinds_of(found.tool)
    changed = successors.differing(call.arguments, found.call.arguments)
    if any(kinds.get(each.name) in ("path", "folder") for each in changed):
        told = "Which file it changes is for who asked to say. Deny it, and say what to do instead."
        raise InvalidEdit(told, code="other_file")


def _supplied(call: ToolCall, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What counts as given by somebody: not what policy filled in and nobody has touched."""
    return {
        name: value
        for name, value in arguments.items()
        if not (name in call.filled and name in call.arguments and rules.is_same(call.arguments[name], value))
    }


def respond(approval: Approval, *, digest: str, text: str, by: Identity) -> Approval:
    """Answer in the place of the tool, which is not run. The model is told that these are a person's words."""
    call = _changeable(approval, digest, by)
    said = storable(text).strip()
    if not said or len(said) > RESPONSE_CHARS:
        told = f"Write between 1 and {RESPONSE_CHARS} characters."
        raise InvalidAnswer(details={"fields": {"text": told}})
    who = by.display_name or "A person"
    why = endings.Blocked(ANSWERED, f"It was not run: {who} answered in its place.")
    with transaction.atomic():
        no = ApprovalVote.Verdict.DENY
        votes.cast(approval, digest=digest, verdict=no, by=by, comment="")
        verdict = approvals.verdict_of(by, "")
        still = approvals.still_open(digest)
        move(approval, Approval.Status.DENIED, by=by, only_if=still, response=said, **verdict)
        endings.end_unstarted(call, ToolCall.Status.DENIED, why, by=by, result_text=said)
    return approval


def may_withdraw(approval: Approval, identity: Identity) -> bool:
    """Whoever asked may take it back until it runs; whoever has approved may take back a yes that was not used yet."""
    if approval.organization_id != identity.organization_id or approval.about != Approval.About.USE:
        return False
    if approval.requester_id == identity.user_id and identity.may(CHAT):
        return approval.status in (Approval.Status.PENDING, Approval.Status.APPROVED)
    if approval.status != Approval.Status.APPROVED or not approvals.may_decide(approval, identity):
        return False
    return approval.votes.filter(voter_id=identity.user_id).exists()


def withdraw(approval: Approval, *, by: Identity) -> Approval:
    """Take a use back that has not begun. Raises StaleState once it has, MayNotDecide for anybody else's."""
    if not may_withdraw(approval, by):
        if approval.is_final and approval.requester_id == by.user_id:
            raise StaleState(details={"status": approval.status})
        raise MayNotDecide
    pending = approval.status == Approval.Status.PENDING
    who = by.display_name or "A person"
    why = endings.Blocked("withdrawn", f"{who} withdrew it before it ran.")
    with transaction.atomic():
        hold(approval)
        # What it is by now: a worker may have begun it, and then this is too late.
        call = ToolCall.objects.select_related("tool").get(pk=approval.call_id)
        if call.status not in (ToolCall.Status.WAITING, ToolCall.Status.QUEUED):
            raise StaleState(details={"status": call.status})
        told = approvals.verdict_of(by, "") if pending else {}
        move(approval, Approval.Status.CANCELLED, by=by, **told)
        endings.end_unstarted(call, ToolCall.Status.CANCELLED, why, by=by)
    return approval


def _changeable(approval: Approval, digest: str, by: Identity) -> ToolCall:
    approvals.require_right(approval, by)
    if approval.about != Approval.About.USE or approval.call.run_id is None:
        raise CannotBeEdited
    approvals.require_digest(approval, digest)
    return approval.call
