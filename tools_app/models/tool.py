"""Tool: a row of the catalog. What a model is shown of it, how it is carried out, and the flags the gate obeys."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import rfc8785
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.approving import deciders
from tools_app.definition import ToolDefinition
from tools_app.models.demanding import Counting, DailyLimits, a_day
from tools_app.models.mcp_server import McpServer

NAME_FORMAT = r"^[a-z0-9_-]+\Z"


# What a tool says about its own arguments.
_RULES: Final = (
    "allowed_parameters",
    "denied_parameters",
    "ask_when",
    "parameter_defaults",
    "fixed_parameters",
    "parameter_kinds",
)
_UNSAID: Final[dict[str, Any]] = {"parameter_kinds": {}}


class ToolQuerySet(models.QuerySet["Tool"]):
    def visible_to(self, identity: Identity) -> ToolQuerySet:
        return self.filter(organization_id=identity.organization_id)

    def current(self) -> ToolQuerySet:
        return self.filter(archived_at__isnull=True)

    def published(self) -> ToolQuerySet:
        return self.filter(is_draft=False)


class Tool(Counting, DailyLimits):
    class Type(models.TextChoices):
        BUILTIN = "builtin", "Built in"
        CUSTOM = "custom", "Custom"
        MCP = "mcp", "MCP server"

    class Executor(models.TextChoices):
        BUILTIN = "builtin", "Built in"
        HTTP = "http", "HTTP request"
        PYTHON = "python", "Python function"
        MCP = "mcp", "MCP server"
        AGENT = "agent", "Another persona"

    class Approver(models.TextChoices):
        SELF = "self", "The person who asked may decide"
        OTHER = "other", "Another person must decide"

    class Privacy(models.TextChoices):
        UNSAID = "", "As its kind suggests; private where nobody knows"
        PRIVATE = "private", "Private: of the organization or of the person"
        PUBLIC = "public", "Public: anybody may know it"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(
        max_length=255, help_text="Lower-case letters, digits, _ and -; what the model calls it."
    )
    description = models.TextField(help_text="Tells the model when and how to use the tool.")
    category = models.CharField(max_length=100, help_text="For example: filesystem, search, code, web.")
    tool_type = models.CharField(max_length=50, choices=Type.choices)
    executor = models.CharField(max_length=20, choices=Executor.choices, default=Executor.BUILTIN)
    definition = models.JSONField(
        help_text="Written by the catalog out of this form: name, description, input_schema."
    )
    configuration = models.JSONField(
        default=dict, blank=True, help_text="How it is carried out, by kind of executor."
    )
    enabled = models.BooleanField(
        default=True, db_default=True, help_text="Off: no persona can use it, from the next call on."
    )
    disabled_reason = models.CharField(
        max_length=300, blank=True, help_text="Shown wherever the tool appears as off."
    )
    # Not a field that callers of the catalog may set: only a review ends it (`tools_app/quarantine.py`).
    quarantine = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Why it is held back until somebody has reviewed it; empty if it is not.",
    )
    is_dangerous = models.BooleanField(
        default=False, db_default=False, help_text="Can do harm: always asks a person, with a fresh login."
    )
    requires_approval = models.BooleanField(
        default=False, db_default=False, help_text="A person must approve each use."
    )
    approver = models.CharField(max_length=20, choices=Approver.choices, default=Approver.SELF)
    approval_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="How long a question stays open."
    )
    requires_auth = models.BooleanField(default=False, help_text="Refused unless a signed-in person asks.")
    required_permissions = models.JSONField(
        default=list, blank=True, help_text="Permissions the person must hold."
    )
    is_idempotent = models.BooleanField(
        default=False, help_text="Safe to run again when a worker dies half-way."
    )
    is_open_world = models.BooleanField(
        default=False, help_text="Brings content from outside the organization."
    )
    privacy = models.CharField(
        "what it gives",
        max_length=10,
        choices=Privacy.choices,
        blank=True,
        default=Privacy.UNSAID,
        db_default=Privacy.UNSAID,
        help_text="Where private data, content from outside and a way out come together, a person is asked. MCP "
        "tools, HTTP tools with a secret and functions count as private.",
    )
    rate_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Calls per minute, of all personas together. Further ones are refused. Empty: no limit, 0: never.",
    )
    rate_limit_observed = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Only note in the record what goes beyond the calls per minute, refuse nothing.",
    )
    # What holds for every persona that has the tool; a grant can only narrow it further.
    allowed_parameters = models.JSONField(
        null=True,
        blank=True,
        help_text="Only these parameters, and values if a list is given, for every persona.",
    )
    denied_parameters = models.JSONField(
        null=True, blank=True, help_text="A list of names, or values to refuse by name, for every persona."
    )
    ask_when = models.JSONField(
        null=True, blank=True, help_text="Names, or values by name, at which a person is asked."
    )
    parameter_defaults = models.JSONField(
        null=True, blank=True, help_text="Fill what the model leaves out; a grant's own defaults come first."
    )
    fixed_parameters = models.JSONField(
        null=True, blank=True, help_text="Always these values; neither the model nor a grant may set them."
    )
    parameter_kinds = models.JSONField(
        default=dict,
        blank=True,
        db_default=models.Value({}, models.JSONField()),
        help_text="What kind of value a parameter is, where its description does not say so.",
    )
    concurrent_limit = models.PositiveIntegerField(
        "at once",
        null=True,
        blank=True,
        help_text="Calls that run at the same moment, of all personas together. Further ones wait for their turn. "
        "Empty: no limit, 0: never.",
    )
    person_daily_limit = a_day(
        "each person",
        "Uses of one person in a day, of all personas together. Empty or -1: unlimited. 0: never.",
    )
    version = models.CharField(
        max_length=20, default="1.0.0", db_default="1.0.0", help_text="Your label; the system counts its own."
    )
    tags = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))
    example_usage = models.TextField(blank=True, null=True)
    icon = models.CharField(max_length=16, blank=True, default="")
    is_draft = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Never published: no persona can use it yet.",
    )
    # The server that describes it and carries it out, for tools of the type mcp.
    mcp_server = models.ForeignKey(
        McpServer, on_delete=models.SET_NULL, null=True, editable=False, related_name="tools"
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())
    created_by = models.CharField(max_length=255, blank=True, null=True, editable=False)

    objects = ToolQuerySet.as_manager()

    class Meta:
        db_table = "tools"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="tool_name_once"),
            models.CheckConstraint(condition=models.Q(name__regex=NAME_FORMAT), name="tool_name_format"),
            models.CheckConstraint(
                condition=models.Q(tool_type__in=["builtin", "custom", "mcp"]), name="tool_type_known"
            ),
            # A draft acts for nobody, whatever writes the row.
            models.CheckConstraint(
                condition=models.Q(is_draft=False) | models.Q(enabled=False), name="tool_draft_is_off"
            ),
        ]
        indexes = [
            models.Index(fields=["category"], name="tool_category"),
            models.Index(fields=["enabled"], name="tool_enabled"),
            GinIndex(fields=["tags"], name="tool_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def input_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = self.definition.get("input_schema") or {"type": "object", "properties": {}}
        return schema

    def shown(self) -> ToolDefinition:
        """What a model is shown; the columns are the one source, the JSON carries only the schema (S4.234)."""
        return ToolDefinition(
            name=self.name,
            description=self.description,
            input_schema=self.input_schema,
            category=self.category,
            examples=tuple(self.definition.get("examples") or ()),
        )

    def written_definition(self) -> dict[str, Any]:
        """The definition JSON of the contract (S4.79-88), generated from the columns."""
        return {
            "name": self.name,
            "description": self.description,
            "input_schema": self.input_schema,
            "category": self.category,
            "requires_approval": self.requires_approval,
            "is_dangerous": self.is_dangerous,
            "examples": self.definition.get("examples") or [],
        }

    def demand(self) -> deciders.Demand:
        """What this tool asks of those who decide about its uses."""
        other = self.approver == self.Approver.OTHER
        return deciders.Demand("tool", other, self.approvals_needed, tuple(self.approver_groups or ()))

    def content_hash(self) -> str:
        """The version that counts: SHA-256 over everything that says what the tool is and does.

        Computed from the row at every use, never read from a column: a row edited behind the catalog's back has
        another hash, and an approval given for the old one no longer fits.
        """
        body: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "schema": self.input_schema,
            "executor": self.executor,
            "configuration": self.configuration,
            "flags": [
                self.is_dangerous,
                self.requires_approval,
                self.approver,
                self.requires_auth,
                self.is_open_world,
                self.is_idempotent,
            ],
            "permissions": self.required_permissions,
            # Only what is said, so that tools without rules of their own keep the hash they had.
            **{
                name: said
                for name in _RULES
                if (said := getattr(self, name)) is not None and said != _UNSAID.get(name)
            },
        }
        # Only where they ask for more than one yes, so that questions about all other tools stay what they were.
        if self.approvals_needed != 1 or self.approver_groups:
            body["deciders"] = [self.approvals_needed, self.approver_groups]
        return hashlib.sha256(b"tool/v1\n" + rfc8785.dumps(body)).hexdigest()
