"""What may be sent to this room, and the shapes of personas and grants. The verbs check what the values mean."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents_app.api.shapes import PersonaSerializer
from agents_app.granted import granting
from agents_app.models import AgentToolConfig, AgentType
from project.accounts.api.base import StrictSerializer
from tools_app.api.demanding import DemandSerializer

_WHOLE = 2**31 - 1


class ToolWeightSerializer(serializers.Serializer[Any]):
    """What a persona's tools take of its model's context, estimated, for the person asking."""

    tools = serializers.IntegerField()
    tokens = serializers.IntegerField(help_text="Of all of them.")
    tokens_sent = serializers.IntegerField(help_text="Of those that every request begins with.")
    share = serializers.FloatField(help_text="Of the persona's context that is sent, from 0 to 1.")
    deferred = serializers.IntegerField(help_text="How many have to be searched for.")


class AgentSerializer(PersonaSerializer):
    """A persona with its settings."""

    avatar_url = serializers.CharField()
    system_prompt = serializers.CharField(
        allow_null=True, help_text="Null for those who may not change personas."
    )
    endpoint = serializers.IntegerField(allow_null=True)
    streaming_enabled = serializers.BooleanField()
    max_context_tokens = serializers.IntegerField()
    max_output_tokens = serializers.IntegerField()
    temperature = serializers.FloatField()
    effort = serializers.CharField()
    thinking = serializers.CharField()
    max_steps = serializers.IntegerField()
    max_seconds = serializers.IntegerField(allow_null=True)
    at_limits = serializers.ChoiceField(AgentType.AtLimits.choices)
    unattended = serializers.ChoiceField(AgentType.Unattended.choices)
    approver = serializers.ChoiceField(AgentType.Approver.choices, help_text="other: not who asked.")
    approvals_needed = serializers.IntegerField()
    approver_groups = serializers.ListField(child=serializers.CharField())
    tool_weight_limit = serializers.IntegerField(allow_null=True)
    tool_weight = ToolWeightSerializer()
    enabled = serializers.BooleanField()
    version = serializers.CharField()
    tool_context = serializers.DictField(
        allow_null=True, help_text="Null for those who may not change personas."
    )
    acts_as_itself = serializers.BooleanField()
    factories = serializers.ListField(child=serializers.CharField())
    cache_callables = serializers.BooleanField()
    callable_cache_key = serializers.CharField()
    cache_seconds = serializers.IntegerField(allow_null=True)
    warning = serializers.CharField(help_text="For example that its model will be switched off, and when.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AgentWriteSerializer(DemandSerializer):
    """Fields left out of a change keep their value."""

    name = serializers.CharField(max_length=100)
    display_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    avatar_url = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        help_text="An emoji, or the path of an image below /static/.",
    )
    avatar_color = serializers.CharField(max_length=7, required=False)
    personality_traits = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    starters = serializers.ListField(child=serializers.CharField(max_length=300), required=False)
    endpoint = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    model = serializers.CharField(max_length=100)
    system_prompt = serializers.CharField(trim_whitespace=False)
    streaming_enabled = serializers.BooleanField(required=False)
    max_context_tokens = serializers.IntegerField(required=False, min_value=1, max_value=_WHOLE)
    max_output_tokens = serializers.IntegerField(required=False, min_value=1, max_value=_WHOLE)
    temperature = serializers.FloatField(required=False, min_value=0, max_value=1)
    effort = serializers.ChoiceField(AgentType.Effort.choices, required=False, allow_blank=True)
    thinking = serializers.ChoiceField(AgentType.Thinking.choices, required=False, allow_blank=True)
    max_steps = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    max_seconds = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=_WHOLE,
        help_text="Time one answer may work, without what it waits for people; null: as the installation says.",
    )
    at_limits = serializers.ChoiceField(
        AgentType.AtLimits.choices, required=False, help_text="When its steps or its time are used up."
    )
    unattended = serializers.ChoiceField(
        AgentType.Unattended.choices,
        required=False,
        help_text="What becomes of a use that needs approval where a program asked for the answer.",
    )
    approver = serializers.ChoiceField(
        AgentType.Approver.choices,
        required=False,
        allow_blank=True,
        help_text="Of every use through it that needs approval. other: not who asked.",
    )
    tool_weight_limit = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=_WHOLE,
        help_text="Tokens of tool descriptions above which tools are deferred; null: never.",
    )
    enabled = serializers.BooleanField(required=False)
    is_default = serializers.BooleanField(required=False)
    version = serializers.CharField(max_length=20, required=False)
    tool_context = serializers.DictField(
        required=False, help_text="Ordinary values for its tools; what comes with a message wins."
    )
    acts_as_itself = serializers.BooleanField(
        required=False, help_text="Tools are told the identity in its context. Needs personas.act_as."
    )
    factories = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        help_text="Names of factories that the code of this installation registers.",
    )
    cache_callables = serializers.BooleanField(required=False)
    callable_cache_key = serializers.CharField(max_length=64, required=False, help_text="For example: user.")
    cache_seconds = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=_WHOLE,
        help_text="Null: as the installation says.",
    )


class GrantSerializer(serializers.ModelSerializer[AgentToolConfig]):
    agent_id = serializers.IntegerField(source="agent_type_id")
    tool = serializers.CharField(source="tool.name")
    allowed_parameters = serializers.JSONField(allow_null=True)
    denied_parameters = serializers.JSONField(allow_null=True)
    ask_when = serializers.JSONField(allow_null=True)
    advisory = serializers.SerializerMethodField(
        help_text="Parameters whose forbidden texts only advise: a command can be written otherwise."
    )
    problem = serializers.SerializerMethodField(
        help_text="Which rules cannot be read; every use is refused until they are mended. Empty if all can."
    )

    class Meta:
        model = AgentToolConfig
        fields = [
            "agent_id",
            "tool_id",
            "tool",
            *granting.FIELDS,
            "advisory",
            "problem",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_advisory(self, row: AgentToolConfig) -> list[str]:
        return granting.advisory(row)

    def get_problem(self, row: AgentToolConfig) -> str:
        return granting.problem(row)


class ModelDefinitionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    input_schema = serializers.DictField()


class GrantedToolSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField()
    enabled = serializers.BooleanField()
    is_dangerous = serializers.BooleanField()
    requires_approval = serializers.BooleanField()
    offered = serializers.BooleanField(
        help_text="Whether the model is shown it or can find it, for the person asking."
    )
    deferred = serializers.BooleanField(help_text="Whether the model has to search for it first.")
    token_weight = serializers.IntegerField(help_text="Tokens its description takes, estimated.")
    definition = ModelDefinitionSerializer(help_text="As this persona's model is shown it.")
    grant = GrantSerializer()


class GrantWriteSerializer(DemandSerializer):
    """Fields left out of a change keep their value."""

    enabled_for_agent = serializers.BooleanField(required=False)
    always_on = serializers.BooleanField(required=False)
    order_index = serializers.IntegerField(
        required=False, allow_null=True, min_value=-_WHOLE, max_value=_WHOLE
    )
    allow_use = serializers.BooleanField(required=False)
    requires_approval = serializers.BooleanField(required=False)
    waives_approval = serializers.BooleanField(required=False)
    approver = serializers.ChoiceField(
        AgentToolConfig.Approver.choices, required=False, allow_blank=True, help_text="other: not who asked."
    )
    usage_limit = serializers.IntegerField(required=False, allow_null=True, min_value=-1, max_value=_WHOLE)
    person_daily_limit = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=-1,
        max_value=_WHOLE,
        help_text="Uses of one person in a day.",
    )
    daily_limit = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=-1,
        max_value=_WHOLE,
        help_text="Uses of everybody in a day.",
    )
    allowed_parameters = serializers.JSONField(required=False, allow_null=True)
    denied_parameters = serializers.JSONField(required=False, allow_null=True)
    ask_when = serializers.JSONField(required=False, allow_null=True)
    parameter_defaults = serializers.DictField(required=False, allow_null=True)
    fixed_parameters = serializers.DictField(required=False, allow_null=True)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class AgentReferenceField(serializers.Field[Any, Any, Any, Any]):
    """A persona by id or by name."""

    def to_internal_value(self, data: Any) -> int | str:
        if isinstance(data, bool) or not isinstance(data, int | str) or len(str(data)) > 100:
            raise serializers.ValidationError("Give the id or the name of a persona.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


_FOR_TOOLS = "Ordinary values its tools find in their context, in this answer. Who asks is set by the server."

_STATE = "Values kept with the conversation, for factories to read; never who asks."


class ConversationStartSerializer(StrictSerializer):
    agent = AgentReferenceField()
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    text = serializers.CharField(required=False, trim_whitespace=False)
    tool_context = serializers.DictField(required=False, help_text=_FOR_TOOLS)
    session_state = serializers.DictField(required=False, help_text=_STATE)
    client_id = serializers.CharField(
        max_length=64, required=False, help_text="Made by the client: asking twice starts one conversation."
    )


class ConversationChangeSerializer(StrictSerializer):
    title = serializers.CharField(max_length=200, required=False)
    archived = serializers.BooleanField(required=False)
    session_state = serializers.DictField(required=False, allow_null=True, help_text=_STATE)


class MessagePostSerializer(StrictSerializer):
    text = serializers.CharField(trim_whitespace=False, allow_blank=True)
    tool_context = serializers.DictField(required=False, help_text=_FOR_TOOLS)
    client_id = serializers.CharField(
        max_length=64, required=False, help_text="Made by the client: sending a message twice stores it once."
    )


class EmptySerializer(StrictSerializer):
    pass


class AnswerSerializer(StrictSerializer):
    digest = serializers.CharField(max_length=64, help_text="That of the question as it was shown.")
    answer = serializers.DictField(
        help_text="By the name of each field: a text, a number, a date (YYYY-MM-DD), true or false, one of the "
        "options, or a list of them."
    )


class DecisionSerializer(StrictSerializer):
    verdict = serializers.ChoiceField(
        ["approve", "deny"], help_text="About an outcome: approve means go on, deny means stop here."
    )
    digest = serializers.CharField(max_length=64, help_text="That of the question as it was shown.")
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    instead = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text="With a no: what the model shall do instead.",
    )
