"""Finds tools for `search_tools`: among what a persona is granted and a person may be offered, and nothing else."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from agents_app import toolset
from agents_app.granted.carried import Carried
from agents_app.models import AgentType, Run
from project.accounts.prepared import Given, Prepared
from tools_app import ranking
from tools_app.calling import askers
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.finders import FoundTool, FoundTools, ToolsWanted
from tools_app.models import ToolCall
from tools_app.ranking import Entry, Match

_CALL = Prepared(lambda: ToolCall.objects.filter(pk=Given("pk")))
_AGENT = Prepared(
    lambda: AgentType.objects.filter(pk=Given("agent_type"), organization_id=Given("organization"))
)
_RUN = Prepared(lambda: Run.objects.filter(pk=Given("pk")).select_related("conversation"))


def find(wanted: ToolsWanted, context: ToolContext) -> FoundTools:
    """What the call's person may be offered now, by the same rules as at the beginning of a turn."""
    offer = _offer(context)
    usable = {each.definition.name: each for each in offer.tools if each.grant.may_use}
    among = [each for each in usable.values() if _is_meant(each, wanted)]
    matches = ranking.ranked(wanted.query, [_entry(each) for each in among])
    # A category or a tag alone is a wish too.
    if not matches and (wanted.category or wanted.tag):
        matches = [Match(each.definition.name, 0.0, ()) for each in among]
    deferred = {each.definition.name for each in offer.deferred}
    return FoundTools(
        tools=[_found(match, usable[match.name], deferred) for match in matches[: wanted.limit]],
        fitting=len(matches),
        searched=len(usable),
        categories=dict(Counter(each.tool.category for each in usable.values()).most_common()),
    )


def _offer(context: ToolContext) -> toolset.Offer:
    call = _CALL.first(pk=int(context.tool_call_id or 0))
    asked = askers.of(call) if call else None
    agent = (
        _AGENT.first(agent_type=asked.agent_type_id, organization=asked.organization_id) if asked else None
    )
    if asked is None or agent is None or not asked.identity.role:
        raise ToolFailed("There is no persona here whose tools could be searched.", code="not_available")
    # What its factories bring for this very run counts, and not what they might.
    run = _RUN.first(pk=asked.run_id or 0) if agent.factories else None
    return toolset.offer(agent, asked.identity, run)


def _is_meant(each: Carried, wanted: ToolsWanted) -> bool:
    tags = {str(tag).lower() for tag in each.tool.tags or ()}
    return (not wanted.category or each.tool.category.lower() == wanted.category.lower()) and (
        not wanted.tag or wanted.tag.lower() in tags
    )


@lru_cache(maxsize=4096)
def _entry(each: Carried) -> Entry:
    """Remembered with the tool as it is kept between turns; a changed one is another object."""
    return ranking.entry(each.definition, [str(tag) for tag in each.tool.tags or ()])


def _found(match: Match, each: Carried, deferred: set[str]) -> FoundTool:
    definition = each.definition
    why = ranking.described(match, {"category": each.tool.category})
    at_hand = definition.name not in deferred
    return FoundTool(definition.name, definition.description, each.tool.category, why, at_hand)
