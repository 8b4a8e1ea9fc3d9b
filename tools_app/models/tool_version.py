"""ToolVersion: what a tool was, each time its definition changed. Written by the catalog, never edited."""

from __future__ import annotations

from django.db import models

from project.accounts.models import Organization
from tools_app.models.tool import Tool


class ToolVersion(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    snapshot = models.JSONField()
    # What the record calls this change, and the fields it changed, so that a list of versions reads by itself.
    action = models.CharField(max_length=60, blank=True, default="", db_default="")
    changed = models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField()), editable=False
    )
    label = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    changed_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tool_versions"
        verbose_name = "version"
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["tool", "number"], name="tool_version_number_once")]

    def __str__(self) -> str:
        return f"{self.tool.name} #{self.number}"
