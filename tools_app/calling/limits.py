"""Reserving what a call takes of its limits: uses of a conversation, of a person's and the organization's day, calls a
minute, and a place among the calls that run at once. In the claim's transaction, each by one conditional UPDATE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from tools_app.calling import days, endings, quotas
from tools_app.calling.endings import Blocked
from tools_app.calling.quotas import Quota, Quotas
from tools_app.facts import Gathered
from tools_app.models import Tool, ToolCall, UsageCounter
from tools_app.policy import Source

_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Reserved:
    """Why nothing was taken, or None; `observed` is noted in the record of the start, `remainder` kept with the call.

    `waits`: nothing was taken, and nothing is wrong; as many calls of the tool as may are running.
    """

    refused: Blocked | None = None
    waits: bool = False
    observed: Mapping[str, Any] = field(default_factory=dict)
    remainder: Sequence[Mapping[str, Any]] = ()


class _Short(Exception):
    """Something was not to be had: nothing of what was taken before it may stay taken."""

    def __init__(self, reserved: Reserved) -> None:
        self.reserved = reserved


def reserve(call: ToolCall, found: Gathered) -> Reserved:
    """Everything the call takes, or nothing of it. Uses are taken once per call: an attempt that never started keeps
    them, and so does a call that failed."""
    tool = found.tool
    if tool is None:
        return Reserved()
    if _is_full(tool):
        return Reserved(waits=True)
    if call.limit_reserved:
        return Reserved(remainder=call.remainder)
    if found.grant is None:
        return Reserved(endings.over(0, "in this conversation", "limit"))
    wanted = Quotas(tool, found.grant, found.asked).all()
    if not wanted and tool.rate_limit is None:
        return Reserved()
    try:
        # What is refused by one limit must not count against another: taken together or not at all.
        with transaction.atomic():
            return _taken(tool, wanted)
    except _Short as short:
        return short.reserved


def _is_full(tool: Tool) -> bool:
    """Whether as many calls of the tool run as may. The statement that asks also takes the row: claims stand in line,
    and each counts what the one before it has committed."""
    if tool.concurrent_limit is None:
        return False
    UsageCounter.objects.hold(quotas.now_key(tool))
    running = ToolCall.objects.filter(tool_id=tool.pk, status=ToolCall.Status.RUNNING)
    return not UsageCounter.objects.note_running(quotas.now_key(tool), running, limit=tool.concurrent_limit)


def _taken(tool: Tool, wanted: Sequence[Quota]) -> Reserved:
    remainder = [_one(quota) for quota in wanted]
    observed = _minute(tool, tool.rate_limit) if tool.rate_limit is not None else {}
    return Reserved(observed=observed, remainder=remainder)


def _one(quota: Quota) -> dict[str, Any]:
    if not UsageCounter.objects.reserve(quota.key, limit=quota.most):
        raise _Short(Reserved(endings.over(quota.most, quota.where, quota.code, quota.source)))
    uses = quota.uses()
    if uses == 1 and quota.code == "daily_limit":
        # The first use of a day: what was counted a week ago is in nobody's way any more, and in nobody's interest.
        UsageCounter.objects.forget_days_before(quota.key, days.week_before(str(quota.key["scope_key"])[:10]))
    left = max(quota.most - uses, 0)
    return {"where": quota.where, "most": quota.most, "left": left}


def _minute(tool: Tool, limit: int) -> dict[str, Any]:
    """S2.19, S2.83: enforced, or only observed where an administrator wants to see first what it would refuse."""
    if UsageCounter.objects.reserve_within(quotas.rate_key(tool), limit=limit, seconds=_MINUTE):
        return {}
    if tool.rate_limit_observed:
        return {"over_rate_limit": limit}
    raise _Short(Reserved(endings.over_rate(limit, Source("tool", tool.pk, tool.name))))
