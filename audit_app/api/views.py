"""The record over HTTP: how tools were used, and every entry. Newest first; reading it is itself recorded."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from audit_app import records
from audit_app.api.serializers import AuditEntrySerializer, ToolUsageSerializer
from audit_app.models import AuditEntry, ToolUsage
from project.accounts.api.base import RoomView, operation
from project.accounts.roles import AUDIT_VIEW


class ToolUsageFilter(filters.FilterSet):
    session_id = filters.CharFilter(help_text="The id of a conversation.")
    status = filters.ChoiceFilter(choices=[*ToolUsage.Status.choices, ("open", "Open")], method="by_status")
    tool = filters.CharFilter(method="by_tool", help_text="Name or id.")
    agent = filters.CharFilter(method="by_agent", help_text="Name or id of a persona.")
    user = filters.CharFilter(method="by_user", help_text="Name or id of a person.")
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = ToolUsage
        fields: tuple[str, ...] = ()

    def by_status(self, rows: QuerySet[ToolUsage], _: str, wanted: str) -> QuerySet[ToolUsage]:
        return rows.filter(status__isnull=True) if wanted == "open" else rows.filter(status=wanted)

    def by_tool(self, rows: QuerySet[ToolUsage], _: str, wanted: str) -> QuerySet[ToolUsage]:
        return rows.filter(Q(tool_name=wanted) | Q(tool_id=_number(wanted)))

    def by_agent(self, rows: QuerySet[ToolUsage], _: str, wanted: str) -> QuerySet[ToolUsage]:
        return rows.filter(Q(agent_name=wanted) | Q(agent_type_id=_number(wanted)))

    def by_user(self, rows: QuerySet[ToolUsage], _: str, wanted: str) -> QuerySet[ToolUsage]:
        return rows.filter(Q(user_name=wanted) | Q(user_id=wanted))


class AuditEntryFilter(filters.FilterSet):
    action = filters.CharFilter()
    stream = filters.CharFilter()
    actor = filters.CharFilter(method="by_actor", help_text="Name or id of who did it.")
    subject_type = filters.CharFilter()
    subject_id = filters.CharFilter()
    since = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()

    def by_actor(self, rows: QuerySet[AuditEntry], _: str, wanted: str) -> QuerySet[AuditEntry]:
        return rows.filter(Q(actor_name=wanted) | Q(actor_id=wanted))


class RecordView(RoomView):
    needs = {"GET": (AUDIT_VIEW,)}

    def read(self, rows: QuerySet[Any], serializer: Any) -> Response:
        answer = self.page(rows, lambda row: serializer(row).data)
        asked = {name: value for name, value in self.request.query_params.items() if value}
        subject = records.Subject("record", rows.model._meta.db_table, str(rows.model._meta.verbose_name))
        records.record("record.read", by=self.identity, subject=subject, facts={"asked": asked})
        return answer


class ToolUsages(RecordView):
    queryset = ToolUsage.objects.none()
    filterset_class = ToolUsageFilter

    @operation(
        "How tools were used, newest first", {200: ToolUsageSerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        rows = ToolUsage.objects.visible_to(self.identity).order_by("-created_at", "-pk")
        return self.read(rows, ToolUsageSerializer)


class AuditEntries(RecordView):
    queryset = AuditEntry.objects.none()
    filterset_class = AuditEntryFilter

    @operation(
        "Every entry of the record, newest first", {200: AuditEntrySerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        rows = AuditEntry.objects.visible_to(self.identity).order_by("-at", "-pk")
        return self.read(rows, AuditEntrySerializer)


def _number(wanted: str) -> int:
    """The id meant, or one that no row has."""
    return int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0
