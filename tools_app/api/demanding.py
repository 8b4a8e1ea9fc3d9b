"""What may be sent about who decides, wherever a layer may demand something: a tool, a persona, a grant."""

from __future__ import annotations

from rest_framework import serializers

from project.accounts.api.base import StrictSerializer
from tools_app.approving import deciders


class DemandSerializer(StrictSerializer):
    approvals_needed = serializers.IntegerField(required=False, min_value=1, max_value=deciders.MOST)
    approver_groups = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=10,
        help_text="Each of these groups must approve, by so many people as are needed.",
    )
