"""PolicyRule: what an organization says about many tools at once. It narrows what they may do, and never widens it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from project.accounts.identity import Identity
from project.accounts.models import Organization


class PolicyRuleQuerySet(models.QuerySet["PolicyRule"]):
    def visible_to(self, identity: Identity) -> PolicyRuleQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def in_force(self) -> PolicyRuleQuerySet:
        return self.filter(enabled=True)


def _empty(text: str) -> Any:
    """A list that is stored as one; the database knows the default too."""
    return models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField()), help_text=text
    )


def _unsaid(text: str) -> Any:
    return models.JSONField(null=True, blank=True, help_text=text)


class PolicyRule(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(
        max_length=120, help_text="What it does, in a few words: refusals and questions name it."
    )
    reason = models.CharField(
        max_length=500, blank=True, default="", help_text="Why it is there, for whoever wonders next year."
    )
    enabled = models.BooleanField(
        "in force", default=True, db_default=True, help_text="Off: it is kept, and says nothing."
    )
    # Which tools it is about; of each list that is not empty, a tool must meet one entry.
    for_tools = _empty("Names of tools; a * stands for anything, as in crm_*.")
    for_categories = _empty("Categories, such as web.")
    for_executors = _empty("Ways to carry out: builtin, http, python, mcp, agent.")
    for_flags = _empty("Any of these: dangerous, asks, open_world, outgoing, not_repeatable.")
    forbids = models.BooleanField(
        "no use at all", default=False, db_default=False, help_text="These tools are refused altogether."
    )
    requires_approval = models.BooleanField(
        "always ask",
        default=False,
        db_default=False,
        help_text="A person is asked before every use; no grant drops that question.",
    )
    denied_parameters = _unsaid("A list of names, or values to refuse by name.")
    allowed_parameters = _unsaid("Only these parameters and values. Everything that is not named is refused.")
    ask_when = _unsaid("Names, or values by name, at which a person is asked.")
    message = models.CharField(
        max_length=300,
        blank=True,
        default="",
        help_text="What the model is told when this rule refuses, such as what to use instead.",
    )
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())
    created_by = models.CharField(max_length=255, blank=True, default="", editable=False)

    objects = PolicyRuleQuerySet.as_manager()

    class Meta:
        db_table = "policy_rules"
        ordering = ["name"]
        verbose_name = "rule"
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="policy_rule_name_once")]

    def __str__(self) -> str:
        return self.name
