"""The record, to be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from audit_app import actions
from audit_app.admin import links, persons
from audit_app.audited_admin import ReadOnlyAdmin, identity_of
from audit_app.models import AuditEntry, ToolUsage
from project.accounts.roles import AUDIT_VIEW

USAGE_COLOURS = {
    "success": "success",
    "failed": "danger",
    "denied": "warning",
    "blocked": "warning",
    "open": "info",
}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    to_view = (AUDIT_VIEW,)
    list_display = ["at", "actor_name", "words", "subject_name", "for_whom", "subject_type", "ip_address"]
    list_display_links = ["at", "words"]
    list_filter = [("at", RangeDateTimeFilter), "action", "subject_type", "actor_name"]
    search_fields = ["actor_name", "subject_name", "subject_id", "stream", "request_id"]
    search_help_text = "Person, what it is about, conversation or request id"
    date_hierarchy = "at"
    fieldsets = [
        ("What happened", {"fields": ["at", "words", "actor_name", "actor_id", "ip_address", "request_id"]}),
        ("About", {"fields": ["subject_type", "subject_name", "subject_id", "facts"]}),
        (
            "Where it stands in the chain",
            {
                "fields": ["stream", "seq", "prev_hash", "hash"],
                "description": "Each entry carries the hash of the one before: an edit or a gap shows.",
            },
        ),
    ]
    readonly_fields = [
        *[
            "at",
            "words",
            "actor_name",
            "actor_id",
            "ip_address",
            "request_id",
            "subject_type",
            "subject_name",
        ],
        *["subject_id", "facts", "stream", "seq", "prev_hash", "hash"],
    ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        # Asked for once for the page that is shown, and not again in each of its rows.
        persons.tell(listed.result_list, identity_of(request))
        return listed

    @display(description="did", ordering="action")
    def words(self, entry: AuditEntry) -> str:
        return actions.sentence(entry.action)

    @display(description="for whom")
    def for_whom(self, entry: AuditEntry) -> str:
        """The person whose use it is, where that is somebody else than who did this."""
        return getattr(entry, "for_whom", "")


@admin.register(ToolUsage)
class ToolUsageAdmin(ReadOnlyAdmin):
    to_view = (AUDIT_VIEW,)
    list_display = [
        "created_at",
        "tool_name",
        "agent_name",
        "user_name",
        "outcome",
        "reason",
        "execution_time_ms",
    ]
    list_display_links = ["created_at", "tool_name"]
    list_filter = [
        ("created_at", RangeDateTimeFilter),
        "status",
        "tool_name",
        "agent_name",
        "user_name",
        "reason",
    ]
    search_fields = ["tool_name", "agent_name", "user_name", "session_id", "error_message"]
    search_help_text = "Tool, persona, person or conversation id"
    date_hierarchy = "created_at"
    fieldsets = [
        ("What", {"fields": ["tool_name", "status", "reason", "error_message", "parameters", "result"]}),
        (
            "Who",
            {
                "fields": [
                    "user_name",
                    "user_id",
                    "agent_name",
                    "acting_as",
                    "decided_by",
                    "ip_address",
                    "request_id",
                ]
            },
        ),
        ("When", {"fields": ["created_at", "ended_at", "execution_time_ms", "tokens_used", "attempt"]}),
        (
            "Where it belongs",
            {
                "fields": [
                    "conversation",
                    "answer",
                    "call",
                    "question",
                    "tool",
                    "tool_version",
                    "persona",
                ]
            },
        ),
    ]
    readonly_fields = [name for _, options in fieldsets for name in options["fields"]]

    @display(description="conversation")
    def conversation(self, usage: ToolUsage) -> str:
        return links.to_list("agents_app_conversation", usage.session_id)

    @display(description="answer")
    def answer(self, usage: ToolUsage) -> str:
        return links.to_row("agents_app_run", usage.run_id)

    @display(description="call")
    def call(self, usage: ToolUsage) -> str:
        return links.to_row("tools_app_toolcall", usage.tool_call_id)

    @display(description="approval")
    def question(self, usage: ToolUsage) -> str:
        return links.to_row("tools_app_approval", usage.approval_id)

    @display(description="tool")
    def tool(self, usage: ToolUsage) -> str:
        return links.to_row("tools_app_tool", usage.tool_id, usage.tool_name)

    @display(description="persona")
    def persona(self, usage: ToolUsage) -> str:
        return links.to_row("agents_app_agenttype", usage.agent_type_id, usage.agent_name)

    @display(description="outcome", ordering="status", label=USAGE_COLOURS)
    def outcome(self, usage: ToolUsage) -> tuple[str, str]:
        return (usage.status, usage.get_status_display()) if usage.status else ("open", "Open")
