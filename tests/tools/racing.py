"""Workers that race for a call, on threads and connections of their own, and what to look at afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from audit_app import chain
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry
from project.accounts import identity as identities
from tools_app import calls
from tools_app.calling import claims
from tools_app.models import ToolCall

ROUNDS = 15
PAST = timedelta(seconds=60)


def again(call: ToolCall) -> ToolCall:
    return ToolCall.objects.select_related("tool").get(pk=call.pk)


def execute(call: ToolCall) -> Callable[[], None]:
    row = again(call)
    return lambda: calls.execute(row)


def claim(call: ToolCall) -> Callable[[], Any]:
    row = again(call)
    return lambda: claims.claim(row, by=identities.system(row.organization_id))


def lose_lease(call: ToolCall) -> None:
    ToolCall.objects.filter(pk=call.pk).update(lease_until=datetime.now(UTC) - PAST)


def unexpected(said: Any) -> list[Any]:
    return [each for each in said if isinstance(each, Exception) and not isinstance(each, StaleState)]


def chain_is_whole() -> bool:
    heads = {entry.stream for entry in AuditEntry.objects.all()}
    entries = {
        name: [
            (entry.body(), entry.seq, entry.prev_hash, entry.hash)
            for entry in AuditEntry.objects.filter(stream=name).order_by("seq")
        ]
        for name in heads
    }
    return all(chain.first_break(each) is None for each in entries.values())
