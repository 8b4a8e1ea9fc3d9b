"""Approvals over HTTP: the questions a person may see, and the verdict, bound to the digest of what was shown."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import decisions, events
from agents_app.api.serializers import DecisionSerializer
from agents_app.api.shapes import ApprovalSerializer
from audit_app.exceptions import StaleState
from project.accounts.api.base import Item, RoomView, one, operation
from project.accounts.exceptions import HouseError
from project.accounts.roles import CHAT, DECIDE, DECIDE_OWN
from tools_app.exceptions import DigestMismatch
from tools_app.models import Approval


class ApprovalFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=Approval.Status.choices)
    about = filters.ChoiceFilter(choices=Approval.About.choices)
    conversation = filters.CharFilter(field_name="call__session_id", help_text="The id of a conversation.")

    class Meta:
        model = Approval
        fields: tuple[str, ...] = ()


class ApprovalView(RoomView):
    queryset = Approval.objects.none()
    needs = {"GET": (CHAT, DECIDE, DECIDE_OWN), "POST": (DECIDE, DECIDE_OWN)}

    def visible(self) -> QuerySet[Approval]:
        return Approval.objects.visible_to(self.identity).select_related("call__tool", "organization")

    def item(self, row: Approval) -> Item:
        return events.approval(row, row.call, self.identity)


class Approvals(ApprovalView):
    filterset_class = ApprovalFilter

    @operation(
        "Questions you may see, oldest first", {200: ApprovalSerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("created_at", "pk"), self.item)


class ApprovalDetail(ApprovalView):
    @operation("One question, as it is shown to people", {200: ApprovalSerializer}, refusals=[404])
    def get(self, request: Request, approval_id: int) -> Response:
        return Response(self.item(one(self.visible().filter(pk=approval_id))))


class ApprovalDecision(ApprovalView):
    @operation(
        "Approve or deny exactly what was shown; 409 brings the question as it is now",
        {200: ApprovalSerializer},
        body=DecisionSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, approval_id: int) -> Response:
        row, given = one(self.visible().filter(pk=approval_id)), self.given(DecisionSerializer)
        decide = decisions.approve if given["verdict"] == "approve" else decisions.deny
        try:
            decide(row, digest=given["digest"], by=self.identity, comment=given.get("comment", ""))
        except (StaleState, DigestMismatch) as lost:
            raise _with_fresh(lost, self.item(one(self.visible().filter(pk=approval_id)))) from lost
        return Response(self.item(one(self.visible().filter(pk=approval_id))))


def _with_fresh(lost: HouseError, fresh: Item) -> HouseError:
    """The loser of a race gets the question as it is now, so that the card can be drawn again at once."""
    return type(lost)(code=lost.code, details={**lost.details, "approval": fresh})
