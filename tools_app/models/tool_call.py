"""ToolCall: one use of one tool, with its status. Rows to its right are named by copied ids (`house.md` 5)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from audit_app.stateful import Stateful
from project.accounts.identity import Identity
from project.accounts.roles import AUDIT_VIEW, DECIDE
from tools_app.models.tool import Tool


class ToolCallQuerySet(models.QuerySet["ToolCall"]):
    def visible_to(self, identity: Identity) -> ToolCallQuerySet:
        """A person's own calls; who decides for the organization those asked about too, who audits it all of them."""
        rows = self.filter(organization_id=identity.organization_id)
        if identity.may(AUDIT_VIEW):
            return rows
        own = models.Q(user_id=identity.user_id)
        # Not those that ask the person themselves: what only they can answer is shown to nobody else.
        asked = rows.filter(approvals__about__in=["use", "outcome"])
        asked_about = models.Q(pk__in=asked.values("pk"))
        return rows.filter(own | asked_about) if identity.may(DECIDE) else rows.filter(own)

    def open(self) -> ToolCallQuerySet:
        return self.filter(status__in=ToolCall.OPEN)


class ToolCall(Stateful):
    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting for approval"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        DENIED = "denied", "Denied"
        EXPIRED = "expired", "Expired"
        BLOCKED = "blocked", "Blocked"
        CANCELLED = "cancelled", "Cancelled"

    AUDIT_NAME: ClassVar[str] = "call"
    OPEN: ClassVar = frozenset({Status.WAITING, Status.QUEUED, Status.RUNNING})
    FIRST: ClassVar = frozenset({Status.WAITING, Status.QUEUED, Status.BLOCKED})
    MOVES: ClassVar = {
        Status.WAITING: frozenset(
            {Status.QUEUED, Status.DENIED, Status.EXPIRED, Status.BLOCKED, Status.CANCELLED}
        ),
        Status.QUEUED: frozenset({Status.RUNNING, Status.WAITING, Status.BLOCKED, Status.CANCELLED}),
        Status.RUNNING: frozenset({Status.SUCCEEDED, Status.FAILED, Status.QUEUED, Status.CANCELLED}),
    }

    session_id = models.CharField("conversation", max_length=50, blank=True)
    run_id = models.BigIntegerField(null=True, blank=True)
    message_id = models.BigIntegerField(null=True, blank=True)
    tool_use_id = models.CharField(max_length=255, blank=True)
    agent_type_id = models.BigIntegerField(null=True, blank=True)
    agent_name = models.CharField("persona", max_length=200, blank=True)
    agent_hash = models.CharField(max_length=64, blank=True)
    tool = models.ForeignKey(Tool, null=True, blank=True, on_delete=models.PROTECT, related_name="calls")
    tool_name = models.CharField("tool", max_length=255)
    tool_hash = models.CharField(max_length=64, blank=True)
    user_id = models.CharField("person (id)", max_length=255)
    user_name = models.CharField("person", max_length=255, blank=True)
    asked_through = models.JSONField(default=dict, blank=True)
    # Ordinary values the caller gave for the tools of its run, so that a worker hours later has them (S3.92).
    tool_context = models.JSONField(default=dict, blank=True)
    arguments = models.JSONField(default=dict)
    filled = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices)
    reason = models.CharField(max_length=60, blank=True)
    reason_text = models.TextField(blank=True)
    result_text = models.TextField(blank=True)
    result = models.JSONField(null=True, blank=True)
    blocks = models.JSONField(default=list, blank=True)
    progress = models.JSONField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    limit_reserved = models.BooleanField(default=False)
    # What was left of each limit after this use was counted: shown on its card, and told to the model if it is little.
    remainder = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))
    usage_id = models.BigIntegerField(null=True, blank=True)
    tainted = models.BooleanField(default=False)
    # What the conversation had read from outside when this was asked for: what tainted it, for the card.
    read_outside = models.JSONField(default=list, blank=True)
    # Why what this use gives comes from outside, by the tool as it was when it began; "" where it does not.
    outside = models.CharField(max_length=20, blank=True, default="")
    # The "from now on" that its start used up, in the place of a question.
    standing = models.ForeignKey(
        "StandingApproval", null=True, blank=True, on_delete=models.PROTECT, related_name="calls"
    )
    # What the gate decided and why, rule by rule, as it was then (`decided`): read where somebody asks, only there.
    explanation = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))
    lease_until = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="successors"
    )
    # Who changed the arguments before it ran, and where each of them comes from then: model, policy or person.
    edited_by_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    edited_by_name = models.CharField("edited by", max_length=255, blank=True, default="", db_default="")
    provenance = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ToolCallQuerySet.as_manager()

    class Meta:
        db_table = "tool_calls"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run_id", "message_id", "tool_use_id"],
                condition=models.Q(replaces__isnull=True) & ~models.Q(tool_use_id=""),
                name="one_call_per_tool_use",
            ),
            # A use goes on in one place: two edits of the same question cannot both become what runs.
            models.UniqueConstraint(
                fields=["replaces"], condition=models.Q(replaces__isnull=False), name="one_successor_per_call"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "waiting",
                        "queued",
                        "running",
                        "succeeded",
                        "failed",
                        "denied",
                        "expired",
                        "blocked",
                        "cancelled",
                    ]
                ),
                name="call_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["run_id"], name="call_run"),
            models.Index(fields=["session_id"], name="call_session"),
            models.Index(fields=["status", "lease_until"], name="call_open"),
        ]

    def __str__(self) -> str:
        return f"{self.tool_name} #{self.pk}"

    def audit_stream(self) -> str:
        return f"c:{self.session_id}" if self.session_id else f"admin:{self.organization_id}"

    def audit_label(self) -> str:
        return self.tool_name

    def audit_facts(self) -> dict[str, Any]:
        return {
            "persona": self.agent_name,
            "person": self.user_name,
            "tool_hash": self.tool_hash,
            "attempt": self.attempt,
            **({"usage": self.usage_id} if self.usage_id else {}),
            **({"reason": self.reason} if self.reason else {}),
            **({"replaces": self.replaces_id} if self.replaces_id else {}),
            **({"edited_by": self.edited_by_name} if self.edited_by_id else {}),
            **({"through": self.asked_through["door"]} if "door" in self.asked_through else {}),
            # Which draft was tried: the hash above is then of no version.
            **({"draft": self.asked_through["draft"]} if "draft" in self.asked_through else {}),
        }
