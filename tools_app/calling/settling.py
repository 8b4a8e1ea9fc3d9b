"""Endings of calls that were begun: what came of it, recorded once; what comes too late; what nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from audit_app import records
from audit_app.clock import NOW
from audit_app.exceptions import StaleState
from audit_app.redaction import plain, storable
from audit_app.transitions import hold, move
from project.accounts.identity import Identity
from tools_app.approving import outcomes
from tools_app.calling import blocks, traces
from tools_app.executors import stopping
from tools_app.executors.base import ToolResult
from tools_app.governing import halts
from tools_app.models import ToolCall


@dataclass(frozen=True, slots=True)
class Succeeded:
    result: ToolResult
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str
    message: str
    milliseconds: int = 0


Outcome = Succeeded | Failed


def settle(call: ToolCall, outcome: Outcome, *, by: Identity) -> None:
    """Record the ending of the running attempt. A result that comes after another ending is kept as late, no more."""
    try:
        with transaction.atomic():
            hold(call)
            _end(call, outcome, by=by)
    except StaleState:
        _late(call, outcome, by=by)


def settle_abandoned(call: ToolCall, *, by: Identity) -> None:
    """End a call whose worker is gone. Nobody can say whether it took effect, and it is never tried on a guess.

    Where that may have done harm a person is asked, in this transaction: the answer rests until they have looked.
    """
    poisoned = call.started_at is None
    reason = "poison" if poisoned else "outcome_unknown"
    message = (
        "It was given up: its worker was lost before it could start, and it is not tried again."
        if poisoned
        else "The worker died while it ran. Whether it took effect is unknown; check before asking for it again."
    )
    still = Q(attempt=call.attempt, lease_until__lt=NOW)
    close(call, status="failed", reason=reason, error_message=message)
    fields: dict[str, Any] = {
        "reason": reason,
        "reason_text": message,
        "lease_until": None,
        "ended_at": NOW,
    }
    move(call, ToolCall.Status.FAILED, by=by, only_if=still, **fields)
    if not poisoned:
        outcomes.ask(call, by=by)


def _end(call: ToolCall, outcome: Outcome, *, by: Identity) -> None:
    ours = Q(attempt=call.attempt)
    match outcome:
        case Succeeded(result=result, milliseconds=milliseconds):
            text = _cut(storable(result.text), settings.RESULT_STORED_BYTES)
            fields = {
                "result_text": text,
                "result": _bounded(result.data),
                "blocks": blocks.stored(result.blocks, limit=settings.RESULT_STORED_BYTES),
                "lease_until": None,
                "ended_at": NOW,
                **traces.met(call),
            }
            close(call, status="success", result={"text": text}, execution_time_ms=milliseconds)
            move(call, ToolCall.Status.SUCCEEDED, by=by, only_if=ours, **fields)
        case Failed(reason=reason, message=message, milliseconds=milliseconds):
            message = _cut(storable(message), 4000)
            close(call, status="failed", reason=reason, error_message=message, execution_time_ms=milliseconds)
            fields = {"reason": reason, "reason_text": message, "lease_until": None, "ended_at": NOW}
            fields |= traces.met(call)
            # An executor that says "cancelled" has ended what it began: that is the true ending.
            stopped = reason in (stopping.Stopped.code, halts.CODE)
            status = ToolCall.Status.CANCELLED if stopped else ToolCall.Status.FAILED
            move(call, status, by=by, only_if=ours, **fields)


def close(call: ToolCall, *, status: str, **fields: Any) -> None:
    if call.usage_id is not None:
        records.close_tool_usage(call.usage_id, status=status, **fields)


def _late(call: ToolCall, outcome: Outcome, *, by: Identity) -> None:
    subject = records.Subject("call", str(call.pk), call.tool_name)
    stream = (call.organization_id, call.audit_stream())
    facts_now = {"attempt": call.attempt, "outcome": type(outcome).__name__.lower()}
    records.record("call.late_result", by=by, subject=subject, facts=facts_now, stream=stream)


def _cut(text: str, limit: int) -> str:
    raw = text.encode()
    if len(raw) <= limit:
        return text
    return raw[:limit].decode(errors="ignore") + f"\n[{len(raw) - limit} more bytes are not kept]"


def _bounded(data: Any) -> Any:
    """Structured results are kept only while they are small; the text beside them is always there."""
    if data is None or len(repr(data)) > settings.RESULT_STORED_BYTES:
        return None
    return plain(data)
