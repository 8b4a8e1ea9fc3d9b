"""Approval: the question put to a person about one ToolCall, and the verdict.

Most ask whether a use may run. One that is about an answer asks the person themselves, by a form: their answer is
what the tool gives to the model. One that is about the outcome asks, after a worker was lost over a dangerous tool,
whether the answer may go on: it permits nothing to run.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from audit_app.stateful import Stateful
from project.accounts.identity import Identity
from project.accounts.roles import AUDIT_VIEW, DECIDE
from tools_app.models.tool_call import ToolCall


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, identity: Identity) -> ApprovalQuerySet:
        """To be read: who decides for the organization or audits it sees its questions, everybody else the own ones.

        What only one person can answer is shown to that person alone.
        """
        return self._seen(identity, everything=identity.may(DECIDE) or identity.may(AUDIT_VIEW))

    def put_to(self, identity: Identity) -> ApprovalQuerySet:
        """What may wait for this person's word: whoever only audits is asked nothing but the own questions."""
        return self._seen(identity, everything=identity.may(DECIDE))

    def _seen(self, identity: Identity, *, everything: bool) -> ApprovalQuerySet:
        rows = self.filter(organization_id=identity.organization_id)
        own = models.Q(requester_id=identity.user_id)
        return rows.filter(own | ~models.Q(about=Approval.About.ANSWER)) if everything else rows.filter(own)

    def awaiting_verdict(self) -> ApprovalQuerySet:
        return self.filter(status=Approval.Status.PENDING)

    def about_outcome(self) -> ApprovalQuerySet:
        return self.filter(about=Approval.About.OUTCOME)


class Approval(Stateful):
    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for a decision"
        APPROVED = "approved", "Approved"
        DENIED = "denied", "Denied"
        EXPIRED = "expired", "Expired"
        SUPERSEDED = "superseded", "Replaced: something changed"
        CANCELLED = "cancelled", "Cancelled"
        CONSUMED = "consumed", "Approved and used"

    class About(models.TextChoices):
        USE = "use", "May it run?"
        OUTCOME = "outcome", "It was lost while it ran: go on?"
        ANSWER = "answer", "What does the person answer?"

    AUDIT_NAME: ClassVar[str] = "approval"
    FIRST: ClassVar = frozenset({Status.PENDING})
    MOVES: ClassVar = {
        Status.PENDING: frozenset(
            {Status.APPROVED, Status.DENIED, Status.EXPIRED, Status.SUPERSEDED, Status.CANCELLED}
        ),
        Status.APPROVED: frozenset({Status.CONSUMED, Status.EXPIRED, Status.SUPERSEDED, Status.CANCELLED}),
    }

    call = models.ForeignKey(ToolCall, on_delete=models.PROTECT, related_name="approvals")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    about = models.CharField(max_length=20, choices=About.choices, default=About.USE, db_default=About.USE)
    digest = models.CharField(max_length=64)
    # What was read outside, which private data is at hand and which way is open, as it was when the question was put.
    flow = models.JSONField(default=dict, blank=True)
    covers = models.JSONField(
        help_text="Everything the digest is taken over, as it was when the question was put."
    )
    reasons = models.JSONField(default=list)
    approver = models.CharField(max_length=20, default="self")
    demands = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Who must say yes, as each layer demanded it when the question was put.",
    )
    votes_given = models.PositiveIntegerField(default=0, db_default=0)
    is_dangerous = models.BooleanField(default=False)
    requester_id = models.CharField(max_length=255)
    requester_name = models.CharField("requested by", max_length=255, blank=True)
    decided_by_id = models.CharField(max_length=255, blank=True)
    decided_by_name = models.CharField("decided by", max_length=255, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True)
    instead = models.TextField(
        blank=True, default="", db_default="", help_text="What the model was told to do instead."
    )
    response = models.TextField(
        blank=True, default="", db_default="", help_text="What a person answered in the place of the tool."
    )
    answer = models.JSONField(
        null=True, blank=True, help_text="What was filled in, where something was asked."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    use_until = models.DateTimeField(null=True, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        db_table = "approvals"
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["call"],
                condition=models.Q(status__in=["pending", "approved"]),
                name="one_open_approval_per_call",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "pending",
                        "approved",
                        "denied",
                        "expired",
                        "superseded",
                        "cancelled",
                        "consumed",
                    ]
                ),
                name="approval_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(about__in=["use", "outcome", "answer"]), name="approval_about_known"
            ),
            # What has happened cannot be permitted: a "go on" is never used up by anything that runs.
            models.CheckConstraint(
                condition=~models.Q(about="outcome", status="consumed"), name="outcome_permits_nothing"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "expires_at"], name="approval_open"),
            # Each claim of a run asks for an open question about an outcome, of which there are hardly ever any.
            models.Index(fields=["about", "status"], name="approval_about"),
        ]

    def __str__(self) -> str:
        return f"{self.call.tool_name} for {self.requester_name or self.requester_id}"

    def audit_stream(self) -> str:
        return self.call.audit_stream()

    def audit_label(self) -> str:
        return self.call.tool_name

    def audit_facts(self) -> dict[str, Any]:
        return {
            "call": self.call.pk,
            "digest": self.digest,
            **({"about": self.about} if self.about != self.About.USE else {}),
            **({"decided_by": self.decided_by_name, "comment": self.comment} if self.decided_by_id else {}),
        }
