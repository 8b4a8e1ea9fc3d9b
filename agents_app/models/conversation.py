"""Conversation and Message: what the person sees."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from agents_app.models.agent_type import AgentType
from project.accounts.identity import Identity
from project.accounts.models import Organization
from project.accounts.prepared import Given, Prepared


def _random_key() -> str:
    return secrets.token_hex(16)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, identity: Identity) -> ConversationQuerySet:
        """A conversation is its owner's, in the organization it was held in. Nobody else's, administrators included."""
        return self.filter(of_owner(identity.organization_id, _number(identity.user_id)))

    def found(self, public_id: uuid.UUID, identity: Identity) -> Conversation | None:
        """One of theirs, with its persona and endpoint; the same condition as `visible_to`, compiled once."""
        owner = _number(identity.user_id)
        return _FOUND.first(id=public_id, organization=identity.organization_id, owner=owner)

    def archived(self) -> ConversationQuerySet:
        return self.filter(archived_at__isnull=False)

    def current(self) -> ConversationQuerySet:
        return self.filter(archived_at__isnull=True)


def of_owner(organization_id: Any, owner_id: Any) -> models.Q:
    """Values, or places of a prepared query."""
    return models.Q(organization_id=organization_id, owner_id=owner_id, deleted_at__isnull=True)


def _number(user_id: str) -> int:
    return int(user_id) if user_id.isdigit() else 0


class Conversation(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agent_type = models.ForeignKey(
        AgentType, on_delete=models.PROTECT, related_name="+", verbose_name="persona"
    )
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The socket group is a random name of its own: the id in an address must not be a capability to listen.
    group = models.CharField(max_length=32, default=_random_key, unique=True, editable=False)
    title = models.CharField(max_length=200, blank=True)
    client_id = models.CharField(max_length=64, null=True, blank=True, editable=False)
    body_hash = models.CharField(max_length=64, blank=True, editable=False)
    # What a program keeps about this conversation, for factories to read (S0.19); never who asks.
    session_state = models.JSONField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        db_table = "conversations"
        ordering = ["-updated_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "client_id"], name="conversation_client_id_once"),
        ]
        indexes = [models.Index(fields=["organization", "owner", "-updated_at"], name="conversation_list")]

    def __str__(self) -> str:
        return self.title or "New conversation"

    @property
    def session_id(self) -> str:
        return str(self.public_id)

    @property
    def stream(self) -> str:
        return f"c:{self.public_id}"


_FOUND = Prepared(
    lambda: (
        Conversation.objects.filter(of_owner(Given("organization"), Given("owner")))
        .filter(public_id=Given("id", Conversation._meta.get_field("public_id")))
        .select_related("agent_type__endpoint")
    )
)


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, identity: Identity) -> MessageQuerySet:
        return self.filter(conversation__in=Conversation.objects.visible_to(identity))


class Message(models.Model):
    """Said once: an assistant's message is opened empty and ended once, with a named ending."""

    class Role(models.TextChoices):
        USER = "user", "Person"
        ASSISTANT = "assistant", "Persona"

    class Ending(models.TextChoices):
        OPEN = "", "Being written"
        COMPLETE = "complete", "Complete"
        INTERRUPTED = "interrupted", "Interrupted"
        CANCELLED = "cancelled", "Stopped"
        REFUSAL = "refusal", "Declined by the model"
        MAX_TOKENS = "max_tokens", "Cut at the length limit"
        FAILED = "failed", "Failed"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=10, choices=Role.choices)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    renderer = models.PositiveSmallIntegerField(default=0)
    ending = models.CharField(max_length=20, choices=Ending.choices, blank=True, default="")
    client_id = models.CharField(max_length=64, null=True, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    agent_type_id = models.BigIntegerField(null=True, blank=True)
    model = models.CharField(max_length=100, blank=True)
    scripted = models.BooleanField(default=False)
    # What was sent along, as it was then: id, name, kind and size. Read with the message, so it costs no question.
    attachments = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "messages"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "client_id"], name="message_client_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:60]}"
