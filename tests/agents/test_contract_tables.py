"""The four tables of the contract (S4.8-78), column by column, as the database itself describes and keeps them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from agents_app.models import AgentToolConfig, AgentType
from audit_app.models import ToolUsage
from project.accounts.models import Organization
from tests import gate, people
from tools_app.models import Tool

pytestmark = pytest.mark.django_db

# line: (table, column, largest length or 0, may be empty)
COLUMNS = {
    "S4.8": (Tool, "id", 0, False),
    "S4.9": (Tool, "name", 255, False),
    "S4.12": (Tool, "description", 0, False),
    "S4.13": (Tool, "category", 100, False),
    "S4.14": (Tool, "tool_type", 50, False),
    "S4.15": (Tool, "definition", 0, False),
    "S4.16": (Tool, "enabled", 0, False),
    "S4.17": (Tool, "is_dangerous", 0, False),
    "S4.18": (Tool, "requires_approval", 0, False),
    "S4.19": (Tool, "version", 20, False),
    "S4.20": (Tool, "tags", 0, False),
    "S4.21": (Tool, "example_usage", 0, True),
    "S4.22": (Tool, "created_at", 0, False),
    "S4.23": (Tool, "updated_at", 0, False),
    "S4.24": (Tool, "created_by", 255, True),
    "S4.28": (AgentType, "id", 0, False),
    "S4.29": (AgentType, "name", 100, False),
    "S4.30": (AgentType, "display_name", 200, False),
    "S4.31": (AgentType, "description", 0, True),
    "S4.32": (AgentType, "avatar_url", 500, False),
    "S4.33": (AgentType, "avatar_color", 7, False),
    "S4.34": (AgentType, "personality_traits", 0, False),
    "S4.35": (AgentType, "model", 100, False),
    "S4.36": (AgentType, "system_prompt", 0, False),
    "S4.37": (AgentType, "streaming_enabled", 0, False),
    "S4.38": (AgentType, "max_context_tokens", 0, False),
    "S4.39": (AgentType, "temperature", 0, False),
    "S4.40": (AgentType, "enabled", 0, False),
    "S4.41": (AgentType, "is_default", 0, False),
    "S4.42": (AgentType, "version", 20, False),
    "S4.43": (AgentType, "created_at", 0, False),
    "S4.44": (AgentType, "updated_at", 0, False),
    "S4.46": (AgentToolConfig, "id", 0, False),
    "S4.47": (AgentToolConfig, "agent_type_id", 0, False),
    "S4.48": (AgentToolConfig, "tool_id", 0, False),
    "S4.49": (AgentToolConfig, "enabled_for_agent", 0, False),
    "S4.50": (AgentToolConfig, "order_index", 0, True),
    "S4.51": (AgentToolConfig, "allow_use", 0, False),
    "S4.52": (AgentToolConfig, "requires_approval", 0, False),
    "S4.53": (AgentToolConfig, "usage_limit", 0, True),
    "S4.54": (AgentToolConfig, "allowed_parameters", 0, True),
    "S4.55": (AgentToolConfig, "denied_parameters", 0, True),
    "S4.56": (AgentToolConfig, "parameter_defaults", 0, True),
    "S4.57": (AgentToolConfig, "created_at", 0, False),
    "S4.58": (AgentToolConfig, "updated_at", 0, False),
    "S4.62": (ToolUsage, "id", 0, False),
    "S4.64": (ToolUsage, "agent_type_id", 0, True),
    "S4.65": (ToolUsage, "tool_id", 0, True),
    "S4.66": (ToolUsage, "parameters", 0, True),
    "S4.67": (ToolUsage, "result", 0, True),
    "S4.69": (ToolUsage, "error_message", 0, True),
    "S4.70": (ToolUsage, "execution_time_ms", 0, True),
    "S4.71": (ToolUsage, "tokens_used", 0, True),
    "S4.72": (ToolUsage, "created_at", 0, False),
    "S4.73": (ToolUsage, "ip_address", 0, True),
    "S4.74": (ToolUsage, "user_id", 255, False),
}
INDEXES = {
    "S4.25": (Tool, ["category"]),
    "S4.26": (Tool, ["enabled"]),
    "S4.45": (AgentType, ["enabled"]),
    "S4.60": (AgentToolConfig, ["agent_type_id"]),
    "S4.61": (AgentToolConfig, ["enabled_for_agent"]),
    "S4.75": (ToolUsage, ["session_id"]),
    "S4.76": (ToolUsage, ["tool_id"]),
    "S4.77": (ToolUsage, ["created_at"]),
    "S4.78": (ToolUsage, ["agent_type_id"]),
}
# What a row is that is inserted with nothing but what must be said, by a statement that knows no Django.
SERVER_DEFAULTS: dict[type[models.Model], dict[str, Any]] = {
    Tool: {
        "enabled": True,
        "is_dangerous": False,
        "requires_approval": False,
        "version": "1.0.0",
    },
    AgentType: {
        "avatar_color": "#6366f1",
        "streaming_enabled": True,
        "max_context_tokens": 200000,
        "temperature": 0.7,
        "enabled": True,
        "is_default": False,
        "version": "1.0.0",
    },
    AgentToolConfig: {"enabled_for_agent": True, "allow_use": True, "requires_approval": False},
}


@pytest.mark.parametrize("line", COLUMNS)
def test_a_column_is_as_the_contract_has_it(line: str) -> None:
    model, name, length, may_be_empty = COLUMNS[line]
    with connection.cursor() as cursor:
        table = connection.introspection.get_table_description(cursor, model._meta.db_table)
    (column,) = [each for each in table if each.name == name]
    assert bool(column.null_ok) == may_be_empty
    if length:
        assert next(f for f in model._meta.fields if f.column == name).max_length == length


@pytest.mark.parametrize("line", INDEXES)
def test_an_index_is_there(line: str) -> None:
    model, columns = INDEXES[line]
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table).values()
    assert any(each["index"] and each["columns"][: len(columns)] == columns for each in found)


def test_tags_are_indexed() -> None:
    """S4.27, S4.245: on PostgreSQL by what is in the list."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "tools").values()
    kinds = {each["type"] for each in found if each["columns"] == ["tags"] and each["index"]}
    assert kinds == {"gin" if connection.vendor == "postgresql" else "idx"}


