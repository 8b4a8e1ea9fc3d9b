"""ApiSource: a published description of an API that tools were imported from, so that the next edition is a diff."""

from __future__ import annotations

import zlib

from django.db import models

from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.models.tool import Tool


class ApiSourceQuerySet(models.QuerySet["ApiSource"]):
    def visible_to(self, identity: Identity) -> ApiSourceQuerySet:
        return self.filter(organization_id=identity.organization_id)


class ApiSource(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100, help_text="What you call this service.")
    title = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=50, blank=True)
    # Server, prefix, category and secrets, as `openapi.choices` writes them.
    choices = models.JSONField(default=dict)
    # The keys of all operations of the edition that was imported last: what is not among them is new.
    known = models.JSONField(default=list)
    created_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    imported_at = models.DateTimeField(auto_now_add=True)

    objects = ApiSourceQuerySet.as_manager()

    class Meta:
        db_table = "api_sources"
        ordering = ["name"]
        verbose_name = "imported API"
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="api_source_name_once")]

    def __str__(self) -> str:
        return self.name


class ApiDocumentQuerySet(models.QuerySet["ApiDocument"]):
    def visible_to(self, identity: Identity) -> ApiDocumentQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def light(self) -> ApiDocumentQuerySet:
        """Without the text, which may be many megabytes."""
        return self.defer("packed")


class ApiDocument(models.Model):
    """One edition of a description, as it was given. Without a source it is only being looked at."""

    class Origin(models.TextChoices):
        UPLOAD = "upload", "File"
        TEXT = "text", "Text"
        URL = "url", "Address"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    source = models.OneToOneField(ApiSource, null=True, on_delete=models.CASCADE, related_name="document")
    # For which source this is a new edition, while it is only being looked at.
    replaces = models.ForeignKey(ApiSource, null=True, on_delete=models.CASCADE, related_name="editions")
    origin = models.CharField(max_length=20, choices=Origin.choices)
    location = models.CharField(max_length=2_000, blank=True)
    digest = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    packed = models.BinaryField()
    created_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiDocumentQuerySet.as_manager()

    class Meta:
        db_table = "api_documents"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(origin__in=["upload", "text", "url"]), name="api_document_origin_known"
            ),
        ]

    def __str__(self) -> str:
        return self.location or f"Text of {self.size} bytes"

    def pack(self, octets: bytes) -> None:
        self.packed, self.size = zlib.compress(octets, 6), len(octets)

    def octets(self) -> bytes:
        return zlib.decompress(bytes(self.packed))


class ApiOperation(models.Model):
    """One operation that became a tool: what was imported, to tell it from what people changed since."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(ApiSource, on_delete=models.CASCADE, related_name="operations")
    # A tool that somebody deleted leaves its operation behind: it is not imported anew by itself.
    tool = models.OneToOneField(Tool, null=True, on_delete=models.SET_NULL, related_name="imported_operation")
    key = models.CharField(max_length=600)
    operation_id = models.CharField(max_length=200, blank=True)
    imported = models.JSONField()

    class Meta:
        db_table = "api_operations"
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="api_operation_once")]

    def __str__(self) -> str:
        return self.key
