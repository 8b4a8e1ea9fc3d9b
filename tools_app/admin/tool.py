"""The catalog's page: in plain words what a tool is, who may use it, and what each flag is there to avert."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from audit_app.admin_fields import LinesField, ReadableJSONField
from audit_app.audited_admin import archiving, identity_of, may
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW
from tools_app import catalog, executors
from tools_app.admin import putting_away, rule_help, switching
from tools_app.admin.demanding import DemandForm
from tools_app.admin.editing import HIDDEN, PUBLISH, RUN_CASES, DraftingAdmin, SeenForm
from tools_app.admin.fields import ParametersBox, SettingsBox
from tools_app.admin.lint import lint_page
from tools_app.cataloging import settings_forms
from tools_app.cataloging.written import NAME, WRONG_NAME
from tools_app.governing import switches
from tools_app.models import Secret, Tool
from tools_app.schema import weights

_OFFERED = [(value, label) for value, label in Tool.Executor.choices if value not in ("python", "mcp")]
_NEW = {"type": "object", "properties": {}, "required": []}
_RULES = "Rules for every persona"
# What the page of somebody who may only look shows in the place of fields of the form.
_READ = {"input_schema": "parameters_to_read", "examples": "examples_to_read"}
_AS_IT_COMES = "Leave it empty, and the tool works as it comes."


class ToolForm(DemandForm, SeenForm):
    tags = LinesField(help_text="Words to find it by.")
    required_permissions = LinesField(help_text="Permissions the person must hold.")
    input_schema = ReadableJSONField(
        label="Parameters",
        initial=_NEW,
        widget=ParametersBox,
        help_text="A JSON Schema of type object. What is not described here cannot be passed.",
    )
    examples = ReadableJSONField(
        required=False, initial=list, help_text='A list of {"input": {…}, "output": …}.'
    )
    configuration = ReadableJSONField(
        required=False,
        initial=dict,
        label="Settings",
        widget=SettingsBox,
        help_text="Empty for a draft: it is saved, and not ready.",
    )
    reason = forms.CharField(
        required=False,
        max_length=300,
        label="Why this change",
        help_text="Kept with the new version.",
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = Tool
        exclude = ["organization", "definition"]
        labels: ClassVar = {
            "is_idempotent": "Safe to run again",
            "is_dangerous": "Dangerous",
            "requires_approval": "Asks before each use",
            "approval_seconds": "Seconds to answer",
            "is_open_world": "Brings content from outside",
            "requires_auth": "For signed-in people only",
            "rate_limit_observed": "Rate only noted, not enforced",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["input_schema"] = self.instance.input_schema
            self.initial["examples"] = self.instance.definition.get("examples") or []
        if "example_usage" in self.fields:
            self.fields["example_usage"].widget.attrs["rows"] = 3
        if "executor" in self.fields:
            self.fields["executor"].choices = _OFFERED  # type: ignore[attr-defined]
            self.initial.setdefault("executor", Tool.Executor.HTTP)
            self.initial.setdefault("tool_type", Tool.Type.CUSTOM)
            self.initial.setdefault("is_open_world", True)
        self._settle()
        rule_help.explain(self.fields)

    def clean_name(self) -> str:
        """Told here too: the verb is not asked while another field is wrong, and the database's words help nobody."""
        name = str(self.cleaned_data["name"])
        if not NAME.match(name):
            raise ValidationError(WRONG_NAME)
        return name

    def _settle(self) -> None:
        """What fits the kind of tool: its form, and nothing to write where something else decides."""
        kind, name = (self.instance.executor, self.instance.name) if self.instance.pk else ("", "")
        own = settings_forms.of(kind, name) if kind else None
        forms = {kind: own} if own else {} if kind else settings_forms.FORMS
        if "configuration" in self.fields:
            about = {"forms": forms, "secrets": self._secrets(), "executor": kind}
            self.fields["configuration"].widget.about = about
            if kind and executors.readiness(kind, name, {})[0]:
                self.fields["configuration"].help_text = _AS_IT_COMES
            self._close("configuration", settings_forms.written_elsewhere(kind, name))
        self._close("input_schema", settings_forms.WRITTEN_ELSEWHERE.get(kind, ""))

    def _close(self, field: str, why: str) -> None:
        if why and field in self.fields:
            self.fields[field].disabled = True
            self.fields[field].help_text = why

    def _secrets(self) -> list[str]:
        """Their names alone; what a secret is, nobody is shown again."""
        ours = Secret.objects.filter(organization_id=self.identity.organization_id)
        return list(ours.order_by("name").values_list("name", flat=True))

    def perform(self) -> Tool:
        given = self.cleaned_data
        if "configuration" in given:
            given["configuration"] = given["configuration"] or {}
        fields = {name: given[name] for name in given if name not in ("reason", *HIDDEN)}
        fields["examples"] = fields.get("examples") or []
        if "parameter_kinds" in fields:
            fields["parameter_kinds"] = fields["parameter_kinds"] or {}
        return self.edited(fields) if self.instance.pk else self.registered(fields)


