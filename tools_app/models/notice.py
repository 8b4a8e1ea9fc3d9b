"""What people and programs are told about questions: the clock of each, who is to be told by what, and each delivery.

None of these rows holds a secret or the value of an argument: they name tool, persona and people, and the question's
number.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from project.accounts.identity import Identity
from project.accounts.models import Membership, Organization
from tools_app.models.approval import Approval
from tools_app.models.secret import Secret


class Event(models.TextChoices):
    REQUESTED = "approval.requested", "A question waits"
    REMINDED = "approval.reminded", "It still waits"
    ESCALATED = "approval.escalated", "It waits for too long"
    DECIDED = "approval.decided", "It is over: decided, expired, withdrawn or replaced"
    TEST = "test", "A test"


class QuestionClock(models.Model):
    """How far the clock of one question has come. Each step is one update that asks for the step before it.

    It is made with its question, so that what is decided before a sweep has seen it is told all the same.
    """

    approval = models.OneToOneField(Approval, on_delete=models.CASCADE, related_name="clock")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    # By the database's clock, like everything it is compared with: a worker's own may be minutes off (G18).
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    begun_at = models.DateTimeField("webhooks told that it waits", null=True)
    told_at = models.DateTimeField("people last told", null=True)
    reminders = models.PositiveIntegerField(default=0)
    escalated_at = models.DateTimeField(null=True)
    # The group it was handed on to, by name, as the organization had it at that moment.
    escalated_to = models.CharField(max_length=60, blank=True, default="", db_default="")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "question_clocks"
        indexes = [
            # The sweeper looks at those still open alone, of which there are few.
            models.Index(
                fields=["organization"], condition=Q(settled_at__isnull=True), name="question_clock_open"
            ),
        ]

    def __str__(self) -> str:
        return f"clock of question {self.approval_id}"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, identity: Identity) -> WebhookQuerySet:
        return self.filter(organization_id=identity.organization_id)


class Webhook(models.Model):
    """An address that is told about questions, signed with a secret both sides know (Standard Webhooks)."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100, help_text="What people call it.")
    url = models.CharField(
        "address",
        max_length=2_000,
        help_text="An https address that can be reached from the open internet, or one the operator has listed.",
    )
    secret = models.ForeignKey(
        Secret,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Signs every message. Its own list of hosts must name this address; its value is never sent.",
    )
    events: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list, help_text="What it is told about."
    )
    enabled = models.BooleanField(
        default=True, help_text="Off: it is told nothing, and nothing waits for it."
    )
    off_because = models.CharField("switched off because", max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.CharField(max_length=255, blank=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        db_table = "webhooks"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="webhook_name_once")]

    def __str__(self) -> str:
        return self.name


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, identity: Identity) -> DeliveryQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def unfinished(self) -> DeliveryQuerySet:
        return self.filter(ended_at__isnull=True)


class Delivery(models.Model):
    """One message about one question to one person or one webhook, and what became of it."""

    class Channel(models.TextChoices):
        MAIL = "mail", "Mail"
        WEBHOOK = "webhook", "Webhook"

    class Outcome(models.TextChoices):
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"
        DROPPED = "dropped", "Not needed any more"

    # What the receiver knows it by; the same in every try, so that what arrives twice can be told apart.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, null=True, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=30, choices=Event.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    webhook = models.ForeignKey(Webhook, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    recipient_id = models.CharField(max_length=255, blank=True)
    recipient_name = models.CharField("to", max_length=255)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField("next try")
    tries = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    ended_at = models.DateTimeField("ended", null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    answer_code = models.PositiveIntegerField("answer", null=True)
    error = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        db_table = "deliveries"
        verbose_name_plural = "deliveries"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(ended_at__isnull=True), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()}: {self.recipient_name}"


class NotificationPreference(models.Model):
    """What one person wants to be told, and how. Without a row every default holds."""

    membership = models.OneToOneField(
        Membership, on_delete=models.CASCADE, related_name="notification_preference"
    )
    mail_requested = models.BooleanField("when a question waits for me", default=True)
    mail_reminded = models.BooleanField("when it still waits", default=True)
    mail_escalated = models.BooleanField("when it was handed on to me", default=True)
    mail_decided = models.BooleanField("when somebody has decided about mine", default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "notification_preferences"

    def __str__(self) -> str:
        return f"what {self.membership} is told"

    def wants_mail(self, event: str) -> bool:
        wanted: Any = getattr(self, f"mail_{event.rpartition('.')[2]}", False)
        return bool(wanted)
