"""What a tool was: each version with what differs from another, and the way back to it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from audit_app.audited_admin import ReadOnlyAdmin, Verb, identity_of
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW
from tools_app import catalog
from tools_app.admin import differing
from tools_app.approving.visible import visible_text
from tools_app.cataloging import versions
from tools_app.exceptions import CannotRollBack
from tools_app.models import ToolVersion

_COLOURS = {
    "": "",
    "tool.added": "",
    "tool.changed": "",
    "tool.restored": "",
    "tool.seeded": "",
    "tool.published": "success",
    "tool.rolled_back": "warning",
    "tool.archived": "danger",
    "tool.drafted": "info",
}
_WORDS = {
    "tool.added": "Added",
    "tool.changed": "Changed",
    "tool.published": "Published",
    "tool.rolled_back": "Brought back",
    "tool.archived": "Archived",
    "tool.restored": "Restored",
    "tool.seeded": "Seeded",
    "tool.drafted": "Added as a draft",
}


def _go_back(row: ToolVersion, by: Identity, given: dict[str, str]) -> str:
    newest = given.get("newest", "")
    expected = int(newest) if newest.isascii() and newest.isdecimal() and len(newest) < 10 else None
    try:
        tool = catalog.rollback(row.tool, row, by=by, reason=given.get("reason", "")[:300], expected=expected)
    except CannotRollBack as refused:
        raise _explained(refused) from None
    return f"{tool.name} is again what it was in version {row.number}. That is version {versions.number_of(tool)}."


def _explained(refused: HouseError) -> HouseError:
    """A message holds one sentence: here the fields are named in it."""
    told = [
        f"{differing.named(name)}: {' '.join(map(str, why))}"
        for name, why in refused.details.items()
        if isinstance(why, list)
    ]
    return CannotRollBack(" ".join([refused.message, *told]), details=refused.details)


def _may_go_back(row: ToolVersion, identity: Identity) -> bool:
    is_possible = row.tool.archived_at is None and row.number != versions.number_of(row.tool)
    return is_possible and identity.may(CATALOG_CHANGE)


class ChangeFilter(SimpleListFilter):
    title = "what happened"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[ToolVersion]) -> QuerySet[ToolVersion]:
        return queryset.filter(action=self.value()) if self.value() in _WORDS else queryset


@admin.register(ToolVersion)
class ToolVersionAdmin(ReadOnlyAdmin):
    about_rows = "Each change of a tool leaves a version here, to be compared and brought back."
    to_view = (CATALOG_VIEW,)
    change_form_outer_before_template = "admin/toolroom/version.html"
    list_display = ["shown_tool", "what", "shown_changes", "reason", "changed_by", "created_at"]
    list_display_links = ["shown_tool"]
    list_filter = [("tool", AutocompleteSelectFilter), ChangeFilter, "changed_by"]
    search_fields = ["tool__name", "reason"]
    ordering = ["-created_at", "-pk"]
    list_select_related = ["tool"]
    fieldsets = [
        (
            "About this version",
            {"fields": ["tool", "number", "label", "changed_by", "reason", "created_at", "content_hash"]},
        ),
        ("Everything it says", {"fields": ["content"], "classes": ["collapse"]}),
    ]
    readonly_fields = [*fieldsets[0][1]["fields"], "content", "content_without_settings"]
    verbs = (
        Verb("rollback", "Bring this version back", "", _go_back, possible=_may_go_back, dangerous=True),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("snapshot")

    def page_context(self, request: HttpRequest, obj: ToolVersion) -> dict[str, Any]:
        others = ToolVersion.objects.filter(tool=obj.tool).exclude(pk=obj.pk).order_by("-number")
        against = self._against(request, obj, others)
        found = versions.between(against, obj) if against else ()
        told = {
            "sentence": _WORDS.get(obj.action, "Changed"),
            "others": others.only("number", "label")[:200],
            "against": against,
            "differences": differing.shown(found, identity_of(request)),
            "newest": versions.number_of(obj.tool),
            "may_go_back": _may_go_back(obj, identity_of(request)),
        }
        # Its one button has a form of its own, with the reason.
        return {**super().page_context(request, obj), **told, "toolroom_verbs": []}

    def _against(
        self, request: HttpRequest, obj: ToolVersion, others: QuerySet[ToolVersion]
    ) -> ToolVersion | None:
        asked = request.GET.get("against", "")
        if asked.isascii() and asked.isdecimal() and len(asked) < 10:
            return others.filter(number=int(asked)).first()
        return others.filter(number__lt=obj.number).first()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        about, (title, options) = self.fieldsets
        whole = "content" if identity_of(request).may(CATALOG_CHANGE) else "content_without_settings"
        return [about, (title, {**options, "fields": [whole]})]

    @display(description="tool", ordering="tool__name", header=True)
    def shown_tool(self, version: ToolVersion) -> list[str]:
        return [version.tool.name, f"Version\N{NO-BREAK SPACE}{version.number}"]

    @display(description="what", ordering="action", label=_COLOURS)
    def what(self, version: ToolVersion) -> tuple[str, str]:
        return version.action, _WORDS.get(version.action, "Changed")

    @display(description="changed")
    def shown_changes(self, version: ToolVersion) -> str:
        return ", ".join(map(differing.named, version.changed)) or "–"

    @display(description="content")
    def content(self, version: ToolVersion) -> Any:
        return _listed(versions.content(version))

    @display(description="content")
    def content_without_settings(self, version: ToolVersion) -> Any:
        return _listed(
            {name: value for name, value in versions.content(version).items() if name != "configuration"}
        )


def _listed(content: dict[str, Any]) -> Any:
    text = visible_text(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True))
    return format_html('<pre class="question-value">{}</pre>', text)
