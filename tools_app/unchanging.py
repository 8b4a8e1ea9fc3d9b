"""What the database itself keeps from changing in the rows of this room, whatever program writes to it."""

from __future__ import annotations

from typing import Final

from audit_app import triggers
from audit_app.triggers import Trigger
from tools_app.models import Approval, ToolCall

_QUESTION: Final = (
    *("organization_id", "call_id", "about", "requester_id", "digest", "covers", "reasons"),
    *("is_dangerous", "demands", "id", "flow", "approver", "requester_name"),
)
_VERDICT: Final = (
    *("decided_by_id", "decided_by_name", "decided_at", "comment", "created_at", "expires_at"),
    *("instead", "response", "answer", "votes_given"),
)
# A yes that was not used yet may lapse sooner, which permits nothing; it never holds for longer.
_LONGER: Final = f"""OLD.status <> 'pending' AND ({triggers.differs("use_until")})
    AND NOT (OLD.status = 'approved' AND COALESCE(NEW.use_until < OLD.use_until, FALSE))"""
_VOTE: Final = (
    *("id", "organization_id", "approval_id", "voter_id", "voter_name", "verdict", "digest", "groups"),
    *("comment", "created_at"),
)
_VERSION: Final = (
    *("tool_id", "number", "content_hash", "snapshot", "action", "changed", "reason"),
    "changed_by",
)
_TERMS: Final = (
    *("organization_id", "user_id", "agent_type_id", "agent_hash", "tool_id", "tool_hash", "rules_hash"),
    *("session_id", "matchers", "reasons", "expires_at", "max_uses", "granted_by", "granted_by_id"),
)


def guards() -> list[Trigger]:
    return [
        triggers.final_states("tool_calls", set(ToolCall.Status.values) - set(ToolCall.MOVES)),
        triggers.final_states("approvals", set(Approval.Status.values) - set(Approval.MOVES)),
        triggers.legal_moves("approvals_decided", "approvals", Approval.MOVES),
        triggers.unchanging("approvals_question", "approvals", _QUESTION),
        triggers.unchanging("approvals_verdict", "approvals", _VERDICT, once="OLD.status <> 'pending'"),
        Trigger("approvals_use_until", "approvals", "UPDATE", _LONGER),
        triggers.never_go("approvals_never_go", "approvals"),
        # What a tool was stays what it was: going back to it must not bring back something else.
        triggers.unchanging("versions_never_change", "tool_versions", _VERSION),
        triggers.unchanging("votes_never_change", "approval_votes", _VOTE),
        triggers.never_go("votes_never_go", "approval_votes"),
        # What somebody allowed is never widened afterwards, and what was taken back stays so.
        triggers.unchanging("standing_terms", "standing_approvals", _TERMS),
        Trigger(
            "standing_revoked_for_good",
            "standing_approvals",
            "UPDATE",
            "OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL",
        ),
    ]
