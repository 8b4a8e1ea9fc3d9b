"""Who must say yes to a use of a tool: what the organization, the tool, the persona and the grant ask of people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tools_app import doors, executors
from tools_app.approving import deciders
from tools_app.approving.deciders import Demand
from tools_app.models import Approval, OrganizationPolicy, Tool
from tools_app.policy import Editor, Grant

# The layer of a demand that comes of a change of the arguments, and not of a rule.
OF_EDIT: Final = "edit"


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
    return (*asked, Demand(OF_EDIT, not_editor=True))


def loosened(approval: Approval) -> tuple[Demand, ...] | None:
    """Who must say yes by now, where something that was demanded as the question was put is demanded no more.

    Such a question is void, for what its digest covers has changed; None for any other one.
    """
    stored, tool = deciders.read(approval.demands), approval.call.tool
    of_edit = tuple(each for each in stored if each.layer == OF_EDIT)
    of_rules = [each for each in stored if each not in of_edit]
    if tool is None or approval.about != Approval.About.USE or of_rules in ([], [tool.demand()]):
        return None
    grant = doors.grant_of(
        tool_id=tool.pk,
        agent_type_id=approval.call.agent_type_id or 0,
        organization_id=approval.organization_id,
    )
    today = of(tool, grant)
    return None if set(of_rules) <= set(today) else (*today, *of_edit)


def of_organization(organization_id: int) -> Demand:
    return OrganizationPolicy.objects.of(organization_id).demand("organization")
