"""The tables of contract S4, by introspection: names, columns, server-side defaults, constraints, indexes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from agents_app.models import AgentToolConfig
from tests import gate, people

pytestmark = pytest.mark.django_db

# column -> (required, longest, default on the server): S4.8-S4.24, S4.28-S4.44, S4.46-S4.58, S4.62-S4.74.
TABLES: dict[str, dict[str, tuple[bool, int | None, Any]]] = {
    "tools": {
        "id": (True, None, None),
        "name": (True, 255, None),
        "description": (True, None, None),
        "category": (True, 100, None),
        "tool_type": (True, 50, None),
        "definition": (True, None, None),
        "enabled": (True, None, True),
        "is_dangerous": (True, None, False),
        "requires_approval": (True, None, False),
        "version": (True, 20, "1.0.0"),
        "tags": (True, None, "[]"),
        "example_usage": (False, None, None),
        "created_at": (True, None, "now"),
        "updated_at": (True, None, "now"),
        "created_by": (False, 255, None),
    },
    "agent_types": {
        "id": (True, None, None),
        "name": (True, 100, None),
        "display_name": (True, 200, None),
        "description": (False, None, None),
        "avatar_url": (True, 500, None),
        "avatar_color": (True, 7, "#6366f1"),
        "personality_traits": (True, None, "[]"),
        "model": (True, 100, None),
        "system_prompt": (True, None, None),
        "streaming_enabled": (True, None, True),
        "max_context_tokens": (True, None, 200000),
        "temperature": (True, None, 0.7),
        "enabled": (True, None, True),
        "is_default": (True, None, False),
        "version": (True, 20, "1.0.0"),
        "created_at": (True, None, "now"),
        "updated_at": (True, None, "now"),
    },
    "agent_tool_configs": {
        "id": (True, None, None),
        "agent_type_id": (True, None, None),
        "tool_id": (True, None, None),
        "enabled_for_agent": (True, None, True),
        "order_index": (False, None, None),
        "allow_use": (True, None, True),
        "requires_approval": (True, None, False),
        "usage_limit": (False, None, None),
        "allowed_parameters": (False, None, None),
        "denied_parameters": (False, None, None),
        "parameter_defaults": (False, None, None),
        "created_at": (True, None, "now"),
        "updated_at": (True, None, "now"),
    },
    "tool_usage_audit": {
        "id": (True, None, None),
        "session_id": (False, 50, None),
        "agent_type_id": (False, None, None),
        "tool_id": (False, None, None),
        "parameters": (False, None, None),
        "result": (False, None, None),
        "status": (False, 50, None),
        "error_message": (False, None, None),
        "execution_time_ms": (False, None, None),
        "tokens_used": (False, None, None),
        "created_at": (True, None, "now"),
        "ip_address": (False, None, None),
        "user_id": (True, 255, None),
    },
}
CASES = [(table, column) for table, columns in TABLES.items() for column in columns]
INDEXES = [
    *(("tools", "category"), ("tools", "enabled"), ("agent_types", "enabled")),
    *(("agent_tool_configs", "agent_type_id"), ("agent_tool_configs", "enabled_for_agent")),
    *(("tool_usage_audit", "session_id"), ("tool_usage_audit", "tool_id")),
    *(("tool_usage_audit", "created_at"), ("tool_usage_audit", "agent_type_id")),
]
EVERYTHING = [
    *("organizations", "memberships", "api_tokens", "audit_entries", "audit_streams", "tool_usage_audit"),
    *("tools", "tool_versions", "secrets", "tool_calls", "approvals", "standing_approvals", "usage_counters"),
    *("agent_types", "agent_tool_configs", "model_endpoints", "conversations", "messages", "runs", "steps"),
    "seeded_rows",
]
BY_ORGANIZATION = sorted(set(EVERYTHING) - {"organizations"})


def columns_of(table: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        return {row.name: row for row in connection.introspection.get_table_description(cursor, table)}


def constraints_of(table: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, table)


def sql(statement: str, *values: Any) -> list[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("table", EVERYTHING)
def test_every_table_of_the_design_exists(table: str) -> None:
    assert table in connection.introspection.table_names()


@pytest.mark.parametrize("table", BY_ORGANIZATION)
def test_every_row_belongs_to_an_organization(table: str) -> None:
    column = columns_of(table)["organization_id"]
    assert not column.null_ok


@pytest.mark.parametrize(("table", "name"), CASES)
def test_column_of_the_source_design(table: str, name: str) -> None:
    required, longest, default = TABLES[table][name]
    column = columns_of(table)[name]
    assert column.null_ok is not required
    if longest is not None:
        assert (column.display_size or column.internal_size) == longest
    assert _spelled(column.default) == default


def _spelled(default: str | None) -> Any:
    """What a server-side default means, whichever way the database writes it."""
    if default is None or "nextval" in default:
        return None
    bare = re.sub(r"::[a-z ]+", "", default).strip("()").strip("'")
    if "now" in default.lower() or "timestamp" in default.lower():
        return "now"
    known = {"true": True, "1": True, "false": False, "0": False, "200000": 200000, "0.7": 0.7}
    return known.get(bare.lower(), bare)


@pytest.mark.parametrize(("table", "column"), INDEXES)
def test_index_of_the_source_design(table: str, column: str) -> None:
    found = constraints_of(table).values()
    assert any(each["index"] and not each["unique"] and each["columns"] == [column] for each in found)


def test_tags_are_found_by_an_index_where_the_database_has_one() -> None:
    found = [
        each for each in constraints_of("tools").values() if each["columns"] == ["tags"] and each["index"]
    ]
    assert found
    if connection.vendor == "postgresql":
        assert found[0]["type"] == "gin"


UNIQUE = [
    ("tools", ["organization_id", "name"]),
    ("agent_types", ["organization_id", "name"]),
    ("agent_tool_configs", ["agent_type_id", "tool_id"]),
    ("audit_entries", ["stream", "seq"]),
    ("tool_usage_audit", ["tool_call_id", "attempt"]),
    ("messages", ["conversation_id", "client_id"]),
    ("steps", ["run_id", "number"]),
    ("memberships", ["organization_id", "user_id"]),
    ("usage_counters", ["organization_id", "scope", "scope_key", "agent_type_id", "tool_id"]),
    ("secrets", ["organization_id", "name"]),
    ("model_endpoints", ["organization_id", "name"]),
    ("tool_versions", ["tool_id", "number"]),
]


@pytest.mark.parametrize(("table", "columns"), UNIQUE)
def test_what_must_be_once_is_unique(table: str, columns: list[str]) -> None:
    found = constraints_of(table).values()
    assert any(each["unique"] and each["columns"] == columns for each in found)


NAMED = {
    "tools": {"tool_name_format", "tool_name_once", "tool_type_known"},
    "agent_types": {"one_default_agent", "default_agent_is_enabled", "agent_name_once"},
    "agent_tool_configs": {"one_grant_per_agent_and_tool", "usage_limit_known"},
    "tool_usage_audit": {"usage_status_known", "one_usage_per_attempt"},
    "approvals": {"one_open_approval_per_call"},
    "runs": {"one_active_run_per_conversation"},
    "tool_calls": {"one_call_per_tool_use"},
}


@pytest.mark.parametrize("table", NAMED)
def test_constraint_has_its_name(table: str) -> None:
    assert set(constraints_of(table)) >= NAMED[table]


@pytest.mark.parametrize("name", ["a", "web_search", "a-b_c9", "0", "_", "-", "x" * 255])
def test_database_takes_a_good_name(name: str) -> None:
    at = gate.opened()
    sql("UPDATE tools SET name = %s WHERE id = %s", name, at.tool.pk)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "web search",
        "web.search",
        "ä",
        "a\n",
        "\na",
        "a\nb",
        "a/b",
        "aB",
        "a ",
        " a",
        "\uff19",
        "a'b",
        "\uff57",
    ],
)
def test_database_itself_refuses_a_bad_name(name: str) -> None:
    """S4.11, S4.233: by raw INSERT, past every model and form."""
    at = gate.opened()
    row = sql("SELECT * FROM tools WHERE id = %s", at.tool.pk)[0]
    names = list(columns_of("tools"))
    values = dict(zip(names, row, strict=True)) | {"id": at.tool.pk + 1000, "name": name}
    values = {key: _raw(value) for key, value in values.items()}
    marks = ", ".join(["%s"] * len(values))
    with pytest.raises(DatabaseError, match=r"(?i)tool_name_format"):
        sql(f"INSERT INTO tools ({', '.join(values)}) VALUES ({marks})", *values.values())


def _raw(value: Any) -> Any:
    return '{"x": 1}' if isinstance(value, dict) else "[]" if isinstance(value, list) else value


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tools SET tool_type = 'other'",
        "UPDATE agent_tool_configs SET usage_limit = -2",
        "UPDATE agent_types SET is_default = %s, enabled = %s",
        "UPDATE runs SET status = 'napping'",
        "UPDATE tool_calls SET status = 'napping'",
        "UPDATE approvals SET status = 'napping'",
    ],
)
def test_database_itself_refuses_what_must_never_be(statement: str) -> None:
    at = gate.opened(requires_approval=True)
    at.ask({"line": "one"})
    values = [True, False] if "%s" in statement else []
    with pytest.raises(DatabaseError):
        sql(statement, *values)


def test_one_default_persona_per_organization() -> None:
    at = gate.opened()
    sql("UPDATE agent_types SET is_default = %s", True)
    at.agent.pk, at.agent.name, at.agent.is_default = None, "other", True
    with pytest.raises(DatabaseError), transaction.atomic():
        at.agent.save(force_insert=True)
    at.agent.pk, at.agent.organization = None, people.elsewhere()
    at.agent.save(force_insert=True)


def test_tool_takes_its_grants_with_it() -> None:
    """S4.48; a tool that was used is archived by its verb instead (S4.229)."""
    at = gate.opened()
    at.tool.delete()
    assert not AgentToolConfig.objects.exists()
