"""History of this room, to be read: uses and counters."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from audit_app import records
from audit_app.admin import links
from audit_app.audited_admin import ReadOnlyAdmin, RecordedReading, identity_of
from project.accounts.identity import Identity
from project.accounts.roles import AUDIT_VIEW, DECIDE
from tools_app.admin import asked, why
from tools_app.approving.visible import visible_text
from tools_app.models import ToolCall, UsageCounter

_WHY_CHARS = 300
CALL_COLOURS = {
    "waiting": "warning",
    "queued": "info",
    "running": "info",
    "succeeded": "success",
    "failed": "danger",
    "denied": "warning",
    "expired": "warning",
    "blocked": "danger",
}


@admin.register(ToolCall)
class ToolCallAdmin(RecordedReading):
    about_rows = "Every use of a tool that a persona asks for stands here, allowed or not."
    # Whoever may only decide finds those that were asked about (`visible_to`).
    to_view = (AUDIT_VIEW, DECIDE)
    change_form_outer_before_template = "admin/toolroom/call.html"
    list_display = ["created_at", "tool_name", "state", "agent_name", "user_name", "told"]
    list_display_links = ["created_at", "tool_name"]
    list_filter = [("created_at", RangeDateTimeFilter), "status", "tool_name", "agent_name", "user_name"]
    search_fields = ["tool_name", "agent_name", "user_name", "session_id"]
    date_hierarchy = "created_at"
    fieldsets = [
        (
            "What was asked",
            {"fields": ["tool_name", "status", "told", "reason"]},
        ),
        ("What came of it", {"fields": ["result_text", "attempt", "created_at", "started_at", "ended_at"]}),
        ("Who", {"fields": ["user_name", "agent_name", "conversation", "outside_before"]}),
        ("Versions", {"fields": ["tool_hash", "agent_hash", "usage"]}),
        ("The arguments as JSON", {"fields": ["arguments"], "classes": ["collapse"]}),
    ]
    readonly_fields = [name for _, options in fieldsets for name in options["fields"]]

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return ToolCall.objects.visible_to(identity)

    def whose(self, obj: ToolCall) -> str:
        return obj.user_id

    def read_subject(self, obj: ToolCall) -> records.Subject:
        return records.Subject(obj.AUDIT_NAME, str(obj.pk), str(obj))

    def page_context(self, request: HttpRequest, obj: ToolCall) -> dict[str, Any]:
        identity = identity_of(request)
        told = {"toolroom_asked": asked.shown(obj, identity), "toolroom_why": why.shown(obj, identity)}
        return {**super().page_context(request, obj), **told}

    @display(description="status", ordering="status", label=CALL_COLOURS)
    def state(self, call: ToolCall) -> tuple[str, str]:
        return call.status, call.get_status_display()

    @display(description="conversation")
    def conversation(self, call: ToolCall) -> str:
        return links.to_list("agents_app_conversation", call.session_id)

    @display(description="tool use")
    def usage(self, call: ToolCall) -> str:
        return links.to_row("audit_app_toolusage", call.usage_id)

    @display(description="why", ordering="reason")
    def told(self, call: ToolCall) -> str:
        return Truncator(visible_text(call.reason_text)).chars(_WHY_CHARS)

    @display(description="read from outside before")
    def outside_before(self, call: ToolCall) -> str:
        """What came into the conversation from outside, which its card warned of."""
        if not call.tainted:
            return "No"
        named = (" ".join(filter(None, (str(each["tool"]), str(each["what"])))) for each in call.read_outside)
        return visible_text("; ".join(named)) or "Yes"


@admin.register(UsageCounter)
class UsageCounterAdmin(ReadOnlyAdmin):
    about_rows = "How often tools with a limit were used: by conversation, person and day."
    to_view = (AUDIT_VIEW,)
    list_display = ["scope", "scope_key", "agent_type_id", "tool_id", "used", "updated_at"]
    list_filter = ["scope"]
    search_fields = ["scope_key"]
