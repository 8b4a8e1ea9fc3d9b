"""The writer of text pieces, on the bridge's loop and against the real server, also while the server forgets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
import redis

from agents_app import news, remembered
from agents_app.models import Message
from agents_app.pieces import KEPT_SECONDS, Writer, Writing
from tools_app import bridge

MESSAGE_ID = 4_242
CHANNEL = "toolroom-test-pieces"


class Ear:
    """Hears what was announced, in order."""

    def __init__(self, client: redis.Redis) -> None:
        self._pubsub: Any = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._pubsub.subscribe(CHANNEL)
        while not self._pubsub.subscribed:
            self._pubsub.get_message(timeout=1)

    def hear(self, number: int) -> list[tuple[int, str]]:
        heard: list[tuple[int, str]] = []
        deadline = time.monotonic() + 5
        while len(heard) < number and time.monotonic() < deadline:
            frame = self._pubsub.get_message(timeout=0.2)
            if frame is not None and frame["type"] == "message":
                event: dict[str, Any] = json.loads(msgpack.unpackb(frame["data"])["json"])
                assert (event["type"], event["message"]) == ("text", MESSAGE_ID)
                heard.append((event["offset"], event["text"]))
        return heard

    def close(self) -> None:
        self._pubsub.close()


@pytest.fixture
def ear(valkey: redis.Redis) -> Iterator[Ear]:
    listening = Ear(valkey)
    yield listening
    listening.close()


@pytest.fixture
def writer() -> Iterator[Writer]:
    async def made() -> Writer:
        return Writer()

    async def left(writer: Writer) -> None:
        # A worker's writer lives as long as its process; one of a test gives its connection back.
        await writer._redis.connection_pool.disconnect()

    writer = bridge.run(made())
    yield writer
    bridge.run(left(writer))


@pytest.fixture
def writing() -> Writing:
    return Writing(MESSAGE_ID, CHANNEL)


def _write(writer: Writer, writing: Writing, *pieces: str) -> None:
    """Each piece after the one before has been written."""

    async def written() -> None:
        for piece in pieces:
            writer.put(writing, piece)
            await writer.flushed()

    bridge.run(written(), timeout=10)


def _remembered() -> str:
    return remembered.text_of(Message(pk=MESSAGE_ID, text=""))


def _seconds_left(valkey: redis.Redis) -> int:
    left = valkey.ttl(news.text_key(MESSAGE_ID))
    assert isinstance(left, int)
    return left


def test_first_piece_leaves_at_once_and_later_ones_are_gathered(
    writer: Writer, writing: Writing, ear: Ear
) -> None:
    async def hurried() -> None:
        writer.put(writing, "one ")
        await asyncio.sleep(0)  # The first is under way from here; nobody has answered it yet.
        for piece in ("two ", "three ", "four"):
            writer.put(writing, piece)
        await writer.flushed()

    bridge.run(hurried(), timeout=10)
    assert ear.hear(2) == [(0, "one "), (4, "two three four")]
    assert _remembered() == "one two three four"


def test_quiet_server_gets_every_piece_by_itself(writer: Writer, writing: Writing, ear: Ear) -> None:
    _write(writer, writing, "a", "bc", "d")
    assert ear.hear(3) == [(0, "a"), (1, "bc"), (3, "d")]


def test_offsets_count_utf16_units(writer: Writer, writing: Writing, ear: Ear) -> None:
    _write(writer, writing, "é", "🧰", "👩‍🔧", "!")
    assert ear.hear(4) == [(0, "é"), (1, "🧰"), (3, "👩‍🔧"), (8, "!")]
    assert _remembered() == "é🧰👩‍🔧!"


def test_two_messages_do_not_mix(writer: Writer, writing: Writing, valkey: redis.Redis) -> None:
    other = Writing(MESSAGE_ID + 1, CHANNEL)

    async def both() -> None:
        for number in range(20):
            writer.put(writing, f"{number} ")
            writer.put(other, f"{-number} ")
            await asyncio.sleep(0)
        await writer.flushed()

    bridge.run(both(), timeout=10)
    assert valkey.get(news.text_key(MESSAGE_ID)) == writing.text.encode()
    assert valkey.get(news.text_key(MESSAGE_ID + 1)) == other.text.encode()


def test_text_not_shown_is_kept_and_not_announced(writer: Writer, ear: Ear) -> None:
    hidden = Writing(MESSAGE_ID, CHANNEL, shown=False)
    _write(writer, hidden, "never ", "sent")
    assert (hidden.text, _remembered()) == ("never sent", "")
    _write(writer, Writing(MESSAGE_ID, CHANNEL), "shown")
    assert ear.hear(1) == [(0, "shown")]


def test_remembered_text_expires(writer: Writer, writing: Writing, valkey: redis.Redis) -> None:
    _write(writer, writing, "first")
    assert 0 < _seconds_left(valkey) <= KEPT_SECONDS
    _write(writer, writing, " second")
    assert 0 < _seconds_left(valkey) <= KEPT_SECONDS


def test_flushed_server_is_given_the_whole_text_again(
    writer: Writer, writing: Writing, valkey: redis.Redis, ear: Ear
) -> None:
    _write(writer, writing, "before 🧰 ", "the ")
    valkey.flushall()
    assert _remembered() == ""
    _write(writer, writing, "flood")
    assert _remembered() == "before 🧰 the flood"
    assert 0 < _seconds_left(valkey) <= KEPT_SECONDS
    assert ear.hear(3)[-1] == (14, "flood")
    _write(writer, writing, ", after")
    assert _remembered() == "before 🧰 the flood, after"


def test_lost_connection_loses_nothing_remembered(
    writer: Writer, writing: Writing, valkey: redis.Redis
) -> None:
    _write(writer, writing, "one ")
    valkey.client_kill_filter(_type="normal", skipme=True)
    _write(writer, writing, "two ", "three")
    assert _remembered() == "one two three"
    assert 0 < _seconds_left(valkey) <= KEPT_SECONDS


def test_lost_connection_and_flushed_server_together_lose_nothing_remembered(
    writer: Writer, writing: Writing, valkey: redis.Redis
) -> None:
    _write(writer, writing, "one ", "two ")
    valkey.client_kill_filter(_type="normal", skipme=True)
    valkey.flushall()
    _write(writer, writing, "three ", "four")
    assert _remembered() == "one two three four"
    assert 0 < _seconds_left(valkey) <= KEPT_SECONDS
