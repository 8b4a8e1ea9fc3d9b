"""ToolDraft: a change of a tool that somebody or something proposes. It acts for nobody until it is published."""

from __future__ import annotations

from django.db import models

from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.models.tool import Tool


class ToolDraftQuerySet(models.QuerySet["ToolDraft"]):
    def visible_to(self, identity: Identity) -> ToolDraftQuerySet:
        return self.filter(organization_id=identity.organization_id)


class ToolDraft(models.Model):
    class Source(models.TextChoices):
        PERSON = "person", "A person"
        MCP = "mcp", "MCP server"
        OPENAPI = "openapi", "OpenAPI import"
        FILE = "file", "File"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="drafts")
    source = models.CharField(max_length=20, choices=Source.choices)
    # Columns of the tool and their new values; what is not named stays as the tool has it.
    changes = models.JSONField()
    # What the tool was when the draft was begun: publishing compares, so that no later change is overwritten.
    base = models.JSONField()
    base_number = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=300, blank=True)
    created_by = models.CharField(max_length=255, blank=True)
    changed_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ToolDraftQuerySet.as_manager()

    class Meta:
        db_table = "tool_drafts"
        verbose_name = "draft"
        ordering = ["-updated_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["tool", "source"], name="one_draft_per_source"),
            models.CheckConstraint(
                condition=models.Q(source__in=["person", "mcp", "openapi", "file"]), name="draft_source_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Draft of {self.tool.name}"
