"""ToolCase: arguments for a tool and what is expected of their use; run on demand, and before a draft is published."""

from __future__ import annotations

from django.db import models

from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.models.tool import Tool
from tools_app.models.tool_call import ToolCall


class ToolCaseQuerySet(models.QuerySet["ToolCase"]):
    def visible_to(self, identity: Identity) -> ToolCaseQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def unsettled(self) -> ToolCaseQuerySet:
        return self.filter(outcome=ToolCase.Outcome.OPEN)


class ToolCase(models.Model):
    class Outcome(models.TextChoices):
        NEVER = "", "Never run"
        OPEN = "open", "Not ended yet"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="cases")
    name = models.CharField(max_length=100)
    arguments = models.JSONField(default=dict, blank=True)
    expectation = models.JSONField()
    # The persona is named by a copied id, as everything to the right of this room.
    agent_type_id = models.BigIntegerField()
    agent_name = models.CharField("persona", max_length=200, blank=True)
    # Whom the gate is asked about, where only its decision is expected; "" is whoever runs the case.
    user_id = models.CharField("person (id)", max_length=255, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default=Outcome.NEVER)
    explanation = models.TextField(blank=True)
    # The content it was run against; of any other content its outcome says nothing.
    content_hash = models.CharField(max_length=64, blank=True)
    call = models.ForeignKey(ToolCall, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    run_by = models.CharField(max_length=255, blank=True)
    run_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ToolCaseQuerySet.as_manager()

    class Meta:
        db_table = "tool_cases"
        verbose_name = "saved case"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tool", "name"], name="case_name_once"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["", "open", "passed", "failed"]), name="case_outcome_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool.name}: {self.name}"
