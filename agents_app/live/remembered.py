"""The text of a message that is still being written: kept in Valkey/Redis, checkpointed in the row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import redis

from agents_app.live import news
from agents_app.models import Message


class Written(Protocol):
    @property
    def pk(self) -> int: ...
    @property
    def text(self) -> str: ...


def text_of(message: Message) -> str:
    """The longest text known so far: a flushed server falls back to the row's checkpoint."""
    return texts_of([message])[message.pk]


def texts_of(messages: Sequence[Written]) -> dict[int, str]:
    """The same for several messages in one round trip."""
    if not messages:
        return {}
    try:
        raws = news.client().mget([news.text_key(message.pk) for message in messages])
    except redis.RedisError:
        raws = [None] * len(messages)
    found = {}
    for message, raw in zip(messages, raws, strict=True):
        said = _said(raw)
        found[message.pk] = said if len(said) >= len(message.text) else message.text
    return found


def _said(raw: object) -> str:
    """The text of a whole value. What a flushed server was given since lacks its beginning, and is no text yet."""
    if not isinstance(raw, bytes) or not raw.startswith(news.TEXT_BEGINS):
        return ""
    return raw[len(news.TEXT_BEGINS) :].decode(errors="ignore")
