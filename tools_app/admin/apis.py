"""Imported APIs: give a description, choose what becomes a tool, see what the next edition changes."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from audit_app.audited_admin import AuditedAdmin, Verb, identity_of
from project.accounts.exceptions import HouseError, NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.admin.api_forms import ChoicesForm, DocumentForm
from tools_app.admin.api_rows import sections
from tools_app.apis import api_documents, api_imports
from tools_app.apis.api_imports import Wanted
from tools_app.apis.api_plans import Plan
from tools_app.models import ApiDocument, ApiSource
from tools_app.openapi.proposals import Choices


def _forget(source: ApiSource, by: Identity, _: dict[str, str]) -> str:
    api_imports.forget(source, by=by)
    return f"{source.name} is forgotten; its tools stay."


@admin.register(ApiSource)
class ApiSourceAdmin(AuditedAdmin):
    about_rows = "A service with an OpenAPI description becomes tools: one for each operation you choose."
    to_view = to_change = (CATALOG_CHANGE,)
    verbs_record = True
    list_display = ["shown_name", "version", "tools", "imported_at"]
    list_display_links = ["shown_name"]
    search_fields = ["name", "title"]
    verbs = (
        Verb(
            "forget",
            "Forget this API",
            "Its tools stay, as tools like any other. The next edition cannot be compared with them any more.",
            _forget,
            possible=lambda source, identity: identity.may(CATALOG_CHANGE),
            dangerous=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        in_use = Q(operations__tool__isnull=False, operations__tool__archived_at__isnull=True)
        rows: QuerySet[Any] = super().get_queryset(request)
        found: QuerySet[Any] = rows.annotate(in_use=Count("operations", filter=in_use))
        return found

    @display(description="API", ordering="name", header=True)
    def shown_name(self, source: ApiSource) -> list[str]:
        return [source.name, source.title]

    @display(description="tools in use")
    def tools(self, source: Any) -> int:
        return int(source.in_use)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.edition_view)
        own = path("edition/<int:document_id>/", view, name="tools_app_apisource_edition")
        return [own, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Step one: where the description is."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._asked_for(request, "admin/toolroom/api_add.html", {"title": "Import an API"}, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """An API that was imported: its tools, and the way to its next edition."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        source = self.get_object(request, object_id)
        if source is None:
            gone: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        rows = source.operations.select_related("tool").order_by("tool__name")
        context = {
            **self.page_context(request, source),
            "title": source.name,
            "original": source,
            "document": ApiDocument.objects.light().filter(source=source).first(),
            "operations": [row for row in rows if row.tool and row.tool.archived_at is None],
        }
        return self._asked_for(request, "admin/toolroom/api_source.html", context, source)

    def _asked_for(
        self, request: HttpRequest, template: str, context: dict[str, Any], source: ApiSource | None
    ) -> HttpResponse:
        latest = context.get("document")
        initial = {"url": latest.location} if latest and latest.origin == ApiDocument.Origin.URL else {}
        posted = request.method == "POST"
        form = DocumentForm(
            request.POST if posted else None, request.FILES if posted else None, initial=initial
        )
        if form.is_valid():
            kept = form.kept(by=identity_of(request), replaces=source)
            if kept is not None:
                return HttpResponseRedirect(reverse("admin:tools_app_apisource_edition", args=[kept.pk]))
        return self._page(request, template, {**context, "form": form})

    def edition_view(self, request: HttpRequest, document_id: int) -> HttpResponse:
        """Step two: what importing it would do, under which choices, and doing it."""
        identity = identity_of(request)
        if not self.has_change_permission(request):
            raise PermissionDenied
        kept = ApiDocument.objects.visible_to(identity).filter(pk=document_id).first()
        if kept is None:
            raise NotFound
        form = ChoicesForm(
            request.POST if request.method == "POST" else None,
            description=api_documents.description(kept),
            choices=api_imports.remembered(kept),
            organization_id=kept.organization_id,
        )
        ticked = _ticked(request)
        choices = form.chosen() if form.is_valid() else None
        if choices is not None and "import" in request.POST:
            done = self._imported(request, kept, choices, ticked)
            if done is not None:
                return done
        plan = api_imports.planned(kept, choices)
        return self._page(
            request, "admin/toolroom/api_plan.html", self._shown(request, kept, plan, form, ticked)
        )

    def _imported(
        self, request: HttpRequest, kept: ApiDocument, choices: Choices, ticked: dict[str, list[str]]
    ) -> HttpResponse | None:
        name = request.POST.get("name", "")
        wanted = Wanted(ticked["add"], ticked["update"], ticked["remove"], _overwrite(ticked["overwrite"]))
        try:
            done = api_imports.carry_out(kept, name, choices, wanted, by=identity_of(request))
        except HouseError as refused:
            messages.error(request, " ".join([refused.message, *_told(refused)]))
            return None
        messages.success(request, f"{done.added} added, {done.changed} changed, {done.removed} archived.")
        return HttpResponseRedirect(reverse("admin:tools_app_apisource_change", args=[done.source.pk]))

    def _shown(
        self,
        request: HttpRequest,
        kept: ApiDocument,
        plan: Plan,
        form: ChoicesForm,
        ticked: dict[str, list[str]],
    ) -> dict[str, Any]:
        said = plan.description
        return {
            "title": f"{plan.source.name}: new edition"
            if plan.source and not kept.source_id
            else "Choose operations",
            "kept": kept,
            "plan": plan,
            "said": said,
            "source": plan.source,
            "name": request.POST.get("name", said.title[:100]),
            "form": form,
            "sections": sections(plan, ticked, is_first=request.method != "POST"),
            "tags": sorted({tag for each in said.operations for tag in each.tags if tag}, key=str.casefold),
            "left_out": said.skipped,
            "notes": [
                (item.key, str(note)) for item in plan.items if item.proposal for note in item.proposal.notes
            ],
        }

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        site = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**site, "opts": self.model._meta, **context})


def _told(refused: HouseError) -> list[str]:
    listed = (said if isinstance(said, list) else [said] for said in refused.details.values())
    return [str(each) for said in listed for each in said][:5]


def _ticked(request: HttpRequest) -> dict[str, list[str]]:
    """What was ticked: one field of JSON where the page's script packs it, else the boxes themselves."""
    found = {name: request.POST.getlist(name) for name in ("add", "update", "remove", "overwrite")}
    try:
        packed = json.loads(request.POST.get("packed") or "{}")
    except (ValueError, RecursionError):
        packed = {}
    for name in found:
        values = packed.get(name) if isinstance(packed, dict) else None
        found[name] += (
            [value for value in values or [] if isinstance(value, str)] if isinstance(values, list) else []
        )
    return found


def _overwrite(boxes: list[str]) -> dict[str, list[str]]:
    """`GET /pets|description`: the fields that shall follow the new edition after all."""
    found: dict[str, list[str]] = {}
    for box in boxes:
        key, _, name = box.rpartition("|")
        found.setdefault(key, []).append(name)
    return found
