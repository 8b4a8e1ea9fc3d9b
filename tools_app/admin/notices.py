"""Webhooks, and what was sent to whom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from audit_app.audited_admin import ByVerbs, ReadOnlyAdmin, Verb, VerbForm
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.approving.visible import visible_text
from tools_app.models import Delivery, Event, Secret, Webhook
from tools_app.notices import hooks, sending

_EVENTS = [(event.value, event.label) for event in Event if event.value in hooks.EVENTS]
COLOURS = {
    "sent": "success",
    "failed": "danger",
    "dropped": "",
    "under way": "info",
    "tried again": "warning",
}


class WebhookForm(VerbForm):
    events = forms.MultipleChoiceField(
        choices=_EVENTS,
        initial=list(hooks.EVENTS),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="A message names the tool, the persona and the person, and never what would run.",
    )

    class Meta:
        model = Webhook
        fields = ["name", "url", "secret", "events", "enabled"]

    def perform(self) -> Webhook:
        given = {**self.cleaned_data, "secret": self._secret_name()}
        if self.instance.pk:
            return hooks.change(Webhook.objects.get(pk=self.instance.pk), given, by=self.identity)
        return hooks.add(given, by=self.identity)

    def _secret_name(self) -> str:
        secret: Secret = self.cleaned_data["secret"]
        return secret.name


def _test(hook: Webhook, by: Identity, _: dict[str, str]) -> str:
    hooks.test(hook, by=by)
    return "A test is on its way. Among the deliveries you see how it went."


def _remove(hook: Webhook, by: Identity, _: dict[str, str]) -> str:
    hooks.remove(hook, by=by)
    return f"{hook.name} is deleted."


def _may(row: Any, identity: Identity) -> bool:
    return identity.may(CATALOG_CHANGE)


@admin.register(Webhook)
class WebhookAdmin(ByVerbs):
    about_rows = (
        "A program of yours that is told, signed, when a question waits, is reminded of or is decided."
    )
    to_view = to_change = (CATALOG_CHANGE,)
    form = WebhookForm
    list_display = ["name", "url", "secret", "state", "updated_at"]
    list_select_related = ["secret"]
    search_fields = ["name", "url"]
    readonly_fields = ["off_because"]
    fieldsets = [
        (None, {"fields": ["name", "enabled"]}),
        (
            "Where to, and signed with what",
            {
                "fields": ["url", "secret"],
                "description": "Messages are signed as Standard Webhooks describes (webhook-id, webhook-timestamp, "
                "webhook-signature). The secret is 24 bytes or more, or whsec_ and base64; keep it under Secrets, "
                "with the host of this address in its list.",
            },
        ),
        ("What it is told", {"fields": ["events"]}),
    ]
    verbs = (
        Verb(
            "test",
            "Send a test",
            "The same way as a real message, at the next sweep.",
            _test,
            possible=lambda hook, identity: hook.enabled and _may(hook, identity),
        ),
        Verb("remove", "Delete", "What is on its way is dropped.", _remove, possible=_may, dangerous=True),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = list(self.fieldsets)
        if obj is not None and obj.off_because:
            shown.insert(1, ("Switched off by the house", {"fields": ["off_because"]}))
        return shown

    @display(description="state", label={"on": "success", "off": "", "switched off": "danger"})
    def state(self, hook: Webhook) -> str:
        return "on" if hook.enabled else "switched off" if hook.off_because else "off"


def _again(row: Delivery, by: Identity, _: dict[str, str]) -> str:
    sending.again(row, by=by)
    return f"It goes to {row.recipient_name} once more, under the same id."


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    about_rows = (
        "Each mail and each message to a webhook about a question stands here, with what became of it."
    )
    to_view = (CATALOG_CHANGE,)
    list_display = ["what", "channel", "recipient", "state", "tries", "answer_code", "error", "created_at"]
    list_display_links = ["what"]
    list_select_related = ["approval__call"]
    list_filter = ["outcome", "channel", "event", ("created_at", RangeDateTimeFilter)]
    search_fields = ["recipient_name", "error", "approval__call__tool_name"]
    fieldsets = [
        ("What and to whom", {"fields": ["event", "question", "channel", "recipient", "public_id"]}),
        (
            "What became of it",
            {"fields": ["state_today", "tries", "answer_code", "error", "created_at", "due_at", "ended_at"]},
        ),
        ("What a webhook was sent", {"fields": ["body"], "classes": ["collapse"]}),
    ]
    readonly_fields = [name for _, options in fieldsets for name in options["fields"]]
    verbs = (
        Verb(
            "again",
            "Send again",
            "Under the same id, so that a receiver can tell it is the same.",
            _again,
            possible=lambda row, identity: row.ended_at is not None and _may(row, identity),
        ),
    )

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return Delivery.objects.visible_to(identity).order_by("-pk")

    @display(description="about", ordering="event", header=True)
    def what(self, row: Delivery) -> list[str]:
        tool = visible_text(row.approval.call.tool_name) if row.approval else ""
        return [row.get_event_display(), tool]

    @display(description="to", ordering="recipient_name")
    def recipient(self, row: Delivery) -> str:
        return visible_text(row.recipient_name)

    @display(description="state", ordering="outcome", label=COLOURS)
    def state(self, row: Delivery) -> tuple[str, str]:
        if row.outcome:
            return row.outcome, row.get_outcome_display()
        return ("tried again", "Is tried again") if row.tries else ("under way", "Under way")

    @display(description="state")
    def state_today(self, row: Delivery) -> str:
        return str(self.state(row)[1])

    @display(description="question")
    def question(self, row: Delivery) -> str:
        if row.approval is None:
            return "none"
        link = reverse("admin:tools_app_approval_change", args=[row.approval.pk])
        return format_html('<a href="{}">{}</a>', link, str(row.approval))
