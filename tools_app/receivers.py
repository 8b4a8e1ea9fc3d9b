"""Status into work: a queued call is carried out by a worker, after the commit."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from audit_app import crash
from audit_app.signals import status_changed
from tools_app import tasks
from tools_app.bell import ring
from tools_app.models import ToolCall


@receiver(status_changed, sender=ToolCall)
def call_queued(row: ToolCall, to: str, **_: Any) -> None:
    if to == ToolCall.Status.QUEUED:
        transaction.on_commit(lambda: _ring(row.pk))


def _ring(call_id: int) -> None:
    crash.point("after-commit-before-publish")
    ring(tasks.execute_call, call_id)
