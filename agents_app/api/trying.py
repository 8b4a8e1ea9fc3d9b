"""Trying a tool out over HTTP, as a chosen persona: what would happen, or a real use and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import events
from agents_app.api.explaining import LineSerializer, chain_for
from agents_app.api.shapes import CallSerializer
from agents_app.granted import granting, grants
from agents_app.models import AgentToolConfig, AgentType
from project.accounts.api.base import Item, RoomView, StrictSerializer, one, operation
from project.accounts.models import Membership
from project.accounts.roles import CATALOG_CHANGE
from tools_app import policy
from tools_app.approving.visible import visible_text
from tools_app.calling.askers import Asked, Supposed
from tools_app.cataloging import drafts, unsaved, versions
from tools_app.explain import trying
from tools_app.explain.trying import Foreseen
from tools_app.governing import layers, policy_rules
from tools_app.models import PolicyRule, Tool, ToolCall

# A list to choose from on a page; of more people or personas the first are offered, by id any can be named.
MOST_LISTED: Final = 500


class TryWriteSerializer(StrictSerializer):
    agent = serializers.IntegerField(help_text="The id of the persona that would ask.")
    arguments = serializers.DictField(required=False)
    raw = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Instead of arguments: their JSON as a model would write it, read as strictly.",
    )
    user = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**31 - 1,
        help_text="What would happen if this person asked; only with dry_run.",
    )
    dry_run = serializers.BooleanField(default=True)
    draft = serializers.BooleanField(
        default=False, help_text="Try the open draft; a tool that was never published is always tried as one."
    )
    values = serializers.DictField(
        required=False, help_text="Judge it as it would be with these fields changed; only with dry_run."
    )
    grant = serializers.DictField(
        required=False, help_text="The same of the persona's grant: its fields as they would be saved."
    )
    rule = serializers.DictField(
        required=False,
        help_text="The same of a rule of the organization: its fields, with its `id` if it is one that is there.",
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    call = CallSerializer(allow_null=True)
    result = serializers.JSONField(allow_null=True, help_text="The structured result, where one was kept.")
    open = serializers.BooleanField(help_text="Whether more will become of it: ask again.")


class TryPersonaSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    granted = serializers.BooleanField(help_text="Whether it has the tool.")
    enabled = serializers.BooleanField()


class TryPersonSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class TryChoicesSerializer(serializers.Serializer[Any]):
    personas = TryPersonaSerializer(many=True)
    people = TryPersonSerializer(many=True)


class TrySerializer(OutcomeSerializer):
    dry_run = serializers.BooleanField()
    persona = serializers.CharField()
    person = serializers.CharField()
    decision = serializers.ChoiceField(["allow", "ask", "refuse"])
    code = serializers.CharField(help_text="Why it is refused, for programs; else empty.")
    message = serializers.CharField(help_text="What the model would be told of a refusal; else empty.")
    explanation = LineSerializer(many=True)
    arguments = serializers.DictField(help_text="With what policy fills in.")
    filled = serializers.ListField(child=serializers.CharField())
    reach = serializers.CharField(help_text="Where it would go; empty where it stays in the house.")
    preview = serializers.CharField(help_text="What it would change, where that can be told.")


class TryView(RoomView):
    queryset = ToolCall.objects.none()
    needs = dict.fromkeys(("GET", "POST", "DELETE"), (CATALOG_CHANGE,))

    def tool(self, tool_id: int) -> Tool:
        return one(Tool.objects.visible_to(self.identity).current().filter(pk=tool_id))

    def tries(self, tool_id: int) -> QuerySet[ToolCall]:
        """One's own tries alone: what somebody else tried may show what only they may see."""
        rows = ToolCall.objects.filter(
            organization_id=self.identity.organization_id, user_id=self.identity.user_id
        )
        return rows.filter(tool_id=tool_id, session_id__startswith=trying.SESSION).select_related("tool")

    def item(self, call: ToolCall | None) -> Item:
        if call is None:
            return {"call": None, "result": None, "open": False}
        shown = events.call(call, self.identity)
        return {"call": shown, "result": call.result, "open": call.status in ToolCall.OPEN}


