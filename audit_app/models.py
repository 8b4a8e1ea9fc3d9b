"""What is remembered: AuditEntry (append-only, chained), the heads of streams, ToolUsage (opened, closed once)."""

from __future__ import annotations

from typing import Any, Never, TypeVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from audit_app.actions import sentence
from audit_app.exceptions import RecordIsPermanent
from project.accounts import prepared
from project.accounts.identity import Identity
from project.accounts.models import Organization

M = TypeVar("M", bound=models.Model)


class PermanentQuerySet(models.QuerySet[M]):
    """Refuses what a record must never suffer; the database's triggers refuse the same to everybody else."""

    def delete(self) -> Never:
        raise RecordIsPermanent

    def update(self, **fields: Any) -> Never:
        raise RecordIsPermanent

    def visible_to(self, identity: Identity) -> PermanentQuerySet[M]:
        return self.filter(organization_id=identity.organization_id)


class AuditStream(models.Model):
    """The head of one chain: a conversation, or the administration of an organization."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80, unique=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_streams"

    def __str__(self) -> str:
        return f"{self.name} at {self.seq}"


class AuditEntry(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    stream = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    action = models.CharField(max_length=60, db_index=True)
    actor_id = models.CharField("who (id)", max_length=255)
    actor_name = models.CharField("who", max_length=255, blank=True)
    subject_type = models.CharField("what kind", max_length=40)
    subject_id = models.CharField("what (id)", max_length=64)
    subject_name = models.CharField("what", max_length=255, blank=True)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip_address = models.GenericIPAddressField("address", null=True, blank=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = PermanentQuerySet.as_manager()

    class Meta:
        db_table = "audit_entries"
        verbose_name_plural = "audit entries"
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="audit_stream_has_no_forks")]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="audit_entry_subject")]

    def __str__(self) -> str:
        return f"{self.actor_name or self.actor_id} {sentence(self.action)}: {self.subject_name}"

    def body(self) -> dict[str, Any]:
        """What the hash covers: everything a reader is shown, in JSON's own types."""
        return {
            "organization": self.organization_id,
            "stream": self.stream,
            "seq": self.seq,
            "action": self.action,
            "actor": [self.actor_id, self.actor_name],
            "subject": [self.subject_type, self.subject_id, self.subject_name],
            "facts": self.facts,
            "at": self.at.isoformat(),
            "request_id": self.request_id,
            "ip_address": self.ip_address,
        }

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise RecordIsPermanent


class ToolUsageQuerySet(PermanentQuerySet["ToolUsage"]):
    def of_session(self, session_id: str) -> ToolUsageQuerySet:
        """Newest first; rows of removed tools and personas stay (S4.126, S4.246)."""
        return self.filter(session_id=session_id).order_by("-created_at", "-pk")

    def close(self, pk: int, **fields: Any) -> bool:
        """The one UPDATE a usage ever gets: False if it was closed already."""
        return prepared.update(ToolUsage, models.Q(pk=pk, status__isnull=True), fields) == 1


class ToolUsage(models.Model):
    """One attempt to use a tool: opened before anything runs, closed once. Ids and names are copies (`house.md` 5)."""

    class Status(models.TextChoices):
        SUCCESS = "success", "Success"
        FAILED = "failed", "Failed"
        DENIED = "denied", "Denied"
        BLOCKED = "blocked", "Blocked"

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    session_id = models.CharField(max_length=50, null=True, blank=True)
    agent_type_id = models.BigIntegerField(null=True, blank=True)
    agent_name = models.CharField("persona", max_length=200, blank=True)
    tool_id = models.BigIntegerField(null=True, blank=True)
    tool_name = models.CharField("tool", max_length=255, blank=True)
    tool_version = models.CharField(max_length=64, blank=True)
    tool_call_id = models.BigIntegerField(null=True, blank=True)
    run_id = models.BigIntegerField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    parameters = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    status = models.CharField(max_length=50, null=True, blank=True, choices=Status.choices)
    reason = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(null=True, blank=True)
    execution_time_ms = models.IntegerField("milliseconds", null=True, blank=True)
    tokens_used = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField("opened", default=timezone.now, db_default=Now(), editable=False)
    ended_at = models.DateTimeField("closed", null=True, blank=True)
    ip_address = models.GenericIPAddressField("address", null=True, blank=True)
    user_id = models.CharField("person (id)", max_length=255, blank=True)
    user_name = models.CharField("person", max_length=255, blank=True)
    # The persona's own identity, where it acted under one; the person beside it is who asked (S3.95).
    acting_as = models.CharField(max_length=255, blank=True)
    approval_id = models.BigIntegerField(null=True, blank=True)
    decided_by = models.CharField(max_length=255, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects = ToolUsageQuerySet.as_manager()

    class Meta:
        db_table = "tool_usage_audit"
        verbose_name = "tool use"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["tool_call_id", "attempt"], name="one_usage_per_attempt"),
            models.CheckConstraint(
                condition=models.Q(status__isnull=True)
                | models.Q(status__in=["success", "failed", "denied", "blocked"]),
                name="usage_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["session_id"], name="usage_session"),
            models.Index(fields=["tool_id"], name="usage_tool"),
            models.Index(fields=["created_at"], name="usage_created"),
            models.Index(fields=["agent_type_id"], name="usage_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.tool_name} by {self.agent_name or 'nobody'}: {self.status or 'open'}"

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise RecordIsPermanent
