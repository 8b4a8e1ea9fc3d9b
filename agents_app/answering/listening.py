"""Listening to a model from a worker thread: the stream lives on the bridge's loop, where Stop can end it at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from concurrent.futures import CancelledError, Future

import redis
from django.db.models import Q

from agents_app.answering.desk import desk
from agents_app.answering.heard import Heard
from agents_app.answering.model_turns import ModelTurn
from agents_app.factory import AgentClient
from agents_app.live import news
from agents_app.live.pieces import Writer, Writing
from agents_app.models import Message, Run
from agents_app.providers.base import ModelRequest, Pausing, TextPiece, ToolUse, TurnEnded
from agents_app.providers.errors import ProviderError
from audit_app import crash
from audit_app.redaction import storable
from project.accounts import pooled, prepared
from tools_app import bridge
from tools_app.governing import halts

log = logging.getLogger(__name__)
STOP_CHANNEL = "toolroom:stop"

# By run and attempt: a thread that lost its run and woke up late must not end the stream of the one that has it now.
_streams: dict[tuple[int, int], tuple[Future[Heard], Writing]] = {}
_lock = threading.Lock()
_loop_owned: dict[int, tuple[Writer, asyncio.Task[None]]] = {}


def listen(
    turn: ModelTurn, client: AgentClient, request: ModelRequest, *, seconds: float | None = None
) -> Heard:
    """Block until the model has ended its turn, failed, or been stopped; the text so far is never lost.

    After `seconds` it is cut short: then the whole answer has worked for as long as it may.
    """
    channel = news.channel_of(turn.run.conversation.group)
    writing = Writing(turn.message.pk, channel, shown=turn.run.agent_type.streaming_enabled)
    future = bridge.start(_listen(turn, client, request, writing))
    key = turn.run.pk, turn.run.attempt
    with _lock:
        _streams[key] = future, writing
    if not _still_ours(turn.run) or halts.halting(
        turn.run.organization_id, agent_type_id=turn.run.agent_type_id
    ):
        # Stopped between the claim and this line, when there was no stream yet that a stop could end.
        future.cancel()
    # A stream may last for minutes, and hundreds wait at once.
    pooled.give_back()
    try:
        with desk.away():
            return future.result(seconds)
    except TimeoutError:
        if not future.cancel():
            # It ended just now, in time or not: what it says counts.
            return future.result()
        return Heard(text=writing.text, out_of_time=True)
    except CancelledError:
        return Heard(text=writing.text)
    finally:
        with _lock:
            _streams.pop(key, None)


def stop(run_id: int) -> None:
    """End the streams of this process for the run, if it has any; the connection to the model closes at once."""
    with _lock:
        found = [future for (run, _), (future, _) in _streams.items() if run == run_id]
    for future in found:
        future.cancel()


def stop_attempt(run_id: int, attempt: int) -> None:
    """End the stream of one attempt, whose lease was lost; a later attempt in this process goes on."""
    with _lock:
        found = _streams.get((run_id, attempt))
    if found is not None:
        found[0].cancel()


def checkpoint(run_id: int, attempt: int) -> None:
    """Keep the text so far in its row too: with the server flushed and the worker killed, only seconds are lost."""
    with _lock:
        found = _streams.get((run_id, attempt))
    if found is not None:
        writing = found[1]
        Message.objects.filter(pk=writing.message_id, ending=Message.Ending.OPEN).update(
            text=storable(writing.text)
        )


def announce_stop(run_id: int) -> None:
    """Tell every worker process; one that does not hear it finds out when it next renews its lease."""
    try:
        news.client().publish(STOP_CHANNEL, str(run_id))
    except redis.RedisError as away:
        log.warning("a stop was not announced, the lease will end it: %s", type(away).__name__)


def _still_ours(run: Run) -> bool:
    return prepared.exists(Run, Q(pk=run.pk, status=Run.Status.RUNNING, attempt=run.attempt))


async def _listen(turn: ModelTurn, client: AgentClient, request: ModelRequest, writing: Writing) -> Heard:
    writer = _writer()
    uses: list[ToolUse] = []
    ended: TurnEnded | None = None
    pauses = 0
    try:
        async with contextlib.aclosing(client.provider.stream(request)) as events:
            async for event in events:
                if isinstance(event, TextPiece):
                    writer.put(writing, storable(event.text))
                    crash.point("mid-stream")
                elif isinstance(event, ToolUse):
                    uses.append(event)
                elif isinstance(event, TurnEnded):
                    ended = event
                elif isinstance(event, Pausing):
                    pauses += 1
                    _announce_pause(turn, event)
    except ProviderError as error:
        log.warning("run %s: %s %s", turn.run.pk, error.code, error.detail)
        await writer.flushed()
        return Heard(text=writing.text, error=error, pauses=pauses)
    await writer.flushed()
    return Heard(text=writing.text, uses=tuple(uses), ended=ended, pauses=pauses)


def _announce_pause(turn: ModelTurn, pausing: Pausing) -> None:
    event = {"type": "pause", "run": turn.run.pk, "seconds": pausing.seconds, "reason": pausing.reason}
    asyncio.get_running_loop().run_in_executor(None, news.send, turn.run.conversation.group, event)


def _writer() -> Writer:
    """The writer of this loop, and beside it the ear for stops; made on first use, with the loop."""
    loop = asyncio.get_running_loop()
    if id(loop) not in _loop_owned:
        _loop_owned.clear()
        writer = Writer()
        _loop_owned[id(loop)] = (writer, loop.create_task(_hear_stops(writer)))
    return _loop_owned[id(loop)][0]


async def _hear_stops(writer: Writer) -> None:
    """Listen for as long as the loop runs; what stands beside it ends with it."""
    try:
        while True:
            try:
                async with news.asynchronous() as connection, connection.pubsub() as ear:
                    await ear.subscribe(STOP_CHANNEL)
                    async for message in ear.listen():
                        if message["type"] == "message":
                            stop(int(message["data"]))
            except (redis.RedisError, OSError):
                await asyncio.sleep(1)
    finally:
        # By this loop's id a later one could be known, and its writer would be of a loop that is gone.
        _loop_owned.pop(id(asyncio.get_running_loop()), None)
        await writer.close()
