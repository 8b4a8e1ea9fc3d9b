"""ApproverGroup: people by whom certain uses must be approved. ApprovalVote: what one person said to a question."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from project.accounts.identity import Identity
from project.accounts.models import Membership, Organization
from project.accounts.prepared import Given, Prepared
from tools_app.models.approval import Approval


class ApproverGroupQuerySet(models.QuerySet["ApproverGroup"]):
    def visible_to(self, identity: Identity) -> ApproverGroupQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def names_of(self, user_id: str, organization_id: int) -> frozenset[str]:
        """The groups a person is in; whoever is no active member any more is in none."""
        if not user_id.isdecimal():
            return frozenset()
        found = _NAMES.all(user=int(user_id), organization=organization_id)
        return frozenset(name for (name,) in found)

    def names_in(self, organization_id: int) -> dict[str, frozenset[str]]:
        """The same for everybody who is in a group of this organization, at once."""
        rows = self.filter(
            organization_id=organization_id, members__organization_id=organization_id, members__active=True
        )
        found: dict[str, set[str]] = {}
        for user_id, name in rows.values_list("members__user_id", "name"):
            found.setdefault(str(user_id), set()).add(name)
        return {user_id: frozenset(names) for user_id, names in found.items()}


class ApproverGroup(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(
        max_length=60,
        help_text="What tools, grants and the organization call it by. It stays, so that they still mean it.",
    )
    description = models.CharField(max_length=300, blank=True)
    members = models.ManyToManyField(
        Membership,
        blank=True,
        related_name="+",
        help_text="Only people whose role lets them approve everybody's requests can be in it.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ApproverGroupQuerySet.as_manager()

    class Meta:
        db_table = "approver_groups"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="approver_group_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class ApprovalVote(models.Model):
    """One person's word about one question, with the digest they saw. Never changed: nobody changes their mind."""

    class Verdict(models.TextChoices):
        APPROVE = "approve", "Yes"
        DENY = "deny", "No"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="votes")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    voter_id = models.CharField("person (id)", max_length=255)
    voter_name = models.CharField("person", max_length=255, blank=True)
    digest = models.CharField(max_length=64)
    groups = models.JSONField(default=list, help_text="The groups of approvers the person was in then.")
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "approval_votes"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "voter_id", "verdict"], name="one_word_per_person"),
            models.CheckConstraint(
                condition=models.Q(verdict__in=["approve", "deny"]), name="vote_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voter_name or self.voter_id}: {self.verdict}"


_NAMES = Prepared(
    lambda: ApproverGroup.objects.filter(
        organization_id=Given("organization"),
        members__user_id=Given("user"),
        members__organization_id=Given("organization"),
        members__active=True,
    ).values_list("name")
)
