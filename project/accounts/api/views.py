"""Who am I: the person, the organization and the permissions behind a session or a token."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import ANYBODY, RoomView, operation
from project.accounts.models import Organization


class MeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    display_name = serializers.CharField()
    role = serializers.CharField()
    organization = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())
    via = serializers.ChoiceField(["session", "token"])


class Me(RoomView):
    """Whoever may do anything at all may ask who they are."""

    needs = {"GET": ANYBODY}

    @operation("Who am I?", {200: MeSerializer}, tags=["me"])
    def get(self, request: Request) -> Response:
        who = self.identity
        return Response(
            {
                "id": who.user_id,
                "display_name": who.display_name,
                "role": who.role,
                "organization": Organization.objects.get(pk=who.organization_id).name,
                "permissions": sorted(who.permissions),
                "via": who.via,
            }
        )
