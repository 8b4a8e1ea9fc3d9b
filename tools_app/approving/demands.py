"""Who must say yes to a use of a tool: what the organization, the tool, the persona and the grant ask of people."""

from __future__ import annotations

from collections.abc import Iterable

from tools_app import executors
from tools_app.approving.deciders import Demand
from tools_app.models import OrganizationPolicy, Tool
from tools_app.policy import Editor, Grant


def of(tool: Tool, grant: Grant | None, ours: Demand | None = None) -> tuple[Demand, ...]:
    """From the widest to the narrowest, without what asks for nothing. `ours` spares reading the organization's."""
    if ours is None:
        ours = of_organization(tool.organization_id)
    asked = (ours, tool.demand(), *(grant.demands if grant is not None else ()))
    return tuple(demand for demand in asked if not demand.is_plain)


def of_use(
    tool: Tool, grant: Grant | None, requester_id: str, editors: Iterable[Editor]
) -> tuple[Demand, ...]:
    """The same of one use. What acts for the person who asked is nobody else's to write and let run alone."""
    asked, others = of(tool, grant), any(each.user_id != requester_id for each in editors)
    if not others or not executors.acts_for_person(tool.executor, tool.name, tool.configuration):
        return asked
    return (*asked, Demand("edit", not_editor=True))


def of_organization(organization_id: int) -> Demand:
    return OrganizationPolicy.objects.of(organization_id).demand("organization")
