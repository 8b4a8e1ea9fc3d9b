"""Approver groups over HTTP."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, RoomView, StrictSerializer, one, operation
from project.accounts.models import Membership
from project.accounts.roles import CATALOG_CHANGE, DECIDE, MEMBERS_MANAGE
from tools_app.approving import groups
from tools_app.exceptions import InvalidGroup
from tools_app.models import ApproverGroup


class GroupMemberSerializer(serializers.Serializer[Any]):
    person = serializers.CharField(help_text="The id of the account.")
    name = serializers.CharField()
    counts = serializers.BooleanField(help_text="Whether their role still lets them approve.")


class ApproverGroupSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    members = GroupMemberSerializer(many=True)
    used_by = serializers.ListField(child=serializers.CharField(), help_text="What asks for its yes.")


class GroupChangeSerializer(StrictSerializer):
    """Fields left out of a change keep their value."""

    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    members = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        max_length=200,
        help_text="Ids of accounts; all of them, those that are in it already too.",
    )


class GroupMakeSerializer(GroupChangeSerializer):
    name = serializers.CharField(max_length=60)


class GroupView(RoomView):
    queryset = ApproverGroup.objects.none()
    needs: ClassVar = {
        "GET": (MEMBERS_MANAGE, CATALOG_CHANGE, DECIDE),
        "POST": (MEMBERS_MANAGE,),
        "PATCH": (MEMBERS_MANAGE,),
        "DELETE": (MEMBERS_MANAGE,),
    }

    def visible(self) -> QuerySet[ApproverGroup]:
        return ApproverGroup.objects.visible_to(self.identity).prefetch_related("members__user")

    def item(self, row: ApproverGroup) -> Item:
        members = sorted(row.members.all(), key=lambda each: each.user.get_username())
        return {
            "id": row.pk,
            "name": row.name,
            "description": row.description,
            "members": [
                {
                    "person": str(each.user_id),
                    "name": each.user.get_full_name() or each.user.get_username(),
                    "counts": groups.is_able(each),
                }
                for each in members
            ],
            "used_by": groups.users(row),
        }

    def people(self, given: dict[str, Any]) -> dict[str, Any]:
        """What was sent, with memberships in the place of ids; whoever is not of the organization is not there."""
        if "members" not in given:
            return given
        ids = [each for each in given["members"] if each.isdecimal() and len(each) < 19]
        rows = Membership.objects.filter(
            organization_id=self.identity.organization_id, user_id__in=ids
        ).select_related("user")
        there = {str(row.user_id): row for row in rows}
        if unknown := [each for each in given["members"] if each not in there]:
            raise InvalidGroup(details={"members": [f"Nobody here has the id {each}." for each in unknown]})
        return {**given, "members": list(there.values())}


class ApproverGroups(GroupView):
    @operation("Approver groups, by name", {200: ApproverGroupSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("name"), self.item)

    @operation(
        "Make an approver group",
        {201: ApproverGroupSerializer},
        body=GroupMakeSerializer,
        refusals=[400, 409],
    )
    def post(self, request: Request) -> Response:
        made = groups.make(**self.people(self.given(GroupMakeSerializer)), by=self.identity)
        return Response(self.item(one(self.visible().filter(pk=made.pk))), status=201)


class ApproverGroupDetail(GroupView):
    @operation("One approver group", {200: ApproverGroupSerializer}, refusals=[404])
    def get(self, request: Request, group_id: int) -> Response:
        return Response(self.item(one(self.visible().filter(pk=group_id))))

    @operation(
        "Change who is in a group; its name stays",
        {200: ApproverGroupSerializer},
        body=GroupChangeSerializer,
        refusals=[400, 404],
    )
    def patch(self, request: Request, group_id: int) -> Response:
        row = one(self.visible().filter(pk=group_id))
        groups.change(row, **self.people(self.given(GroupChangeSerializer)), by=self.identity)
        return Response(self.item(one(self.visible().filter(pk=group_id))))

    @operation("Delete a group that nothing asks for", {204: NOTHING}, refusals=[404, 409])
    def delete(self, request: Request, group_id: int) -> Response:
        groups.remove(one(self.visible().filter(pk=group_id)), by=self.identity)
        return Response(status=204)
