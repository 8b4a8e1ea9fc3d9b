"""The tools of a persona as they are granted, kept between turns: rows that have not changed are not made anew.

Every asking reads the rows themselves, whole, in one statement. What is spared is only what follows from them: models,
definitions narrowed to the grant, their form for a model and their weight. So nothing has to be told of a change, and
nothing can be missed, not even a row edited by hand.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from agents_app import grants
from agents_app.models import AgentToolConfig, AgentType
from project.accounts.prepared import Given, Prepared
from tools_app import rules, weights
from tools_app.definition import ToolDefinition
from tools_app.models import Tool
from tools_app.policy import Grant

# Personas, the ones asked for last; of five hundred tools each they take a few megabytes.
KEPT: Final = 64

# The persona is known to whoever asks; its prompt, repeated on each of five hundred rows, would be most of the answer.
_GRANTS = Prepared(
    lambda: (
        AgentToolConfig.objects.filter(agent_type_id=Given("agent_type"))
        .select_related("tool")
        # What nobody asks of a tool in a turn; times are slow to read, and the other columns change with them.
        .defer("created_at", "updated_at", "tool__created_at", "tool__updated_at", "tool__created_by")
        .defer("tool__example_usage")
        .in_order()
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """One tool as this persona carries it: what the model is shown and what that weighs, and what it came from."""

    definition: ToolDefinition
    tool: Tool
    grant: Grant
    always_on: bool
    for_model: Mapping[str, Any]
    weight: int

    def shown_as(self, definition: ToolDefinition) -> Carried:
        if definition is self.definition:
            return self
        sent = definition.for_model()
        return replace(self, definition=definition, for_model=sent, weight=weights.of_shown(sent))


@dataclass(frozen=True, slots=True)
class _Kept:
    rows: list[Any]
    # A Grant says something of its persona too.
    agent: Mapping[str, Any]
    carried: list[Carried]


_kept: OrderedDict[int, _Kept] = OrderedDict()
_guard = threading.Lock()


def granted(agent_type: AgentType) -> list[Carried]:
    """Everything granted, offered or not, in the order of the grants."""
    rows = _GRANTS.raw(agent_type=agent_type.pk)
    agent = {name: value for name, value in vars(agent_type).items() if not name.startswith("_")}
    with _guard:
        former = _kept.get(agent_type.pk)
        if former is not None:
            _kept.move_to_end(agent_type.pk)
    if former is not None and former.agent == agent and former.rows == rows:
        return former.carried
    carried = _made(rows, agent_type, former if former and former.agent == agent else None)
    with _guard:
        _kept[agent_type.pk] = _Kept(rows, agent, carried)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return carried


def _made(rows: list[Any], agent_type: AgentType, former: _Kept | None) -> list[Carried]:
    """Only of rows that are new or changed; the first column is the grant's key."""
    known = (
        {row[0]: (row, carried) for row, carried in zip(former.rows, former.carried, strict=True)}
        if former
        else {}
    )
    fresh = [row for row in rows if row[0] not in known or known[row[0]][0] != row]
    made = {row[0]: of(grant, agent_type) for row, grant in zip(fresh, _GRANTS.made(fresh), strict=True)}
    return [made[row[0]] if row[0] in made else known[row[0]][1] for row in rows]


def of(row: AgentToolConfig, agent_type: AgentType) -> Carried:
    row.agent_type = agent_type
    grant = grants.of(row)
    definition = narrowed(row.tool.shown(), grant)
    sent = definition.for_model()
    return Carried(definition, row.tool, grant, row.always_on, sent, weights.of_shown(sent))


def narrowed(definition: ToolDefinition, grant: Grant) -> ToolDefinition:
    """Hide parameters the grant forbids, fixes or does not list: a model should not be tempted by them (S4.222).

    Where the grant lists the values of one, these are what the model is offered.
    """
    schema = dict(definition.input_schema)
    properties: dict[str, Any] = dict(schema.get("properties") or {})
    shown = {name: _offered(name, spec, grant) for name, spec in properties.items() if _is_shown(name, grant)}
    if shown == properties:
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
    if allowed is None:
        return True
    if isinstance(allowed, dict) and name in allowed:
        return bool(allowed[name] != [])
    return name in allowed or rules.speaks_of_parts(allowed, name)


def _offered(name: str, spec: Any, grant: Grant) -> Any:
    """A parameter with the values the grant leaves to it, in the order of the rule."""
    if not isinstance(spec, dict) or not isinstance(grant.allowed, dict):
        return spec
    values = rules.values_allowed(grant.allowed, name, {name: str(spec.get("x-kind", ""))})
    if values is None or "const" in spec:
        return spec
    listed = spec.get("enum")
    kept = [value for value in values if listed is None or any(rules.is_same(value, each) for each in listed)]
    return {**spec, "enum": kept} if kept else spec
