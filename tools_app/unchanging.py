"""What the database itself keeps from changing in the rows of this room, whatever program writes to it."""

from __future__ import annotations

from typing import Final

from audit_app import triggers
from audit_app.triggers import Trigger
from tools_app.models import Approval, ToolCall

_QUESTION: Final = (
    *("organization_id", "call_id", "about", "requester_id", "digest", "covers", "reasons"),
    *("is_dangerous", "demands"),
)
_VERDICT: Final = (
    *("decided_by_id", "decided_by_name", "comment", "expires_at"),
    *("instead", "response", "votes_given"),
)
_VOTE: Final = ("approval_id", "voter_id", "voter_name", "verdict", "digest", "groups", "comment")
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
        Trigger(
            "approvals_decided",
            "approvals",
            "UPDATE",
            "OLD.status <> 'pending' AND NEW.status IN ('pending')",
        ),
        triggers.unchanging("approvals_question", "approvals", _QUESTION),
        triggers.unchanging("approvals_verdict", "approvals", _VERDICT, once="OLD.status <> 'pending'"),
        # What a tool was stays what it was: going back to it must not bring back something else.
        triggers.unchanging("versions_never_change", "tool_versions", _VERSION),
        triggers.unchanging("votes_never_change", "approval_votes", _VOTE),
        # What somebody allowed is never widened afterwards, and what was taken back stays so.
        triggers.unchanging("standing_terms", "standing_approvals", _TERMS),
        Trigger(
            "standing_revoked_for_good",
            "standing_approvals",
            "UPDATE",
            "OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL",
        ),
    ]
