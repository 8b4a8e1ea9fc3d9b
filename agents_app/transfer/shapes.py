"""What of a tool, rule, persona and grant stands in a file, in which order; and what a field is that is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from django.db.models import CharField, Field, Model, TextField
from django.db.models.fields import NOT_PROVIDED

from agents_app import personas
from agents_app.granted import granting
from agents_app.models import AgentToolConfig, AgentType
from tools_app.cataloging import versions
from tools_app.governing import policy_rules
from tools_app.mcp import servers
from tools_app.models import McpServer, PolicyRule, Tool

# Belongs to the program or to another server: a file says about such tools only what is the organization's to say.
THEIRS: Final[Mapping[str, frozenset[str]]] = {
    Tool.Executor.BUILTIN: frozenset({"input_schema", "examples"}),
    Tool.Executor.PYTHON: frozenset({"input_schema", "examples", "configuration"}),
    Tool.Executor.MCP: frozenset({"input_schema", "examples", "configuration", "description"}),
}
_HEAD: Final = ("name", "description", "category", "tool_type", "executor", "input_schema", "examples")
TOOL: Final = (*_HEAD, *(name for name in versions.FIELDS if name not in {*_HEAD, "definition"}))
_PERSONA_HEAD: Final = ("name", "display_name", "description", "model", "endpoint", "system_prompt")
PERSONA: Final = (*_PERSONA_HEAD, *sorted(personas.FIELDS - set(_PERSONA_HEAD)))
GRANT: Final = granting.FIELDS
SERVER: Final = servers.FIELDS
RULE: Final = policy_rules.FIELDS
# Always written, though they may be what a new row has.
_ALWAYS: Final = frozenset({"name", "tool_type", "executor", "input_schema"})


def tool_item(tool: Tool) -> dict[str, Any]:
    theirs = THEIRS.get(tool.executor, frozenset())
    known = {"input_schema": tool.input_schema, "examples": tool.definition.get("examples") or []}
    values = {name: known[name] if name in known else getattr(tool, name) for name in TOOL}
    default = partial(tool_default, kind=tool.executor)
    return _lean({name: value for name, value in values.items() if name not in theirs}, default)


def persona_item(agent: AgentType) -> dict[str, Any]:
    item = _lean(persona_now(agent), persona_default)
    grants = sorted(agent.grants.select_related("tool").filter(tool__archived_at__isnull=True), key=_position)
    listed = [{"tool": row.tool.name, **_lean(grant_now(row), grant_default)} for row in grants]
    return {**item, "tools": listed} if listed else item


def server_item(server: McpServer) -> dict[str, Any]:
    return _lean(server_now(server), server_default)


def rule_item(rule: PolicyRule) -> dict[str, Any]:
    return _lean(rule_now(rule), rule_default)


def rule_now(rule: PolicyRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in RULE}


def rule_default(name: str) -> Any:
    return _default(PolicyRule, name)


def server_now(server: McpServer) -> dict[str, Any]:
    return {name: getattr(server, name) for name in SERVER}


def server_default(name: str) -> Any:
    return _default(McpServer, name)


def persona_now(agent: AgentType) -> dict[str, Any]:
    """Every field, with the endpoint by its name."""
    values = {name: getattr(agent, name) for name in PERSONA if name != "endpoint"}
    return {
        name: (agent.endpoint.name if agent.endpoint else None) if name == "endpoint" else values[name]
        for name in PERSONA
    }


def grant_now(row: AgentToolConfig) -> dict[str, Any]:
    return {name: getattr(row, name) for name in GRANT}


def tool_default(name: str, kind: str) -> Any:
    # As `lowered.of_kind` has it. Of a built-in tool a file says all that is set, whatever the program thinks of it.
    if kind == Tool.Executor.HTTP and name == "is_open_world":
        return True
    return [] if name == "examples" else _default(Tool, name)


def persona_default(name: str) -> Any:
    return None if name == "endpoint" else _default(AgentType, name)


def grant_default(name: str) -> Any:
    return _default(AgentToolConfig, name)


def _default(model: type[Model], name: str) -> Any:
    field = model._meta.get_field(name) if name != "input_schema" else None
    if not isinstance(field, Field) or (field.default is NOT_PROVIDED and not field.null):
        return ""
    return field.get_default()


def _lean(values: Mapping[str, Any], default: Any) -> dict[str, Any]:
    """Without what a new row has by itself: such a file is short, and two of them differ in what matters."""
    return {
        name: value for name, value in values.items() if name in _ALWAYS or value not in (default(name), None)
    }


def _position(row: AgentToolConfig) -> tuple[bool, int, str]:
    return row.order_index is None, row.order_index or 0, row.tool.name


def not_text(model: type[Model], fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """A column of text would take anything and store how Python writes it."""
    columns = {each.name for each in model._meta.fields if isinstance(each, CharField | TextField)}
    wrong = [name for name in fields if name in columns and not isinstance(fields[name], str | None)]
    return {name: ["This must be a text."] for name in wrong}


def unknown(fields: Iterable[str], known: Iterable[str]) -> list[str]:
    return sorted(str(name) for name in fields if name not in set(known))
