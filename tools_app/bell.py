"""Rings the broker for a row that waits. The queued row is the message; a bell that fails is left to the sweeper."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Any

import redis
from celery import Task
from django.conf import settings
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
# Bells in one queue beyond which the sweeper adds none: while its workers are busy, the same rows would only be rung
# for again and again.
ENOUGH = 500


def ring(task: Task[Any, Any], row_id: int) -> bool:
    """Send a task for a row, or leave it to the sweeper (G13) and say False."""
    try:
        task.delay(row_id)
    except (OperationalError, OSError) as away:
        log.warning("broker away, the sweeper will send %s %s: %s", task.name, row_id, type(away).__name__)
        return False
    return True


def ring_again(task: Task[Any, Any], row_ids: Iterable[int]) -> None:
    """Ring for rows whose bell seems lost, the first ones first, until enough wait in the queue."""
    for row_id in islice(row_ids, _room(task)):
        if not ring(task, row_id):
            return


def _room(task: Task[Any, Any]) -> int:
    """How many bells the task's queue may be given; none while the broker is away, which must not hold up a sweep."""
    queue = task.app.amqp.router.route({}, task.name)["queue"].name
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    try:
        waiting: Any = _client(settings.REDIS_URL).llen(f"{prefix}{queue}")
    except redis.RedisError as away:
        log.warning("broker away, the next sweep will ring: %s", type(away).__name__)
        return 0
    return max(0, ENOUGH - int(waiting))


@lru_cache(maxsize=2)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
