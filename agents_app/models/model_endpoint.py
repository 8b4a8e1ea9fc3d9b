"""ModelEndpoint: where a persona's model is reached: address, key (a Secret's name), headers, kind of client."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from agents_app.providers import places
from agents_app.providers.base import Endpoint
from agents_app.providers.errors import ProviderMisconfigured
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

    def clean(self) -> None:
        """A key that may not go to the address is refused when the row is written, as it is when it is used."""
        super().clean()
        if self.kind == self.Kind.SCRIPTED:
            return
        if self.secret is None:
            if self.kind != self.Kind.DIRECT:
                raise ValidationError({"secret": "This kind of client needs a key."})
            return
        try:
            may_carry = places.may_carry(self.without_key(), self.secret.hosts)
        except ProviderMisconfigured as broken:
            raise ValidationError(broken.message) from broken
        if not may_carry:
            raise ValidationError(
                {
                    "secret": f"This secret may not be sent to {self.reached()}. Add the host to the secret's list "
                    "first, or choose another secret."
                }
            )

    def without_key(self) -> Endpoint:
        """What a provider is told of this row, all but the key. It is never trusted: people of a tenant typed it."""
        return Endpoint(
            kind=self.kind,
            key=f"{self.pk}:{self.updated_at}",
            base_url=self.base_url,
            headers=dict(self.headers),
            options={**self.options, "trusted": False},
            max_connections=self.max_connections,
        )

    def reached(self) -> str:
        """The address requests go to: the row's own, or the vendor's; empty while that cannot be said."""
        if self.base_url or self.kind == self.Kind.SCRIPTED:
            return self.base_url
        try:
            return places.address(self.without_key())
        except ProviderMisconfigured:
            return ""
