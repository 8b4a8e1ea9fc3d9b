"""Why a person would be asked. Strictest wins."""

from __future__ import annotations

from collections.abc import Sequence

from tools_app import rules
from tools_app.policy.steps import subject_of
from tools_app.policy.values import NEEDS_ANSWER, Call, Facts


def reasons(call: Call, facts: Facts) -> Sequence[str]:
    """Strictest wins: any reason suffices, and only a reason of the tool itself can be waived by the grant."""
    tool, grant = facts.tool, facts.grant
    if tool is None or grant is None:
        raise ValueError("decide reached the question of approval without a tool and a grant")
    found = []
    if tool.is_dangerous:
        found.append("dangerous")
    if tool.requires_approval and not (grant.waives_approval and not tool.is_dangerous):
        found.append("tool_requires_approval")
    if grant.forces_approval:
        found.append("grant_requires_approval")
    if any(rules.denied(grant.ask_when, subject_of(call, tool))):
        found.append("condition")
    if facts.could_leak:
        found.append("tainted")
    if tool.asks_person:
        found.append(NEEDS_ANSWER)
    return found
