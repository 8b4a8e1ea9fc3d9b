"""The catalog over HTTP."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, RoomView, one, operation
from project.accounts.api.queries import YesOrNo
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW
from tools_app import catalog
from tools_app.api.serializers import ToolSerializer, ToolWriteSerializer
from tools_app.models import Tool

_CHANGE = "Change a tool; fields left out keep their value"


class ToolFilter(filters.FilterSet):
    search = filters.CharFilter(method="by_text", help_text="In name and description.")
    category = filters.CharFilter()
    tool_type = filters.ChoiceFilter(choices=Tool.Type.choices)
    enabled = YesOrNo()
    is_dangerous = YesOrNo()
    tag = filters.CharFilter(method="by_tag")

    class Meta:
        model = Tool
        fields: tuple[str, ...] = ()

    def by_text(self, rows: QuerySet[Tool], _: str, wanted: str) -> QuerySet[Tool]:
        return rows.filter(Q(name__icontains=wanted) | Q(description__icontains=wanted))

    def by_tag(self, rows: QuerySet[Tool], _: str, wanted: str) -> QuerySet[Tool]:
        # SQLite has no "contains" for JSON, and a catalog is small.
        return rows.filter(pk__in=[tool.pk for tool in rows if wanted in tool.tags])


class CatalogView(RoomView):
    queryset = Tool.objects.none()
    needs = {
        "GET": (CATALOG_VIEW,),
        "POST": (CATALOG_CHANGE,),
        "PUT": (CATALOG_CHANGE,),
        "PATCH": (CATALOG_CHANGE,),
        "DELETE": (CATALOG_CHANGE,),
    }

    def visible(self) -> QuerySet[Tool]:
        return Tool.objects.visible_to(self.identity).current()

    def item(self, tool: Tool) -> Item:
        return dict(ToolSerializer(tool, context={"identity": self.identity}).data)


class Tools(CatalogView):
    filterset_class = ToolFilter

    @operation("The catalog, by name", {200: ToolSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("name"), self.item)

    @operation("Add a tool", {201: ToolSerializer}, body=ToolWriteSerializer, refusals=[400, 409, 413])
    def post(self, request: Request) -> Response:
        # The definition may name the tool instead of the columns: both are drawn together by the catalog.
        fields = self.given(ToolWriteSerializer, partial=True)
        return Response(self.item(catalog.register(fields, by=self.identity)), status=201)


class ToolDetail(CatalogView):
    @operation("One tool", {200: ToolSerializer}, refusals=[404])
    def get(self, request: Request, tool_id: int) -> Response:
        return Response(self.item(one(self.visible().filter(pk=tool_id))))

    @operation(_CHANGE, {200: ToolSerializer}, body=ToolWriteSerializer, refusals=[400, 404, 409, 413])
    def put(self, request: Request, tool_id: int) -> Response:
        return self._changed(tool_id)

    @operation(_CHANGE, {200: ToolSerializer}, body=ToolWriteSerializer, refusals=[400, 404, 409, 413])
    def patch(self, request: Request, tool_id: int) -> Response:
        return self._changed(tool_id)

    @operation("Delete a tool, or archive it if it was used", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, tool_id: int) -> Response:
        catalog.archive(one(self.visible().filter(pk=tool_id)), by=self.identity)
        return Response(status=204)

    def _changed(self, tool_id: int) -> Response:
        tool = one(self.visible().filter(pk=tool_id))
        changed = catalog.update(tool, self.given(ToolWriteSerializer, partial=True), by=self.identity)
        return Response(self.item(changed))
