"""Allowed from now on, over HTTP: what a question may be widened to, saying yes to that, what there is, revoking."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import decisions
from agents_app.api.deciding import ApprovalView
from agents_app.api.serializers import EmptySerializer
from agents_app.api.shapes import ApprovalSerializer, SparedSerializer
from agents_app.showing import allowed
from audit_app import clock
from project.accounts.api.base import Item, RoomView, StrictSerializer, one, operation
from project.accounts.api.queries import YesOrNo
from project.accounts.roles import AUDIT_VIEW, CHAT, DECIDE, DECIDE_OWN
from tools_app import approvals
from tools_app.approving import allowing, lasting, reading, standing
from tools_app.approving.lasting import Today
from tools_app.exceptions import MayNotDecide
from tools_app.models import StandingApproval


class WayChoiceSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Send it back to choose this.")
    words = serializers.CharField()


class WaySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Of the argument, as it is sent back.")
    label = serializers.CharField(help_text="The same, with nothing in it invisible.")  # type: ignore[assignment]
    value = serializers.CharField(help_text="Of this call, in one line; long ones are cut.")
    choices = WayChoiceSerializer(many=True)
    suggested = serializers.CharField(help_text="The key a careful person would take.")


class LengthSerializer(serializers.Serializer[Any]):
    seconds = serializers.IntegerField()
    words = serializers.CharField()


class MostSerializer(serializers.Serializer[Any]):
    most = serializers.IntegerField()
    suggested = serializers.IntegerField()


class OfferSerializer(serializers.Serializer[Any]):
    approval = serializers.IntegerField()
    digest = serializers.CharField(help_text="Send it back: it names exactly what was shown.")
    tool = serializers.CharField()
    persona = serializers.CharField()
    requester = serializers.CharField()
    arguments = WaySerializer(many=True)
    in_conversation = serializers.BooleanField(help_text="Whether it can be for this conversation alone.")
    times = LengthSerializer(many=True)
    seconds = MostSerializer()
    uses = MostSerializer()


class WishSerializer(StrictSerializer):
    digest = serializers.CharField(max_length=64, help_text="That of the question as it was shown.")
    choices = serializers.DictField(
        child=serializers.CharField(max_length=20), help_text="For every argument the key of how it is read."
    )
    everywhere = serializers.BooleanField(
        default=False,
        help_text="In all conversations of the person with this persona, not in this one alone.",
    )
    seconds = serializers.IntegerField(help_text="How long.")
    uses = serializers.IntegerField(help_text="How often at most.")
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class StandingSerializer(SparedSerializer):
    state = serializers.ChoiceField(list(lasting.STATES))
    state_text = serializers.CharField()
    tool = serializers.CharField()
    persona = serializers.CharField()
    person = serializers.CharField(help_text="For whose uses it is.")
    is_mine = serializers.BooleanField(help_text="Whether that is you.")
    conversation = serializers.CharField(allow_null=True, help_text="Null: in all of them.")
    used = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_by = serializers.CharField()
    may_revoke = serializers.BooleanField()


class AllowedSerializer(serializers.Serializer[Any]):
    approval = ApprovalSerializer()
    standing = StandingSerializer()


class ApprovalStanding(ApprovalView):
    @operation(
        "What a yes to this question may be widened to from now on; 409 says why it may not",
        {200: OfferSerializer},
        refusals=[404, 409],
    )
    def get(self, request: Request, approval_id: int) -> Response:
        row = one(self.visible().filter(pk=approval_id))
        if not approvals.may_decide(row, self.identity):
            raise MayNotDecide
        return Response(allowed.offer_item(allowing.offer(row, self.identity)))

    @operation(
        "Approve exactly what was shown, and such uses from now on; both, or neither",
        {201: AllowedSerializer},
        body=WishSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, approval_id: int) -> Response:
        row, given = one(self.visible().filter(pk=approval_id)), self.given(WishSerializer)
        wish = allowing.Wish(given["choices"], given["everywhere"], given["seconds"], given["uses"])
        with self.telling(approval_id):
            made = decisions.approve_from_now_on(
                row, wish, digest=given["digest"], by=self.identity, comment=given.get("comment", "")
            )
        fresh = self.item(one(self.visible().filter(pk=approval_id)))
        told = allowed.item(made, self.identity, Today(clock.read()))
        return Response({"approval": fresh, "standing": told}, status=201)


class StandingFilter(filters.FilterSet):
    open = YesOrNo(
        method="by_open", help_text="Only those that are not taken back, used up or run out; or the others."
    )
    conversation = filters.CharFilter(field_name="session_id", help_text="The id of a conversation.")

    class Meta:
        model = StandingApproval
        fields: tuple[str, ...] = ()

    def by_open(self, rows: QuerySet[StandingApproval], name: str, value: bool) -> QuerySet[StandingApproval]:  # noqa: FBT001
        is_open = StandingApproval.objects.open().values("pk")
        return rows.filter(pk__in=is_open) if value else rows.exclude(pk__in=is_open)


class StandingView(RoomView):
    queryset = StandingApproval.objects.none()
    needs: ClassVar = {
        "GET": (CHAT, DECIDE, DECIDE_OWN, AUDIT_VIEW),
        "POST": (CHAT, DECIDE, DECIDE_OWN),
    }

    def visible(self) -> QuerySet[StandingApproval]:
        return StandingApproval.objects.visible_to(self.identity).select_related("approval__call__tool")

    @cached_property
    def today(self) -> Today:
        """Read once for all rows of this request."""
        return Today(clock.read())

    def item(self, row: StandingApproval) -> Item:
        return allowed.item(row, self.identity, self.today)


class StandingApprovals(StandingView):
    filterset_class = StandingFilter

    @operation(
        "What is allowed from now on, of what you may see, newest first",
        {200: StandingSerializer(many=True)},
        refusals=[400, 404],
    )
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("-pk"), self.item)


class StandingDetail(StandingView):
    @operation("One of them", {200: StandingSerializer}, refusals=[404])
    def get(self, request: Request, standing_id: int) -> Response:
        row = one(self.visible().filter(pk=standing_id))
        reading.note(row, self.identity, page="standing approval")
        return Response(self.item(row))


class StandingRevocation(StandingView):
    @operation(
        "Take it back: from now on a person is asked again; 409 if it is taken back already",
        {200: StandingSerializer},
        body=EmptySerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, standing_id: int) -> Response:
        self.given(EmptySerializer)
        row = one(self.visible().filter(pk=standing_id))
        standing.revoke(row, by=self.identity)
        return Response(self.item(one(self.visible().filter(pk=standing_id))))
