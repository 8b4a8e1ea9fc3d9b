"""The shapes of telling over HTTP. What the values may be is checked by their verbs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from project.accounts.api.base import StrictSerializer
from tools_app.models import Delivery
from tools_app.notices import hooks


class PreferenceSerializer(StrictSerializer):
    mail_requested = serializers.BooleanField(help_text="A question waits for you.")
    mail_reminded = serializers.BooleanField(help_text="It still waits.")
    mail_escalated = serializers.BooleanField(help_text="It was handed on to you.")
    mail_decided = serializers.BooleanField(help_text="Somebody else has decided about one of yours.")


class WebhookSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    secret = serializers.CharField(source="secret.name", help_text="The name of the secret that signs.")
    events = serializers.ListField(child=serializers.ChoiceField(hooks.EVENTS))
    enabled = serializers.BooleanField()
    off_because = serializers.CharField(help_text="Why the house switched it off, if it did.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    created_by = serializers.CharField()


class WebhookWriteSerializer(StrictSerializer):
    """Fields left out of a change keep their value."""

    name = serializers.CharField(max_length=100)
    url = serializers.CharField(max_length=2_000)
    secret = serializers.CharField(max_length=100, help_text="The name of the secret that signs.")
    events = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=20, required=False, help_text="Default: all."
    )
    enabled = serializers.BooleanField(required=False)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    id = serializers.IntegerField()
    message_id = serializers.UUIDField(source="public_id", help_text="What the receiver knows it by.")
    approval = serializers.IntegerField(source="approval_id", allow_null=True)

    class Meta:
        model = Delivery
        fields = [
            "id",
            "message_id",
            "approval",
            "event",
            "channel",
            "recipient_name",
            "created_at",
            "due_at",
            "tries",
            "ended_at",
            "outcome",
            "answer_code",
            "error",
        ]
        read_only_fields = fields
