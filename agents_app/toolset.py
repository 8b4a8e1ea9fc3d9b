"""Which tools a persona carries for an identity. Decides what is offered; the gate decides what is allowed.

Above a weight of its own a persona's tools are deferred: the model is sent those that are always on, and a tool to
search for the others. That is about what is shown and never about what is permitted: a deferred tool that is called
all the same stands before the same gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agents_app.granted import bindings, carried, grants
from agents_app.granted.carried import Carried
from agents_app.models import AgentType, Run
from project.accounts.identity import Identity
from tools_app import availability, executors, served
from tools_app.governing import halts, layers
from tools_app.schema import weights

granted, as_shown = carried.granted, carried.as_shown


@dataclass(frozen=True)
class Offer:
    """What the model is offered; `search` is the tool to find the deferred ones with, None where none are."""

    tools: Sequence[Carried]
    search: Carried | None = None

    @property
    def always_on(self) -> list[Carried]:
        return [each for each in self.tools if self.search is None or each.always_on]

    @property
    def deferred(self) -> list[Carried]:
        return [] if self.search is None else [each for each in self.tools if not each.always_on]

    @cached_property
    def weight(self) -> int:
        """Of all of them, sent at once or not."""
        return sum(each.weight for each in self.tools)

    @cached_property
    def weight_sent(self) -> int:
        """Of those every request begins with."""
        return sum(each.weight for each in self.always_on) + (self.search.weight if self.search else 0)

    def told(self, agent_type: AgentType) -> dict[str, Any]:
        """Its weight, for people and programs."""
        return {
            "tools": len(self.tools),
            "tokens": self.weight,
            "tokens_sent": self.weight_sent,
            "share": round(weights.share(self.weight_sent, agent_type.max_context_tokens), 4),
            "deferred": len(self.deferred),
        }

    def for_model(self) -> list[dict[str, Any]]:
        """In a lasting order; what is deferred is marked, and the provider knows what its model makes of that."""
        if self.search is None:
            return [dict(each.for_model) for each in self.tools]
        at_once = [*self.always_on, self.search]
        later = ({**each.for_model, "defer_loading": True} for each in self.deferred)
        return [*(dict(each.for_model) for each in at_once), *later]


def of(agent_type: AgentType, identity: Identity | None = None, run: Run | None = None) -> list[Carried]:
    """What may be offered, in the order of the grants; a tool's own code may leave it out or narrow it.

    The persona's factories are asked for a run only; without one their tools are shown as they were declared.
    Raises FactoryFailed.
    """
    return _shown(
        [each for each in granted(agent_type) if _is_offered(each, identity)], agent_type, identity, run
    )


def offer(agent_type: AgentType, identity: Identity | None = None, run: Run | None = None) -> Offer:
    """The same as the model is sent it: all at once, or above the persona's limit what is always on and a search."""
    everything = granted(agent_type)
    offered = [each for each in everything if not grants.is_search(each.tool) and _is_offered(each, identity)]
    tools = _shown(offered, agent_type, identity, run)
    limit = agent_type.tool_weight_limit
    if limit is None or sum(each.weight for each in tools) <= limit or all(each.always_on for each in tools):
        return Offer(tools)
    # Where nothing can be searched with, everything is sent: heavy is better than out of reach.
    return Offer(
        tools, next((each for each in _searches(everything, agent_type) if _is_offered(each, identity)), None)
    )


def _searches(everything: Sequence[Carried], agent_type: AgentType) -> list[Carried]:
    """The tool to search with: a grant of its own says the last word, else every persona with a limit has it."""
    own = [each for each in everything if grants.is_search(each.tool)]
    if own:
        return own
    row = grants.implied(agent_type)
    return [carried.of(row, agent_type, layers.readable_rules(agent_type.organization_id))] if row else []


def _shown(
    offered: list[Carried], agent_type: AgentType, identity: Identity | None, run: Run | None
) -> list[Carried]:
    # What a kill switch stops is not shown either; that it is refused is the gate's word.
    withheld = served.withheld(each.tool for each in offered) | halts.tools(agent_type.organization_id).keys()
    offered = [each for each in offered if each.tool.pk not in withheld]
    if identity is None:
        return offered
    asking = bindings.asking(agent_type, identity, run)
    with bindings.brought(agent_type, identity, run) as brought:
        shown = [(each, availability.shown(each.tool, each.definition, asking, brought)) for each in offered]
    return [each.shown_as(definition) for each, definition in shown if definition is not None]


def _is_offered(each: Carried, identity: Identity | None) -> bool:
    tool = each.tool
    permitted = identity is None or set(tool.required_permissions or ()) <= identity.permissions
    usable = tool.enabled and not tool.is_draft and tool.archived_at is None and not tool.quarantine
    if not (usable and each.grant.offered and permitted) or each.forbidden:
        return False
    ready, _ = executors.readiness(tool.executor, tool.name, tool.configuration)
    return ready
