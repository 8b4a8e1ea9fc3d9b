"""The writer of text pieces, on the bridge's loop and against the real server, also while the server forgets."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
import redis

from agents_app.live import news, remembered
from agents_app.live.pieces import KEPT_SECONDS, Writer, Writing
from agents_app.models import Message
from tools_app import bridge

MESSAGE_ID = 4_242
CHANNEL = "toolroom-test-pieces"


class Watched(Writer):
    """Notes what a reader would find at the moment the writer notices that the server has forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    async def _mend(self, writing: Writing) -> None:
        self.seen.append(await asyncio.to_thread(_remembered))
        await super()._mend(writing)


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
def writer() -> Iterator[Watched]:
    async def made() -> Watched:
        return Watched()

    writer = bridge.run(made())
    yield writer
    bridge.run(writer.close())


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


def _remembered(checkpoint: str = "") -> str:
    return remembered.text_of(Message(pk=MESSAGE_ID, text=checkpoint))


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


def test_two_messages_do_not_mix(writer: Writer, writing: Writing) -> None:
    other = Writing(MESSAGE_ID + 1, CHANNEL)

    async def both() -> None:
        for number in range(20):
            writer.put(writing, f"{number} ")
            writer.put(other, f"{-number} ")
            await asyncio.sleep(0)
        await writer.flushed()

    bridge.run(both(), timeout=10)
    rows = [Message(pk=each.message_id, text="") for each in (writing, other)]
    assert remembered.texts_of(rows) == {each.message_id: each.text for each in (writing, other)}
    assert writing.text != other.text


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


def test_nobody_is_told_the_end_of_a_text_for_the_whole(
    writer: Watched, writing: Writing, valkey: redis.Redis
) -> None:
    """Between the flush and the mending the server knows the newest piece only, which is longer than the checkpoint."""
    _write(writer, writing, "a ", "b ")
    valkey.flushall()
    _write(writer, writing, "and a piece that is longer than all before it")
    assert writer.seen == [""]
    assert _remembered("a ") == writing.text
    valkey.flushall()
    valkey.append(news.text_key(MESSAGE_ID), "and a worker that died before it could mend")
    assert _remembered("a b ") == "a b "


def test_a_server_that_is_flushed_all_the_time_never_lies(
    writer: Watched, writing: Writing, valkey: redis.Redis
) -> None:
    pieces = [f"{number}, " for number in range(300)]
    read: list[str] = []
    done = threading.Event()

    def reading() -> None:
        while not done.is_set():
            read.append(_remembered())

    reader = threading.Thread(target=reading)
    reader.start()
    for start in range(0, len(pieces), 10):
        _write(writer, writing, *pieces[start : start + 10])
        valkey.flushall()
    _write(writer, writing, "end")
    done.set()
    reader.join()
    assert len(writer.seen) == 30
    assert [text for text in [*read, *writer.seen] if not writing.text.startswith(text)] == []
    assert _remembered() == "".join(pieces) + "end"


def test_a_piece_is_two_commands_and_never_three(
    writer: Watched, writing: Writing, valkey: redis.Redis
) -> None:
    before = _calls(valkey)
    _write(writer, writing, "one", "two", "three")
    now = {name: number - before.get(name, 0) for name, number in _calls(valkey).items()}
    assert {name: now.get(name, 0) for name in ("set", "append", "publish", "expire")} == {
        "set": 1,
        "append": 2,
        "publish": 3,
        "expire": 0,
    }


def _calls(valkey: redis.Redis) -> dict[str, int]:
    """How often each command was carried out since the server started."""
    told: Any = valkey.info("commandstats")
    return {name.removeprefix("cmdstat_"): each["calls"] for name, each in told.items()}


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
