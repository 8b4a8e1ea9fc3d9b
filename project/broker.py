"""Celery's Redis transport with one client per channel instead of a new one for every message and acknowledgement.

Making a client (and its table of command callbacks) was a fifth of what a message cost a worker.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - kombu's signature
        usual: Any = super()
        if asynchronous:
            return usual._create_client(asynchronous=True)
        if self._kept is None:
            self._kept = usual._create_client()
        return self._kept

    def _disconnect_pools(self) -> None:
        # The client belongs to a pool that is given up here.
        self._kept = None
        usual: Any = super()
        usual._disconnect_pools()


class Transport(redis.Transport):
    Channel = Channel
