"""Why a use was decided as it was, rule by rule, and what the gate would say to it today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit_app import records
from project.accounts.api.base import ANYBODY, Item, RoomView, one, operation
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE, DECIDE
from tools_app.approving.visible import visible_text
from tools_app.explain import explanations
from tools_app.explain.decided import Then
from tools_app.explain.explaining import Line
from tools_app.explain.explanations import Today
from tools_app.governing.rule_pages import page_of
from tools_app.models import ToolCall


class SourceSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="What row says so: tool, grant, persona and the like.")
    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField(help_text="Its page in the administration, for who may open it; else empty.")


class LineSerializer(serializers.Serializer[Any]):
    check = serializers.CharField()
    title = serializers.CharField()
    outcome = serializers.ChoiceField(["pass", "ask", "refuse"])
    text = serializers.CharField()
    sources = SourceSerializer(many=True)


class ThenSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    stage = serializers.CharField(
        help_text="asked: as it was asked for; verdict: as a person decided; claim: as it was about to start."
    )
    decision = serializers.ChoiceField(["allow", "ask", "refuse"])
    code = serializers.CharField(help_text="Why it was refused, for programs; else empty.")
    explanation = LineSerializer(many=True)


class TodaySerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(["allow", "ask", "refuse"])
    code = serializers.CharField()
    message = serializers.CharField(help_text="What the model would be told of a refusal; else empty.")
    explanation = LineSerializer(many=True)


class ExplanationSerializer(serializers.Serializer[Any]):
    call = serializers.IntegerField()
    tool = serializers.CharField()
    persona = serializers.CharField()
    status = serializers.CharField()
    then = ThenSerializer(many=True, help_text="Each decision as it was; empty for old calls.")
    today = TodaySerializer(
        allow_null=True, help_text="If it were asked for now; null if it could not be read."
    )
    differs = serializers.BooleanField(help_text="Whether today's answer is another one.")


@dataclass(frozen=True, slots=True)
class Chain:
    """How a chain of rules is shown: links to rows only for those who may open the administration."""

    linked: bool
    in_detail: bool

    def items(self, lines: Iterable[Line]) -> list[Item]:
        return [
            {
                "check": line.check,
                "title": line.title,
                "outcome": line.outcome,
                "text": visible_text(line.told(in_detail=self.in_detail)),
                "sources": [
                    {
                        "kind": each.kind,
                        "id": each.id,
                        "name": visible_text(each.name),
                        "url": page_of(each) if self.linked else "",
                    }
                    for each in line.sources
                ],
            }
            for line in lines
        ]


def chain_for(request: Request, identity: Identity) -> Chain:
    return Chain(bool(getattr(request.user, "is_staff", False)), identity.may(CATALOG_CHANGE))


class CallExplanation(RoomView):
    queryset = ToolCall.objects.none()
    needs = {"GET": ANYBODY}

    @operation(
        "Why a use was allowed, asked about or refused, and what would be said to it today",
        {200: ExplanationSerializer},
        refusals=[404],
    )
    def get(self, request: Request, use_id: int) -> Response:
        rows = ToolCall.objects.visible_to(self.identity).select_related("tool")
        call = one(rows.filter(pk=use_id))
        self._note(call)
        told, chain = explanations.of(call), chain_for(request, self.identity)
        return Response(
            {
                "call": call.pk,
                "tool": visible_text(call.tool_name),
                "persona": visible_text(call.agent_name),
                "status": call.status,
                "then": [_then(each, chain) for each in told.then],
                "today": _today(told.today, chain) if told.today else None,
                "differs": told.differs,
            }
        )

    def _note(self, call: ToolCall) -> None:
        """Whoever looks at somebody else's use leaves an entry, but for those who are asked about it."""
        is_asked = self.identity.may(DECIDE) and call.approvals.exists()
        if call.user_id != self.identity.user_id and not is_asked:
            subject = records.Subject(call.AUDIT_NAME, str(call.pk), str(call))
            records.record("record.read", by=self.identity, subject=subject, facts={"page": "explanation"})


def _then(told: Then, chain: Chain) -> Item:
    return {
        "at": told.at,
        "stage": told.stage,
        "decision": told.decision,
        "code": told.code,
        "explanation": chain.items(told.lines),
    }


def _today(told: Today, chain: Chain) -> Item:
    return {
        "decision": told.decision,
        "code": told.code,
        "message": visible_text(told.message),
        "explanation": chain.items(told.lines),
    }
