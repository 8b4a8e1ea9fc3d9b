"""The tools of a persona as part of its page: one form for each grant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import StackedInline
from unfold.decorators import display

from agents_app import personas, toolset
from agents_app.granted import granting, grants
from agents_app.models import AgentToolConfig
from audit_app.audited_admin import Scoped, identity_of
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW
from tools_app.admin import rule_help
from tools_app.admin.demanding import DemandForm
from tools_app.governing import rule_problems
from tools_app.governing.rule_problems import RULES
from tools_app.schema import weights


class GrantForm(DemandForm):
    class Meta:
        model = AgentToolConfig
        fields = ["tool", *sorted(granting.FIELDS)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "tool" in self.fields:
            self.fields["tool"].disabled = True
        rule_help.explain(self.fields)

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name in granting.FIELDS}

    def clean(self) -> dict[str, Any]:
        """A rule that is typed here says what it means: of a parameter without a kind a bare text could mean much."""
        tool, touched = self.cleaned_data.get("tool"), [name for name in RULES if name in self.changed_data]
        if tool is not None and touched and not self.cleaned_data.get("DELETE"):
            typed = SimpleNamespace(**{name: self.cleaned_data.get(name) for name in touched})
            for name, told in rule_problems.unclear(typed, tool, touched).items():
                self.add_error(name, told)
        return super().clean()

    def is_worth_trying(self) -> bool:
        is_deleted = bool(self.cleaned_data.get("DELETE"))
        return bool(self.has_changed() and not is_deleted and self.instance.agent_type_id)

    def perform(self) -> AgentToolConfig:
        tool = self.cleaned_data["tool"]
        return personas.grant(self.instance.agent_type, tool, self.changes(), by=self.identity)


class GrantInline(Scoped, StackedInline):
    """A tool this persona has. Changing which tool means taking one away and giving another."""

    to_view, to_change = (CATALOG_VIEW,), (CATALOG_CHANGE,)
    may_delete = True
    model = AgentToolConfig
    form = GrantForm
    extra = 0
    collapsible = True
    # A persona may have hundreds of tools out of thousands: neither all rows nor all choices fit on a page.
    per_page = 8
    autocomplete_fields = ["tool"]
    readonly_fields = ["token_weight", "advice", "rules_speak_of"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "tool",
                    ("enabled_for_agent", "allow_use"),
                    ("always_on", "order_index"),
                    "token_weight",
                ]
            },
        ),
        (
            "Asking",
            {
                "fields": [
                    ("requires_approval", "waives_approval"),
                    "ask_when",
                    ("approver", "approvals_needed"),
                    "approver_groups",
                ],
                "description": "For certain values: {&quot;amount&quot;: [{&quot;range&quot;: {&quot;min&quot;: 9}}]}.",
            },
        ),
        (
            "Limits",
            {
                "fields": [
                    "usage_limit",
                    ("person_daily_limit", "daily_limit"),
                    "rules_speak_of",
                    "allowed_parameters",
                    "denied_parameters",
                    "advice",
                    "parameter_defaults",
                    "fixed_parameters",
                ],
                "description": "Names of parameters, such as [&quot;city&quot;], or values by name, such as "
                "{&quot;city&quot;: [&quot;Oslo&quot;, &quot;Bergen&quot;]}. What they come to for certain arguments "
                "is shown by “Try it” on the page of the tool.",
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tool", "agent_type").in_order()  # type: ignore[attr-defined, no-any-return]

    @display(description="what rules may say")
    def rules_speak_of(self, row: AgentToolConfig) -> str:
        about = "" if row._state.adding else rule_help.parameters(row.tool)
        return format_html("{}{}", about, rule_help.matchers())

    @display(description="tokens")
    def token_weight(self, row: AgentToolConfig) -> str:
        """What its description takes, as the model of this persona is shown it."""
        if row._state.adding:
            return ""
        return f"{weights.of(toolset.as_shown(row.tool, grants.of(row))):,}"

    @display(description="notice")
    def advice(self, row: AgentToolConfig) -> str:
        """What looks like a limit and is none (S4.221), or cannot be read and refuses everything."""
        if not row._state.adding and (problem := granting.problem(row)):
            return f"Every use is refused until this is mended. {problem}"
        names = [] if row._state.adding else granting.advisory(row)
        if not names:
            return ""
        held = "What holds is the sandbox and the question to a person; run_program takes rules that hold."
        return f"{', '.join(names)} only advises: forbidden texts can be written otherwise. {held}"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.identity = identity_of(request)
        return formset
