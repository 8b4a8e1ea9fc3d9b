"""OrganizationPolicy: what an organization sets for the gate as a whole. One row of each, made when it is first set."""

from __future__ import annotations

from django.db import models

from project.accounts.identity import Identity
from project.accounts.models import Organization


class OrganizationPolicyQuerySet(models.QuerySet["OrganizationPolicy"]):
    def visible_to(self, identity: Identity) -> OrganizationPolicyQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def of(self, organization_id: int) -> OrganizationPolicy:
        """The row, or one with every default that is not saved."""
        found = self.filter(organization_id=organization_id).first()
        return found or OrganizationPolicy(organization_id=organization_id)


class OrganizationPolicy(models.Model):
    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationPolicyQuerySet.as_manager()

    class Meta:
        db_table = "organization_policies"
        verbose_name = "rules of the organization"
        verbose_name_plural = "rules of the organization"

    def __str__(self) -> str:
        return f"Rules of {self.organization}"
