"""Prices, budgets and what was used over HTTP; and what the person says to an answer that rests at a limit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import events
from agents_app.answering import continuing
from agents_app.api.shapes import RunSerializer, UsageSerializer
from agents_app.costs import budgeting, gauge, money, pricing, usage_names, windows
from agents_app.models import AgentType, Budget, Conversation, ModelPrice, ModelUsage, Run
from project.accounts.api.base import NOTHING, Item, RoomView, StrictSerializer, one, operation
from project.accounts.exceptions import NotFound
from project.accounts.models import Membership
from project.accounts.roles import AUDIT_VIEW, CATALOG_CHANGE, CHAT
from tools_app.approving.visible import visible_text
from tools_app.calling import days

_MOST = 2**63 - 1
_CHANGING = dict.fromkeys(("POST", "PATCH", "DELETE"), (CATALOG_CHANGE,))
_SEES_ALL = (CATALOG_CHANGE, AUDIT_VIEW)


def _price(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=12, decimal_places=6, min_value=0, **more)


class PriceSerializer(serializers.ModelSerializer[ModelPrice]):
    class Meta:
        model = ModelPrice
        fields = ["id", *pricing.FIELDS, "updated_at"]
        read_only_fields = fields


class PriceWriteSerializer(StrictSerializer):
    """In dollars for a million tokens."""

    model = serializers.CharField(max_length=100)
    above_tokens = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    input_price = _price()
    output_price = _price()
    cache_read_price = _price()
    cache_write_price = _price()
    source = serializers.CharField(max_length=300, required=False, allow_blank=True)  # type: ignore[assignment]
    as_of = serializers.DateField(required=False)


class WindowSerializer(serializers.Serializer[Any]):
    subject = serializers.CharField(
        help_text="The id of the person or persona; empty for everybody together."
    )
    tokens = serializers.IntegerField()
    cost_nanos = serializers.IntegerField(help_text="In billionths of a dollar.")
    held_tokens = serializers.IntegerField(help_text="Of requests under way.")


class BudgetSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    scope = serializers.ChoiceField(Budget.Scope.choices)
    period = serializers.ChoiceField(Budget.Period.choices)
    member = serializers.IntegerField(allow_null=True)
    agent_type = serializers.IntegerField(allow_null=True)
    max_tokens = serializers.IntegerField(allow_null=True)
    max_cost = serializers.CharField(allow_null=True, help_text="In dollars.")
    may_go_on = serializers.BooleanField()
    enabled = serializers.BooleanField()
    note = serializers.CharField()
    now = WindowSerializer(many=True, help_text="What is used of it in the present period, the most first.")


class BudgetWriteSerializer(StrictSerializer):
    scope = serializers.ChoiceField(Budget.Scope.choices)
    period = serializers.ChoiceField(Budget.Period.choices, required=False)
    member = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=_MOST)
    agent_type = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=_MOST)
    max_tokens = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=_MOST)
    max_cost = serializers.DecimalField(
        max_digits=13, decimal_places=4, required=False, allow_null=True, min_value=0
    )
    may_go_on = serializers.BooleanField(required=False)
    enabled = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class ModelUsageSerializer(serializers.Serializer[Any]):
    day = serializers.CharField(help_text="In the organization's time zone.")
    person = serializers.IntegerField(allow_null=True, help_text="The id; null where nobody asked.")
    person_name = serializers.CharField(help_text="As it is now; empty where the account is gone.")
    agent = serializers.IntegerField(help_text="The id of the persona.")
    agent_name = serializers.CharField(help_text="As it is now; empty where the persona is gone.")
    model = serializers.CharField()
    turns = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cost_nanos = serializers.IntegerField(help_text="In billionths of a dollar.")
    cost = serializers.CharField()
    unpriced_tokens = serializers.IntegerField()


class ContinuationSerializer(StrictSerializer):
    choice = serializers.ChoiceField(["go_on", "answer_now"])


class PriceView(RoomView):
    queryset = ModelPrice.objects.none()
    needs = {"GET": (CHAT, *_SEES_ALL), **_CHANGING}

    def row(self, price_id: int) -> ModelPrice:
        found: ModelPrice = one(ModelPrice.objects.visible_to(self.identity).filter(pk=price_id))
        return found

    def item(self, row: ModelPrice) -> Item:
        return dict(PriceSerializer(row).data)


class Prices(PriceView):
    @operation("What models cost, by model", {200: PriceSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        rows: QuerySet[ModelPrice] = ModelPrice.objects.visible_to(self.identity)
        return self.page(rows.order_by("model", "above_tokens"), self.item)

    @operation("Add a price", {201: PriceSerializer}, body=PriceWriteSerializer, refusals=[400, 409])
    def post(self, request: Request) -> Response:
        row = pricing.add(self.given(PriceWriteSerializer), by=self.identity)
        return Response(self.item(row), status=201)


class PriceDetail(PriceView):
    @operation("One price", {200: PriceSerializer}, refusals=[404])
    def get(self, request: Request, price_id: int) -> Response:
        return Response(self.item(self.row(price_id)))

    @operation(
        "Change a price; what was used before keeps what it cost",
        {200: PriceSerializer},
        body=PriceWriteSerializer,
        refusals=[400, 404, 409],
    )
    def patch(self, request: Request, price_id: int) -> Response:
        row, given = self.row(price_id), self.given(PriceWriteSerializer, partial=True)
        return Response(self.item(pricing.change(row, given, by=self.identity)))

    @operation("Remove a price", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, price_id: int) -> Response:
        pricing.remove(self.row(price_id), by=self.identity)
        return Response(status=204)


class BudgetView(RoomView):
    queryset = Budget.objects.none()
    needs = {"GET": _SEES_ALL, **_CHANGING}

    def row(self, budget_id: int) -> Budget:
        found: Budget = one(Budget.objects.visible_to(self.identity).filter(pk=budget_id))
        return found

    def item(self, row: Budget) -> Item:
        key = windows.period_key(row, days.today(row.organization_id))
        found = row.windows.filter(period_key=key).order_by("-used_tokens", "pk")[:20]
        now = [
            {
                "subject": each.subject,
                "tokens": each.used_tokens,
                "cost_nanos": each.used_nanos,
                "held_tokens": each.held_tokens,
            }
            for each in found
        ]
        return {"id": row.pk, **budgeting.told(row), "now": now}

    def fields(self, *, partial: bool = False) -> dict[str, Any]:
        given = self.given(BudgetWriteSerializer, partial=partial)
        if given.get("member") is not None:
            here = Membership.objects.filter(organization_id=self.identity.organization_id)
            given["member"] = one(here.filter(pk=given["member"]))
        if given.get("agent_type") is not None:
            given["agent_type"] = one(
                AgentType.objects.visible_to(self.identity).filter(pk=given["agent_type"])
            )
        return given


class Budgets(BudgetView):
    @operation("The budgets", {200: BudgetSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        rows: QuerySet[Budget] = Budget.objects.visible_to(self.identity)
        return self.page(rows.order_by("pk"), self.item)

    @operation("Add a budget", {201: BudgetSerializer}, body=BudgetWriteSerializer, refusals=[400, 404])
    def post(self, request: Request) -> Response:
        return Response(self.item(budgeting.add(self.fields(), by=self.identity)), status=201)


class BudgetDetail(BudgetView):
    @operation("One budget, with what is used of it now", {200: BudgetSerializer}, refusals=[404])
    def get(self, request: Request, budget_id: int) -> Response:
        return Response(self.item(self.row(budget_id)))

    @operation(
        "Change a budget; what was used in the period stays used",
        {200: BudgetSerializer},
        body=BudgetWriteSerializer,
        refusals=[400, 404],
    )
    def patch(self, request: Request, budget_id: int) -> Response:
        row = self.row(budget_id)
        return Response(self.item(budgeting.change(row, self.fields(partial=True), by=self.identity)))

    @operation("Remove a budget", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, budget_id: int) -> Response:
        budgeting.remove(self.row(budget_id), by=self.identity)
        return Response(status=204)


class UsageFilter(filters.FilterSet):
    month = filters.CharFilter(field_name="day", lookup_expr="startswith", help_text="For example 2026-11.")
    person = filters.CharFilter(field_name="user_id", help_text="The id of a person.")
    agent = filters.NumberFilter(field_name="agent_type_id", help_text="The id of a persona.")

    class Meta:
        model = ModelUsage
        fields: tuple[str, ...] = ()


class Usage(RoomView):
    queryset = ModelUsage.objects.none()
    needs = {"GET": (CHAT, *_SEES_ALL)}
    filterset_class = UsageFilter

    @operation(
        "What models were used for: your own, or everybody's for who keeps the catalog or reads the record",
        {200: ModelUsageSerializer(many=True)},
        refusals=[400, 404],
    )
    def get(self, request: Request) -> Response:
        rows: QuerySet[ModelUsage] = ModelUsage.objects.visible_to(self.identity)
        if not any(self.identity.may(each) for each in _SEES_ALL):
            rows = rows.filter(user_id=self.identity.user_id)
        chosen = self.chosen(rows.order_by("-day", "pk"))
        names = usage_names.of(chosen)
        return self.get_paginated_response([self.item(row, names) for row in chosen])

    def item(self, row: ModelUsage, names: usage_names.Names) -> Item:
        return {
            "day": row.day,
            "person": int(row.user_id) if row.user_id.isdecimal() else None,
            "person_name": visible_text(names.person(row)),
            "agent": row.agent_type_id,
            "agent_name": visible_text(names.persona(row)),
            "model": row.model,
            "turns": row.turns,
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "cached_tokens": row.cached_tokens,
            "cost_nanos": row.nanos,
            "cost": money.written(row.nanos),
            "unpriced_tokens": row.unpriced_tokens,
        }


class ConversationUsage(RoomView):
    queryset = Conversation.objects.none()
    needs = {"GET": (CHAT,)}

    @operation("What a conversation has used, and its budgets", {200: UsageSerializer}, refusals=[404])
    def get(self, request: Request, conversation_id: UUID) -> Response:
        found = Conversation.objects.found(conversation_id, self.identity)
        if found is None:
            raise NotFound
        return Response(gauge.of(found))


class RunContinuation(RoomView):
    queryset = Run.objects.none()
    needs = {"POST": (CHAT,)}

    @operation(
        "Say to an answer that rests at a limit: go on, or answer now with what is there",
        {200: RunSerializer},
        body=ContinuationSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, run_id: int) -> Response:
        rows = Run.objects.visible_to(self.identity).select_related("conversation__agent_type", "message")
        run = one(rows.filter(pk=run_id))
        choice = self.given(ContinuationSerializer)["choice"]
        chosen = continuing.go_on if choice == "go_on" else continuing.answer_now
        return Response(events.run(chosen(run, by=self.identity)))
