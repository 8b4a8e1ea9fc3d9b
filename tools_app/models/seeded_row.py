"""SeededRow: the memory of what a seed once made, so that a deleted default stays deleted and an edit stays an edit."""

from __future__ import annotations

from django.db import models

from project.accounts.models import Organization


class SeededRow(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=255)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "seeded_rows"
        constraints = [models.UniqueConstraint(fields=["organization", "kind", "name"], name="seeded_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
