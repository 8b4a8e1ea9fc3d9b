"""The shapes of the catalog over HTTP. What the values may be is checked by the catalog's verbs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app import catalog, executors, rules
from tools_app.api.demanding import DemandSerializer
from tools_app.cataloging import versions
from tools_app.governing import meanings
from tools_app.models import Tool
from tools_app.schema import weights

_FOR_ALL = "As in a grant, for every persona that has the tool; a grant can only narrow it."


class DefinitionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    input_schema = serializers.DictField()
    category = serializers.CharField()
    requires_approval = serializers.BooleanField()
    is_dangerous = serializers.BooleanField()
    examples = serializers.ListField(child=serializers.DictField())


class ToolSerializer(serializers.ModelSerializer[Tool]):
    definition = DefinitionSerializer(source="written_definition")
    configuration = serializers.SerializerMethodField(
        help_text="Null for those who may not change the catalog."
    )
    ready = serializers.SerializerMethodField(help_text="Whether this installation can carry it out.")
    ready_reason = serializers.SerializerMethodField(help_text="Why not, for people.")
    token_weight = serializers.SerializerMethodField(
        help_text="Tokens its description takes of a model's context, estimated."
    )
    advisory = serializers.SerializerMethodField(
        help_text="Parameters whose forbidden texts only advise: a command can be written otherwise."
    )
    number = serializers.SerializerMethodField(
        help_text="The newest version's number, also its ETag; every change makes a new one."
    )
    content_hash = serializers.CharField(help_text="The version that approvals are bound to.")

    class Meta:
        model = Tool
        fields = [
            "id",
            *catalog.FIELDS,
            "quarantine",
            "is_draft",
            "number",
            "ready",
            "ready_reason",
            "token_weight",
            "advisory",
            "content_hash",
            "created_at",
            "updated_at",
            "created_by",
        ]
        read_only_fields = fields

    def get_configuration(self, tool: Tool) -> dict[str, Any] | None:
        identity: Identity = self.context["identity"]
        return tool.configuration if identity.may(CATALOG_CHANGE) else None

    def get_number(self, tool: Tool) -> int:
        # Lists bring it along, None where there is no version; what a verb returns does not.
        if "number" in vars(tool):
            return vars(tool)["number"] or 0
        return versions.number_of(tool)

    def get_advisory(self, tool: Tool) -> list[str]:
        given = (tool.denied_parameters, tool.allowed_parameters, tool.ask_when)
        return rules.advice(*given, meanings.kinds_of(tool))

    def get_ready(self, tool: Tool) -> bool:
        return executors.readiness(tool.executor, tool.name, tool.configuration)[0]

    def get_ready_reason(self, tool: Tool) -> str:
        return executors.readiness(tool.executor, tool.name, tool.configuration)[1]

    def get_token_weight(self, tool: Tool) -> int:
        return weights.of(tool.shown())


class ToolWriteSerializer(DemandSerializer):
    """Fields left out of a change keep their value."""

    name = serializers.CharField(max_length=64)
    description = serializers.CharField()
    category = serializers.CharField(max_length=100)
    tool_type = serializers.ChoiceField(Tool.Type.choices, required=False)
    executor = serializers.ChoiceField(Tool.Executor.choices, required=False)
    definition = serializers.DictField(
        required=False, help_text="name, description, input_schema, and options."
    )
    input_schema = serializers.DictField(required=False, help_text="Instead of a whole definition.")
    examples = serializers.ListField(child=serializers.DictField(), required=False)
    configuration = serializers.DictField(required=False)
    enabled = serializers.BooleanField(required=False)
    disabled_reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    is_dangerous = serializers.BooleanField(required=False)
    requires_approval = serializers.BooleanField(required=False)
    approver = serializers.ChoiceField(Tool.Approver.choices, required=False)
    approval_seconds = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=31_536_000
    )
    requires_auth = serializers.BooleanField(required=False)
    required_permissions = serializers.ListField(child=serializers.CharField(), required=False)
    is_idempotent = serializers.BooleanField(required=False)
    is_open_world = serializers.BooleanField(required=False)
    privacy = serializers.ChoiceField(
        Tool.Privacy.choices,
        required=False,
        allow_blank=True,
        help_text="Whether what it gives is private; empty: as its kind suggests.",
    )
    rate_limit = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=1_000_000)
    rate_limit_observed = serializers.BooleanField(required=False)
    concurrent_limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=1_000_000
    )
    person_daily_limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=-1, max_value=2**31 - 1
    )
    daily_limit = serializers.IntegerField(required=False, allow_null=True, min_value=-1, max_value=2**31 - 1)
    allowed_parameters = serializers.JSONField(required=False, allow_null=True, help_text=_FOR_ALL)
    denied_parameters = serializers.JSONField(required=False, allow_null=True, help_text=_FOR_ALL)
    ask_when = serializers.JSONField(required=False, allow_null=True, help_text=_FOR_ALL)
    parameter_defaults = serializers.DictField(required=False, allow_null=True)
    fixed_parameters = serializers.DictField(required=False, allow_null=True)
    parameter_kinds = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        help_text="Kinds of parameters whose description says none, such as url or path.",
    )
    version = serializers.CharField(max_length=20, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=50)
    example_usage = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    icon = serializers.CharField(max_length=16, required=False, allow_blank=True)
    reason = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="Why; kept with the version."
    )


class ToolAddSerializer(ToolWriteSerializer):
    is_draft = serializers.BooleanField(
        required=False, help_text="Acts for nobody, whatever is granted, until it is published."
    )
