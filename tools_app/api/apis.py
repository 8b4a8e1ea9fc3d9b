"""Imported APIs over HTTP: look at a description, import from it, and see what was imported."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, RoomView, one, operation
from project.accounts.roles import CATALOG_CHANGE
from tools_app.api import api_shapes
from tools_app.api.api_shapes import (
    ApiSourceSerializer,
    ImportedSerializer,
    ImportSerializer,
    PlanSerializer,
    PreviewSerializer,
)
from tools_app.apis import api_documents, api_imports
from tools_app.apis.api_imports import Wanted
from tools_app.apis.api_plans import AVAILABLE, CHANGED, NEW, REMOVED, Plan
from tools_app.models import ApiDocument, ApiSource
from tools_app.openapi.proposals import Choices

_GIVEN = ("url", "text", "file", "document")


class ApiView(RoomView):
    queryset = ApiSource.objects.none()
    needs = dict.fromkeys(("GET", "POST", "DELETE"), (CATALOG_CHANGE,))

    def sources(self) -> QuerySet[ApiSource]:
        return ApiSource.objects.visible_to(self.identity)

    def documents(self) -> QuerySet[ApiDocument]:
        return ApiDocument.objects.visible_to(self.identity)

    def choices(self, given: Item) -> Choices | None:
        return Choices(**given["choices"]) if "choices" in given else None


class Preview(ApiView):
    parser_classes = [*RoomView.parser_classes, MultiPartParser]

    @operation(
        "Look at a description: what importing it would do, and what would be left out",
        {200: PlanSerializer},
        body=PreviewSerializer,
        refusals=[400, 404, 413],
    )
    def post(self, request: Request) -> Response:
        given = self.given(PreviewSerializer)
        kept = self._kept(given)
        return Response(api_shapes.plan(kept, api_imports.planned(kept, self.choices(given))))

    def _kept(self, given: Item) -> ApiDocument:
        named = [name for name in _GIVEN if name in given]
        if len(named) > 1 or not (named or "api" in given):
            raise ValidationError({"url": ["Give one of: url, text, file, document."]})
        known = one(self.sources().filter(pk=given["api"])) if "api" in given else None
        if not named:
            return one(self.documents().filter(source=known))
        if "document" in given:
            return one(self.documents().filter(pk=given["document"]))
        if "url" in given:
            return api_documents.fetched(given["url"], by=self.identity, replaces=known)
        origin, location, octets = _read(given)
        return api_documents.keep(octets, origin=origin, location=location, by=self.identity, replaces=known)


def _read(given: Item) -> tuple[str, str, bytes]:
    if "file" in given:
        return ApiDocument.Origin.UPLOAD, str(given["file"].name), given["file"].read()
    return ApiDocument.Origin.TEXT, "", given["text"].encode()


class Import(ApiView):
    @operation(
        "Import, change and remove what a preview has shown",
        {201: ImportedSerializer},
        body=ImportSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request) -> Response:
        given = self.given(ImportSerializer)
        kept = one(self.documents().filter(pk=given["document"]))
        plan = api_imports.planned(kept, self.choices(given))
        wanted = Wanted(
            add=_keys(plan, given.get("add", []), NEW, AVAILABLE),
            update=_keys(plan, given.get("change", []), CHANGED),
            remove=_keys(plan, given.get("remove", []), REMOVED),
            overwrite=given.get("overwrite", {}),
        )
        done = api_imports.carry_out(kept, given.get("name", ""), plan.choices, wanted, by=self.identity)
        counts = {"added": done.added, "changed": done.changed, "removed": done.removed}
        return Response({"api": api_shapes.source(done.source), **counts}, status=201)


def _keys(plan: Plan, given: list[str], *states: str) -> list[str]:
    """`*` stands for every operation that this can be done with."""
    if "*" not in given:
        return given
    fit: list[Any] = [item for state in states for item in plan.of(state)]
    return [item.key for item in fit if not (item.proposal and item.proposal.problem)]


class Sources(ApiView):
    @operation("The imported APIs, by name", {200: ApiSourceSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.sources().order_by("name"), api_shapes.source)


class SourceDetail(ApiView):
    @operation("One imported API", {200: ApiSourceSerializer}, refusals=[404])
    def get(self, request: Request, source_id: int) -> Response:
        return Response(api_shapes.source(one(self.sources().filter(pk=source_id))))

    @operation("Forget an imported API; its tools stay", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, source_id: int) -> Response:
        api_imports.forget(one(self.sources().filter(pk=source_id)), by=self.identity)
        return Response(status=204)
