"""Asking a person whether an answer may go on, after a worker was lost over a dangerous tool (G7).

Nobody can tell whether the use happened. The question permits nothing to run: it only says whether to go on.
"""

from __future__ import annotations

from typing import Any

from audit_app import clock
from audit_app.transitions import move
from project.accounts.identity import Identity
from tools_app import doors
from tools_app.approving import digest, questions
from tools_app.models import Approval, ToolCall


def ask(call: ToolCall, *, by: Identity) -> Approval | None:
    """Put the question about a use that was lost after its start; the answer rests as long as it is open.

    None where nobody needs to look: the tool does no harm, or no answer waits for it any more.
    """
    if call.tool is None or call.run_id is None or doors.run_is_over(call.run_id) or not _can_harm(call):
        return None
    now = clock.read()
    expires = questions.closing_time(call.tool, now)
    covers = _covered(call, expires_at=expires.isoformat())
    approval = Approval(
        organization_id=call.organization_id,
        call=call,
        about=Approval.About.OUTCOME,
        digest=digest.of(covers),
        covers=covers,
        reasons=["outcome_unknown"],
        approver=call.tool.approver,
        is_dangerous=True,
        requester_id=call.user_id,
        requester_name=call.user_name,
        created_at=now,
        expires_at=expires,
    )
    return questions.put(approval, by=by)


def withdraw(run_id: int, *, by: Identity) -> None:
    """Take back what was asked about the uses of an answer: it has ended, and nobody waits for a verdict."""
    asked = Approval.objects.filter(call__run_id=run_id).about_outcome().awaiting_verdict()
    for approval in asked.select_related("call"):
        move(approval, Approval.Status.CANCELLED, by=by)


def told(call: ToolCall) -> str:
    """What somebody who looked said about a lost use, for the model to read; empty where nobody did."""
    verdicts = (Approval.Status.APPROVED, Approval.Status.DENIED)
    found = Approval.objects.filter(call=call, status__in=verdicts).about_outcome().last()
    if found is None:
        return ""
    way = "said to go on" if found.status == Approval.Status.APPROVED else "stopped the answer"
    note = f" Their note: {found.comment}" if found.comment else ""
    return f"{found.decided_by_name or 'A person'} has looked and {way}.{note}"


def _can_harm(call: ToolCall) -> bool:
    """By the tool as it is, or as it was when it ran: then the yes that was used up says so."""
    return bool(call.tool and call.tool.is_dangerous) or call.approvals.filter(is_dangerous=True).exists()


def _covered(call: ToolCall, *, expires_at: str) -> dict[str, Any]:
    """What the digest is taken over: what did run, so that no change since can void the question."""
    return {
        "about": Approval.About.OUTCOME.value,
        "organization": call.organization_id,
        "conversation": call.session_id,
        "run": call.run_id,
        "call": call.pk,
        "attempt": call.attempt,
        "usage": call.usage_id,
        "tool_use_id": call.tool_use_id,
        "requester": call.user_id,
        "agent": [call.agent_type_id, call.agent_hash],
        "tool": [call.tool_id, call.tool_hash],
        "description": call.tool.description if call.tool else "",
        "arguments": call.arguments,
        "tainted": call.tainted,
        "expires_at": expires_at,
    }
