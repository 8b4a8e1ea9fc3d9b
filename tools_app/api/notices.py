"""Telling over HTTP: what a person wants to hear of, webhooks, and what became of each message."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, RoomView, one, operation
from project.accounts.roles import CATALOG_CHANGE, CHAT
from tools_app.api.mcp_shapes import NothingSerializer
from tools_app.api.notice_shapes import (
    DeliverySerializer,
    PreferenceSerializer,
    WebhookSerializer,
    WebhookWriteSerializer,
)
from tools_app.models import Delivery, Event, Webhook
from tools_app.notices import hooks, preferences, sending

_WRITING = {200: WebhookSerializer}


class Preferences(RoomView):
    needs = {"GET": (CHAT,), "PATCH": (CHAT,)}

    @operation("What you are told by mail", {200: PreferenceSerializer})
    def get(self, request: Request) -> Response:
        return Response(PreferenceSerializer(preferences.of(self.identity)).data)

    @operation(
        "Choose what you are told", {200: PreferenceSerializer}, body=PreferenceSerializer, refusals=[400]
    )
    def patch(self, request: Request) -> Response:
        wanted = self.given(PreferenceSerializer, partial=True)
        return Response(PreferenceSerializer(preferences.change(self.identity, wanted)).data)


class WebhookView(RoomView):
    queryset = Webhook.objects.none()
    needs = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), (CATALOG_CHANGE,))

    def visible(self) -> QuerySet[Webhook]:
        return Webhook.objects.visible_to(self.identity).select_related("secret")

    def hook(self, webhook_id: int) -> Webhook:
        return one(self.visible().filter(pk=webhook_id))

    def item(self, hook: Webhook) -> Item:
        return dict(WebhookSerializer(hook).data)


class Webhooks(WebhookView):
    @operation("The webhooks, by name", {200: WebhookSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("name"), self.item)

    @operation(
        "Add a webhook; nothing is sent yet",
        {201: WebhookSerializer},
        body=WebhookWriteSerializer,
        refusals=[400, 409],
    )
    def post(self, request: Request) -> Response:
        hook = hooks.add(self.given(WebhookWriteSerializer), by=self.identity)
        return Response(self.item(self.hook(hook.pk)), status=201)


class WebhookDetail(WebhookView):
    @operation("One webhook", _WRITING, refusals=[404])
    def get(self, request: Request, webhook_id: int) -> Response:
        return Response(self.item(self.hook(webhook_id)))

    @operation(
        "Change a webhook; fields left out keep their value",
        _WRITING,
        body=WebhookWriteSerializer,
        refusals=[400, 404, 409],
    )
    def patch(self, request: Request, webhook_id: int) -> Response:
        hook = self.hook(webhook_id)
        hooks.change(hook, self.given(WebhookWriteSerializer, partial=True), by=self.identity)
        return Response(self.item(self.hook(webhook_id)))

    @operation("Forget a webhook", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, webhook_id: int) -> Response:
        hooks.remove(self.hook(webhook_id), by=self.identity)
        return Response(status=204)


class WebhookTest(WebhookView):
    @operation(
        "Send it a test; the delivery tells how it went",
        {202: DeliverySerializer},
        body=NothingSerializer,
        refusals=[400, 404],
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        hook = self.hook(webhook_id)
        self.given(NothingSerializer)
        return Response(DeliverySerializer(hooks.test(hook, by=self.identity)).data, status=202)


class DeliveryFilter(filters.FilterSet):
    outcome = filters.ChoiceFilter(choices=Delivery.Outcome.choices)
    channel = filters.ChoiceFilter(choices=Delivery.Channel.choices)
    event = filters.ChoiceFilter(choices=Event.choices)
    approval = filters.NumberFilter(field_name="approval_id", help_text="The id of a question.")

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = ()


class DeliveryView(RoomView):
    queryset = Delivery.objects.none()
    needs = {"GET": (CATALOG_CHANGE,), "POST": (CATALOG_CHANGE,)}

    def visible(self) -> QuerySet[Delivery]:
        return Delivery.objects.visible_to(self.identity)

    def item(self, row: Delivery) -> Item:
        return dict(DeliverySerializer(row).data)


class Deliveries(DeliveryView):
    filterset_class = DeliveryFilter

    @operation(
        "What was sent to whom, newest first", {200: DeliverySerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("-pk"), self.item)


class DeliveryDetail(DeliveryView):
    @operation("One delivery", {200: DeliverySerializer}, refusals=[404])
    def get(self, request: Request, delivery_id: int) -> Response:
        return Response(self.item(one(self.visible().filter(pk=delivery_id))))


class DeliveryRepetition(DeliveryView):
    @operation(
        "Send it again, under the same id, once it has ended",
        {202: DeliverySerializer},
        body=NothingSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, delivery_id: int) -> Response:
        row = one(self.visible().filter(pk=delivery_id))
        self.given(NothingSerializer)
        return Response(self.item(sending.again(row, by=self.identity)), status=202)
