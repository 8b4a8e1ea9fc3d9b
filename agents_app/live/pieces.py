"""Carries text pieces from a model to sockets: one writer per worker process, on the bridge's loop.

A piece and the remembered text leave in one round trip. The first piece leaves at once; later ones are gathered only
while an earlier write is still on its way, so a quiet machine adds nothing and a busy one writes fewer, larger pieces.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import redis
import redis.asyncio

from agents_app.live import news

log = logging.getLogger(__name__)
KEPT_SECONDS = 3600
# A server that accepts and never answers must not hold an answer up: what it misses is mended by the next piece.
WRITE_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class Writing:
    """The text of one message while it is being written. Offsets count UTF-16 units, JavaScript's own measure."""

    message_id: int
    channel: str
    shown: bool = True
    said: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    offset: int = 0
    size: int = 0
    is_kept: bool = False

    @property
    def text(self) -> str:
        return "".join(self.said)


class Writer:
    """Owned by the loop it was made on; `put` and `flushed` are called there only."""

    def __init__(self) -> None:
        self._redis: redis.asyncio.Redis = news.asynchronous()
        self._connection: Any = None
        self._waiting: dict[Writing, None] = {}
        self._task: asyncio.Task[None] | None = None

    def put(self, writing: Writing, text: str) -> None:
        writing.said.append(text)
        if not writing.shown:
            return
        writing.waiting.append(text)
        self._waiting[writing] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain())

    async def flushed(self) -> None:
        """Return once everything put so far has been written, so that what is announced next comes after it."""
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Give the connections back, at the end of the loop."""
        await self._redis.connection_pool.disconnect()

    async def _drain(self) -> None:
        while self._waiting:
            batch = [(writing, "".join(writing.waiting)) for writing in self._waiting]
            self._waiting.clear()
            for writing, _ in batch:
                writing.waiting.clear()
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._write(batch)
            except (redis.RedisError, OSError) as away:
                log.warning("pieces were not announced, browsers will fetch them: %s", type(away).__name__)
                await asyncio.sleep(0.05)

    async def _write(self, batch: list[tuple[Writing, str]]) -> None:
        commands: list[tuple[str | bytes, ...]] = []
        for writing, text in batch:
            event = {"type": "text", "message": writing.message_id, "offset": writing.offset, "text": text}
            writing.offset += units(text)
            commands.append(_kept(writing, text))
            commands.append(("PUBLISH", writing.channel, news.envelope(event)))
        answers = await self._exchanged(commands)
        for (writing, _), answer in zip(batch, answers[::2], strict=True):
            if not writing.is_kept:
                writing.is_kept = True
            elif answer != writing.size:
                await self._mend(writing)

    async def _exchanged(self, commands: list[tuple[str | bytes, ...]]) -> list[Any]:
        """Send in one write on a connection of its own, and read the answers.

        The client's pipeline does the same, with bookkeeping for retries and callbacks that was a third of what a
        piece cost the worker. A piece is never sent twice: what is lost here is mended by the next one.
        """
        pool: Any = self._redis.connection_pool
        connection = self._connection or await pool.get_connection()
        self._connection = connection
        try:
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            return [await connection.read_response() for _ in commands]
        except BaseException:
            # Answers may still be under way: whoever used this connection next would read somebody else's.
            self._connection = None
            await connection.disconnect(nowait=True)
            await pool.release(connection)
            raise

    async def _mend(self, writing: Writing) -> None:
        """Write the whole text so far once more, after a server lost the beginning. Until then readers pass it over."""
        writing.is_kept = False
        whole = "".join(writing.said[: len(writing.said) - len(writing.waiting)])
        value = _whole(writing, whole)
        await self._redis.set(news.text_key(writing.message_id), value, ex=KEPT_SECONDS)
        writing.is_kept = True


def _kept(writing: Writing, text: str) -> tuple[str | bytes, ...]:
    """The command that keeps a piece: the first one sets the whole text and its expiry, later ones add to it."""
    key = news.text_key(writing.message_id)
    if not writing.is_kept:
        return "SET", key, _whole(writing, writing.text), "EX", str(KEPT_SECONDS)
    piece = text.encode()
    writing.size += len(piece)
    return "APPEND", key, piece


def _whole(writing: Writing, text: str) -> bytes:
    value = news.TEXT_BEGINS + text.encode()
    writing.size = len(value)
    return value


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
