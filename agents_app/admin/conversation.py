"""Conversations, for those who read the record, and only to read. Opening somebody else's is itself recorded."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from agents_app.costs import money
from agents_app.models import Conversation, Message, Run, Step
from audit_app import records
from audit_app.audited_admin import ReadOnlyAdmin, RecordedReading, Scoped
from project.accounts.roles import AUDIT_VIEW

RUN_COLOURS = {
    "queued": "info",
    "running": "info",
    "waiting": "warning",
    "finished": "success",
    "failed": "danger",
    "cancelled": "",
}


class ReadOnlyInline(Scoped, TabularInline):
    to_view = (AUDIT_VIEW,)
    extra = 0
    can_delete = False
    show_change_link = True
    tab = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields


class MessageInline(ReadOnlyInline):
    model = Message
    fields = ["created_at", "role", "text", "ending"]


class RunInline(ReadOnlyInline):
    model = Run
    fields = ["created_at", "status", "reason_text", "attempt", "input_tokens", "output_tokens"]


class StepInline(ReadOnlyInline):
    model = Step
    fields = [
        "number",
        "kind",
        "tool_call",
        "stop_reason",
        "model",
        "input_tokens",
        "output_tokens",
        "ended_at",
    ]


class PartOfConversation(RecordedReading):
    """A conversation, or something in one."""

    to_view = (AUDIT_VIEW,)

    def whose(self, obj: Any) -> str:
        return str(_conversation(obj).owner_id)

    def read_subject(self, obj: Any) -> records.Subject:
        conversation = _conversation(obj)
        return records.Subject("conversation", conversation.session_id, str(conversation))


def _conversation(obj: Any) -> Conversation:
    found: Conversation = obj if isinstance(obj, Conversation) else obj.conversation
    return found


@admin.register(Conversation)
class ConversationAdmin(PartOfConversation):
    list_display = ["owner", "agent_type", "state", "created_at", "updated_at"]
    list_select_related = ["owner", "agent_type"]
    list_filter = [("created_at", RangeDateTimeFilter), ("agent_type", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["owner__username", "public_id"]
    search_help_text = "Person or conversation id; what was said is not searched"
    fields = [
        "public_id",
        "owner",
        "agent_type",
        "title",
        "created_at",
        "updated_at",
        "archived_at",
        "deleted_at",
    ]
    readonly_fields = fields
    inlines = [MessageInline, RunInline]

    @display(description="state", label={"current": "success", "archived": "info", "deleted": "danger"})
    def state(self, row: Conversation) -> tuple[str, str]:
        if row.deleted_at is not None:
            return "deleted", "Deleted by its owner"
        return ("archived", "Archived") if row.archived_at else ("current", "Current")


@admin.register(Message)
class MessageAdmin(PartOfConversation):
    list_display = ["created_at", "conversation_id", "role", "ending", "model"]
    list_filter = [("created_at", RangeDateTimeFilter), "role", "ending"]
    list_select_related = ["conversation"]
    fields = [
        "conversation",
        "role",
        "text",
        "ending",
        "model",
        "scripted",
        "client_id",
        "created_at",
        "ended_at",
    ]


@admin.register(Run)
class RunAdmin(PartOfConversation):
    list_display = ["created_at", "agent_type", "state", "reason", "attempt", "tokens_used", "cost"]
    list_filter = [("created_at", RangeDateTimeFilter), "status", "reason"]
    list_select_related = ["agent_type", "conversation"]
    fields = [
        *[
            "conversation",
            "agent_type",
            "status",
            "reason",
            "reason_text",
            "attempt",
            "crashes",
            "invalid_calls",
        ],
        *[
            "input_tokens",
            "output_tokens",
            "cached_tokens",
            "cost",
            "beyond",
            "tainted",
            "created_at",
            "started_at",
            "ended_at",
        ],
    ]
    readonly_fields = fields
    inlines = [StepInline]

    @display(description="tokens")
    def tokens_used(self, row: Run) -> str:
        return f"{row.input_tokens + row.output_tokens + row.cached_tokens:,}"

    @display(description="cost", ordering="nanos")
    def cost(self, row: Run) -> str:
        return money.written(row.nanos)

    @display(description="status", ordering="status", label=RUN_COLOURS)
    def state(self, row: Run) -> tuple[str, str]:
        return row.status, row.get_status_display()


@admin.register(Step)
class StepAdmin(ReadOnlyAdmin):
    to_view = (AUDIT_VIEW,)
    list_display = [
        "created_at",
        "run_id",
        "number",
        "kind",
        "stop_reason",
        "model",
        "input_tokens",
        "output_tokens",
    ]
    list_filter = ["kind", "stop_reason", "model"]
    fields = [
        *[
            "run",
            "number",
            "kind",
            "tool_call",
            "stop_reason",
            "model",
            "provider_request_id",
            "input_tokens",
        ],
        *["output_tokens", "cache_read_tokens", "cache_write_tokens", "created_at", "ended_at"],
    ]