@pytest.mark.parametrize("model", SERVER_DEFAULTS)
def test_defaults_are_the_servers_own(model: type[models.Model]) -> None:
    """S4.16-20, S4.33-42, S4.49-52, S4.57: also for rows that somebody inserts by hand."""
    row = inserted(model)
    assert {name: getattr(row, name) for name in SERVER_DEFAULTS[model]} == SERVER_DEFAULTS[model]
    for name in ("created_at", "updated_at"):
        assert abs((datetime.now(UTC) - getattr(row, name)).total_seconds()) < 3600
    for name in ("tags", "personality_traits"):
        assert getattr(row, name, []) == []


def inserted(model: type[models.Model]) -> Any:
    """A row made by plain SQL that names only the columns without a default of the server."""
    values: dict[str, Any] = {
        "organization_id": people.toolroom().pk,
        "name": "by_hand",
        "display_name": "By Hand",
        "description": "Made by hand.",
        "category": "code",
        "tool_type": "custom",
        "definition": "{}",
        "model": "claude-sonnet-5-5",
        "system_prompt": "Be brief.",
    }
    if model is AgentToolConfig:
        values |= {"agent_type_id": inserted(AgentType).pk, "tool_id": inserted(Tool).pk}
    fields: list[Any] = [field for field in model._meta.fields if not field.primary_key]
    said = {
        field.column: values.get(field.column, _plain(field))
        for field in fields
        if field.column in values or not (field.has_db_default() or field.null)
    }
    names, places = ", ".join(said), ", ".join(["%s"] * len(said))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({places})", list(said.values()))
    return model._default_manager.order_by("-pk")[0]


def _plain(field: models.Field[Any, Any]) -> Any:
    value = field.get_default()
    return "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else value


def test_a_name_is_taken_once_and_only_in_its_format() -> None:
    """S4.10-11, S4.233: by the database itself, on both; S4.29 for personas, S4.59 for grants."""
    door = gate.opened()
    for model, row in ((Tool, door.tool), (AgentType, door.agent), (AgentToolConfig, door.grant)):
        twin = model._default_manager.get(pk=row.pk)
        twin.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)
    for name in ("Upper", "with blank", "dot.ted", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            Tool.objects.filter(pk=door.tool.pk).update(name=name)


def test_grants_go_with_their_tool_or_persona_and_the_record_stays() -> None:
    """S4.47, S4.48, S4.64, S4.65, S4.229: history names what it is about, and holds on to nothing."""
    for model, what in ((AgentToolConfig, "tool"), (AgentToolConfig, "agent_type")):
        field: Any = model._meta.get_field(what)
        assert field.remote_field.on_delete is models.CASCADE
    assert {field.name for field in ToolUsage._meta.fields if field.is_relation} <= {"organization"}


def test_a_session_is_a_text_of_fifty_characters_and_a_person_one_of_many() -> None:
    """S4.63, S4.240: snapshots, without a key to rows that may go."""
    assert ToolUsage._meta.get_field("session_id").max_length == 50
    assert isinstance(ToolUsage._meta.get_field("user_id"), models.CharField)


def test_a_use_has_one_of_four_statuses() -> None:
    """S4.68, S4.239: success, failed, denied, blocked, and one for a use that has not ended."""
    statuses: Any = ToolUsage._meta.get_field("status")
    assert statuses.max_length <= 50
    assert {"success", "failed", "denied", "blocked"} <= {value for value, _ in statuses.choices}


def test_one_default_persona_and_never_one_that_is_off() -> None:
    """S4.41, S4.236: the database says so, whatever writes the row."""
    door = gate.opened()
    AgentType.objects.filter(pk=door.agent.pk).update(is_default=True)
    other = inserted(AgentType)
    with pytest.raises(IntegrityError), transaction.atomic():
        AgentType.objects.filter(pk=other.pk).update(is_default=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        AgentType.objects.filter(pk=door.agent.pk).update(enabled=False)
    assert Organization.objects.filter(pk=door.agent.organization_id).exists()
