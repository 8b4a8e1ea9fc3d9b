"""KillSwitch: somebody has stopped a tool, a persona, an organization or the whole installation, and said why."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from project.accounts.identity import Identity
from project.accounts.models import Organization


class KillSwitchQuerySet(models.QuerySet["KillSwitch"]):
    def visible_to(self, identity: Identity) -> KillSwitchQuerySet:
        """Those of the organization, and those of the whole installation, which stop it too."""
        if not identity.organization_id:
            return self.none()
        return self.filter(Q(organization_id=identity.organization_id) | Q(organization__isnull=True))

    def of(self, scope: str, organization_id: int | None, subject_id: int = 0) -> KillSwitchQuerySet:
        """The switches of one thing that are thrown: at most one."""
        whose = (
            Q(organization__isnull=True) if organization_id is None else Q(organization_id=organization_id)
        )
        return self.thrown().filter(whose, scope=scope, subject_id=subject_id)

    def thrown(self) -> KillSwitchQuerySet:
        return self.filter(lifted_at__isnull=True)


class KillSwitch(models.Model):
    """One throw of a switch. It is lifted once; the next throw is another row, so the list is the history."""

    class Scope(models.TextChoices):
        TOOL = "tool", "One tool"
        PERSONA = "persona", "One persona"
        ORGANIZATION = "organization", "The whole organization"
        INSTALLATION = "installation", "The whole installation"

    class Through(models.TextChoices):
        PERSON = "person", "A person"
        COMMAND = "command", "The operator's command"
        FILE = "file", "The operator's file"

    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    scope = models.CharField("what is stopped", max_length=20, choices=Scope.choices)
    # Of the tool or persona; copied, so that the history outlives what it names.
    subject_id = models.BigIntegerField(default=0)
    subject_name = models.CharField("its name", max_length=255, blank=True)
    reason = models.CharField(max_length=300)
    through = models.CharField(max_length=20, choices=Through.choices, default=Through.PERSON)
    thrown_at = models.DateTimeField(default=timezone.now, editable=False)
    thrown_by = models.CharField(max_length=255)
    thrown_by_id = models.CharField(max_length=255, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True, editable=False)
    lifted_by = models.CharField(max_length=255, blank=True)
    lifted_reason = models.CharField("why it was lifted", max_length=300, blank=True)

    objects = KillSwitchQuerySet.as_manager()

    class Meta:
        db_table = "kill_switches"
        verbose_name = "kill switch"
        verbose_name_plural = "kill switches"
        ordering = [models.F("lifted_at").desc(nulls_first=True), "-pk"]
        constraints = [
            # Nulls are distinct in a unique index, so the switch of the installation has one of its own.
            models.UniqueConstraint(
                fields=["organization", "scope", "subject_id"],
                condition=Q(lifted_at__isnull=True),
                name="kill_switch_thrown_once",
            ),
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(lifted_at__isnull=True, scope="installation"),
                name="one_installation_kill_switch",
            ),
            models.CheckConstraint(
                condition=Q(scope="installation", organization__isnull=True, subject_id=0)
                | Q(scope="organization", organization__isnull=False, subject_id=0)
                | Q(scope__in=["tool", "persona"], organization__isnull=False, subject_id__gt=0),
                name="kill_switch_scope_known",
            ),
        ]

    def __str__(self) -> str:
        return self.subject_name or str(self.get_scope_display())
