"""ModelEndpoint: where a persona's model is reached: address, key (a Secret's name), headers, kind of client."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models

from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.models import Secret


class ModelEndpointQuerySet(models.QuerySet["ModelEndpoint"]):
    def visible_to(self, identity: Identity) -> ModelEndpointQuerySet:
        return self.filter(organization_id=identity.organization_id)


class ModelEndpoint(models.Model):
    class Kind(models.TextChoices):
        DIRECT = "direct", "Messages API (Anthropic, or a server that speaks it)"
        BEDROCK = "bedrock", "Amazon Bedrock"
        VERTEX = "vertex", "Google Vertex AI"
        FOUNDRY = "foundry", "Microsoft Foundry"
        SCRIPTED = "scripted", "Scripted model (no vendor, for trying out)"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    kind = models.CharField("client", max_length=20, choices=Kind.choices, default=Kind.DIRECT)
    base_url = models.CharField(
        "address", max_length=500, blank=True, help_text="Empty: the vendor's own. Must be https and public."
    )
    secret = models.ForeignKey(
        Secret, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Holds the key."
    )
    headers = models.JSONField(
        default=dict, blank=True, help_text="Sent with every request. Never put keys here."
    )
    options = models.JSONField(
        default=dict, blank=True, help_text="Region, project and the like, by kind of client."
    )
    max_connections = models.PositiveIntegerField(default=1000, validators=[MinValueValidator(1)])
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ModelEndpointQuerySet.as_manager()

    class Meta:
        db_table = "model_endpoints"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="endpoint_name_once")]

    def __str__(self) -> str:
        return self.name
