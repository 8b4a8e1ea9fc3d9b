"""Status into work and news: a queued run is advanced, a settled call or a "go on" wakes its run, all is announced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from agents_app import events, tasks
from agents_app.answering import listening
from agents_app.live import inbox_news, news, stream
from agents_app.models import Run
from agents_app.showing import cards
from audit_app import crash
from audit_app.signals import status_changed
from project.accounts.prepared import Given, Prepared
from tools_app.bell import ring
from tools_app.models import Approval, Event, ToolCall
from tools_app.notices import clock

_CALL = Prepared(lambda: ToolCall.objects.select_related("tool", "standing").filter(pk=Given("pk")))
_QUESTIONS = Prepared(
    lambda: Approval.objects.select_related("organization").filter(call_id=Given("call")).order_by("pk")
)
_NEXT = Prepared(
    lambda: (
        Run.objects.filter(conversation_id=Given("conversation"), status=Run.Status.QUEUED)
        .order_by("pk")
        .values_list("pk")[:1]
    )
)


def connect() -> None:
    status_changed.connect(run_moved, sender=Run)
    status_changed.connect(call_moved, sender=ToolCall)
    status_changed.connect(approval_moved, sender=Approval)
    clock.hear(inbox_news.changed)


def run_moved(row: Run, to: str, was: str | None, seq: int, **_: Any) -> None:
    if to == Run.Status.QUEUED:
        _ring(row.pk)
    elif to == Run.Status.CANCELLED:
        transaction.on_commit(lambda: _stop(row.pk))
    if to in Run.FINAL:
        transaction.on_commit(lambda: _wake_next(row.conversation_id))
    _announce(row.conversation.group, lambda: _run_events(row, seq, born=was is None))


def call_moved(row: ToolCall, to: str, was: str | None, seq: int, **_: Any) -> None:
    if was is not None and to not in ToolCall.OPEN and row.run_id is not None:
        _ring(row.run_id)
    _announce(
        stream.group_of(row.session_id),
        lambda: [{"type": "call", "seq": seq, "item": events.call(_fresh(row))}],
    )


def approval_moved(row: Approval, to: str, was: str | None, seq: int, **_: Any) -> None:
    if row.about == Approval.About.OUTCOME and to == Approval.Status.APPROVED and row.call.run_id is not None:
        _ring(row.call.run_id)

    def told() -> list[dict[str, Any]]:
        return [{"type": "approval", "seq": seq, "item": cards.approval(row, row.call)}]

    _announce(stream.group_of(row.call.session_id), told)
    inbox_news.changed(row, Event.REQUESTED if was is None else "")


def _announce(group: str, told: Callable[[], list[dict[str, Any]]]) -> None:
    if group:
        news.after_commit(group, told)


def _run_events(row: Run, seq: int, *, born: bool) -> list[dict[str, Any]]:
    told = [{"type": "run", "seq": seq, "item": events.run(row)}]
    if born:
        told.insert(0, {"type": "message", "seq": seq, "item": events.message(row.message, run_id=row.pk)})
    return told


def _fresh(row: ToolCall) -> ToolCall:
    fresh = _CALL.first(pk=row.pk)
    if fresh is None:
        raise ToolCall.DoesNotExist
    # What `prefetch_related` would leave there, by one prepared query instead of its own.
    questions: Any = Approval.objects.all()
    questions._result_cache = _QUESTIONS.all(call=row.pk)
    cached: Any = fresh
    cached._prefetched_objects_cache = {"approvals": questions}
    return fresh


def _ring(run_id: int) -> None:
    def after_commit() -> None:
        crash.point("after-commit-before-publish")
        ring(tasks.advance_run, run_id)

    transaction.on_commit(after_commit)


def _stop(run_id: int) -> None:
    listening.stop(run_id)
    listening.announce_stop(run_id)


def _wake_next(conversation_id: int) -> None:
    """Answers line up behind each other: the end of one is the bell for the next."""
    following: Any = _NEXT.first(conversation=conversation_id)
    if following is not None:
        ring(tasks.advance_run, following[0])
