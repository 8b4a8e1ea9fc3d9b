"""The verbs of grants: give a tool to a persona, change how, take it away. `personas` passes them on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from agents_app.exceptions import InvalidGrant, NotGranted
from agents_app.granted import grants
from agents_app.models import AgentToolConfig, AgentType
from audit_app import records
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE, DECIDE
from tools_app import arguments, policy, rules
from tools_app.approving import groups
from tools_app.cataloging import differences
from tools_app.exceptions import InvalidArguments
from tools_app.governing import layer_rules, layers, meanings, rule_problems
from tools_app.governing.installation_policy import PolicyUnreadable
from tools_app.models import Tool
from tools_app.rules import UnknownRule

FIELDS: Final = (
    "enabled_for_agent",
    "always_on",
    "order_index",
    "allow_use",
    "requires_approval",
    "waives_approval",
    "approver",
    "approvals_needed",
    "approver_groups",
    "usage_limit",
    "person_daily_limit",
    "daily_limit",
    "allowed_parameters",
    "denied_parameters",
    "ask_when",
    "parameter_defaults",
    "fixed_parameters",
)
_FLAGS: Final = ("enabled_for_agent", "always_on", "allow_use", "requires_approval", "waives_approval")
_LIMITS: Final = ("usage_limit", "person_daily_limit", "daily_limit")
_NUMBERS: Final = ("order_index", *_LIMITS)
_APPROVERS: Final = tuple(AgentToolConfig.Approver.values)
_WHOLE: Final = 2**31 - 1


class MayNotWaive(NotAllowed):
    """To drop a tool's question for everybody, you need the right to decide everybody's questions."""

    code = "may_not_waive"


def grant(
    agent: AgentType, tool: Tool, config: Mapping[str, Any] | None = None, *, by: Identity
) -> AgentToolConfig:
    """Give a persona a tool, or change how it has it: what `config` does not name stays as it is.

    Raises InvalidGrant, MayNotWaive, or NotFound for a persona or tool of another organization.
    """
    require_right(by, agent)
    if tool.organization_id != agent.organization_id or tool.archived_at is not None:
        raise NotFound
    wanted = dict(config or {})
    _require_known(wanted)
    with transaction.atomic():
        found = AgentToolConfig.objects.select_for_update().filter(agent_type=agent, tool=tool).first()
        row = found or AgentToolConfig(organization_id=agent.organization_id, agent_type=agent, tool=tool)
        changed = sorted(
            name for name, value in wanted.items() if not differences.is_kept(getattr(row, name), value)
        )
        if found is not None and not changed:
            return row
        for name in changed:
            setattr(row, name, wanted[name])
        _require_sound(row, tool)
        _require_waiver(row, changed, by)
        row.save()
        _record("grant.changed" if found else "grant.added", row, {"changed": changed}, by=by)
    return row


def unsaved(agent: AgentType, tool: Tool, config: Mapping[str, Any], *, by: Identity) -> AgentToolConfig:
    """The row that `grant` would write, checked as if it were saved, and written nowhere. Same errors."""
    require_right(by, agent)
    if tool.organization_id != agent.organization_id:
        raise NotFound
    _require_known(config)
    found = AgentToolConfig.objects.filter(agent_type=agent, tool=tool).first()
    row = found or AgentToolConfig(organization_id=agent.organization_id, agent_type=agent, tool=tool)
    row.agent_type, row.tool = agent, tool
    changed = [name for name, value in config.items() if not differences.is_kept(getattr(row, name), value)]
    for name in changed:
        setattr(row, name, config[name])
    _require_sound(row, tool)
    _require_waiver(row, changed, by)
    return row


def ungrant(agent: AgentType, tool: Tool, *, by: Identity) -> None:
    """Take a tool from a persona; what it did with it stays in the record. Raises NotGranted."""
    require_right(by, agent)
    with transaction.atomic():
        row = AgentToolConfig.objects.select_for_update().filter(agent_type=agent, tool=tool).first()
        if row is None:
            raise NotGranted
        _record("grant.removed", row, {}, by=by)
        row.delete()


def advisory(row: AgentToolConfig) -> list[str]:
    """The parameters whose rules only advise: commands and code can be written in many ways (S4.221)."""
    given = (row.denied_parameters, row.allowed_parameters, row.ask_when)
    return rules.advice(*given, meanings.kinds_of(row.tool))


def problem(row: AgentToolConfig) -> str:
    """Which rules of it cannot be read, "" where all can: of an older release, or from before its tool changed.

    The gate refuses every use until they are mended.
    """
    layer = policy.layering.of_grant(grants.of(row))
    wrong = layer_rules.unmet(layer, meanings.kinds_of(row.tool))
    return " ".join(f"{name}: {told}" for name, told in wrong.items())


def require_right(by: Identity, agent: AgentType | None = None) -> int:
    """Return the organization in which this person may change personas."""
    if not by.organization_id or (agent is not None and agent.organization_id != by.organization_id):
        raise NotFound
    if by.via != "system":
        by.require(CATALOG_CHANGE)
    return by.organization_id


def _require_known(wanted: Mapping[str, Any]) -> None:
    wrong: dict[str, list[str]] = {
        str(name): ["There is no such field, or it cannot be written."]
        for name in wanted
        if name not in FIELDS
    }
    for name in _FLAGS:
        if not isinstance(wanted.get(name, True), bool):
            wrong[name] = ["This must be true or false."]
    for name in _NUMBERS:
        value = wanted.get(name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int) or abs(value) > _WHOLE
        ):
            wrong[name] = ["This must be a whole number, or empty."]
    if wanted.get("approver", "") not in _APPROVERS:
        wrong["approver"] = ["This must be empty or: other."]
    try:
        arguments.parse(json.dumps(dict(wanted)), max_bytes=65_536)
    except (InvalidArguments, TypeError, ValueError, RecursionError):
        wrong.setdefault("rules", ["The rules are too large, or not plain JSON."])
    if wrong:
        raise InvalidGrant(details=wrong)


def _require_sound(row: AgentToolConfig, tool: Tool) -> None:
    """Check the rules with the code that will evaluate them: nothing is saved that the gate cannot read."""
    wrong = rule_problems.of(row, tool)
    wrong |= groups.problems(row.organization_id, count=row.approvals_needed, named=row.approver_groups)
    for name in _LIMITS:
        if (getattr(row, name) or 0) < -1:
            wrong[name] = ["Use -1 or leave it empty for unlimited, 0 for never."]
    if not wrong:
        wrong = _clashes(row, tool)
    if wrong:
        raise InvalidGrant(details=wrong)


def _clashes(row: AgentToolConfig, tool: Tool) -> dict[str, list[str]]:
    """What each rule for itself cannot show: values that policy refuses, and limits that are none."""
    try:
        own, wider = policy.layering.of_grant(grants.of(row)), layers.of(tool)
        filled = rule_problems.conflict(tool, (*wider, own))
    except (PolicyUnreadable, UnknownRule) as torn:
        told = "A rule above this grant cannot be read, so the gate refuses every use. Mend it first:"
        return {"denied_parameters": [f"{told} {torn}"]}
    overruled = rule_problems.overruled(tool, row.fixed_parameters or {})
    if problem := rule_problems.twice(row) or overruled or filled:
        return {"parameter_defaults": [problem]}
    if rule_problems.only_advised(tool, own, wider, waived=row.waives_approval):
        return {"denied_parameters": [rule_problems.ADVISED]}
    return {}


def _require_waiver(row: AgentToolConfig, changed: list[str], by: Identity) -> None:
    if not row.waives_approval:
        return
    if row.tool.is_dangerous:
        raise InvalidGrant(details={"waives_approval": ["A dangerous tool always asks."]})
    if "waives_approval" in changed and by.via != "system" and not by.may(DECIDE):
        raise MayNotWaive(details={"permission": DECIDE})


def _record(action: str, row: AgentToolConfig, told: dict[str, Any], *, by: Identity) -> None:
    subject = records.Subject("grant", str(row.pk), f"{row.agent_type.name} / {row.tool.name}")
    rules_now = {name: getattr(row, name) for name in sorted(FIELDS)}
    records.record(action, by=by, subject=subject, facts={**told, "grant": rules_now})
