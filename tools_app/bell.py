"""Rings the broker for a row that waits. The queued row is the message; a bell that fails is left to the sweeper."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def ring(task: Task[Any, Any], row_id: int) -> None:
    """Send a task for a row, or leave it to the sweeper (G13)."""
    try:
        task.delay(row_id)
    except (OperationalError, OSError) as away:
        log.warning("broker away, the sweeper will send %s %s: %s", task.name, row_id, type(away).__name__)
