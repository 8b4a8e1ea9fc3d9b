"""What the sweeper does for calls and approvals: the database is the truth, the broker only news (G6, G7, G13, G16)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from audit_app import records
from audit_app.clock import NOW, from_now
from audit_app.exceptions import StaleState
from audit_app.transitions import hold, move
from project.accounts import identity as identities
from tools_app import approvals, doors
from tools_app.calling import settling
from tools_app.models import Approval, ToolCall

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3


def expire_approvals() -> int:
    """Close every question and every unused yes whose time is over; returns how many."""
    over = Q(status=Approval.Status.PENDING, expires_at__lte=NOW) | Q(
        status=Approval.Status.APPROVED, use_until__lte=NOW
    )
    return sum(
        1 for approval in Approval.objects.filter(over).select_related("call")[:500] if _expired(approval)
    )


def _expired(approval: Approval) -> bool:
    try:
        approvals.expire(approval)
    except StaleState:
        return False
    except Exception:
        # One row that cannot be closed must not keep all behind it open.
        log.exception("question %s could not be closed", approval.pk)
        return False
    return True


def abandoned() -> Iterator[ToolCall]:
    """Calls whose worker is gone: running, with a lease that ended."""
    yield from ToolCall.objects.filter(status=ToolCall.Status.RUNNING, lease_until__lt=NOW)[:500]


def overdue() -> Iterator[int]:
    """Ids of queued calls whose message seems lost: nobody has claimed them for a whole sweep."""
    late = from_now(-settings.SWEEP_SECONDS)
    rows = ToolCall.objects.filter(status=ToolCall.Status.QUEUED).filter(
        Q(approvals__isnull=True, created_at__lt=late) | Q(approvals__decided_at__lt=late)
    )
    yield from rows.order_by("pk").values_list("pk", flat=True).distinct()[:500]


def give_up(call: ToolCall) -> None:
    """Decide about an abandoned call: again if it never started (or may be repeated), else its outcome is unknown."""
    by = identities.system(call.organization_id)
    try:
        with transaction.atomic():
            hold(call)
            if call.attempt < MAX_ATTEMPTS and _may_run_again(call):
                _requeue(call, by=by)
            else:
                settling.settle_abandoned(call, by=by)
    except StaleState:
        return
    except Exception:
        log.exception("abandoned call %s could not be settled", call.pk)


def _may_run_again(call: ToolCall) -> bool:
    """Never after Stop, not even what would do no harm twice (G10)."""
    if doors.run_is_over(call.run_id):
        return False
    return call.started_at is None or bool(call.tool and call.tool.is_idempotent)


def _requeue(call: ToolCall, *, by: identities.Identity) -> None:
    if call.usage_id is not None:
        records.close_tool_usage(
            call.usage_id, status="failed", reason="worker_lost", error_message="The worker died."
        )
    still = Q(attempt=call.attempt, lease_until__lt=NOW)
    move(
        call,
        ToolCall.Status.QUEUED,
        by=by,
        only_if=still,
        lease_until=None,
        started_at=None,
        facts={"again": True},
    )
