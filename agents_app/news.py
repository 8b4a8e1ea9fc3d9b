"""Connections to Valkey/Redis and the envelope of the pubsub channel layer. News only: the database is the truth."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgpack
import msgspec
import redis
import redis.asyncio
from django.conf import settings

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
