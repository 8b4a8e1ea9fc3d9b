"""The catalog over HTTP."""

from __future__ import annotations

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, RoomView, one, operation
from project.accounts.api.queries import YesOrNo, refuse_unread
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW
from tools_app import catalog
from tools_app.api import matching
from tools_app.api.serializers import ToolAddSerializer, ToolSerializer, ToolWriteSerializer
from tools_app.models import Tool, ToolVersion

_CHANGE = "Change a tool; fields left out keep their value; If-Match names the version looked at"

_REASON = OpenApiParameter("reason", str, description="Why; kept with the last version, and in the record.")


class ToolFilter(filters.FilterSet):
    search = filters.CharFilter(method="by_text", help_text="In name and description.")
    category = filters.CharFilter()
    tool_type = filters.ChoiceFilter(choices=Tool.Type.choices)
    enabled = YesOrNo()
    is_dangerous = YesOrNo()
    is_draft = YesOrNo()
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
        """Tools that were never published are there for those alone who may publish them."""
        newest = ToolVersion.objects.filter(tool=OuterRef("pk")).order_by("-number").values("number")[:1]
        rows = Tool.objects.visible_to(self.identity).current().annotate(number=Subquery(newest))
        return rows if self.identity.may(CATALOG_CHANGE) else rows.published()

    def item(self, tool: Tool) -> Item:
        return dict(ToolSerializer(tool, context={"identity": self.identity}).data)

    def answered(self, tool: Tool, *, status: int = 200) -> Response:
        item = self.item(tool)
        return matching.tagged(Response(item, status=status), item["number"])


class Tools(CatalogView):
    filterset_class = ToolFilter

    @operation("The catalog, by name", {200: ToolSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("name"), self.item)

    @operation("Add a tool", {201: ToolSerializer}, body=ToolAddSerializer, refusals=[400, 409, 413])
    def post(self, request: Request) -> Response:
        # The definition may name the tool instead of the columns: both are drawn together by the catalog.
        fields = self.given(ToolAddSerializer, partial=True)
        reason, is_draft = fields.pop("reason", ""), fields.pop("is_draft", False)
        add = catalog.register_draft if is_draft else catalog.register
        return self.answered(add(fields, by=self.identity, reason=reason), status=201)


class ToolDetail(CatalogView):
    @operation("One tool", {200: ToolSerializer}, refusals=[404])
    def get(self, request: Request, tool_id: int) -> Response:
        return self.answered(one(self.visible().filter(pk=tool_id)))

    @operation(_CHANGE, {200: ToolSerializer}, body=ToolWriteSerializer, refusals=[400, 404, 409, 413])
    def put(self, request: Request, tool_id: int) -> Response:
        return self._changed(tool_id)

    @operation(_CHANGE, {200: ToolSerializer}, body=ToolWriteSerializer, refusals=[400, 404, 409, 413])
    def patch(self, request: Request, tool_id: int) -> Response:
        return self._changed(tool_id)

    @operation(
        "Delete a tool, or archive it if it was used",
        {204: NOTHING},
        refusals=[400, 404, 409],
        parameters=[_REASON],
    )
    def delete(self, request: Request, tool_id: int) -> Response:
        refuse_unread(request.query_params, {"reason"})
        tool, expected = one(self.visible().filter(pk=tool_id)), matching.expected(request)
        reason = request.query_params.get("reason", "")[:300]
        catalog.archive(tool, by=self.identity, reason=reason, expected=expected)
        return Response(status=204)

    def _changed(self, tool_id: int) -> Response:
        tool, changes = one(self.visible().filter(pk=tool_id)), self.given(ToolWriteSerializer, partial=True)
        reason, expected = changes.pop("reason", ""), matching.expected(self.request)
        changed = catalog.update(tool, changes, by=self.identity, reason=reason, expected=expected)
        return self.answered(changed)