class Try(TryView):
    @operation(
        "As whom a tool can be tried",
        {200: TryChoicesSerializer},
        refusals=[404],
        operation_id="tools_try_choices",
    )
    def get(self, request: Request, tool_id: int) -> Response:
        tool, ours = self.tool(tool_id), self.identity.organization_id
        agents = AgentType.objects.visible_to(self.identity).current().order_by("display_name", "pk")
        having = set(AgentToolConfig.objects.filter(tool=tool).values_list("agent_type_id", flat=True))
        people = Membership.objects.filter(organization_id=ours).exclude(user_id=self.identity.user_id)
        people = people.select_related("user").order_by("user__username")[:MOST_LISTED]
        return Response({"personas": _personas(agents[:MOST_LISTED], having), "people": _people(people)})

    @operation(
        "Try a tool as a persona: what would happen, or, with dry_run false, a real use that waits where it must",
        {200: TrySerializer, 201: TrySerializer},
        body=TryWriteSerializer,
        refusals=[400, 404, 413],
    )
    def post(self, request: Request, tool_id: int) -> Response:
        tool, given = self.tool(tool_id), self.given(TryWriteSerializer)
        who, raw = self._asked(given), _raw(given)
        if given["draft"] or tool.is_draft:
            who = replace(who, draft=drafts.mark_of(tool))
        if typed := sorted({"values", "grant", "rule"} & set(given)):
            if not given["dry_run"]:
                raise serializers.ValidationError({typed[0]: ["Only what is saved can really be used."]})
            if "values" in given:
                tool, who = self._typed(tool, given["values"], who), replace(who, draft="")
            who = replace(who, supposed=self._supposed(tool, given))
        if given["dry_run"]:
            told = trying.foretell(tool, raw, who, by=self.identity)
            return Response(self._told(told, who, None))
        told = trying.decide(tool, raw, who)
        call = trying.use(tool, raw, who, by=self.identity)
        return Response(self._told(told, who, call), status=201)

    def _typed(self, tool: Tool, values: Item, who: Asked) -> Tool:
        """The tool, or its draft, as somebody is still typing it; raises InvalidTool where it could not be saved."""
        base = versions.tried(tool, who.draft) if who.draft else tool
        return unsaved.after(values, by=self.identity, tool=base)

    def _supposed(self, tool: Tool, given: Item) -> Supposed:
        """What somebody is still typing beside the tool; InvalidGrant or InvalidRule where it could not be saved."""
        grant, rules = None, None
        if "grant" in given:
            agent = one(AgentType.objects.visible_to(self.identity).current().filter(pk=given["agent"]))
            grant = grants.of(granting.unsaved(agent, tool, given["grant"], by=self.identity))
        if "rule" in given:
            fields = dict(given["rule"])
            pk = fields.pop("id", None)
            if pk is not None and (isinstance(pk, bool) or not isinstance(pk, int)):
                raise serializers.ValidationError({"rule": ["The id is a number."]})
            known = None if pk is None else one(PolicyRule.objects.visible_to(self.identity).filter(pk=pk))
            rules = layers.supposing(policy_rules.unsaved(fields, by=self.identity, rule=known))
        return Supposed(grant, rules)

    def _asked(self, given: Item) -> Asked:
        agents = AgentType.objects.visible_to(self.identity).current()
        agent = one(agents.filter(pk=given["agent"]))
        who = trying.asked(self.identity, agent_type_id=agent.pk, agent_name=agent.display_name)
        user = given.get("user")
        if user is None or str(user) == self.identity.user_id:
            return who
        if not Membership.objects.filter(
            organization_id=self.identity.organization_id, user_id=user
        ).exists():
            raise serializers.ValidationError({"user": ["There is no such person."]})
        return trying.instead_of(who, str(user))

    def _told(self, told: Foreseen, who: Asked, call: ToolCall | None) -> Item:
        refusal = told.decision if isinstance(told.decision, policy.Refuse) else None
        return {
            "dry_run": call is None,
            "persona": visible_text(who.agent_name),
            "person": visible_text(who.identity.display_name),
            "decision": told.word,
            "code": refusal.code if refusal else "",
            "message": visible_text(refusal.message) if refusal else "",
            "explanation": chain_for(self.request, self.identity).items(told.lines),
            "arguments": dict(told.arguments),
            "filled": list(told.filled),
            "reach": visible_text(str(told.reach.get("to", ""))),
            "preview": visible_text(told.preview),
            **self.item(call),
        }


class TryOutcome(TryView):
    @operation("What became of a try of one's own", {200: OutcomeSerializer}, refusals=[404])
    def get(self, request: Request, tool_id: int, call_id: int) -> Response:
        return Response(self.item(one(self.tries(tool_id).filter(pk=call_id))))

    @operation(
        "Withdraw a try that has not started, with its question",
        {200: OutcomeSerializer},
        refusals=[404, 409],
    )
    def delete(self, request: Request, tool_id: int, call_id: int) -> Response:
        call = one(self.tries(tool_id).filter(pk=call_id))
        trying.withdraw(call, by=self.identity)
        return Response(self.item(one(self.tries(tool_id).filter(pk=call_id))))


def _personas(agents: Iterable[AgentType], having: set[int]) -> list[Item]:
    return [
        {
            "id": agent.pk,
            "name": visible_text(agent.display_name),
            "granted": agent.pk in having,
            "enabled": agent.enabled,
        }
        for agent in agents
    ]


def _people(members: Iterable[Membership]) -> list[Item]:
    return [
        {
            "id": member.user.pk,
            "name": visible_text(member.user.get_full_name() or member.user.get_username()),
        }
        for member in members
    ]


def _raw(given: Item) -> str:
    if "raw" in given and "arguments" in given:
        raise serializers.ValidationError({"raw": ["Either arguments or raw, not both."]})
    return str(given["raw"]) if "raw" in given else json.dumps(given.get("arguments", {}))
