"""The scripted model behind the Provider interface: plays a turn, piece by piece, at a readable pace.

A turn comes from a script in the request or from understanding it. It passes through the same `Turn` as a
real model's stream, so cut tools, doubled ids and refusals end exactly alike. Faults it can play (`fail` in a
script): overloaded, unavailable, quota, rejected, misconfigured at once, unless `after` says how many pieces
come first; drop, error, truncate, garble after what was said; stall and drip fall silent for the read timeout
first. `pause_ms` shows a wait before the turn, `wait_ms` delays it silently.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import replace

from django.conf import settings

from agents_app.providers import errors, fitting, script
from agents_app.providers.base import ModelEvent, ModelRequest, Pausing
from agents_app.providers.limits import Limits
from agents_app.providers.script import Turn as Played
from agents_app.providers.script import UnreadableScript
from agents_app.providers.scripted import understanding
from agents_app.providers.sse import Delta, Event, Start, UsageCounts
from agents_app.providers.turn import Turn

MODEL = "scripted"
FAULTS: dict[str, type[errors.ProviderError]] = {
    "overloaded": errors.ProviderUnavailable,
    "unavailable": errors.ProviderUnavailable,
    "quota": errors.ProviderQuota,
    "rejected": errors.ProviderRejected,
    "misconfigured": errors.ProviderMisconfigured,
}
SILENT = frozenset({"stall", "drip"})


class ScriptedProvider:
    """See `base.Provider`."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        request = replace(request, tools=fitting.tools_for(request), messages=fitting.messages_for(request))
        # Off the loop: reading a long pasted text by patterns takes a while, and other answers share this thread.
        played = await asyncio.to_thread(_turn_for, request)
        if pause := float(played.get("pause_ms", 0)) / 1000:
            yield Pausing(pause, "scripted", 2)
        await asyncio.sleep(pause + float(played.get("wait_ms", 0)) / 1000)
        turn = Turn(max_chars=Limits().max_chars)
        list(turn.take(_beginning(request)))
        pace = float(played.get("pace_ms", settings.SCRIPTED_PACE_MS)) / 1000
        left = int(played["after"]) if "after" in played else _pieces_before_fault(played)
        async for event in _events(played, pace):
            if left == 0:
                break
            left -= event.type == "content_block_delta"
            for piece in turn.take([event]):
                yield piece
        if fault := played.get("fail"):
            await _fail(str(fault), begun=turn.begun)
        for ended in turn.ending(request_id=f"scripted_{secrets.token_hex(8)}"):
            yield ended


def _turn_for(request: ModelRequest) -> Played:
    text, number = script.last_request(request.messages)
    try:
        turns = script.turns_in(text)
    except UnreadableScript as error:
        return {"say": str(error)}
    if turns is not None and number < len(turns):
        return _without_calls(turns[number]) if request.without_tools else turns[number]
    return understanding.turn_for(_toolless(request) if request.without_tools else request)


def _toolless(request: ModelRequest) -> ModelRequest:
    return replace(request, tools=(), search="")


def _without_calls(played: Played) -> Played:
    """A real model, told that no tool can be used any more, says something instead."""
    said = {name: value for name, value in played.items() if name != "call"}
    return said if said.get("say") else {**said, "say": "I have to answer without that tool now."}


def _pieces_before_fault(played: Played) -> int:
    """Endless unless a fault is to strike at once."""
    return 0 if played.get("fail") in FAULTS else -1


def _beginning(request: ModelRequest) -> list[Event]:
    read = sum(len(json.dumps(message)) for message in request.messages) // 4
    return [Event("message_start", message=Start(model=MODEL, usage=UsageCounts(input_tokens=read)))]


async def _events(played: Played, pace: float) -> AsyncIterator[Event]:
    """A turn's blocks, the pieces of text at an even pace: a late piece does not push the following ones."""
    due, written = time.monotonic(), 0
    for index, (start, deltas) in enumerate(_blocks(played)):
        yield Event("content_block_start", index=index, content_block=start)
        for delta in deltas:
            if not delta.partial_json:
                due += pace
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            written += 1
            yield Event(
                "content_block_delta", index=index, delta=_stamped(delta) if delta.type == "stamp" else delta
            )
        yield Event("content_block_stop", index=index)
    stop = str(played.get("stop", ""))
    yield Event("message_delta", delta=Delta(stop_reason=stop), usage=UsageCounts(output_tokens=written))
    yield Event("message_stop")


def _stamped(delta: Delta) -> Delta:
    return Delta("text_delta", text=f"{delta.text}:{time.monotonic_ns()} ")


def _blocks(played: Played) -> Iterator[tuple[dict[str, object], Iterator[Delta]]]:
    if think := played.get("think"):
        thoughts = (Delta("thinking_delta", thinking=piece) for piece in script.pieces_of({"say": think}))
        yield {"type": "thinking", "signature": "scripted"}, thoughts
    if count := int(played.get("stamp", 0)):
        yield {"type": "text"}, (Delta("stamp", text=str(n)) for n in range(1, count + 1))
    if played.get("say"):
        yield {"type": "text"}, (Delta("text_delta", text=piece) for piece in script.pieces_of(played))
    for call in played.get("call", ()):
        raw = str(call["raw"]) if "raw" in call else json.dumps(call.get("arguments", {}), ensure_ascii=False)
        start = {
            "type": "tool_use",
            "id": call.get("id") or f"toolu_{secrets.token_hex(10)}",
            "name": call["name"],
        }
        yield {**start, "input": {}}, iter([Delta("input_json_delta", partial_json=raw)])


async def _fail(fault: str, *, begun: bool) -> None:
    detail = f"the script asked for {fault}"
    if fault in SILENT:
        await asyncio.sleep(Limits.of({}).read_seconds)
    if begun:
        raise errors.ProviderInterrupted(detail=detail)
    raise FAULTS.get(fault, errors.ProviderUnavailable)(detail=detail)
