"""Readings for the room to the left: a persona's grant as the value `policy.Grant`, and whether a run is over."""

from __future__ import annotations

from agents_app.models import AgentToolConfig, Run
from project.accounts.prepared import Given, Prepared
from tools_app import digest
from tools_app.context import acting
from tools_app.policy import Grant

_GRANT = Prepared(
    lambda: AgentToolConfig.objects.select_related("agent_type").filter(
        agent_type_id=Given("agent_type"),
        tool_id=Given("tool"),
        agent_type__organization_id=Given("organization"),
        tool__organization_id=Given("organization"),
    )
)
_UNFINISHED = Prepared(lambda: Run.objects.filter(pk=Given("pk")).unfinished().values_list("pk"))


def read(agent_type_id: int, tool_id: int, organization_id: int) -> Grant | None:
    """The grant as it is now, or None; a persona or tool of another organization has none."""
    row = _GRANT.first(agent_type=agent_type_id, tool=tool_id, organization=organization_id)
    return of(row) if row else None


def run_is_over(run_id: int) -> bool:
    """A run that is gone counts as over."""
    return _UNFINISHED.first(pk=run_id) is None


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
        allowed=row.allowed_parameters,
        denied=row.denied_parameters,
        defaults=row.parameter_defaults,
        fixed=row.fixed_parameters,
        grant_hash=_hash(row),
        context=agent.tool_context,
        acts_as=acting(agent.tool_context) if agent.acts_as_itself else {},
    )


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
        }
    )
