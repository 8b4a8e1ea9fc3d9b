"""StandingApproval: "allow from now on", by a person, for a person and a persona: narrow, counted, and revocable."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from audit_app.clock import NOW
from project.accounts.identity import Identity
from project.accounts.models import Organization
from project.accounts.roles import AUDIT_VIEW, DECIDE


class StandingApprovalQuerySet(models.QuerySet["StandingApproval"]):
    def visible_to(self, identity: Identity) -> StandingApprovalQuerySet:
        """Who decides for the organization or audits it sees all of it; everybody else what they gave, or is theirs."""
        rows = self.filter(organization_id=identity.organization_id)
        sees_all = identity.may(DECIDE) or identity.may(AUDIT_VIEW)
        return rows if sees_all else rows.by_or_for(identity)

    def by_or_for(self, identity: Identity) -> StandingApprovalQuerySet:
        return self.filter(Q(user_id=identity.user_id) | Q(granted_by_id=identity.user_id))

    def open(self) -> StandingApprovalQuerySet:
        """Those that may still spare a question, as far as the row alone can say; by the database's clock."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=NOW, used__lt=F("max_uses"))


class StandingApproval(models.Model):
    """Its terms never change (a trigger refuses it): only the count goes on, and it can be taken back, once."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    user_id = models.CharField("person (id)", max_length=255)
    user_name = models.CharField("person", max_length=255, blank=True)
    agent_type_id = models.BigIntegerField()
    agent_name = models.CharField("persona", max_length=200)
    agent_hash = models.CharField(max_length=64)
    tool_id = models.BigIntegerField()
    tool_name = models.CharField("tool", max_length=255)
    tool_hash = models.CharField(max_length=64)
    # The grant, what the tool is told beside its arguments, and as whom it acts: as they were when it was given.
    rules_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    session_id = models.CharField("only in conversation", max_length=50, blank=True)
    matchers = models.JSONField(
        help_text="What a use must be like: as policy reads it (tools_app/policy/standing.py)."
    )
    words = models.JSONField(
        "allowed",
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="The same for people, argument by argument.",
    )
    # Why the person was asked when they gave it; for any other reason they are asked again.
    reasons = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    approval = models.ForeignKey(
        "Approval", null=True, editable=False, on_delete=models.PROTECT, related_name="standing"
    )
    expires_at = models.DateTimeField()
    max_uses = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    granted_by = models.CharField("given by", max_length=255)
    granted_by_id = models.CharField("given by (id)", max_length=255, blank=True, default="", db_default="")
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=255, blank=True)
    # Written with the end, by the database's clock: what the organization shortens is counted from here.
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = StandingApprovalQuerySet.as_manager()

    class Meta:
        db_table = "standing_approvals"
        verbose_name = "allowed from now on"
        verbose_name_plural = "allowed from now on"
        indexes = [models.Index(fields=["user_id", "agent_type_id", "tool_id"], name="standing_lookup")]

    def __str__(self) -> str:
        return f"{self.tool_name} for {self.user_name or self.user_id} until {self.expires_at:%Y-%m-%d %H:%M}"
