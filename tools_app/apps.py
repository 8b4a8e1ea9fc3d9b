"""App configuration of the tool room."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate


class ToolsConfig(AppConfig):
    name = "tools_app"
    verbose_name = "Tools"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit_app import actions
        from tools_app import (
            finders,
            knowledge_tools,
            receivers,  # noqa: F401  (connects "call queued -> execute_call")
            sentences,
        )

        actions.register(sentences.SENTENCES)
        finders.register_knowledge(knowledge_tools.find, knowledge_tools.keep)
        if settings.TOOL_MODULES:
            from tools_app import functions

            functions.load(settings.TOOL_MODULES)
        post_migrate.connect(_lay_triggers, sender=self)
        post_migrate.connect(_lay_index, sender=self)


def _lay_index(using: str, **_: Any) -> None:
    from tools_app import text_index

    text_index.install(connections[using])


def _lay_triggers(using: str, **_: Any) -> None:
    from audit_app import triggers
    from tools_app.models import Approval, ToolCall

    question = (
        *("organization_id", "call_id", "about", "requester_id", "digest", "covers", "reasons"),
        *("is_dangerous", "demands"),
    )
    verdict = (
        *("decided_by_id", "decided_by_name", "comment", "expires_at"),
        *("instead", "response", "votes_given"),
    )
    vote = ("approval_id", "voter_id", "voter_name", "verdict", "digest", "groups", "comment")
    version = ("tool_id", "number", "content_hash", "snapshot", "action", "changed", "reason", "changed_by")
    terms = (
        *("organization_id", "user_id", "agent_type_id", "agent_hash", "tool_id", "tool_hash", "rules_hash"),
        *("session_id", "matchers", "reasons", "expires_at", "max_uses", "granted_by", "granted_by_id"),
    )
    laid = [
        triggers.final_states("tool_calls", set(ToolCall.Status.values) - set(ToolCall.MOVES)),
        triggers.final_states("approvals", set(Approval.Status.values) - set(Approval.MOVES)),
        triggers.Trigger(
            "approvals_decided",
            "approvals",
            "UPDATE",
            "OLD.status <> 'pending' AND NEW.status IN ('pending')",
        ),
        triggers.unchanging("approvals_question", "approvals", question),
        # What a tool was stays what it was: going back to it must not bring back something else.
        triggers.unchanging("versions_never_change", "tool_versions", version),
        triggers.unchanging("votes_never_change", "approval_votes", vote),
        # What somebody allowed is never widened afterwards, and what was taken back stays so.
        triggers.unchanging("standing_terms", "standing_approvals", terms),
        triggers.Trigger(
            "standing_revoked_for_good",
            "standing_approvals",
            "UPDATE",
            "OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL",
        ),
        triggers.unchanging("approvals_verdict", "approvals", verdict, once="OLD.status <> 'pending'"),
    ]
    triggers.install(connections[using], laid)
