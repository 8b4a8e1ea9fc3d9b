"""The shapes of the record over HTTP."""

from __future__ import annotations

from rest_framework import serializers

from audit_app.models import AuditEntry, ToolUsage


class ToolUsageSerializer(serializers.ModelSerializer[ToolUsage]):
    class Meta:
        model = ToolUsage
        fields = [
            "id",
            "created_at",
            "ended_at",
            "session_id",
            "tool_id",
            "tool_name",
            "tool_version",
            "agent_type_id",
            "agent_name",
            "user_id",
            "user_name",
            "status",
            "reason",
            "parameters",
            "result",
            "error_message",
            "execution_time_ms",
            "tokens_used",
            "ip_address",
            "attempt",
            "tool_call_id",
            "run_id",
            "approval_id",
            "acting_as",
            "decided_by",
            "request_id",
        ]
        read_only_fields = fields


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    sentence = serializers.SerializerMethodField(help_text="The entry in words.")

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "at",
            "action",
            "sentence",
            "actor_id",
            "actor_name",
            "subject_type",
            "subject_id",
            "subject_name",
            "facts",
            "stream",
            "seq",
            "request_id",
            "ip_address",
            "prev_hash",
            "hash",
        ]
        read_only_fields = fields

    def get_sentence(self, entry: AuditEntry) -> str:
        return str(entry)
