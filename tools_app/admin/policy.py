"""What an organization says about all its tools: its rules, and its settings for the gate as a whole."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from audit_app.admin_fields import HoursField, LinesField, ReadableJSONField
from audit_app.audited_admin import ByVerbs, Verb, VerbForm, identity_of, may
from project.accounts.identity import Identity
from project.accounts.roles import AUDIT_VIEW, CATALOG_CHANGE, POLICY_CHANGE
from tools_app.admin import rule_help
from tools_app.admin.demanding import DemandForm
from tools_app.approving import groups
from tools_app.governing import layers, organization_policies, policy_rules, selecting
from tools_app.models import OrganizationPolicy, PolicyRule, Tool

_READING = (POLICY_CHANGE, CATALOG_CHANGE, AUDIT_VIEW)


class RuleForm(VerbForm):
    for_tools = LinesField(
        label="Tools", help_text="Names; a * stands for anything, as in crm_*. Empty: any."
    )
    for_categories = LinesField(label="Categories", help_text="Empty: any.", rows=2)
    for_executors = forms.MultipleChoiceField(
        label="Carried out by",
        required=False,
        choices=Tool.Executor.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    for_flags = forms.MultipleChoiceField(
        label="What they are",
        required=False,
        choices=[(name, words.capitalize()) for name, words in selecting.FLAGS.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="A tool that is one of these. Nothing ticked: any.",
    )
    denied_parameters = ReadableJSONField(
        required=False,
        help_text='{"kind:url": ["test.example"]} refuses every address there, whatever its parameter is called.',
    )
    allowed_parameters = ReadableJSONField(
        required=False,
        help_text='What is not named is refused: {"kind:url": ["*.example.org"], "*": true}.',
    )
    ask_when = ReadableJSONField(
        required=False, help_text='Values at which a person is asked: {"amount": [{"range": {"min": 100}}]}.'
    )

    class Meta:
        model = PolicyRule
        fields = list(policy_rules.FIELDS)
        widgets = {"reason": UnfoldAdminTextareaWidget(attrs={"rows": 2})}

    def perform(self) -> PolicyRule:
        listed: tuple[str, ...] = policy_rules.FIELDS
        given = {name: self.cleaned_data[name] for name in listed if name in self.cleaned_data}
        if self.instance.pk:
            return policy_rules.change(self.instance, self.touched(), by=self.identity)
        return policy_rules.add(given, by=self.identity)


def _remove(rule: PolicyRule, by: Identity, _: dict[str, str]) -> str:
    policy_rules.remove(rule, by=by)
    return f"The rule “{rule.name}” is removed."


@admin.register(PolicyRule)
class PolicyRuleAdmin(ByVerbs):
    to_view, to_change = _READING, (POLICY_CHANGE,)
    form = RuleForm
    about_rows = "A rule forbids uses, or lets a person be asked, for many tools at once."
    change_form_outer_before_template = "admin/toolroom/rule.html"
    change_form_outer_after_template = "admin/toolroom/rule_side.html"
    list_display = ["shown_name", "about", "does", "state", "updated_at"]
    list_display_links = ["shown_name"]
    list_filter = ["enabled"]
    search_fields = ["name", "reason", "message"]
    verbs = (
        Verb(
            "remove",
            "Remove",
            "What it forbids or asks about is judged by the other rules alone, from the next call on.",
            _remove,
            possible=lambda rule, identity: identity.may(POLICY_CHANGE),
            dangerous=True,
        ),
    )
    fieldsets = [
        (None, {"fields": ["name", "reason", "enabled"]}),
        (
            "Which tools it is about",
            {
                "fields": ["for_tools", "for_categories", "for_executors", "for_flags"],
                "description": "A tool must meet one entry of each list that is not empty. With nothing here the rule "
                "is about every tool, those that are added later too.",
            },
        ),
        (
            "What it does",
            {
                "fields": [
                    ("forbids", "requires_approval"),
                    "denied_parameters",
                    "allowed_parameters",
                    "ask_when",
                    "message",
                ],
                "description": format_html(
                    "{}{}",
                    "A rule can only narrow what tools and grants leave. Names of parameters, kind:url for all of a "
                    "kind (url, host, email, path, command, code, sql, text, argv), or * for any.",
                    rule_help.matchers(),
                ),
            },
        ),
    ]

    def page_context(self, request: HttpRequest, obj: PolicyRule) -> dict[str, Any]:
        problem = policy_rules.problem(obj) or policy_rules.unmet(obj)
        if problem:
            return {**super().page_context(request, obj), "rule": obj, "rule_problem": problem}
        covered = [tool.name for tool in policy_rules.covered(obj)]
        shown = {"rule_tools": covered[:40], "rule_more": max(len(covered) - 40, 0), "rule": obj}
        tried = {"preview_rule": obj} if may(request, (CATALOG_CHANGE,)) else {}
        advises = policy_rules.advisory(obj)
        return {**super().page_context(request, obj), **shown, **tried, "rule_advises": advises}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        tried = {"preview_rule": PolicyRule()} if may(request, (CATALOG_CHANGE,)) else {}
        answer: HttpResponse = super().add_view(request, form_url, {**(extra_context or {}), **tried})
        return answer

    @display(description="rule", ordering="name", header=True)
    def shown_name(self, rule: PolicyRule) -> list[str]:
        return [rule.name, Truncator(rule.reason).chars(60)]

    @display(description="is about")
    def about(self, rule: PolicyRule) -> str:
        return "" if policy_rules.problem(rule) else str(layers.of_row(rule).selector)

    @display(description="does")
    def does(self, rule: PolicyRule) -> str:
        said = {
            "forbids them": rule.forbids,
            "always asks": rule.requires_approval,
            "forbids values": rule.denied_parameters is not None,
            "lists what is allowed": rule.allowed_parameters is not None,
            "asks at values": rule.ask_when is not None,
        }
        return ", ".join(words for words, is_so in said.items() if is_so)

    @display(
        description="state", ordering="enabled", label={"on": "success", "off": "warning", "torn": "danger"}
    )
    def state(self, rule: PolicyRule) -> tuple[str, str]:
        if policy_rules.problem(rule):
            return "torn", "Cannot be read"
        return ("on", "In force") if rule.enabled else ("off", "Off")


# In the order of the page; what is in none of them comes last, so that no setting is ever missing from it.
_GROUPS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    (
        "Who decides",
        ("approver", "approvals_needed", "approver_groups", "deny_reasons"),
        "For every tool. A tool, a persona or a grant may demand more, never less.",
    ),
    (
        "Allowed from now on",
        ("standing_seconds", "standing_uses", "standing_dangerous"),
        "How far a person may go when they say “and from now on” beside a yes.",
    ),
    (
        "Telling people that a question waits",
        (
            "notify_by_mail",
            "tell_after_minutes",
            "remind_after_minutes",
            "reminders",
            "escalate_after_minutes",
            "escalate_to",
        ),
        "By mail, by webhook and in the browser. Nothing of what would run is said; each person chooses their mail.",
    ),
    ("Days", ("time_zone",), ""),
)


# In the address, where nothing was set yet.
_UNSET: Final = "unset"


class OrganizationPolicyForm(DemandForm):
    standing_seconds = HoursField(
        label="Longest time for “from now on” (hours)",
        help_text="8 unless you say otherwise. 0: nobody can allow anything from now on.",
    )
    deny_reasons = LinesField(
        label="Reasons to deny", help_text=OrganizationPolicy._meta.get_field("deny_reasons").help_text
    )

    escalate_to = forms.ChoiceField(
        label="Hand on to the group",
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=OrganizationPolicy._meta.get_field("escalate_to").help_text,
    )

    class Meta:
        model = OrganizationPolicy
        exclude = ["organization"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "escalate_to" in self.fields:
            listed = {*groups.names(self.identity.organization_id), self.instance.escalate_to} - {""}
            named = [(name, name) for name in sorted(listed)]
            self.fields["escalate_to"].choices = [("", "Administrators"), *named]  # type: ignore[attr-defined]

    def perform(self) -> OrganizationPolicy:
        return organization_policies.change(self.touched(), by=self.identity)


@admin.register(OrganizationPolicy)
class OrganizationPolicyAdmin(ByVerbs):
    """One page: there is one row of each organization, made when a setting is changed first."""

    to_view, to_change = _READING, (POLICY_CHANGE,)
    may_add = False
    form = OrganizationPolicyForm

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        left, found = list(organization_policies.fields()), []
        for title, names, about in _GROUPS:
            there = [name for name in names if name in left]
            left = [name for name in left if name not in there]
            if not may(request, self.to_change):
                there = ["standing_hours" if name == "standing_seconds" else name for name in there]
            found.append((title, {"fields": there, "description": about}))
        return [*found, *([("More", {"fields": left})] if left else [])]

    @display(description="Longest time for “from now on” (hours)")
    def standing_hours(self, row: OrganizationPolicy) -> str:
        return f"{row.standing_seconds / 3600:.10g}"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            answer: HttpResponse = super().changelist_view(request, extra_context)
            return answer
        row = OrganizationPolicy.objects.of(identity_of(request).organization_id)
        page = "admin:tools_app_organizationpolicy_change"
        return HttpResponseRedirect(reverse(page, args=[row.pk or _UNSET]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """What is looked at is not written: until something is set, the page shows the defaults."""
        if object_id == _UNSET:
            return OrganizationPolicy.objects.of(identity_of(request).organization_id)
        return super().get_object(request, object_id, from_field)
