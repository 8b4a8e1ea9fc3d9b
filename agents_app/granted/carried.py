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

from agents_app.granted import grants
from agents_app.models import AgentToolConfig, AgentType
from project.accounts.prepared import Given, Prepared
from tools_app import rules
from tools_app.definition import ToolDefinition
from tools_app.governing import layers
from tools_app.governing.layer_rules import Rule
from tools_app.models import Tool
from tools_app.policy import Grant, Layer, layering
from tools_app.schema import schema_kinds, weights

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
    # A rule forbids every use of it, or leaves nothing of what each use needs: then it is not offered either.
    forbidden: bool = False

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
    rules: tuple[Rule, ...]
    carried: list[Carried]


_kept: OrderedDict[int, _Kept] = OrderedDict()
_guard = threading.Lock()


def granted(agent_type: AgentType) -> list[Carried]:
    """Everything granted, offered or not, in the order of the grants."""
    rows, found = _GRANTS.raw(agent_type=agent_type.pk), layers.readable_rules(agent_type.organization_id)
    agent = {name: value for name, value in vars(agent_type).items() if not name.startswith("_")}
    with _guard:
        former = _kept.get(agent_type.pk)
        if former is not None:
            _kept.move_to_end(agent_type.pk)
    fits = former is not None and former.agent == agent and former.rules == found
    if former is not None and fits and former.rows == rows:
        return former.carried
    carried = _made(rows, agent_type, found, former if fits else None)
    with _guard:
        _kept[agent_type.pk] = _Kept(rows, agent, found, carried)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return carried


def _made(
    rows: list[Any], agent_type: AgentType, found: tuple[Rule, ...], former: _Kept | None
) -> list[Carried]:
    """Only of rows that are new or changed; the first column is the grant's key."""
    known = (
        {row[0]: (row, carried) for row, carried in zip(former.rows, former.carried, strict=True)}
        if former
        else {}
    )
    fresh = [row for row in rows if row[0] not in known or known[row[0]][0] != row]
    made = {
        row[0]: of(grant, agent_type, found) for row, grant in zip(fresh, _GRANTS.made(fresh), strict=True)
    }
    return [made[row[0]] if row[0] in made else known[row[0]][1] for row in rows]


def of(row: AgentToolConfig, agent_type: AgentType, found: tuple[Rule, ...] = ()) -> Carried:
    """`found` are the rules of the installation and the organization."""
    row.agent_type = agent_type
    grant = grants.of(row)
    wider = layers.with_rules(row.tool, found)
    whole = row.tool.shown()
    definition = narrowed(whole, grant, wider, row.tool.parameter_kinds)
    sent = definition.for_model()
    lacks = missing(whole, definition, (*wider, layering.of_grant(grant)))
    forbidden = bool(lacks) or any(layer.forbids for layer in wider)
    return Carried(definition, row.tool, grant, row.always_on, sent, weights.of_shown(sent), forbidden)


def missing(whole: ToolDefinition, shown: ToolDefinition, found: tuple[Layer, ...]) -> list[str]:
    """The parameters each use needs and of which the rules leave nothing: whatever a model writes is refused."""
    left = {*(shown.input_schema.get("properties") or {}), *layering.fixed(found)}
    known = whole.input_schema.get("properties") or {}
    return [name for name in whole.input_schema.get("required") or () if name in known and name not in left]


def as_shown(tool: Tool, grant: Grant) -> ToolDefinition:
    """A tool as a model is shown it under this grant, after all that the layers above it say."""
    wider = layers.with_rules(tool, layers.readable_rules(tool.organization_id))
    return narrowed(tool.shown(), grant, wider, tool.parameter_kinds)


def narrowed(
    definition: ToolDefinition,
    grant: Grant,
    wider: tuple[Layer, ...] = (),
    kinds: Mapping[str, str] | None = None,
) -> ToolDefinition:
    """Hide parameters that a layer forbids, fixes or does not list: a model should not be tempted by them (S4.222).

    Where one lists the values of a parameter, those that all layers leave are what the model is offered.
    """
    schema, found = dict(definition.input_schema), (*wider, layering.of_grant(grant))
    properties: dict[str, Any] = dict(schema.get("properties") or {})
    told = schema_kinds.of(schema)
    # With the places within, for rules that look there.
    known = {**dict.fromkeys(properties, ""), **(kinds or {}), **told}
    fixed, budget = layering.fixed(found), rules.Budget()
    shown = {
        name: left
        for name, spec in properties.items()
        if name not in fixed
        and not any(rules.leaves_out(layer.denied, layer.allowed, name, known[name]) for layer in found)
        and (left := _offered(name, spec, known, found, budget)) is not None
    }
    if shown == properties:
        return definition
    schema["properties"] = shown
    schema["required"] = [name for name in schema.get("required") or [] if name in shown]
    return replace(definition, input_schema=schema)


def _offered(
    name: str, spec: Any, kinds: Mapping[str, str], found: tuple[Layer, ...], budget: rules.Budget
) -> Any:
    """A parameter with the values that are left to it, in the order of the widest rule that lists them.

    None where none is left: what one layer lists another may not, and what is denied is no choice.
    """
    if not isinstance(spec, dict) or "const" in spec:
        return spec
    in_list = spec.get("type") == "array"
    place = spec.get("items", {}) if in_list else spec
    if not isinstance(place, dict):
        return spec
    allowed = (rules.values_allowed(layer.allowed, name, kinds, in_list=in_list) for layer in found)
    lists = [each for each in allowed if each is not None]
    if isinstance(place.get("enum"), list):
        lists.append(place["enum"])
    if not lists:
        return spec
    kept = [value for value in lists[0] if all(_is_in(value, each) for each in lists[1:])]
    kept = [
        value for value in kept if not _is_denied({name: [value] if in_list else value}, kinds, found, budget)
    ]
    if not kept:
        return None
    left = {**place, "enum": kept}
    return {**spec, "items": left} if in_list else left


def _is_denied(
    given: dict[str, Any], kinds: Mapping[str, str], found: tuple[Layer, ...], budget: rules.Budget
) -> bool:
    """Only for what is shown: where it cannot be told, the gate does."""
    try:
        subject = rules.Subject(given, kinds, budget=budget)
        return any(True for layer in found for _ in rules.denied(layer.denied, subject))
    except rules.UnknownRule:
        return False


def _is_in(value: Any, listed: list[Any]) -> bool:
    return any(rules.is_same(value, each) for each in listed)