def _helped(title: str, options: dict[str, Any], tool: Tool | None) -> dict[str, Any]:
    """Beneath the heading of the rules: what they may speak of, and by which matchers."""
    if title != _RULES:
        return options
    about = rule_help.parameters(tool) if tool is not None else ""
    return {
        **options,
        "description": format_html("{}{}{}", options["description"], about, rule_help.matchers()),
    }


class StateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("on", "On"), ("off", "Off"), ("draft", "Draft"), ("archived", "Archived")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tool]) -> QuerySet[Tool]:
        if self.value() == "archived":
            return queryset.filter(archived_at__isnull=False)
        current = queryset.filter(archived_at__isnull=True)
        if self.value() == "draft":
            return current.filter(is_draft=True)
        return current.filter(enabled=self.value() == "on") if self.value() else current


@admin.register(Tool)
class ToolAdmin(DraftingAdmin):
    change_form_outer_after_template = "admin/toolroom/tool_side.html"
    to_view, to_change = (CATALOG_VIEW,), (CATALOG_CHANGE,)
    form = ToolForm
    settled = ("name", "tool_type", "executor")
    list_display = [
        "shown_name",
        "category",
        "state",
        "asks",
        "tool_type",
        "token_weight",
        "version",
        "updated_at",
    ]
    list_display_links = ["shown_name"]
    list_filter = [StateFilter, "category", "tool_type", "is_dangerous", "requires_approval"]
    search_fields = ["name", "description"]
    verbs = (
        *archiving(
            catalog,
            consequence="No persona can use it any more.",
            what_stays="its history stays",
            facts=putting_away.of_tool,
        ),
        PUBLISH,
        RUN_CASES,
    )
    fieldsets = [
        (
            "What it is",
            {
                "fields": ["name", "icon", "description", "category", "tags", "version"],
                "description": "The model reads name and description: they decide when it uses the tool.",
            },
        ),
        ("Parameters", {"fields": ["input_schema", "examples", "example_usage"]}),
        (
            "How it is carried out",
            {
                "fields": ["tool_type", "executor", "configuration", "is_idempotent"],
                "description": "Say “safe to run again” only of tools that change nothing: after a crash such a "
                "tool is started a second time.",
            },
        ),
        (
            "What it can do harm with",
            {
                "fields": [
                    "is_dangerous",
                    "requires_approval",
                    ("approver", "approvals_needed"),
                    "approver_groups",
                    "approval_seconds",
                    "is_open_world",
                    "privacy",
                ],
                "description": "A dangerous tool asks a person before every single use. Dropping these flags lets a "
                "model act on its own: a text it read on the web may be what it acts on.",
            },
        ),
        (
            "Who may use it",
            {
                "fields": [
                    "requires_auth",
                    "required_permissions",
                    "rate_limit",
                    "rate_limit_observed",
                    "concurrent_limit",
                    "person_daily_limit",
                    "daily_limit",
                ]
            },
        ),
        (
            _RULES,
            {
                "fields": [
                    "parameter_kinds",
                    "denied_parameters",
                    "allowed_parameters",
                    "ask_when",
                    "parameter_defaults",
                    "fixed_parameters",
                ],
                "description": "They hold whatever a grant says; a grant can only narrow them. Forbidden texts in "
                "commands and code only advise, since they can be written otherwise.",
            },
        ),
        ("On or off", {"fields": ["enabled", "disabled_reason"]}),
        ("For the history", {"fields": ["reason"]}),
    ]

    @display(description="tool", ordering="name", header=True)
    def shown_name(self, tool: Tool) -> list[str]:
        return [tool.name, Truncator(tool.description).chars(80)]

    @display(
        description="state",
        ordering="enabled",
        label={"on": "success", "off": "warning", "held": "danger", "draft": "info", "archived": "danger"},
    )
    def state(self, tool: Tool) -> tuple[str, str]:
        if tool.archived_at is not None:
            return "archived", "Archived"
        if tool.is_draft:
            return "draft", "Draft"
        if tool.quarantine:
            return "held", "To be reviewed"
        ready, _ = executors.readiness(tool.executor, tool.name, tool.configuration)
        return ("on", "On") if tool.enabled and ready else ("off", "Off" if ready else "Not available")

    @display(description="tokens")
    def token_weight(self, tool: Tool) -> str:
        """What its description takes of a model's context."""
        return f"{weights.of(tool.shown()):,}"

    @display(description="asks", label={"always": "danger", "yes": "warning", "no": ""})
    def asks(self, tool: Tool) -> tuple[str, str]:
        if tool.is_dangerous:
            return "always", "Every use: dangerous"
        return ("yes", "Every use") if tool.requires_approval else ("no", "Never by itself")

    def get_urls(self) -> list[Any]:
        own = path("lint/", self.admin_site.admin_view(lint_page), name="tools_app_tool_lint")
        urls: list[Any] = super().get_urls()
        return [own, *urls]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """What is put away is found in its list, and offered nowhere else."""
        in_list = request.resolver_match is not None and request.resolver_match.url_name != "autocomplete"
        return super().get_search_results(request, queryset if in_list else queryset.current(), search_term)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Where a tool goes and with which secrets is shown to nobody who may not change it, as over REST."""
        shown = [
            (title, _helped(title, options, obj)) for title, options in super().get_fieldsets(request, obj)
        ]
        if may(request, self.to_change):
            return shown
        return [
            (
                title,
                {
                    **options,
                    "fields": [
                        _READ.get(str(name), name) for name in options["fields"] if name != "configuration"
                    ],
                },
            )
            for title, options in shown
        ]

    @display(description="parameters")
    def parameters_to_read(self, tool: Tool) -> str:
        return format_html("<pre>{}</pre>", json.dumps(tool.input_schema, ensure_ascii=False, indent=2))

    @display(description="examples")
    def examples_to_read(self, tool: Tool) -> str:
        given = tool.definition.get("examples")
        return (
            format_html("<pre>{}</pre>", json.dumps(given, ensure_ascii=False, indent=2))
            if given
            else "nothing"
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        archived = isinstance(obj, Tool) and obj.archived_at is not None
        return not archived and super().has_change_permission(request, obj)

    def page_context(self, request: HttpRequest, obj: Tool) -> dict[str, Any]:
        ready, why = executors.readiness(obj.executor, obj.name, obj.configuration)
        warning = "" if ready else format_html("{} {}", "This installation cannot carry it out.", why)
        shown: dict[str, Any] = {"toolroom_warning": warning}
        if self.has_change_permission(request, obj):
            shown["toolroom_side"] = {"tool": obj.pk, "schema": json.dumps(obj.input_schema)}
        shown["toolroom_switch"] = switching.panel(switches.of_tool(obj), identity_of(request))
        return {**super().page_context(request, obj), **shown, **self.about(obj, identity_of(request))}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        side = {"toolroom_side": {"tool": "", "schema": ""}}
        answer: HttpResponse = super().add_view(request, form_url, {**(extra_context or {}), **side})
        return answer
