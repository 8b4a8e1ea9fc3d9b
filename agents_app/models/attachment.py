"""Attachment: a file a person gave to a conversation. Its content lies outside of the database, under a random name."""

from __future__ import annotations

import secrets
import uuid

from django.db import models
from django.utils import timezone

from agents_app.models.conversation import Conversation, Message
from project.accounts.identity import Identity
from project.accounts.models import Organization


def _random_name() -> str:
    return secrets.token_hex(20)


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, identity: Identity) -> AttachmentQuerySet:
        return self.filter(conversation__in=Conversation.objects.visible_to(identity))

    def unsaid(self) -> AttachmentQuerySet:
        """Those that go with the next message."""
        return self.filter(message__isnull=True)


class Attachment(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="attachments")
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="files"
    )
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    # Where the content is: never the person's name for it, and never told to anybody.
    storage = models.CharField(max_length=40, default=_random_name, unique=True, editable=False)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    added_by_id = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        db_table = "attachments"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "name"], name="attachment_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
