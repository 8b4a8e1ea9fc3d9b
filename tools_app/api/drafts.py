"""The draft of a tool over HTTP: read, written, discarded and published. It acts for nobody before that."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, one, operation
from project.accounts.api.queries import refuse_unread
from project.accounts.roles import CATALOG_CHANGE
from tools_app import catalog
from tools_app.api import matching, shapes
from tools_app.api.serializers import ToolSerializer
from tools_app.api.shapes import DraftSerializer, DraftWriteSerializer, PublishSerializer
from tools_app.api.views import CatalogView
from tools_app.cataloging import drafts
from tools_app.exceptions import DraftChanged
from tools_app.models import Tool, ToolDraft

_SOURCE = OpenApiParameter(
    "source", str, enum=ToolDraft.Source.values, description="Whose draft; a person's if left out."
)


class DraftView(CatalogView):
    needs = dict.fromkeys(("GET", "POST", "PUT", "DELETE"), (CATALOG_CHANGE,))

    def tool(self, tool_id: int) -> Tool:
        return one(self.visible().filter(pk=tool_id))

    def found(self, tool: Tool) -> ToolDraft | None:
        refuse_unread(self.request.query_params, {"source"})
        source = self.request.query_params.get("source", ToolDraft.Source.PERSON)
        if source not in ToolDraft.Source.values:
            raise ValidationError({"source": [f"One of: {', '.join(ToolDraft.Source.values)}."]})
        return ToolDraft.objects.filter(tool=tool, source=source).first()

    def draft(self, tool: Tool) -> ToolDraft:
        row = self.found(tool)
        return row if row is not None else one(ToolDraft.objects.none())

    def shown(self, row: ToolDraft, tool: Tool, *, status: int = 200) -> Response:
        return matching.tagged(Response(shapes.draft(row, tool, self.identity), status=status), row.revision)


class Draft(DraftView):
    @operation("The open draft of a tool", {200: DraftSerializer}, refusals=[400, 404], parameters=[_SOURCE])
    def get(self, request: Request, tool_id: int) -> Response:
        tool = self.tool(tool_id)
        return self.shown(self.draft(tool), tool)

    @operation(
        "Write the draft of a tool; one that is there is changed only with its ETag in If-Match",
        {200: DraftSerializer, 201: DraftSerializer},
        body=DraftWriteSerializer,
        refusals=[400, 404, 409, 413],
    )
    def put(self, request: Request, tool_id: int) -> Response:
        refuse_unread(request.query_params, ())
        tool, given = self.tool(tool_id), self.given(DraftWriteSerializer, partial=True)
        row, expected = self.found(tool), matching.expected(request)
        if row is None and expected is None:
            return self.shown(self._begun(tool, given), tool, status=201)
        if row is None or row.revision != expected:
            raise DraftChanged
        return self.shown(self._changed(row, given), tool)

    @operation("Discard the draft of a tool", {204: NOTHING}, refusals=[400, 404, 409], parameters=[_SOURCE])
    def delete(self, request: Request, tool_id: int) -> Response:
        row, expected = self.draft(self.tool(tool_id)), matching.expected(request)
        _require_ours(row)
        if expected not in (None, row.revision):
            raise DraftChanged
        drafts.discard(row, by=self.identity)
        return Response(status=204)

    def _begun(self, tool: Tool, given: Item) -> ToolDraft:
        reason, begun_on = given.pop("reason", ""), given.pop("begun_on", None)
        if begun_on is not None:
            catalog.require_seen(tool, begun_on)
        return drafts.propose(tool, given, by=self.identity, source=ToolDraft.Source.PERSON, reason=reason)

    def _changed(self, row: ToolDraft, given: Item) -> ToolDraft:
        reason, begun_on = given.pop("reason", row.reason), given.pop("begun_on", row.base_number)
        if begun_on != row.base_number:
            row = drafts.renew(row, by=self.identity, seen=begun_on)
        return drafts.edit(row, given, by=self.identity, reason=reason)


class Publication(DraftView):
    @operation(
        "Publish the draft of a tool, or a tool that is one; 409 says what stands in the way",
        {200: ToolSerializer},
        body=PublishSerializer,
        refusals=[400, 404, 409, 413],
        parameters=[_SOURCE],
    )
    def post(self, request: Request, tool_id: int) -> Response:
        tool, given = self.tool(tool_id), self.given(PublishSerializer)
        row, revision, override = self.found(tool), given.get("revision"), given["override"]
        if row is None and tool.is_draft and revision is None:
            published = drafts.publish_new(tool, by=self.identity, reason=given["reason"], override=override)
            return self.answered(published)
        row = row if row is not None else self.draft(tool)
        if revision is None:
            raise ValidationError({"revision": ["Say which revision of the draft you have read."]})
        _require_ours(row)
        if row.revision != revision:
            raise DraftChanged
        return self.answered(drafts.publish(row, by=self.identity, override=override))


def _require_ours(row: ToolDraft) -> None:
    if not drafts.is_decided_here(row):
        raise DraftChanged(drafts.ELSEWHERE, code="reviewed_elsewhere")
