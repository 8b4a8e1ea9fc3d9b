"""Personas, with their tools beside them. Saved by the verbs of `personas` alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.urls import path
from django.utils.text import Truncator
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminColorInputWidget,
    UnfoldAdminSelectWidget,
)

from agents_app import model_list, personas, toolset
from agents_app.admin.grants import GrantInline
from agents_app.admin.transfer import export_file, transfer_page
from agents_app.answering import halting
from agents_app.granted import factory_choice
from agents_app.models import AgentType, Conversation
from audit_app.admin_fields import LinesField, ReadableJSONField
from audit_app.audited_admin import ByVerbs, Verb, archiving, identity_of
from project.accounts.identity import Identity
from project.accounts.models import Membership
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW
from tools_app.admin import switching
from tools_app.admin.demanding import DemandForm
from tools_app.approving.visible import visible_text

# A list to choose from; by id the API names anybody.
_MOST_PEOPLE = 500


class PersonaForm(DemandForm):
    personality_traits = LinesField(help_text="A word or two each, shown on its card.")
    starters = LinesField(help_text="Questions offered for a start.")
    tool_context = ReadableJSONField(
        required=False,
        initial=dict,
        label="Context for its tools",
        help_text=AgentType._meta.get_field("tool_context").help_text,
    )

    factories = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=AgentType._meta.get_field("factories").help_text,
    )
    callable_cache_key = forms.ChoiceField(
        required=False,
        label="Kept for",
        widget=UnfoldAdminSelectWidget,
        help_text=AgentType._meta.get_field("callable_cache_key").help_text,
    )

    class Meta:
        model = AgentType
        exclude = ["organization"]
        widgets = {"avatar_color": UnfoldAdminColorInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "display_name" in self.fields:
            self.fields["display_name"].required = False
        if "factories" in self.fields:
            self._offer_factories()

    def _offer_factories(self) -> None:
        """Those of the code, and what the persona names although the code has it no more: to be taken away."""
        given, chosen = factory_choice.factories(), self.instance.factories if self.instance.pk else []
        gone = [
            (name, f"{name} (not part of this installation)") for name in chosen if name not in dict(given)
        ]
        self.fields["factories"].choices = [*given, *gone]  # type: ignore[attr-defined]
        self.fields["callable_cache_key"].choices = factory_choice.cache_keys()  # type: ignore[attr-defined]

    def perform(self) -> AgentType:
        given = self.cleaned_data
        if "tool_context" in given:
            given["tool_context"] = given["tool_context"] or {}
        if "callable_cache_key" in given:
            given["callable_cache_key"] = given["callable_cache_key"] or factory_choice.DEFAULT_KEY
        if self.instance.pk:
            return personas.update(self.instance, self.touched(), by=self.identity)
        return personas.register(given, by=self.identity)


def _clear(agent: AgentType, by: Identity, _: dict[str, str]) -> str:
    personas.clear_callables(agent, by=by)
    return f"What the factories of {agent} built is cleared."


def _hanging_on(agent: AgentType) -> list[str]:
    talks, grants = Conversation.objects.filter(agent_type=agent).count(), agent.grants.count()
    tells = "people read them still, and get no answer any more" if talks else "nobody has talked to it"
    return [
        f"{talks:,} conversation{pluralize(talks)}: {tells}.",
        f"{grants:,} tool{pluralize(grants)} granted.",
    ]


@admin.register(AgentType)
class PersonaAdmin(ByVerbs):
    to_view, to_change = (CATALOG_VIEW,), (CATALOG_CHANGE,)
    form = PersonaForm
    settled = ("name",)
    list_display = ["shown_name", "state", "is_default", "model", "tools", "updated_at"]
    list_display_links = ["shown_name"]
    change_form_outer_before_template = "admin/toolroom/persona.html"
    change_form_outer_after_template = "admin/toolroom/rule_side.html"
    list_filter = ["enabled", "is_default", "model"]
    search_fields = ["name", "display_name", "description"]
    verbs = (
        *archiving(
            personas,
            consequence="Nobody can talk to it any more.",
            what_stays="its conversations stay",
            facts=_hanging_on,
        ),
        Verb(
            "clear-callables",
            "Clear built tools",
            "Its factories are asked anew at the next use, for everybody and in every process.",
            _clear,
            possible=lambda agent, identity: bool(agent.factories) and identity.may(CATALOG_CHANGE),
        ),
    )
    fieldsets = [
        (
            "Who it is",
            {
                "fields": [
                    ("name", "display_name"),
                    "description",
                    ("avatar_url", "avatar_color"),
                    "personality_traits",
                    "starters",
                ]
            },
        ),
        ("On or off", {"fields": [("enabled", "is_default")]}),
        (
            "What it is told",
            {
                "fields": ["system_prompt"],
                "description": "Instructions, not a safeguard: a clever text can talk a model out of them. "
                "What it may do is decided by its tools and their rules below. Put no secrets here.",
            },
        ),
        (
            "The model",
            {
                "fields": [
                    ("model", "endpoint"),
                    "temperature",
                    ("effort", "thinking"),
                    "streaming_enabled",
                    "version",
                ]
            },
        ),
        (
            "Who decides",
            {
                "fields": ["approver", "approvals_needed", "approver_groups"],
                "description": "About every use through this persona that needs approval. The organization, a tool or "
                "a grant may demand more: the strictest of each wins. What waits is asked about anew after a change.",
            },
        ),
        (
            "When nobody is there",
            {
                "fields": ["unattended"],
                "description": "Programs ask with a token. Schedules and other personas will be the same to it.",
            },
        ),
        (
            "Limits",
            {
                "fields": [
                    ("max_steps", "max_seconds"),
                    "at_limits",
                    ("max_context_tokens", "max_output_tokens"),
                    "tool_weight_limit",
                ],
                "description": "What models may cost in a day or a month is said under Budgets.",
            },
        ),
        (
            "Factories",
            {
                "fields": [
                    "factories",
                    "cache_callables",
                    ("callable_cache_key", "cache_seconds"),
                ],
                "description": "A factory narrows or rebinds the tools granted below for the person who asks. It "
                "never adds one: grant the tools it names, too.",
            },
        ),
        (
            "What its tools are told",
            {
                "fields": ["tool_context", "acts_as_itself"],
                "description": "Beside who asks. Names like user_id or roles are set by the server, unless the "
                "persona acts under its own identity: for that an administrator is needed.",
            },
        ),
    ]

    def get_urls(self) -> list[Any]:
        """The catalog as a file lies beside the personas: it is theirs and their tools'."""
        page = self.admin_site.admin_view(transfer_page)
        file = self.admin_site.admin_view(export_file)
        urls: list[Any] = super().get_urls()
        return [
            path("catalog/", page, name="agents_app_catalog"),
            path("catalog/file/", file, name="agents_app_catalog_file"),
            *urls,
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(tool_count=Count("grants"))
        return counted

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Tools are given to a persona that exists."""
        return [GrantInline] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        archived = isinstance(obj, AgentType) and obj.archived_at is not None
        return not archived and super().has_change_permission(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        agent = form.instance
        for row in formset.forms:
            if row.cleaned_data.get("DELETE") and row.instance.pk:
                personas.ungrant(agent, row.instance.tool, by=identity_of(request))
            elif row.has_changed() and not row.cleaned_data.get("DELETE"):
                personas.grant(agent, row.cleaned_data["tool"], row.changes(), by=identity_of(request))

    def page_context(self, request: HttpRequest, obj: AgentType) -> dict[str, Any]:
        return {
            **super().page_context(request, obj),
            "preview_agent": obj.pk if self.has_change_permission(request, obj) else "",
            "toolroom_warning": model_list.warning(obj.model),
            "toolroom_tool_weight": _weight(obj),
            "toolroom_people": _people(identity_of(request)),
            "toolroom_switch": switching.panel(halting.of_persona(obj), identity_of(request)),
        }

    @display(description="persona", ordering="display_name", header=True)
    def shown_name(self, agent: AgentType) -> list[str]:
        return [agent.display_name, Truncator(agent.description or "").chars(80)]

    @display(
        description="state",
        ordering="enabled",
        label={"on": "success", "off": "warning", "archived": "danger"},
    )
    def state(self, agent: AgentType) -> tuple[str, str]:
        if agent.archived_at is not None:
            return "archived", "Archived"
        return ("on", "On") if agent.enabled else ("off", "Off")

    @display(description="tools", ordering="tool_count")
    def tools(self, agent: Any) -> str:
        offer = toolset.offer(agent)
        told = f"{agent.tool_count} · {offer.weight_sent:,} tokens"
        return f"{told} of {offer.weight:,}" if offer.search else told


def _people(by: Identity) -> list[dict[str, Any]]:
    """Whom one may ask about: oneself, and for who keeps the catalog everybody else of the organization."""
    rows = Membership.objects.filter(organization_id=by.organization_id).select_related("user")
    if not by.may(CATALOG_CHANGE):
        rows = rows.filter(user_id=by.user_id)
    return [
        {
            "id": row.user.pk,
            "name": visible_text(row.user.get_full_name() or row.user.get_username()),
            "role": row.get_role_display(),
            "is_you": str(row.user.pk) == by.user_id,
        }
        for row in rows.order_by("user__username")[:_MOST_PEOPLE]
    ]


def _weight(agent: AgentType) -> dict[str, Any]:
    """What the tools of a persona weigh, offered to somebody who may use all of them."""
    offer = toolset.offer(agent)
    told = offer.told(agent)
    limit = agent.tool_weight_limit
    too_heavy = ""
    if limit is not None and offer.weight_sent > limit:
        too_heavy = f"That is more than the {limit:,} tokens allowed to be sent at once: "
        too_heavy += (
            "fewer tools should be always on."
            if offer.search
            else "search_tools is switched off, so nothing can be searched for and everything is sent."
        )
    return {
        **told,
        "at_once": told["tools"] - told["deferred"],
        "percent": round(told["share"] * 100, 1),
        "context": agent.max_context_tokens,
        "too_heavy": too_heavy,
    }
