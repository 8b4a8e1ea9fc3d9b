"""What a tool was, over HTTP: its versions, what differs between two, and going back to one."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import one, operation
from project.accounts.api.queries import refuse_unread
from tools_app import catalog
from tools_app.api import matching, shapes
from tools_app.api.serializers import ToolSerializer
from tools_app.api.shapes import RollbackSerializer, VersionDetailSerializer, VersionSerializer
from tools_app.api.views import CatalogView
from tools_app.models import ToolVersion

_AGAINST = OpenApiParameter(
    "against", int, description="The number of the other version; the one before if left out."
)


class VersionView(CatalogView):
    def versions(self, tool_id: int) -> QuerySet[ToolVersion]:
        tool = one(self.visible().filter(pk=tool_id))
        return ToolVersion.objects.filter(tool=tool).order_by("-number")


class Versions(VersionView):
    @operation(
        "The versions of a tool, newest first", {200: VersionSerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request, tool_id: int) -> Response:
        return self.page(self.versions(tool_id).defer("snapshot"), shapes.version)


class VersionDetail(VersionView):
    @operation(
        "One version of a tool, and what differs from another",
        {200: VersionDetailSerializer},
        refusals=[400, 404],
        parameters=[_AGAINST],
    )
    def get(self, request: Request, tool_id: int, number: int) -> Response:
        refuse_unread(request.query_params, {"against"})
        rows = self.versions(tool_id)
        row = one(rows.filter(number=number))
        against = request.query_params.get("against")
        if against is None:
            return Response(shapes.compared(row, rows.filter(number__lt=number).first(), self.identity))
        if not (against.isascii() and against.isdecimal() and len(against) < 10):
            raise ValidationError({"against": ["Give the number of a version."]})
        return Response(shapes.compared(row, one(rows.filter(number=int(against))), self.identity))


class Rollback(VersionView):
    @operation(
        "Give a tool the content of an earlier version, as a new one; If-Match names the version looked at",
        {200: ToolSerializer},
        body=RollbackSerializer,
        refusals=[400, 404, 409, 413],
    )
    def post(self, request: Request, tool_id: int) -> Response:
        given, expected = self.given(RollbackSerializer), matching.expected(request)
        row = one(self.versions(tool_id).filter(number=given["number"]))
        changed = catalog.rollback(row.tool, row, by=self.identity, reason=given["reason"], expected=expected)
        return self.answered(changed)
