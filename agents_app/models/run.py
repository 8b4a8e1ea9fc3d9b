"""Run: one answer being worked out. Step: one model turn or one tool use inside it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from agents_app.models.agent_type import AgentType
from agents_app.models.conversation import Conversation, Message
from audit_app.stateful import Stateful
from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.models import ToolCall


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, identity: Identity) -> RunQuerySet:
        return self.filter(conversation__in=Conversation.objects.visible_to(identity))

    def active(self) -> RunQuerySet:
        return self.filter(status__in=Run.ACTIVE)

    def unfinished(self) -> RunQuerySet:
        return self.exclude(status__in=Run.FINAL)


class Run(Stateful):
    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting for tools"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Stopped"

    AUDIT_NAME: ClassVar[str] = "run"
    ACTIVE: ClassVar = frozenset({Status.RUNNING, Status.WAITING})
    FINAL: ClassVar = frozenset({Status.FINISHED, Status.FAILED, Status.CANCELLED})
    FIRST: ClassVar = frozenset({Status.QUEUED})
    MOVES: ClassVar = {
        Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.CANCELLED}),
        Status.RUNNING: frozenset(
            {Status.WAITING, Status.QUEUED, Status.FINISHED, Status.FAILED, Status.CANCELLED}
        ),
        Status.WAITING: frozenset({Status.RUNNING, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    }

    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="runs")
    agent_type = models.ForeignKey(
        AgentType, on_delete=models.PROTECT, related_name="+", verbose_name="persona"
    )
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="runs")
    user_id = models.CharField("person (id)", max_length=255)
    asked_through = models.JSONField(default=dict, blank=True)
    tool_context = models.JSONField("context for its tools", default=dict, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    reason = models.CharField(max_length=60, blank=True)
    reason_text = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    invalid_calls = models.PositiveIntegerField(default=0)
    pauses = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    tainted = models.BooleanField(default=False)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0, db_default=0)
    # Billionths of a dollar; of tokens nobody has a price for, only how many there were.
    nanos = models.BigIntegerField("cost", default=0, db_default=0)
    unpriced_tokens = models.PositiveIntegerField(default=0, db_default=0)
    # A limit was reached and its person was asked: the run rests, with the limit as its reason, since this moment.
    resting_since = models.DateTimeField(null=True, blank=True)
    # What they allowed beyond the limits: further allotments of steps and of time, and budgets by their ids.
    beyond = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    # Its next turn is the last one, and has no tools.
    answers_now = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        db_table = "runs"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(status__in=["running", "waiting"]),
                name="one_active_run_per_conversation",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["queued", "running", "waiting", "finished", "failed", "cancelled"]
                ),
                name="run_status_known",
            ),
        ]
        indexes = [models.Index(fields=["status", "lease_until"], name="run_open")]

    def __str__(self) -> str:
        return f"Run {self.pk} of {self.agent_type_id}"

    def audit_stream(self) -> str:
        return self.conversation.stream

    def audit_label(self) -> str:
        return str(self.conversation)

    def audit_facts(self) -> dict[str, Any]:
        return {"attempt": self.attempt, **({"reason": self.reason} if self.reason else {})}


class StepQuerySet(models.QuerySet["Step"]):
    def model_turns(self) -> StepQuerySet:
        return self.filter(kind=Step.Kind.MODEL)


class Step(models.Model):
    """Opened, then ended once. A model turn cut short keeps its text in its Message and has no content to replay."""

    class Kind(models.TextChoices):
        MODEL = "model", "Model turn"
        TOOL = "tool", "Tool use"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="steps"
    )
    tool_call = models.ForeignKey(
        ToolCall, null=True, blank=True, on_delete=models.PROTECT, related_name="steps"
    )
    content = models.JSONField(default=list, blank=True)
    stop_reason = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=100, blank=True)
    provider_request_id = models.CharField(max_length=100, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cache_read_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    # What it cost in billionths of a dollar; none where no price is known, and until it has ended.
    nanos = models.BigIntegerField("cost", null=True, blank=True)
    # What its request holds back of budgets until it has ended (`spending.Held`).
    held = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        db_table = "steps"
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="step_number_once")]

    def __str__(self) -> str:
        return f"Step {self.number} of run {self.run_id}"
