"""OrganizationPolicy: what an organization sets for the gate as a whole. One row of each, made when it is first set."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models

from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.models.demanding import Demanding
from tools_app.models.telling import Telling


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(name: str) -> None:
    if name and name not in _zones():
        raise ValidationError(f"There is no time zone {name!r}. Write one such as Europe/Berlin.")


class OrganizationPolicyQuerySet(models.QuerySet["OrganizationPolicy"]):
    def visible_to(self, identity: Identity) -> OrganizationPolicyQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def of(self, organization_id: int) -> OrganizationPolicy:
        """The row, or one with every default that is not saved."""
        found = self.filter(organization_id=organization_id).first()
        return found or OrganizationPolicy(organization_id=organization_id)


class OrganizationPolicy(Demanding, Telling):
    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="+")
    standing_seconds = models.PositiveIntegerField(
        "longest time for “from now on”",
        default=28_800,
        db_default=28_800,
        help_text="In seconds, 8 hours unless you say otherwise. 0: nobody can allow anything from now on.",
    )
    standing_uses = models.PositiveIntegerField(
        "most uses for “from now on”",
        default=50,
        db_default=50,
        help_text="How often a tool may be used at most until a person is asked again.",
    )
    standing_dangerous = models.BooleanField(
        "“from now on” for dangerous tools too",
        default=False,
        db_default=False,
        help_text="Off: a dangerous tool asks before every use, whatever somebody allowed before.",
    )
    deny_reasons = models.JSONField(
        "reasons to deny",
        default=list,
        blank=True,
        db_default=models.Value([], models.JSONField()),
        help_text="Offered ready-made to whoever denies a use, one short sentence each. Empty: the usual four.",
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        validators=[known_zone],
        help_text="Where its days begin and end, for limits and budgets. Empty: as the installation says. A change "
        "begins no new day: the next one begins there once today is over in both.",
    )
    # The day it was when the time zone was changed, and until when it goes on: `days`.
    day_kept = models.CharField(max_length=10, blank=True, default="", db_default="", editable=False)
    day_kept_until = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationPolicyQuerySet.as_manager()

    class Meta:
        db_table = "organization_policies"
        verbose_name = "settings of the gate"
        verbose_name_plural = "settings of the gate"

    def __str__(self) -> str:
        return f"Settings of the gate of {self.organization}"
