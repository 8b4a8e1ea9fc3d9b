"""The shapes of MCP servers over HTTP. What the values may be is checked by their verbs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from project.accounts.api.base import StrictSerializer
from tools_app.api.shapes import DifferenceSerializer
from tools_app.mcp import servers
from tools_app.models import McpServer


class ToolLeftOutSerializer(serializers.Serializer[Any]):
    tool = serializers.CharField(help_text="As the server calls it.")
    why = serializers.CharField()


class McpServerSerializer(serializers.ModelSerializer[McpServer]):
    headers = serializers.DictField()
    server_info = serializers.DictField(help_text="What the server says about itself.")
    left_out = ToolLeftOutSerializer(many=True, help_text="Tools the last sync could not bring in.")
    is_syncing = serializers.BooleanField()
    tool_count = serializers.IntegerField(help_text="How many tools it has in the catalog.")
    review_count = serializers.IntegerField(help_text="How many of them wait for a review.")

    class Meta:
        model = McpServer
        fields = [
            "id",
            *servers.FIELDS,
            "is_syncing",
            "sync_asked_at",
            "sync_ended_at",
            "synced_at",
            "last_error",
            "protocol",
            "server_info",
            "left_out",
            "tool_count",
            "review_count",
            "created_at",
            "updated_at",
            "created_by",
        ]
        read_only_fields = fields


class McpServerWriteSerializer(StrictSerializer):
    """Fields left out of a change keep their value."""

    name = serializers.CharField(max_length=100)
    prefix = serializers.CharField(max_length=20)
    kind = serializers.ChoiceField(McpServer.Kind.choices, required=False)
    launcher = serializers.CharField(max_length=64, required=False, allow_blank=True)
    url = serializers.CharField(max_length=2_000, required=False, allow_blank=True)
    headers = serializers.DictField(child=serializers.CharField(max_length=2_000), required=False)
    auth = serializers.ChoiceField(McpServer.Auth.choices, required=False)
    secret = serializers.CharField(max_length=100, required=False, allow_blank=True)
    auth_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    auth_issuer = serializers.CharField(max_length=500, required=False, allow_blank=True)
    auth_scope = serializers.CharField(max_length=500, required=False, allow_blank=True)
    timeout_seconds = serializers.IntegerField(required=False, min_value=1, max_value=900)
    enabled = serializers.BooleanField(required=False)


class NothingSerializer(StrictSerializer):
    """Nothing is said; what is said all the same is refused."""


class ReviewSerializer(serializers.Serializer[Any]):
    tool = serializers.IntegerField()
    name = serializers.CharField()
    is_new = serializers.BooleanField(help_text="Nobody has ever reviewed it; else it has changed since.")
    reason = serializers.CharField()
    seen = serializers.CharField(
        help_text="Say it again with the verdict: it names exactly what is shown here."
    )
    changes = DifferenceSerializer(many=True)


class VerdictSerializer(StrictSerializer):
    verdict = serializers.ChoiceField(["accept", "reject"])
    seen = serializers.CharField(max_length=200)


class LauncherSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="What it starts is the operator's business.")
