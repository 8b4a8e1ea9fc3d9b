"""Saved cases of tools: what a use by a persona should come to, and whether it did, in green and red.

It stands in this room because a case names a persona, and the one that is chosen must be one of the organization.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agents_app.models import AgentType
from audit_app.admin_fields import ReadableJSONField
from audit_app.audited_admin import ByVerbs, Verb, VerbForm, identity_of
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.models import Membership
from project.accounts.roles import CATALOG_CHANGE
from tools_app.approving.visible import visible_text
from tools_app.cataloging import cases, drafts
from tools_app.models import Tool, ToolCase

_COLOURS = {"passed": "success", "failed": "danger", "open": "warning", "never": ""}
_NEW = {"outcome": "succeeded", "text": {"contains": ""}}
_HELP = (
    'An outcome: succeeded, failed, refused or asks. With it, if you like, "text" (contains, matches as a pattern of '
    'RE2, or equals) and "data": a list of {"pointer": "/days/0", "equals": 3}, or "exists": true.'
)


class CaseForm(VerbForm):
    name = forms.CharField(
        max_length=100, widget=UnfoldAdminTextInputWidget, help_text="What it shows, in a few words."
    )
    persona = forms.ModelChoiceField(
        AgentType.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="Who uses the tool; its grant counts.",
    )
    person = forms.ModelChoiceField(
        Membership.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Whom the gate is asked about. Left empty: whoever runs the case. For somebody else you can only "
        "expect that it is refused or asks.",
    )
    arguments = ReadableJSONField(required=False, initial=dict)
    expectation = ReadableJSONField(initial=_NEW, help_text=_HELP)

    class Meta:
        model = ToolCase
        fields = ["tool", "name", "arguments", "expectation"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organization = self.identity.organization_id
        if "persona" in self.fields:
            choices: Any = self.fields["persona"]
            choices.queryset = AgentType.objects.visible_to(self.identity).current().order_by("display_name")
            people: Any = self.fields["person"]
            people.queryset = Membership.objects.filter(organization_id=organization).select_related("user")
        if self.instance.pk:
            self.initial["persona"] = self.instance.agent_type_id
            rows = Membership.objects.filter(organization_id=organization)
            self.initial["person"] = rows.filter(user_id=self.instance.user_id or 0).first()

    def perform(self) -> ToolCase:
        given = self.cleaned_data
        persona, person = given["persona"], given.get("person")
        fields = {
            "name": given["name"],
            "arguments": given.get("arguments") or {},
            "expectation": given["expectation"],
            "agent_type_id": persona.pk,
            "agent_name": persona.display_name,
            "user_id": str(person.user_id) if person else "",
        }
        if self.instance.pk:
            return cases.change(ToolCase.objects.get(pk=self.instance.pk), fields, by=self.identity)
        return cases.add(given["tool"], fields, by=self.identity)


def _run(row: ToolCase, by: Identity, _: dict[str, str]) -> str:
    return _told(cases.run(row, by=by, draft=drafts.mark_of(row.tool) if row.tool.is_draft else ""))


def _run_draft(row: ToolCase, by: Identity, _: dict[str, str]) -> str:
    return _told(cases.run(row, by=by, draft=drafts.mark_of(row.tool)))


def _told(row: ToolCase) -> str:
    if row.outcome == ToolCase.Outcome.OPEN:
        waits = row.call is not None and row.call.status == "waiting"
        return (
            "It waits for a person to approve the use." if waits else "It is being run: reload in a moment."
        )
    return visible_text(f"{row.get_outcome_display()}. {row.explanation[:300]}")


def _remove(row: ToolCase, by: Identity, _: dict[str, str]) -> str:
    cases.remove(row, by=by)
    return f"The case {row.name} is deleted."


def _may(row: ToolCase, identity: Identity) -> bool:
    return identity.may(CATALOG_CHANGE) and row.tool.archived_at is None


def _has_draft(row: ToolCase, identity: Identity) -> bool:
    try:
        return _may(row, identity) and not row.tool.is_draft and bool(drafts.mark_of(row.tool))
    except NotFound:
        return False


@admin.register(ToolCase)
class ToolCaseAdmin(ByVerbs):
    about_rows = (
        "Arguments with what should come of them. They are run before a draft of the tool is published."
    )
    to_view, to_change = (CATALOG_CHANGE,), (CATALOG_CHANGE,)
    form = CaseForm
    settled = ("tool",)
    list_display = ["shown_name", "expects", "agent_name", "state", "shown_why", "run_by", "run_at"]
    list_display_links = ["shown_name"]
    list_filter = [("tool", AutocompleteSelectFilter), "outcome"]
    list_filter_submit = True
    autocomplete_fields = ["tool"]
    list_select_related = ["tool", "call"]
    search_fields = ["name", "tool__name"]
    fieldsets = [
        ("The use", {"fields": ["tool", "name", "persona", "person", "arguments"]}),
        ("What it should come to", {"fields": ["expectation"]}),
        ("What it came to", {"fields": ["outcome", "told", "run_by", "run_at"]}),
    ]
    readonly_fields = ["outcome", "told", "run_by", "run_at"]
    verbs = (
        Verb("run", "Run it", "As yourself, through the real gate.", _run, possible=_may),
        Verb(
            "draft", "Run it against the draft", "What is published stays.", _run_draft, possible=_has_draft
        ),
        Verb("remove", "Delete", "The record of its runs stays.", _remove, possible=_may, dangerous=True),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:2]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The tool whose page led here; what else stands in an address is nobody's business."""
        tool = request.GET.get("tool", "")
        return {"tool": tool} if tool.isdecimal() and len(tool) < 19 else {}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tool":
            kwargs["queryset"] = Tool.objects.visible_to(identity_of(request)).current().order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def opened(self, request: HttpRequest, obj: ToolCase) -> None:
        cases.refresh(obj.tool)

    @display(description="case", ordering="name", header=True)
    def shown_name(self, case: ToolCase) -> list[str]:
        return [case.name, case.tool.name]

    @display(description="expects")
    def expects(self, case: ToolCase) -> str:
        return str(case.expectation.get("outcome", ""))

    @display(description="last run", ordering="outcome", label=_COLOURS)
    def state(self, case: ToolCase) -> tuple[str, str]:
        return case.outcome or "never", case.get_outcome_display()

    @display(description="what it said")
    def told(self, case: ToolCase) -> Any:
        return format_html('<pre class="question-value">{}</pre>', visible_text(case.explanation) or "–")

    @display(description="why")
    def shown_why(self, case: ToolCase) -> str:
        failed = case.outcome == ToolCase.Outcome.FAILED
        return visible_text(" ".join(case.explanation.split())[:120]) if failed else ""
