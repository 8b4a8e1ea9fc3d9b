"""Personas and grants over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import events, model_list, personas, toolset
from agents_app.api.serializers import (
    AgentSerializer,
    AgentWriteSerializer,
    GrantedToolSerializer,
    GrantSerializer,
    GrantWriteSerializer,
)
from agents_app.exceptions import AlreadyGranted, NotGranted
from agents_app.models import AgentToolConfig, AgentType
from project.accounts.api.base import NOTHING, Item, RoomView, one, operation
from project.accounts.api.queries import YesOrNo, refuse_unread
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW, CHAT
from tools_app.models import Tool

_CHANGE = "Change a persona; fields left out keep their value"
_CHANGING = dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), (CATALOG_CHANGE,))


class AgentFilter(filters.FilterSet):
    search = filters.CharFilter(method="by_text", help_text="In names and description.")
    enabled = YesOrNo()

    class Meta:
        model = AgentType
        fields: tuple[str, ...] = ()

    def by_text(self, rows: QuerySet[AgentType], _: str, wanted: str) -> QuerySet[AgentType]:
        texts = (
            Q(name__icontains=wanted) | Q(display_name__icontains=wanted) | Q(description__icontains=wanted)
        )
        return rows.filter(texts)


class PersonaView(RoomView):
    queryset = AgentType.objects.none()
    needs = {"GET": (CATALOG_VIEW, CHAT), **_CHANGING}

    def visible(self) -> QuerySet[AgentType]:
        """Who keeps the catalog sees the switched-off ones too, everybody else those one can talk to."""
        keeps = self.identity.may(CATALOG_CHANGE)
        rows = AgentType.objects.visible_to(self.identity).select_related("endpoint")
        return rows.current() if keeps else rows.offered_to(self.identity)

    def item(self, agent: AgentType) -> Item:
        return {
            **events.persona(agent, self.identity),
            "avatar_url": agent.avatar_url,
            "system_prompt": agent.system_prompt if self.identity.may(CATALOG_CHANGE) else None,
            "endpoint": agent.endpoint_id,
            "streaming_enabled": agent.streaming_enabled,
            "max_context_tokens": agent.max_context_tokens,
            "max_output_tokens": agent.max_output_tokens,
            "temperature": agent.temperature,
            "effort": agent.effort,
            "thinking": agent.thinking,
            "max_steps": agent.max_steps,
            "max_seconds": agent.max_seconds,
            "at_limits": agent.at_limits,
            "unattended": agent.unattended,
            "approver": agent.approver,
            "approvals_needed": agent.approvals_needed,
            "approver_groups": agent.approver_groups,
            "tool_weight_limit": agent.tool_weight_limit,
            "tool_weight": toolset.offer(agent, self.identity).told(agent),
            "enabled": agent.enabled,
            "version": agent.version,
            "tool_context": agent.tool_context if self.identity.may(CATALOG_CHANGE) else None,
            "acts_as_itself": agent.acts_as_itself,
            "factories": agent.factories,
            "cache_callables": agent.cache_callables,
            "callable_cache_key": agent.callable_cache_key,
            "cache_seconds": agent.cache_seconds,
            "warning": model_list.warning(agent.model),
            "created_at": agent.created_at.isoformat(),
            "updated_at": agent.updated_at.isoformat(),
        }


class Agents(PersonaView):
    filterset_class = AgentFilter

    @operation("Personas; the default one first", {200: AgentSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("-is_default", "display_name", "pk"), self.item)

    @operation("Add a persona", {201: AgentSerializer}, body=AgentWriteSerializer, refusals=[400, 409, 413])
    def post(self, request: Request) -> Response:
        agent = personas.register(self.given(AgentWriteSerializer), by=self.identity)
        return Response(self.item(agent), status=201)


class AgentDetail(PersonaView):
    @operation("One persona", {200: AgentSerializer}, refusals=[404])
    def get(self, request: Request, agent_id: int) -> Response:
        return Response(self.item(one(self.visible().filter(pk=agent_id))))

    @operation(_CHANGE, {200: AgentSerializer}, body=AgentWriteSerializer, refusals=[400, 404, 409, 413])
    def put(self, request: Request, agent_id: int) -> Response:
        return self._changed(agent_id)

    @operation(_CHANGE, {200: AgentSerializer}, body=AgentWriteSerializer, refusals=[400, 404, 409, 413])
    def patch(self, request: Request, agent_id: int) -> Response:
        return self._changed(agent_id)

    @operation("Delete a persona, or archive it if it was used", {204: NOTHING}, refusals=[404, 409])
    def delete(self, request: Request, agent_id: int) -> Response:
        personas.archive(one(self.visible().filter(pk=agent_id)), by=self.identity)
        return Response(status=204)

    def _changed(self, agent_id: int) -> Response:
        agent = one(self.visible().filter(pk=agent_id))
        changes = self.given(AgentWriteSerializer, partial=True)
        return Response(self.item(personas.update(agent, changes, by=self.identity)))


class CallableCache(PersonaView):
    @operation(
        "Clear what the factories of a persona built: everything, or what is kept for a person or under a key",
        {204: NOTHING},
        refusals=[400, 404],
        parameters=[
            OpenApiParameter("user_id", description="Only what is kept for this person."),
            OpenApiParameter("key", description="Only what is kept under this key."),
        ],
    )
    def delete(self, request: Request, agent_id: int) -> Response:
        agent, asked = one(self.visible().filter(pk=agent_id)), request.query_params
        refuse_unread(asked, ("user_id", "key"))
        personas.clear_callables(agent, by=self.identity, user_id=asked.get("user_id"), key=asked.get("key"))
        return Response(status=204)


class GrantView(RoomView):
    queryset = AgentToolConfig.objects.none()
    needs = {"GET": (CATALOG_VIEW,), **_CHANGING}

    def agent(self, agent_id: int) -> AgentType:
        return one(AgentType.objects.visible_to(self.identity).current().filter(pk=agent_id))

    def tool(self, tool_id: int) -> Tool:
        return one(Tool.objects.visible_to(self.identity).current().filter(pk=tool_id))

    def granted(self, agent: AgentType) -> QuerySet[AgentToolConfig]:
        rows = (
            AgentToolConfig.objects.filter(agent_type=agent).select_related("tool", "agent_type").in_order()
        )
        return rows if self.identity.may(CATALOG_CHANGE) else rows.filter(tool__is_draft=False)

    def shown(self, agent: AgentType) -> Callable[[AgentToolConfig], Item]:
        """How a granted tool is shown: what the model sees of it, and the rules of the grant beside it."""
        granted = {each.tool.pk: each for each in toolset.granted(agent)}
        offer = toolset.offer(agent, self.identity)
        offered = {each.tool.pk for each in (*offer.tools, *([offer.search] if offer.search else []))}
        deferred = {each.tool.pk for each in offer.deferred}

        def item(row: AgentToolConfig) -> Item:
            tool = row.tool
            return {
                "id": tool.pk,
                "name": tool.name,
                "description": tool.description,
                "category": tool.category,
                "enabled": tool.enabled,
                "is_dangerous": tool.is_dangerous,
                "requires_approval": tool.requires_approval,
                "offered": tool.pk in offered,
                "deferred": tool.pk in deferred,
                "token_weight": granted[tool.pk].weight,
                "definition": granted[tool.pk].for_model,
                "grant": GrantSerializer(row).data,
            }

        return item

    def answer(self, agent: AgentType, row: AgentToolConfig, *, status: int = 200) -> Response:
        return Response(self.shown(agent)(row), status=status)

    def changes(self) -> dict[str, Any]:
        return self.given(GrantWriteSerializer)


class AgentTools(GrantView):
    @operation(
        "Tools of a persona, in the order the model sees",
        {200: GrantedToolSerializer(many=True)},
        refusals=[400, 404],
    )
    def get(self, request: Request, agent_id: int) -> Response:
        agent = self.agent(agent_id)
        return self.page(self.granted(agent), self.shown(agent))


class AgentTool(GrantView):
    @operation("One tool of a persona", {200: GrantedToolSerializer}, refusals=[404])
    def get(self, request: Request, agent_id: int, tool_id: int) -> Response:
        agent = self.agent(agent_id)
        return self.answer(agent, self._row(agent, tool_id))

    @operation(
        "Give a tool to a persona",
        {201: GrantedToolSerializer},
        body=GrantWriteSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, agent_id: int, tool_id: int) -> Response:
        agent, tool, wanted = self.agent(agent_id), self.tool(tool_id), self.changes()
        if self.granted(agent).filter(tool=tool).exists():
            raise AlreadyGranted
        return self.answer(agent, personas.grant(agent, tool, wanted, by=self.identity), status=201)

    @operation(
        "Change a grant; fields left out keep their value",
        {200: GrantedToolSerializer},
        body=GrantWriteSerializer,
        refusals=[400, 404],
    )
    def put(self, request: Request, agent_id: int, tool_id: int) -> Response:
        agent = self.agent(agent_id)
        row = self._row(agent, tool_id)
        return self.answer(agent, personas.grant(agent, row.tool, self.changes(), by=self.identity))

    @operation("Take a tool from a persona", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, agent_id: int, tool_id: int) -> Response:
        agent = self.agent(agent_id)
        personas.ungrant(agent, self._row(agent, tool_id).tool, by=self.identity)
        return Response(status=204)

    def _row(self, agent: AgentType, tool_id: int) -> AgentToolConfig:
        row = self.granted(agent).filter(tool_id=tool_id).first()
        if row is None:
            raise NotGranted
        return row
