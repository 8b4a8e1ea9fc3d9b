"""Readings for the room to the left: a persona's grant as the value `policy.Grant`, and whether a run is over."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from agents_app.models import AgentToolConfig, AgentType, Run
from project.accounts.prepared import Given, Prepared
from tools_app.approving import digest
from tools_app.calling import information
from tools_app.context import acting
from tools_app.models import Tool
from tools_app.policy import Grant

# The built-in tool that finds a persona's other tools. Every persona that may defer tools has it, with or without a
# grant: it shows nothing but what the persona was granted anyway. A grant of its own says otherwise, if there is one.
SEARCH: Final = "search_tools"

_GRANT = Prepared(
    lambda: AgentToolConfig.objects.select_related("agent_type").filter(
        agent_type_id=Given("agent_type"),
        tool_id=Given("tool"),
        agent_type__organization_id=Given("organization"),
        tool__organization_id=Given("organization"),
    )
)
_SEARCH = Prepared(
    lambda: Tool.objects.filter(
        organization_id=Given("organization"), name=SEARCH, executor=Tool.Executor.BUILTIN
    )
)
_AGENT = Prepared(
    lambda: AgentType.objects.filter(pk=Given("agent_type"), organization_id=Given("organization"))
)
_UNFINISHED = Prepared(lambda: Run.objects.filter(pk=Given("pk")).unfinished().values_list("pk"))


def read(agent_type_id: int, tool_id: int, organization_id: int) -> Grant | None:
    """The grant as it is now, or None; a persona or tool of another organization has none."""
    row = _GRANT.first(agent_type=agent_type_id, tool=tool_id, organization=organization_id)
    if row is None:
        agent = _AGENT.first(agent_type=agent_type_id, organization=organization_id)
        row = implied(agent) if agent else None
        row = row if row and row.tool_id == tool_id else None
    return of(row) if row else None


def of_tools(tool_ids: Collection[int]) -> dict[int, list[Grant]]:
    """All grants of these tools, by tool."""
    rows = AgentToolConfig.objects.filter(tool_id__in=tool_ids, agent_type__archived_at__isnull=True)
    found: dict[int, list[Grant]] = {}
    for row in rows.select_related("agent_type").order_by("pk"):
        found.setdefault(row.tool_id, []).append(of(row))
    return found


def implied(agent: AgentType) -> AgentToolConfig | None:
    """The grant of the search that a persona has without a row; None where its tools are never deferred."""
    if agent.tool_weight_limit is None:
        return None
    tool = _SEARCH.first(organization=agent.organization_id)
    if tool is None:
        return None
    return AgentToolConfig(pk=0, organization_id=agent.organization_id, agent_type=agent, tool=tool)


def is_search(tool: Tool) -> bool:
    return tool.executor == Tool.Executor.BUILTIN and tool.name == SEARCH


def private_tools(agent_type_id: int, organization_id: int) -> tuple[str, ...]:
    """The tools this persona may use that give what belongs to the organization or to the person."""
    usable = Tool.objects.filter(
        organization_id=organization_id,
        enabled=True,
        archived_at__isnull=True,
        grants__agent_type_id=agent_type_id,
        grants__enabled_for_agent=True,
        grants__allow_use=True,
    )
    read = usable.only("name", "executor", "is_open_world", "privacy", "configuration").order_by("name")
    return tuple(tool.name for tool in read if information.is_private(tool))


def run_is_over(run_id: int) -> bool:
    """A run that is gone counts as over."""
    return _UNFINISHED.first(pk=run_id) is None


def naming(organization_id: int, group: str) -> list[str]:
    """The personas and grants that ask for the yes of a group of approvers, as titles."""
    personas = AgentType.objects.filter(organization_id=organization_id).exclude(approver_groups=[])
    found = [f"the persona {agent}" for agent in personas if group in agent.approver_groups]
    rows = AgentToolConfig.objects.filter(organization_id=organization_id).exclude(approver_groups=[])
    named = [row for row in rows.select_related("agent_type", "tool") if group in row.approver_groups]
    return found + [f"{row.agent_type}'s grant of {row.tool}" for row in named]


def of(row: AgentToolConfig) -> Grant:
    agent = row.agent_type
    return Grant(
        id=row.pk,
        agent_type_id=agent.pk,
        agent_name=agent.display_name,
        agent_hash=agent.content_hash(),
        agent_enabled=agent.enabled and agent.archived_at is None,
        offered=row.enabled_for_agent,
        may_use=row.allow_use,
        forces_approval=row.requires_approval,
        waives_approval=row.waives_approval,
        usage_limit=row.usage_limit,
        person_daily_limit=row.person_daily_limit,
        daily_limit=row.daily_limit,
        allowed=row.allowed_parameters,
        denied=row.denied_parameters,
        ask_when=row.ask_when,
        defaults=row.parameter_defaults,
        fixed=row.fixed_parameters,
        grant_hash=_hash(row),
        context=agent.tool_context,
        acts_as=acts_as(agent),
        factories=tuple(agent.factories),
        demands=(agent.demand("persona"), row.demand("grant")),
        unattended=agent.unattended,
    )


def acts_as(agent: AgentType) -> dict[str, Any]:
    """The identity a persona has of its own; empty where it has none."""
    return acting(agent.tool_context) if agent.acts_as_itself else {}


def _hash(row: AgentToolConfig) -> str:
    return digest.of_rules(
        {
            "id": row.pk,
            "ask": [row.requires_approval, row.waives_approval],
            "limit": row.usage_limit,
            "allowed": row.allowed_parameters,
            "denied": row.denied_parameters,
            "defaults": row.parameter_defaults,
            "fixed": row.fixed_parameters,
            # Only where there are conditions, so that questions about all other grants stay what they were.
            **({} if row.ask_when is None else {"ask_when": row.ask_when}),
            **row.demanded(),
            **({} if row.person_daily_limit is None else {"person_daily": row.person_daily_limit}),
            **({} if row.daily_limit is None else {"daily": row.daily_limit}),
        }
    )
