"""Connections to Valkey/Redis and the envelope of the pubsub channel layer. News only: the database is the truth."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import msgpack
import msgspec
import redis
import redis.asyncio
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


def envelope(event: dict[str, Any]) -> bytes:
    """One socket event in the layer's own format; the consumer passes `json` on without looking into it."""
    packed: bytes = msgpack.packb({"type": "stream.event", "json": _encode(event).decode()})
    return packed


def channel_of(group: str) -> str:
    """Where `RedisPubSubChannelLayer` listens for a group."""
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    prefix = layer["CONFIG"].get("prefix", "asgi")
    return f"{prefix}__group__{group}"


# Stands before a remembered text, and in no UTF-8: a value without it has lost its beginning.
TEXT_BEGINS = b"\xff"


def text_key(message_id: int) -> str:
    return f"toolroom:text:{message_id}"


def client() -> redis.Redis:
    """The process's synchronous client; safe to share between threads, remade in a forked child."""
    return _client(os.getpid(), settings.REDIS_URL)


@lru_cache(maxsize=2)
def _client(_pid: int, url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def asynchronous() -> redis.asyncio.Redis:
    """A new asynchronous client, for one owner on one loop."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=2)


def send(group: str, *events: dict[str, Any]) -> None:
    """Ring the bell for these events, in order, in one round trip. A server that is away costs only the bell."""
    channel = channel_of(group)
    _publish([("PUBLISH", channel, envelope(event)) for event in events])


class _Gathered:
    """What one transaction has to tell one group: each round trip and each waking of a browser's process costs."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.told: list[Callable[[], Iterable[dict[str, Any]]]] = []

    def __call__(self) -> None:
        events: list[dict[str, Any]] = []
        for told in self.told:
            try:
                events += told()
            except Exception:
                # It is only news: what cannot be told takes neither the rest along nor the bells that ring after it.
                log.exception("an event could not be read, browsers will fetch it")
        if events:
            send(self.group, *events)


def after_commit(group: str, told: Callable[[], Iterable[dict[str, Any]]]) -> None:
    """Announce what `told` gives once the transaction around this has committed, or at once outside of one.

    In order, and with everything else this transaction tells the group.
    """
    connection = transaction.get_connection()
    # None stands for a block without a savepoint, which is undone with the one around it.
    under = {*connection.savepoint_ids, None}
    for savepoints, hook, _ in reversed(connection.run_on_commit):
        if isinstance(hook, _Gathered) and hook.group == group:
            # What another savepoint tells may yet be taken back, so it stays apart.
            if {*savepoints, None} == under:
                hook.told.append(told)
                return
            break
    gathered = _Gathered(group)
    gathered.told.append(told)
    transaction.on_commit(gathered)


def tell(groups: Iterable[str], event: dict[str, Any]) -> None:
    """The same of one event for several groups."""
    said = envelope(event)
    _publish([("PUBLISH", channel_of(group), said) for group in groups])


def _publish(commands: list[tuple[str | bytes, ...]]) -> None:
    try:
        _exchange(commands)
    except redis.RedisError as away:
        log.warning("an event was not announced, browsers will fetch it: %s", type(away).__name__)


def _exchange(commands: list[tuple[str | bytes, ...]]) -> None:
    """One write and its answers, on a pooled connection; the client's pipeline costs three times as much."""
    pool = client().connection_pool
    connection: Any = pool.get_connection()
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        for _ in commands:
            connection.read_response()
    except BaseException:
        # Answers may be under way still, which nobody else must read as theirs.
        connection.disconnect()
        raise
    finally:
        pool.release(connection)
