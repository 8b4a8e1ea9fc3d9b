"""Which tools a persona carries for an identity. Decides what is offered; the gate decides what is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from agents_app import grants
from agents_app.models import AgentToolConfig, AgentType
from project.accounts.identity import Identity
from project.accounts.prepared import Given, Prepared
from tools_app import availability, executors
from tools_app.definition import ToolDefinition
from tools_app.models import Tool
from tools_app.policy import Grant

_GRANTS = Prepared(
    lambda: (
        AgentToolConfig.objects.filter(agent_type_id=Given("agent_type"))
        .select_related("tool", "agent_type")
        .in_order()
    )
)


@dataclass(frozen=True, slots=True)
class Carried:
    """One tool as this persona carries it: what the model is shown, and the rows it came from."""

    definition: ToolDefinition
    tool: Tool
    grant: Grant


def of(agent_type: AgentType, identity: Identity | None = None) -> list[Carried]:
    """What the model is offered, in the order of the grants; a tool's own code may leave it out or narrow it."""
    offered = (carried for carried in granted(agent_type) if _is_offered(carried, identity))
    shown = ((carried, _shown(carried, identity)) for carried in offered)
    return [
        replace(carried, definition=definition) for carried, definition in shown if definition is not None
    ]


def granted(agent_type: AgentType) -> Iterator[Carried]:
    """Everything granted, offered or not: for the persona's card and for administrators."""
    for row in _GRANTS.all(agent_type=agent_type.pk):
        grant = grants.of(row)
        yield Carried(narrowed(row.tool.shown(), grant), row.tool, grant)


def _is_offered(carried: Carried, identity: Identity | None) -> bool:
    tool, grant = carried.tool, carried.grant
    ready, _ = executors.readiness(tool.executor, tool.name, tool.configuration)
    permitted = identity is None or set(tool.required_permissions or ()) <= identity.permissions
    in_use = tool.enabled and not tool.is_draft and tool.archived_at is None and not tool.quarantine
    return bool(in_use and ready and grant.offered and permitted)


def _shown(carried: Carried, identity: Identity | None) -> ToolDefinition | None:
    if identity is None:
        return carried.definition
    return availability.shown(carried.tool, carried.definition, identity)


def narrowed(definition: ToolDefinition, grant: Grant) -> ToolDefinition:
    """Hide parameters the grant forbids, fixes or does not list: a model should not be tempted by them (S4.222)."""
    schema = dict(definition.input_schema)
    properties: dict[str, Any] = dict(schema.get("properties") or {})
    shown = {name: spec for name, spec in properties.items() if _is_shown(name, grant)}
    if len(shown) == len(properties):
        return definition
    schema["properties"] = shown
    schema["required"] = [name for name in schema.get("required") or [] if name in shown]
    return replace(definition, input_schema=schema)


def _is_shown(name: str, grant: Grant) -> bool:
    if name in (grant.fixed or {}):
        return False
    denied = grant.denied
    if isinstance(denied, list) and name in denied:
        return False
    if isinstance(denied, dict) and denied.get(name) in (True, []) and name in denied:
        return False
    allowed = grant.allowed
    return allowed is None or (name in allowed and not (isinstance(allowed, dict) and allowed[name] == []))
