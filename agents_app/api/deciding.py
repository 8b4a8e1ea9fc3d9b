"""Approvals over HTTP: the questions a person may see, and the verdict, bound to the digest of what was shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import decisions, inbox
from agents_app.api.serializers import AnswerSerializer, DecisionSerializer
from agents_app.api.shapes import ApprovalSerializer, WaitingSerializer
from audit_app.exceptions import StaleState
from project.accounts.api.base import Item, RoomView, one, operation
from project.accounts.roles import AUDIT_VIEW, CHAT, DECIDE, DECIDE_OWN
from tools_app import approvals
from tools_app.approving import reading
from tools_app.exceptions import DigestMismatch, StoppedForNow
from tools_app.governing import halts
from tools_app.governing.halts import Halt
from tools_app.models import Approval


class ApprovalView(RoomView):
    queryset = Approval.objects.none()
    needs = {"GET": (CHAT, DECIDE, DECIDE_OWN, AUDIT_VIEW), "POST": (DECIDE, DECIDE_OWN)}

    def visible(self) -> QuerySet[Approval]:
        return inbox.visible(self.identity).prefetch_related("votes")

    @cached_property
    def thrown(self) -> list[Halt]:
        """Read once for a whole page of questions."""
        return halts.thrown(self.identity.organization_id)

    def item(self, row: Approval) -> Item:
        return inbox.item(row, self.identity, self.thrown)

    @contextmanager
    def telling(self, approval_id: int) -> Iterator[None]:
        """The loser of a race gets the question as it is now, so that the card can be drawn again at once."""
        try:
            yield
        except (StaleState, DigestMismatch, StoppedForNow) as lost:
            fresh = self.item(one(self.visible().filter(pk=approval_id)))
            raise type(lost)(
                lost.message, code=lost.code, details={**lost.details, "approval": fresh}
            ) from lost


class Approvals(ApprovalView):
    filterset_class = inbox.ApprovalFilter

    @operation(
        "Questions you may see, oldest first", {200: ApprovalSerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        answer = self.page(self.visible().order_by("created_at", "pk"), self.item)
        if request.query_params.get("asked") != "true" and self.identity.may(AUDIT_VIEW):
            reading.note_list(self.identity, "approvals")
        return answer


class ApprovalsWaiting(ApprovalView):
    pagination_class = None

    @operation("How many questions wait for your word", {200: WaitingSerializer})
    def get(self, request: Request) -> Response:
        return Response(inbox.count(self.identity))


class ApprovalDetail(ApprovalView):
    @operation("One question, as it is shown to people", {200: ApprovalSerializer}, refusals=[404])
    def get(self, request: Request, approval_id: int) -> Response:
        row = one(self.visible().filter(pk=approval_id))
        reading.note(row, self.identity, page="approval")
        return Response(self.item(row))


class ApprovalDecision(ApprovalView):
    # Whoever may answer what is asked of them may also rather not; which question is whose is said by each.
    needs: ClassVar = {"POST": (CHAT, DECIDE, DECIDE_OWN)}

    @operation(
        "Approve or deny exactly what was shown; 409 brings the question as it is now",
        {200: ApprovalSerializer},
        body=DecisionSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, approval_id: int) -> Response:
        row, given = one(self.visible().filter(pk=approval_id)), self.given(DecisionSerializer)
        said = {"digest": given["digest"], "by": self.identity, "comment": given.get("comment", "")}
        with self.telling(approval_id):
            if given["verdict"] == "approve":
                decisions.approve(row, **said)
            else:
                decisions.deny(row, **said, instead=given.get("instead", ""))
        return Response(self.item(one(self.visible().filter(pk=approval_id))))


class ApprovalAnswer(ApprovalView):
    needs: ClassVar = {"POST": (CHAT,)}

    @operation(
        "Answer what a tool asks you; 400 says what is wrong field by field, 409 brings the question as it is now",
        {200: ApprovalSerializer},
        body=AnswerSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, approval_id: int) -> Response:
        row, given = one(self.visible().filter(pk=approval_id)), self.given(AnswerSerializer)
        with self.telling(approval_id):
            approvals.answer(row, digest=given["digest"], given=given["answer"], by=self.identity)
        return Response(self.item(one(self.visible().filter(pk=approval_id))))
