"""Status into work, after the commit: a queued call is carried out by a worker, a saved case judged at its end."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from audit_app import crash
from audit_app.signals import status_changed
from tools_app import cases, tasks
from tools_app.bell import ring
from tools_app.models import ToolCall


@receiver(status_changed, sender=ToolCall)
def call_queued(row: ToolCall, to: str, **_: Any) -> None:
    if to == ToolCall.Status.QUEUED:
        transaction.on_commit(lambda: _ring(row.pk))


@receiver(status_changed, sender=ToolCall)
def call_of_a_case_ended(row: ToolCall, to: str, **_: Any) -> None:
    if to not in ToolCall.OPEN and row.asked_through.get("door") == cases.THROUGH:
        transaction.on_commit(lambda: cases.settle(row))


def _ring(call_id: int) -> None:
    crash.point("after-commit-before-publish")
    ring(tasks.execute_call, call_id)
