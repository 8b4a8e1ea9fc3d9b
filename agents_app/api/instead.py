"""Approvals over HTTP, beyond one yes or no: several at once, other arguments, a person's answer, a withdrawal."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import decisions
from agents_app.api.deciding import ApprovalView
from agents_app.api.serializers import EmptySerializer
from agents_app.api.shapes import ApprovalSerializer
from project.accounts.api.base import StrictSerializer, one, operation
from project.accounts.exceptions import NotFound
from project.accounts.roles import CHAT
from tools_app.approving import instead

_MOST = 50


class SeenSerializer(StrictSerializer):
    approval = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    digest = serializers.CharField(max_length=64, help_text="That of the question as it was shown.")


class TogetherSerializer(StrictSerializer):
    verdict = serializers.ChoiceField(["approve", "deny"])
    decisions = serializers.ListField(child=SeenSerializer(), allow_empty=False, max_length=_MOST)
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class RuledSerializer(serializers.Serializer[Any]):
    approval = ApprovalSerializer(help_text="As it is now.")
    decided = serializers.BooleanField(help_text="Whether your word counted.")
    code = serializers.CharField(help_text="Why not; empty where it did.")
    message = serializers.CharField()


class TogetherResultSerializer(serializers.Serializer[Any]):
    results = RuledSerializer(many=True)


class EditSerializer(StrictSerializer):
    digest = serializers.CharField(max_length=64, help_text="That of the question as it was shown.")
    arguments = serializers.DictField(help_text="All of them, as they shall be.")
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ResponseSerializer(StrictSerializer):
    digest = serializers.CharField(max_length=64, help_text="That of the question as it was shown.")
    text = serializers.CharField(
        max_length=instead.RESPONSE_CHARS, help_text="What the model gets, labelled as a person's words."
    )


class ApprovalDecisions(ApprovalView):
    @operation(
        "Decide several questions about exactly the same; each by its own digest, each with its own outcome",
        {200: TogetherResultSerializer},
        body=TogetherSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request) -> Response:
        given = self.given(TogetherSerializer)
        wanted = {each["approval"]: each["digest"] for each in given["decisions"]}
        rows = list(self.visible().filter(pk__in=wanted).order_by("pk"))
        # Of questions that are not theirs to see a person learns nothing, also not among others that are.
        if len(rows) < len(wanted):
            raise NotFound
        seen = [(row, wanted[row.pk]) for row in rows]
        ruled = decisions.together(given["verdict"], seen, by=self.identity, comment=given.get("comment", ""))
        return Response({"results": [self._told(each) for each in ruled]})

    def _told(self, ruled: decisions.Ruled) -> dict[str, Any]:
        fresh = one(self.visible().filter(pk=ruled.approval.pk))
        refused = ruled.refused
        return {
            "approval": self.item(fresh),
            "decided": refused is None,
            "code": refused.code if refused else "",
            "message": refused.message if refused else "",
        }


class ApprovalEdit(ApprovalView):
    @operation(
        "Change the arguments: another use takes its place, judged and asked about anew; the answer is its question",
        {201: ApprovalSerializer},
        body=EditSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, approval_id: int) -> Response:
        row, given = one(self.visible().filter(pk=approval_id)), self.given(EditSerializer)
        with self.telling(approval_id):
            made = instead.edit(row, by=self.identity, **given)
        return Response(self.item(one(self.visible().filter(pk=made.pk))), status=201)


class ApprovalResponse(ApprovalView):
    @operation(
        "Answer in the place of the tool, which is not run",
        {200: ApprovalSerializer},
        body=ResponseSerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, approval_id: int) -> Response:
        row, given = one(self.visible().filter(pk=approval_id)), self.given(ResponseSerializer)
        with self.telling(approval_id):
            instead.respond(row, by=self.identity, **given)
        return Response(self.item(one(self.visible().filter(pk=approval_id))))


class ApprovalWithdrawal(ApprovalView):
    needs: ClassVar = {"POST": (CHAT,)}

    @operation(
        "Take back what you asked for, or your yes, before it runs",
        {200: ApprovalSerializer},
        body=EmptySerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, approval_id: int) -> Response:
        row = one(self.visible().filter(pk=approval_id))
        self.given(EmptySerializer)
        with self.telling(approval_id):
            instead.withdraw(row, by=self.identity)
        return Response(self.item(one(self.visible().filter(pk=approval_id))))
