"""Reserving what a call takes of its limits: uses in a conversation, calls a minute. In the claim's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from tools_app import endings, facts
from tools_app.endings import Blocked
from tools_app.facts import Gathered
from tools_app.models import Tool, ToolCall, UsageCounter

_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Reserved:
    """Why nothing was taken, or None; `observed` is noted in the record of the start."""

    refused: Blocked | None = None
    observed: Mapping[str, Any] = field(default_factory=dict)


def reserve(call: ToolCall, found: Gathered) -> Reserved:
    """Everything the call takes, or nothing of it. Taken once per call: an attempt that never started keeps it."""
    if call.limit_reserved or found.tool is None:
        return Reserved()
    if found.tool.rate_limit is None:
        return _use(found, found.tool)
    with transaction.atomic():
        taken = _use(found, found.tool)
        if taken.refused is None:
            taken = _minute(found.tool, found.tool.rate_limit)
        if taken.refused is not None:
            # What is refused by one limit must not count against the other.
            transaction.set_rollback(True)
    return taken


def _use(found: Gathered, tool: Tool) -> Reserved:
    limit = found.grant.usage_limit if found.grant else 0
    free = UsageCounter.objects.reserve(facts.counter_key(found.asked, tool.pk), limit=limit)
    return Reserved() if free else Reserved(endings.over_limit(found.grant))


def _minute(tool: Tool, limit: int) -> Reserved:
    """S2.19, S2.83: enforced, or only observed where an administrator wants to see first what it would refuse."""
    if UsageCounter.objects.reserve_within(facts.rate_key(tool), limit=limit, seconds=_MINUTE):
        return Reserved()
    if tool.rate_limit_observed:
        return Reserved(observed={"over_rate_limit": limit})
    return Reserved(endings.over_rate(limit))
