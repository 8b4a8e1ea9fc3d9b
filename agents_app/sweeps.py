"""What the sweeper does for runs: no run stays asleep or "running" without a worker for longer than lease and sweep."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from agents_app import runs
from agents_app.answering import model_turns
from agents_app.models import Run, Step
from audit_app.clock import NOW, from_now
from audit_app.exceptions import StaleState
from tools_app.models import ToolCall

log = logging.getLogger(__name__)


def abandoned() -> Iterator[Run]:
    """Runs whose worker is gone: running, with a lease that ended."""
    rows = Run.objects.filter(status=Run.Status.RUNNING, lease_until__lt=NOW)
    yield from rows.select_related("conversation", "message")[:500]


def hand_over(run: Run) -> None:
    """Keep what the dead worker had written, and let another one go on."""
    try:
        with transaction.atomic():
            runs.requeue(run)
            model_turns.abandon(run)
    except StaleState:
        return
    except Exception:
        # One run that cannot be handed over must not keep all behind it waiting.
        log.exception("abandoned run %s could not be handed over", run.pk)


def overdue() -> Iterator[int]:
    """Runs whose bell seems lost: queued for a sweep, or waiting without any call at work or anybody asked."""
    open_calls = Exists(ToolCall.objects.filter(run_id=OuterRef("pk"), status__in=ToolCall.OPEN))
    late = Q(status=Run.Status.QUEUED, created_at__lt=from_now(-settings.SWEEP_SECONDS))
    queued = late & ~Q(runs.AN_OLDER_ONE)
    asleep = Q(status=Run.Status.WAITING) & ~open_calls & ~Q(runs.AN_OPEN_QUESTION) & runs.NOT_RESTING
    yield from Run.objects.filter(queued | asleep).order_by("pk").values_list("pk", flat=True)[:500]


def end_unanswered() -> None:
    """Runs that rest at a limit, and whose person has not said in time how to go on."""
    over = Q(resting_since__lt=from_now(-settings.APPROVAL_PENDING_SECONDS))
    for run in Run.objects.filter(over, status=Run.Status.WAITING).select_related("conversation", "message")[
        :500
    ]:
        try:
            runs.give_up_resting(run)
        except StaleState:
            continue


def close_left_open() -> None:
    """Messages still open though their run has ended: the worker died in between."""
    over = Step.objects.filter(
        ended_at__isnull=True, run__status__in=Run.FINAL, run__ended_at__lt=from_now(-settings.SWEEP_SECONDS)
    )
    for run_id in set(over.values_list("run_id", flat=True)[:500]):
        model_turns.abandon(Run.objects.select_related("conversation").get(pk=run_id))
