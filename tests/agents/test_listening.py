"""Streams of a process: Stop ends all of a run's, a lost lease only its own attempt's."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest
import redis

from agents_app.answering import listening
from agents_app.live.pieces import Writer, Writing
from tools_app import bridge


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[int, int], tuple[Future[Any], Writing]]:
    kept: dict[tuple[int, int], tuple[Future[Any], Writing]] = {
        key: (Future(), Writing(1, "channel")) for key in ((7, 1), (7, 2), (8, 1))
    }
    monkeypatch.setattr(listening, "_streams", kept)
    return kept


def _cancelled(streams: dict[tuple[int, int], tuple[Future[Any], Writing]]) -> list[tuple[int, int]]:
    return [key for key, (future, _) in streams.items() if future.cancelled()]


def test_lost_attempt_does_not_end_its_successor(
    streams: dict[tuple[int, int], tuple[Future[Any], Writing]],
) -> None:
    listening.stop_attempt(7, 1)
    assert _cancelled(streams) == [(7, 1)]


def test_stop_ends_every_attempt_of_the_run_and_no_other(
    streams: dict[tuple[int, int], tuple[Future[Any], Writing]],
) -> None:
    listening.stop(7)
    assert _cancelled(streams) == [(7, 1), (7, 2)]


def test_writer_ends_with_its_loop(valkey: redis.Redis) -> None:
    async def written() -> tuple[Writer, int]:
        writer = listening._writer()
        writer.put(Writing(4_243, "channel"), "text")
        await writer.flushed()
        return writer, id(asyncio.get_running_loop())

    bridge.stop()
    writer, loop = bridge.run(written(), timeout=10)
    assert (writer._connection.is_connected, loop in listening._loop_owned) == (True, True)
    bridge.stop()
    assert (writer._connection.is_connected, loop in listening._loop_owned) == (False, False)
