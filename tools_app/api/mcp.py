"""MCP servers over HTTP: the rows, asking for a sync, and the review of what it brought."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, RoomView, one, operation
from project.accounts.roles import CATALOG_CHANGE
from tools_app.api.mcp_shapes import (
    LauncherSerializer,
    McpServerSerializer,
    McpServerWriteSerializer,
    NothingSerializer,
    ReviewSerializer,
    VerdictSerializer,
)
from tools_app.api.serializers import ToolSerializer
from tools_app.mcp import review, servers
from tools_app.mcp.review import Review
from tools_app.models import McpServer

_CHANGE = "Change an MCP server; fields left out keep their value"


class McpView(RoomView):
    queryset = McpServer.objects.none()
    needs = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), (CATALOG_CHANGE,))

    def visible(self) -> QuerySet[McpServer]:
        return McpServer.objects.visible_to(self.identity).counted()

    def server(self, server_id: int) -> McpServer:
        return one(self.visible().filter(pk=server_id))

    def item(self, server: McpServer) -> Item:
        return dict(McpServerSerializer(server).data)


class McpServers(McpView):
    @operation("The MCP servers, by name", {200: McpServerSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("name"), self.item)

    @operation(
        "Add an MCP server; nothing is started or asked",
        {201: McpServerSerializer},
        body=McpServerWriteSerializer,
        refusals=[400, 409],
    )
    def post(self, request: Request) -> Response:
        fields = self.given(McpServerWriteSerializer)
        added = servers.add(fields, by=self.identity)
        return Response(self.item(self.server(added.pk)), status=201)


class McpServerDetail(McpView):
    @operation("One MCP server", {200: McpServerSerializer}, refusals=[404])
    def get(self, request: Request, server_id: int) -> Response:
        return Response(self.item(self.server(server_id)))

    @operation(_CHANGE, {200: McpServerSerializer}, body=McpServerWriteSerializer, refusals=[400, 404, 409])
    def put(self, request: Request, server_id: int) -> Response:
        return self._changed(server_id)

    @operation(_CHANGE, {200: McpServerSerializer}, body=McpServerWriteSerializer, refusals=[400, 404, 409])
    def patch(self, request: Request, server_id: int) -> Response:
        return self._changed(server_id)

    @operation("Remove an MCP server and archive its tools", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, server_id: int) -> Response:
        servers.remove(self.server(server_id), by=self.identity)
        return Response(status=204)

    def _changed(self, server_id: int) -> Response:
        server = self.server(server_id)
        fields = self.given(McpServerWriteSerializer, partial=True)
        servers.change(server, fields, by=self.identity)
        return Response(self.item(self.server(server_id)))


class McpSync(McpView):
    @operation(
        "Let a worker ask the server what it offers; the server's row tells how it went",
        {202: McpServerSerializer},
        body=NothingSerializer,
        refusals=[400, 404],
    )
    def post(self, request: Request, server_id: int) -> Response:
        self.given(NothingSerializer)
        servers.ask_sync(self.server(server_id), by=self.identity)
        return Response(self.item(self.server(server_id)), status=202)


class McpReviews(McpView):
    pagination_class = None

    @operation(
        "What the server describes differently, or newly", {200: ReviewSerializer(many=True)}, refusals=[404]
    )
    def get(self, request: Request, server_id: int) -> Response:
        waiting = (review.of(tool) for tool in review.pending(self.server(server_id)))
        return Response([_shown(found) for found in waiting if found is not None])


class McpReview(McpView):
    @operation(
        "Take a tool as it is shown, or turn it down",
        {200: ToolSerializer},
        body=VerdictSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, server_id: int, tool_id: int) -> Response:
        said = self.given(VerdictSerializer)
        tool = one(self.server(server_id).tools.filter(pk=tool_id))
        decide = review.accept if said["verdict"] == "accept" else review.reject
        decided = decide(tool, seen=said["seen"], by=self.identity)
        return Response(ToolSerializer(decided, context={"identity": self.identity}).data)


class McpLaunchers(McpView):
    pagination_class = None

    @operation("The programs that may be named as a launcher here", {200: LauncherSerializer(many=True)})
    def get(self, request: Request) -> Response:
        found = servers.offered_launchers(self.identity.organization_id)
        return Response([{"name": name} for name in found])


def _shown(found: Review) -> Item:
    return {
        "tool": found.tool.pk,
        "name": found.tool.name,
        "is_new": found.is_new,
        "reason": found.tool.quarantine,
        "seen": found.seen,
        "changes": [each.as_json() for each in found.fields],
    }
