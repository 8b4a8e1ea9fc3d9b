"""Readings for the gate: what the installation, the organization and the tool itself say about a tool, read afresh."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from project.accounts.prepared import Given, Prepared
from tools_app.calling import information
from tools_app.governing import installation_policy, layer_rules
from tools_app.governing.installation_policy import PolicyUnreadable
from tools_app.governing.layer_rules import Rule
from tools_app.governing.selecting import Selected
from tools_app.models import PolicyRule, Tool
from tools_app.policy import Layer, Source
from tools_app.rules import UnknownRule

log = logging.getLogger(__name__)

_RULES = Prepared(
    lambda: PolicyRule.objects.filter(organization_id=Given("organization"), enabled=True).order_by("pk")
)


def of(tool: Tool) -> tuple[Layer, ...]:
    """All layers above the grant that speak of this tool. Raises what cannot be read; the gate then refuses."""
    return with_rules(tool, rules_of(tool.organization_id))


def with_rules(tool: Tool, found: tuple[Rule, ...]) -> tuple[Layer, ...]:
    """The same where the rules are at hand, as for many tools at once, or as they would be after a change."""
    own = of_tool(tool)
    return (*layer_rules.of(found, selected(tool)), *([own] if own else []))


def rules_of(organization_id: int) -> tuple[Rule, ...]:
    """Those of the installation, then those of the organization, as they are in force now."""
    rows = tuple(map(tuple, _RULES.raw(organization=organization_id)))
    return (*installation_policy.rules(), *_of_raw(rows))


def supposing(row: PolicyRule) -> tuple[Rule, ...]:
    """All rules as they would be with this one, new or changed, which nobody has saved."""
    others = [rule for rule in rules_of(row.organization_id) if not _is(rule, row)]
    return (*others, of_row(row)) if row.enabled else tuple(others)


def _is(rule: Rule, row: PolicyRule) -> bool:
    return rule.layer.source == Source("organization", row.pk or 0, rule.layer.source.name)


def readable_rules(organization_id: int) -> tuple[Rule, ...]:
    """The same for pages and for what a model is shown: where they cannot be read, the gate refuses every use."""
    try:
        return rules_of(organization_id)
    except (UnknownRule, PolicyUnreadable):
        log.exception("the rules of the organization %s cannot be read", organization_id)
        return ()


@lru_cache(maxsize=256)
def _of_raw(rows: tuple[tuple[Any, ...], ...]) -> tuple[Rule, ...]:
    """Rows that are the same are the same rules; reading them is what costs."""
    return of_rows(_RULES.made(list(rows)))


def of_rows(rows: Iterable[PolicyRule]) -> tuple[Rule, ...]:
    return tuple(of_row(row) for row in rows)


def of_row(row: PolicyRule) -> Rule:
    """A row as the gate reads it; raises UnknownRule where it holds what cannot be evaluated."""
    fields = {name: getattr(row, name) for name in layer_rules.FIELDS}
    return layer_rules.made(fields, Source("organization", row.pk or 0, row.name))


def of_tool(tool: Tool) -> Layer | None:
    """What a tool's own row says about every use of it; whether it asks at all is a fact of the tool, and no rule."""
    layer = Layer(
        source=Source("tool", tool.pk or 0, tool.name),
        allowed=tool.allowed_parameters,
        denied=tool.denied_parameters,
        ask_when=tool.ask_when,
        defaults=tool.parameter_defaults,
        fixed=tool.fixed_parameters,
    )
    said = (layer.allowed, layer.denied, layer.ask_when, layer.defaults, layer.fixed)
    return layer if any(each is not None for each in said) else None


def selected(tool: Tool) -> Selected:
    """A tool as rules choose it."""
    flags = {
        "dangerous": tool.is_dangerous,
        "asks": tool.requires_approval or tool.is_dangerous,
        "open_world": tool.is_open_world,
        "outgoing": information.can_carry_out(tool),
        "not_repeatable": not tool.is_idempotent,
    }
    named = frozenset(name for name, is_so in flags.items() if is_so)
    return Selected(tool.name, tool.category, tool.executor, named)
