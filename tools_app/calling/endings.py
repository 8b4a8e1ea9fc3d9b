"""How ToolCalls end: the codes and sentences, and the record of calls that never started."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import transaction

from audit_app import records
from audit_app.clock import NOW
from audit_app.models import ToolUsage
from audit_app.transitions import hold, move
from project.accounts.identity import Identity
from tools_app.calling import askers
from tools_app.calling.askers import Asked
from tools_app.models import Approval, ApprovalVote, ToolCall
from tools_app.policy import Refuse, Source, steps

_LONGEST: Final = 255
_NOT_GRANTED: Final = frozenset({"not_granted", "use_not_allowed", "not_offered"})


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a call ends without having run: a code for programs, a sentence for the model and the person."""

    code: str
    message: str
    # Whose word it is, where it is that of a rule.
    rule: Source | None = field(default=None, compare=False)

    @property
    def refusal(self) -> Refuse:
        """The same as the gate says it."""
        return Refuse(self.code, self.message, self.rule)


DRIFTED: Final = Blocked(
    "definition_changed",
    "The tool, the rules or the target changed after the approval, so it was not used. Ask again.",
)


# Nobody had said yes to it. Where it is asked about anew, the answer to that is what the model gets.
CHANGED_WHILE_ASKED: Final = Blocked(
    "definition_changed",
    "The tool, the rules or the target changed while this waited for a yes, so it was not used. Ask again.",
)


def too_many(asked: int, most: int) -> Blocked:
    """For the first of those that one model turn asked for beyond what is taken of it."""
    told = f"{asked} uses were asked for at once and the first {most} were taken; this one and those after it were not."
    return Blocked("too_many_uses", f"{told} Ask for a few at a time.")


def over(limit: int, where: str, code: str, rule: Source | None = None) -> Blocked:
    """A limit of uses is reached; the same words as where the gate says it before anybody is asked."""
    return Blocked(code, steps.spent(limit, where), rule)


def over_rate(limit: int, rule: Source | None = None) -> Blocked:
    told = f"This tool may be called {limit} times a minute, and that is used up. Try again later."
    return Blocked("rate_limit", steps.NO_MINUTE if limit < 1 else told, rule)


@transaction.atomic(savepoint=False)
def end_unstarted(call: ToolCall, status: str, why: Blocked, *, by: Identity, **fields: Any) -> None:
    """Move a call that never ran to an ending, and open and close its record at once."""
    hold(call)
    usage = record_unstarted(call, status, why)
    told: dict[str, Any] = {
        "reason": why.code,
        "reason_text": why.message,
        "ended_at": NOW,
        "usage_id": usage.pk,
    }
    move(call, status, by=by, **told, **fields)


def record_unstarted(call: ToolCall, status: str, why: Blocked) -> ToolUsage:
    """Open and close the record of a use. It is the use of the person who asked, whoever or whatever ended it."""
    usage = records.open_tool_usage(usage_of(call, attempt=call.attempt + 1), by=requester(call))
    records.close_tool_usage(
        usage.pk, status=_usage_status(status, why.code), reason=why.code, error_message=why.message
    )
    return usage


def requester(call: ToolCall) -> Identity:
    """Whose use it is in the record: the person who asked, from where they asked, though a worker carries it out."""
    return as_asked(call, askers.of(call))


def as_asked(call: ToolCall, asked: Asked) -> Identity:
    return replace(asked.identity, display_name=call.user_name)


def usage_of(
    call: ToolCall,
    *,
    attempt: int,
    approval: Approval | None = None,
    acting_as: str = "",
    allowed_by: str = "",
) -> records.Usage:
    return records.Usage(
        organization_id=call.organization_id,
        tool_name=call.tool_name,
        parameters=call.arguments,
        copied={
            "session_id": call.session_id or None,
            "agent_type_id": call.agent_type_id,
            "agent_name": call.agent_name,
            "tool_id": call.tool_id,
            "tool_version": call.tool_hash,
            "tool_call_id": call.pk,
            "run_id": call.run_id,
            "attempt": attempt,
            "acting_as": acting_as[:255],
            "approval_id": approval.pk if approval else None,
            "decided_by": _deciders(approval) if approval else allowed_by,
        },
    )


def _deciders(approval: Approval) -> str:
    """Everybody whose yes it took, in the order in which they gave it."""
    if approval.votes_given < 2:
        return approval.decided_by_name
    yes = ApprovalVote.objects.filter(approval=approval, verdict=ApprovalVote.Verdict.APPROVE).order_by("pk")
    return ", ".join(yes.values_list("voter_name", flat=True))[:_LONGEST]


def _usage_status(status: str, code: str) -> str:
    """The source's four words (S4.225, S4.239): denied by a person or a missing grant, blocked by anything else."""
    if (
        status in (ToolCall.Status.DENIED, ToolCall.Status.EXPIRED, ToolCall.Status.CANCELLED)
        or code in _NOT_GRANTED
    ):
        return ToolUsage.Status.DENIED
    return ToolUsage.Status.BLOCKED
