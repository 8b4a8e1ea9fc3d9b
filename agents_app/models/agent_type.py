"""AgentType (a persona) and AgentToolConfig (the grant: this persona may use this tool under these limits)."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from agents_app.models.model_endpoint import ModelEndpoint
from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.models import Tool
from tools_app.models.demanding import DailyLimits, Demanding


class AgentTypeQuerySet(models.QuerySet["AgentType"]):
    def visible_to(self, identity: Identity) -> AgentTypeQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def offered_to(self, identity: Identity) -> AgentTypeQuerySet:
        """What a person may start a conversation with."""
        return self.visible_to(identity).filter(enabled=True, archived_at__isnull=True)

    def current(self) -> AgentTypeQuerySet:
        return self.filter(archived_at__isnull=True)


class AgentType(Demanding):
    class Effort(models.TextChoices):
        NONE = "", "As the model decides"
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"
        XHIGH = "xhigh", "Very high"
        MAX = "max", "Maximum"

    class Thinking(models.TextChoices):
        NONE = "", "As the model decides"
        ADAPTIVE = "adaptive", "Adaptive"
        DISABLED = "disabled", "Off"

    class Unattended(models.TextChoices):
        WAIT = "wait", "The answer waits until somebody decides"
        REFUSE = "refuse", "It is refused, and the answer goes on without it"
        STANDING = "standing", "Only what somebody allowed from now on; anything else is refused"

    class AtLimits(models.TextChoices):
        ASK = "ask", "The person may go on, or have an answer now"
        ANSWER = "answer", "It answers with what it has"
        STOP = "stop", "It ends"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100, help_text="For programs, for example: analysis.")
    display_name = models.CharField(max_length=200, help_text="Shown to people.")
    description = models.TextField(blank=True, null=True)
    avatar_url = models.CharField(
        "avatar", max_length=500, blank=True, help_text="An emoji, or the path of an image below /static/."
    )
    avatar_color = models.CharField(
        max_length=7,
        default="#6366f1",
        db_default="#6366f1",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "Write a colour as #rrggbb.")],
    )
    personality_traits = models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField())
    )
    starters = models.JSONField(default=list, blank=True, help_text="Questions offered for a start.")
    endpoint = models.ForeignKey(
        ModelEndpoint,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the default.",
    )
    model = models.CharField(max_length=100)
    system_prompt = models.TextField()
    streaming_enabled = models.BooleanField(default=True, db_default=True)
    max_context_tokens = models.PositiveIntegerField(
        default=200000,
        db_default=200000,
        help_text="Budget for the conversation's history. Older turns are left out beyond it.",
    )
    max_output_tokens = models.PositiveIntegerField(
        default=8192, validators=[MinValueValidator(1)], help_text="Limit of one answer."
    )
    temperature = models.FloatField(
        default=0.7,
        db_default=0.7,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="Sent only to models that still accept it.",
    )
    effort = models.CharField(max_length=10, choices=Effort.choices, blank=True, default="")
    thinking = models.CharField(max_length=10, choices=Thinking.choices, blank=True, default="")
    tool_weight_limit = models.PositiveIntegerField(
        "tool tokens sent at once",
        null=True,
        blank=True,
        default=10_000,
        db_default=10_000,
        help_text="Tokens that tool descriptions may take in every request. Above it the model is shown the tools "
        "marked always on, and finds the others by searching. Empty: always all of them. 0: always search.",
    )
    max_steps = models.PositiveIntegerField(
        default=24, help_text="Model turns in one answer before it is ended."
    )
    unattended = models.CharField(
        "when nobody is there",
        max_length=20,
        choices=Unattended.choices,
        default=Unattended.WAIT,
        db_default=Unattended.WAIT,
        help_text="What becomes of a use that needs approval in an answer a program asked for, with a token. It is "
        "never simply allowed.",
    )
    max_seconds = models.PositiveIntegerField(
        "seconds of work",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Time one answer may work, without what it waits for people. Empty: as the installation says.",
    )
    at_limits = models.CharField(
        "at these limits",
        max_length=10,
        choices=AtLimits.choices,
        default=AtLimits.ASK,
        db_default=AtLimits.STOP,
        help_text="What happens when an answer has taken all its steps or all its time.",
    )
    enabled = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Off: nobody can talk to it, and its running answers stop acting.",
    )
    is_default = models.BooleanField(
        default=False, db_default=False, help_text="Chosen for people who choose nothing."
    )
    version = models.CharField(max_length=20, default="1.0.0", db_default="1.0.0", help_text="Your label.")
    tool_context = models.JSONField(
        "context for its tools",
        default=dict,
        blank=True,
        help_text='Values its tools find in their context, such as {"tier": "free"}. What a program sends with a '
        "message wins for the same name. Put no secrets here.",
    )
    acts_as_itself = models.BooleanField(
        "acts under its own identity",
        default=False,
        help_text="Its tools are told user_id, role, roles and permissions from the context above instead of those of "
        "the person who asks, who is recorded beside it. What the person may ask for does not change.",
    )
    factories = models.JSONField(
        default=list,
        blank=True,
        help_text="Code of this installation that binds the tools of each answer, or what it may search.",
    )
    cache_callables = models.BooleanField(
        "keep what factories built",
        default=True,
        help_text="Off: they are asked for each answer, as for tools that depend on a role which may change.",
    )
    callable_cache_key = models.CharField(
        "kept for", max_length=64, default="user", help_text="Who shares what was built once."
    )
    cache_seconds = models.PositiveIntegerField(
        "kept for at most (seconds)",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Empty: as the installation says.",
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    objects = AgentTypeQuerySet.as_manager()

    class Meta:
        db_table = "agent_types"
        verbose_name = "persona"
        ordering = ["-is_default", "display_name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="agent_name_once"),
            models.UniqueConstraint(
                fields=["organization"], condition=Q(is_default=True), name="one_default_agent"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(enabled=True, archived_at__isnull=True),
                name="default_agent_is_enabled",
            ),
        ]
        indexes = [models.Index(fields=["enabled"], name="agent_enabled")]

    def __str__(self) -> str:
        return self.display_name or self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        # S4.235: the source's own example leaves the required display name out.
        self.display_name = self.display_name or self.name.replace("_", " ").replace("-", " ").title()
        super().save(*args, **kwargs)

    def content_hash(self) -> str:
        """What approvals are bound to: the parts of a persona that change what it does."""
        body: list[Any] = [self.name, self.model, self.system_prompt, self.endpoint_id]
        # Only where there is one, so that questions about all other personas still fit.
        if self.tool_context or self.acts_as_itself:
            body.append({"context": self.tool_context, "acts_as_itself": self.acts_as_itself})
        if self.factories:
            body.append({"factories": self.factories})
        if said := self.demanded():
            body.append(said)
        return hashlib.sha256(b"agent/v1\n" + rfc8785.dumps(body)).hexdigest()


class AgentToolConfigQuerySet(models.QuerySet["AgentToolConfig"]):
    def visible_to(self, identity: Identity) -> AgentToolConfigQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def in_order(self) -> AgentToolConfigQuerySet:
        """Order shown to the model: unnumbered ones last, then by name, so that prompt caching holds (S4.231)."""
        return self.order_by(F("order_index").asc(nulls_last=True), "tool__name")


class AgentToolConfig(Demanding, DailyLimits):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    agent_type = models.ForeignKey(
        AgentType, on_delete=models.CASCADE, related_name="grants", verbose_name="persona"
    )
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="grants")
    enabled_for_agent = models.BooleanField(
        "offered", default=True, db_default=True, help_text="Off: the model is not shown the tool."
    )
    always_on = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Shown at once even where there are so many tools that the others have to be searched for.",
    )
    order_index = models.IntegerField(
        null=True, blank=True, help_text="Position among the tools the model is shown."
    )
    allow_use = models.BooleanField(
        "may run", default=True, db_default=True, help_text="Off: shown, but every call is refused."
    )
    requires_approval = models.BooleanField(
        "always ask",
        default=False,
        db_default=False,
        help_text="On: asks a person even if the tool itself does not. Off: as the tool says.",
    )
    waives_approval = models.BooleanField(
        "never ask",
        default=False,
        help_text="Drops the tool's own question. Has no effect on dangerous tools.",
    )
    usage_limit = models.IntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(-1)],
        help_text="Uses per conversation. Empty or -1: unlimited. 0: never.",
    )
    allowed_parameters = models.JSONField(
        null=True,
        blank=True,
        help_text="Only these parameters, and values if a list is given. Empty list: none at all.",
    )
    denied_parameters = models.JSONField(
        null=True,
        blank=True,
        help_text="A list of names, or values to refuse by name. Text lists on commands only advise.",
    )
    ask_when = models.JSONField(
        null=True,
        blank=True,
        help_text="Names, or values by name, at which a person is asked. Empty: never because of values.",
    )
    parameter_defaults = models.JSONField(null=True, blank=True, help_text="Fill what the model leaves out.")
    fixed_parameters = models.JSONField(
        null=True, blank=True, help_text="Always these values; the model may not set them."
    )
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    objects = AgentToolConfigQuerySet.as_manager()

    class Meta:
        db_table = "agent_tool_configs"
        verbose_name = "grant"
        constraints = [
            models.UniqueConstraint(fields=["agent_type", "tool"], name="one_grant_per_agent_and_tool"),
            models.CheckConstraint(
                condition=Q(usage_limit__isnull=True) | Q(usage_limit__gte=-1), name="usage_limit_known"
            ),
        ]
        indexes = [
            models.Index(fields=["agent_type"], name="grant_agent"),
            models.Index(fields=["enabled_for_agent"], name="grant_enabled"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_type} may use {self.tool}"
