"""Saved cases over HTTP: what a use of a tool by a persona should come to, and whether it does."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app.models import AgentType
from project.accounts.api.base import NOTHING, Item, RoomView, StrictSerializer, one, operation
from project.accounts.models import Membership
from project.accounts.roles import CATALOG_CHANGE
from tools_app.cataloging import cases, drafts
from tools_app.models import Tool, ToolCase


class CaseWriteSerializer(StrictSerializer):
    """Fields left out of a change keep their value."""

    name = serializers.CharField(max_length=100)
    agent = serializers.IntegerField(help_text="The id of the persona that uses the tool.")
    arguments = serializers.DictField(required=False)
    expectation = serializers.DictField(
        help_text='{"outcome": "succeeded", "text": {"contains": …, "matches": …, "equals": …}, '
        '"data": [{"pointer": "/a/0", "equals": …}]}. Outcomes: succeeded, failed, refused, asks.'
    )
    user = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Ask the gate about this person; only where refused or asks is expected.",
    )


class CaseSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    agent = serializers.IntegerField()
    persona = serializers.CharField()
    arguments = serializers.DictField()
    expectation = serializers.DictField()
    user = serializers.IntegerField(allow_null=True)
    outcome = serializers.CharField(help_text="never, open, passed or failed.")
    explanation = serializers.CharField(help_text="What was not met, or the text of the result.")
    content_hash = serializers.CharField(help_text="The content it was run against.")
    is_current = serializers.BooleanField(help_text="Whether that is what is published now.")
    call = serializers.IntegerField(allow_null=True, help_text="The use, where there was one.")
    run_by = serializers.CharField()
    run_at = serializers.DateTimeField(allow_null=True)


class RunSerializer(StrictSerializer):
    draft = serializers.BooleanField(
        default=False, help_text="Against the open draft instead of what is published."
    )


class CaseView(RoomView):
    queryset = ToolCase.objects.none()
    needs = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), (CATALOG_CHANGE,))

    def tool(self, tool_id: int) -> Tool:
        return one(Tool.objects.visible_to(self.identity).current().filter(pk=tool_id))

    def cases(self, tool_id: int) -> QuerySet[ToolCase]:
        tool = self.tool(tool_id)
        cases.refresh(tool)
        return ToolCase.objects.filter(tool=tool).select_related("tool").order_by("name")

    def item(self, case: ToolCase) -> Item:
        return {
            "id": case.pk,
            "name": case.name,
            "agent": case.agent_type_id,
            "persona": case.agent_name,
            "arguments": case.arguments,
            "expectation": case.expectation,
            "user": int(case.user_id) if case.user_id else None,
            "outcome": case.outcome or "never",
            "explanation": case.explanation,
            "content_hash": case.content_hash,
            "is_current": case.content_hash == case.tool.content_hash(),
            "call": case.call_id,
            "run_by": case.run_by,
            "run_at": case.run_at,
        }

    def fields(self, *, partial: bool) -> Item:
        """The columns of what was sent; persona and person are looked up among those of the organization."""
        given = self.given(CaseWriteSerializer, partial=partial)
        if "agent" in given:
            agents = AgentType.objects.visible_to(self.identity).current()
            agent = one(agents.filter(pk=given.pop("agent")))
            given |= {"agent_type_id": agent.pk, "agent_name": agent.display_name}
        if "user" in given:
            given["user_id"] = self._person(given.pop("user"))
        return given

    def run(self, case: ToolCase, tool: Tool, *, draft: bool) -> Item:
        mark = drafts.mark_of(tool) if draft or tool.is_draft else ""
        return self.item(cases.run(case, by=self.identity, draft=mark))

    def _person(self, user: int | None) -> str:
        if user is None:
            return ""
        members = Membership.objects.filter(organization_id=self.identity.organization_id, user_id=user)
        if not members.exists():
            raise serializers.ValidationError({"user": ["There is no such person."]})
        return str(user)


class Cases(CaseView):
    @operation("The saved cases of a tool", {200: CaseSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request, tool_id: int) -> Response:
        return self.page(self.cases(tool_id), self.item)

    @operation("Save a case", {201: CaseSerializer}, body=CaseWriteSerializer, refusals=[400, 404, 409, 413])
    def post(self, request: Request, tool_id: int) -> Response:
        tool, fields = self.tool(tool_id), self.fields(partial=False)
        return Response(self.item(cases.add(tool, fields, by=self.identity)), status=201)


class CaseDetail(CaseView):
    @operation("One saved case", {200: CaseSerializer}, refusals=[404])
    def get(self, request: Request, tool_id: int, case_id: int) -> Response:
        return Response(self.item(one(self.cases(tool_id).filter(pk=case_id))))

    @operation(
        "Change a saved case; fields left out keep their value",
        {200: CaseSerializer},
        body=CaseWriteSerializer,
        refusals=[400, 404, 409, 413],
    )
    def patch(self, request: Request, tool_id: int, case_id: int) -> Response:
        case, fields = one(self.cases(tool_id).filter(pk=case_id)), self.fields(partial=True)
        return Response(self.item(cases.change(case, fields, by=self.identity)))

    @operation("Delete a saved case", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, tool_id: int, case_id: int) -> Response:
        cases.remove(one(self.cases(tool_id).filter(pk=case_id)), by=self.identity)
        return Response(status=204)


_RUN = "as yourself; one that uses the tool comes back open, and its outcome follows"


class Runs(CaseView):
    @operation(
        f"Run all saved cases of a tool, {_RUN}",
        {200: CaseSerializer(many=True)},
        body=RunSerializer,
        refusals=[400, 404, 413],
        operation_id="tools_cases_run_all",
    )
    def post(self, request: Request, tool_id: int) -> Response:
        given, tool = self.given(RunSerializer), self.tool(tool_id)
        rows = self.cases(tool_id)
        return Response([self.run(case, tool, draft=given["draft"]) for case in rows])


class CaseRuns(CaseView):
    @operation(
        f"Run one saved case, {_RUN}", {200: CaseSerializer}, body=RunSerializer, refusals=[400, 404, 413]
    )
    def post(self, request: Request, tool_id: int, case_id: int) -> Response:
        given, tool = self.given(RunSerializer), self.tool(tool_id)
        case = one(self.cases(tool_id).filter(pk=case_id))
        return Response(self.run(case, tool, draft=given["draft"]))
