"""Kill switches over HTTP: what is stopped and was, throwing one, lifting one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app.answering import halting
from project.accounts.api.base import Item, RoomView, StrictSerializer, one, operation
from project.accounts.api.queries import YesOrNo
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW, MEMBERS_MANAGE
from tools_app.governing import switches
from tools_app.models import KillSwitch

_ID = 2**31 - 1


class SwitchSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    scope = serializers.ChoiceField(KillSwitch.Scope.choices)
    tool = serializers.IntegerField(allow_null=True, help_text="The tool that is stopped.")
    agent = serializers.IntegerField(allow_null=True, help_text="The persona that is stopped.")
    name = serializers.CharField(help_text="What it was called when it was stopped.")
    reason = serializers.CharField()
    through = serializers.ChoiceField(KillSwitch.Through.choices)
    thrown_by = serializers.CharField()
    thrown_at = serializers.DateTimeField()
    lifted_by = serializers.CharField()
    lifted_reason = serializers.CharField()
    lifted_at = serializers.DateTimeField(allow_null=True, help_text="Null while it stops something.")
    may_lift = serializers.BooleanField(help_text="Whether you may lift it.")


class SwitchWriteSerializer(StrictSerializer):
    scope = serializers.ChoiceField(
        KillSwitch.Scope.choices, help_text="The installation is stopped by its operator alone."
    )
    tool = serializers.IntegerField(required=False, min_value=1, max_value=_ID, help_text="With scope tool.")
    agent = serializers.IntegerField(
        required=False, min_value=1, max_value=_ID, help_text="With scope persona."
    )
    reason = serializers.CharField(
        max_length=switches.MAX_REASON, help_text="People and models read it where they are stopped."
    )


class LiftSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=switches.MAX_REASON, required=False, allow_blank=True)


class SwitchFilter(filters.FilterSet):
    scope = filters.ChoiceFilter(choices=KillSwitch.Scope.choices)
    thrown = YesOrNo(
        field_name="lifted_at", lookup_expr="isnull", help_text="Whether it stops something now."
    )

    class Meta:
        model = KillSwitch
        fields: tuple[str, ...] = ()


class SwitchView(RoomView):
    queryset = KillSwitch.objects.none()
    needs: ClassVar = {"GET": (CATALOG_VIEW,), "POST": (CATALOG_CHANGE, MEMBERS_MANAGE)}

    def visible(self) -> QuerySet[KillSwitch]:
        return KillSwitch.objects.visible_to(self.identity)

    def item(self, row: KillSwitch) -> Item:
        return {
            "id": row.pk,
            "scope": row.scope,
            "tool": row.subject_id if row.scope == KillSwitch.Scope.TOOL else None,
            "agent": row.subject_id if row.scope == KillSwitch.Scope.PERSONA else None,
            "name": row.subject_name,
            "reason": row.reason,
            "through": row.through,
            "thrown_by": row.thrown_by,
            "thrown_at": row.thrown_at.isoformat(),
            "lifted_by": row.lifted_by,
            "lifted_reason": row.lifted_reason,
            "lifted_at": row.lifted_at.isoformat() if row.lifted_at else None,
            "may_lift": row.lifted_at is None and switches.may_lift(row, self.identity),
        }


class Switches(SwitchView):
    filterset_class = SwitchFilter

    @operation(
        "Kill switches, those that are thrown first", {200: SwitchSerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        return self.page(self.visible(), self.item)

    @operation(
        "Stop a tool, a persona or the organization: from now on, and what runs is told to end",
        {201: SwitchSerializer},
        body=SwitchWriteSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request) -> Response:
        given = self.given(SwitchWriteSerializer)
        target = halting.target_of(given["scope"], given.get("tool"), given.get("agent"), by=self.identity)
        row = switches.throw(target, reason=given["reason"], by=self.identity)
        return Response(self.item(row), status=201)


class SwitchDetail(SwitchView):
    @operation("One kill switch", {200: SwitchSerializer}, refusals=[404])
    def get(self, request: Request, switch_id: int) -> Response:
        return Response(self.item(one(self.visible().filter(pk=switch_id))))


class SwitchLift(SwitchView):
    @operation(
        "Let it act again; what was ended stays ended",
        {200: SwitchSerializer},
        body=LiftSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, switch_id: int) -> Response:
        row, given = one(self.visible().filter(pk=switch_id)), self.given(LiftSerializer)
        switches.lift(row, by=self.identity, reason=given.get("reason", ""))
        return Response(self.item(one(self.visible().filter(pk=switch_id))))
