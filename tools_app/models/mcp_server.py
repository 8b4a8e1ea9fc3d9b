"""McpServer: a server of tools that somebody else describes. How it is reached, and what the last sync found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from project.accounts.identity import Identity
from project.accounts.models import Organization


class McpServerQuerySet(models.QuerySet["McpServer"]):
    def visible_to(self, identity: Identity) -> McpServerQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def counted(self) -> McpServerQuerySet:
        """With how many tools each has in the catalog, and how many of them wait for a review."""
        present = Q(tools__archived_at__isnull=True)
        held = present & ~Q(tools__quarantine="")
        return self.annotate(
            tool_count=models.Count("tools", filter=present), review_count=models.Count("tools", filter=held)
        )

    def awaiting_sync(self) -> McpServerQuerySet:
        """A sync was asked for and has not ended."""
        unended = Q(sync_ended_at__isnull=True) | Q(sync_ended_at__lt=models.F("sync_asked_at"))
        return self.filter(unended, sync_asked_at__isnull=False)


class McpServer(models.Model):
    class Kind(models.TextChoices):
        HTTP = "http", "Address (streamable HTTP)"
        STDIO = "stdio", "Program (a launcher of the operator)"

    class Auth(models.TextChoices):
        NONE = "none", "None"
        BEARER = "bearer", "Bearer token"
        HEADER = "header", "Header of its own"
        OAUTH = "oauth", "OAuth client credentials"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100, help_text="What people call it.")
    prefix = models.CharField(
        max_length=20,
        help_text="The names of its tools begin with it, so that no two servers can be mistaken for each other: "
        "lower-case letters, digits and -. It stays.",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.HTTP)
    launcher = models.CharField(
        max_length=64, blank=True, help_text="A program the operator of this installation has listed."
    )
    url = models.CharField("address", max_length=2_000, blank=True, help_text="An https address.")
    headers = models.JSONField(
        default=dict,
        blank=True,
        help_text='Fixed ones, as {"name": "value"}. Credentials do not belong here.',
    )
    auth = models.CharField("sign-in", max_length=10, choices=Auth.choices, default=Auth.NONE)
    secret = models.CharField(
        max_length=100,
        blank=True,
        help_text="Name of the secret. Its own list of hosts must name the server's (and the issuer's).",
    )
    auth_name = models.CharField(
        "header or client id",
        max_length=200,
        blank=True,
        help_text="The header's name, or the OAuth client id.",
    )
    auth_issuer = models.CharField(
        "OAuth issuer",
        max_length=500,
        blank=True,
        help_text="Whom the OAuth secret is sent to, and nobody else.",
    )
    auth_scope = models.CharField("OAuth scope", max_length=500, blank=True)
    timeout_seconds = models.PositiveIntegerField(
        default=60, help_text="How long one use may take before the server is told to stop."
    )
    enabled = models.BooleanField(default=True, help_text="Off: none of its tools can be used.")
    # What was found at the last sync; written by `tools_app/mcp/sync.py` alone.
    sync_asked_at = models.DateTimeField(null=True, editable=False)
    sync_began_at = models.DateTimeField(null=True, editable=False)
    sync_ended_at = models.DateTimeField(null=True, editable=False)
    synced_at = models.DateTimeField("last synced", null=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    protocol = models.CharField(max_length=40, blank=True, editable=False)
    server_info = models.JSONField(default=dict, editable=False)
    left_out = models.JSONField(default=list, editable=False)
    # Hashes of definitions that a person has turned down, by the server's name of the tool.
    rejected = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.CharField(max_length=255, blank=True, editable=False)

    objects = McpServerQuerySet.as_manager()

    class Meta:
        db_table = "mcp_servers"
        verbose_name = "MCP server"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="mcp_server_name_once"),
            models.UniqueConstraint(fields=["organization", "prefix"], name="mcp_server_prefix_once"),
            models.CheckConstraint(condition=Q(kind__in=["http", "stdio"]), name="mcp_server_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_syncing(self) -> bool:
        asked, ended = self.sync_asked_at, self.sync_ended_at
        return asked is not None and (ended is None or ended < asked)
