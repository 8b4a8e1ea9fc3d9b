"""What is allowed from now on in the organization: to be read and taken back. It is made on the card of a question."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from audit_app import clock
from audit_app.audited_admin import ReadOnlyAdmin, Verb, identity_of, may
from project.accounts.identity import Identity
from project.accounts.roles import AUDIT_VIEW, CATALOG_CHANGE, DECIDE, DECIDE_OWN, POLICY_CHANGE
from tools_app.admin.own_only import OwnOnly
from tools_app.approving import lasting, reading, standing
from tools_app.models import StandingApproval

COLOURS = {"open": "success", "revoked": "warning", "used_up": "", "expired": "", "changed": "info"}


def _revoke(row: StandingApproval, by: Identity, _: dict[str, str]) -> str:
    standing.revoke(row, by=by)
    return f"{row.tool_name} will ask again."


def _may_revoke(row: StandingApproval, identity: Identity) -> bool:
    """Nothing is left to take back of what is used up or expired. What changed may change back, and fit again."""
    is_open = lasting.written_state(row, clock.read()) == lasting.OPEN
    return is_open and standing.may_revoke(row, identity)


def _left(row: StandingApproval) -> list[str]:
    whose = f"{row.user_name} through {row.agent_name}"
    return [f"It is allowed to {whose}.", f"{row.used} of {row.max_uses} uses are used up."]


class OpenFilter(admin.SimpleListFilter):
    title = "whether it is over"
    parameter_name = "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Open"), ("yes", "Over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        is_open = StandingApproval.objects.open().values("pk")
        if self.value() == "no":
            return queryset.filter(pk__in=is_open)
        return queryset.exclude(pk__in=is_open) if self.value() == "yes" else queryset


@admin.register(StandingApproval)
class StandingApprovalAdmin(OwnOnly, ReadOnlyAdmin):
    about_own = "Only what you allowed, or what is allowed to you, is listed here: your role sees no others."
    to_view = (DECIDE, DECIDE_OWN, AUDIT_VIEW)
    change_form_outer_after_template = "admin/toolroom/rule_side.html"
    about_rows = "Here stands what somebody allowed “from now on” beside a yes; it can be taken back."
    list_display = [
        "tool_name",
        "state",
        "uses",
        "user_name",
        "agent_name",
        "where",
        "expires_at",
        "granted_by",
    ]
    list_filter = [OpenFilter, "tool_name", "user_name", "agent_name", ("created_at", RangeDateTimeFilter)]
    search_fields = ["tool_name", "user_name", "agent_name", "granted_by"]
    fieldsets = [
        (
            "What is allowed",
            {"fields": ["tool_name", "state_today", "allowed", "user_name", "agent_name", "where"]},
        ),
        ("How long, how often", {"fields": ["expires_at", "uses", "last_used_at"]}),
        ("By whom", {"fields": ["granted_by", "created_at", "revoked_by", "revoked_at"]}),
        (
            "What it is bound to",
            {"fields": ["matchers", "reasons", "tool_hash", "agent_hash"], "classes": ["collapse"]},
        ),
    ]
    readonly_fields = [name for _, options in fieldsets for name in options["fields"]]
    verbs = (
        Verb(
            "revoke",
            "Take back",
            "From now on every use is asked again. Who wants it allowed once more has to say so beside a new question.",
            _revoke,
            possible=_may_revoke,
            facts=_left,
        ),
    )

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return (
            StandingApproval.objects.visible_to(identity)
            .select_related("approval__call__tool")
            .order_by("-pk")
        )

    def opened(self, request: HttpRequest, obj: StandingApproval) -> None:
        reading.note(obj, identity_of(request), page="standing approval")

    def page_context(self, request: HttpRequest, obj: StandingApproval) -> dict[str, Any]:
        """Who may take it back and change policy besides is offered to see first what that would have changed."""
        identity = identity_of(request)
        judges = may(request, (CATALOG_CHANGE, POLICY_CHANGE)) and standing.may_revoke(obj, identity)
        judges = judges and lasting.state_of(obj, clock.read()) == lasting.OPEN
        return {**super().page_context(request, obj), "preview_standing": obj.pk if judges else ""}

    @display(description="state", label=COLOURS)
    def state(self, row: StandingApproval) -> tuple[str, str]:
        state = lasting.written_state(row, clock.read())
        return state, lasting.STATES[state]

    @display(description="state")
    def state_today(self, row: StandingApproval) -> str:
        return lasting.STATES[lasting.state_of(row, clock.read())]

    @display(description="used")
    def uses(self, row: StandingApproval) -> str:
        return f"{row.used} of {row.max_uses}"

    @display(description="where")
    def where(self, row: StandingApproval) -> str:
        return "One conversation" if row.session_id else "All conversations"

    @display(description="when")
    def allowed(self, row: StandingApproval) -> str:
        lines = [(each["name"], each["says"]) for each in row.words]
        return (
            format_html_join("", "<div><code>{}</code>: {}</div>", lines) if lines else "It has no arguments."
        )
