"""What the client does and times. Each measure takes the plan of one run and returns what is to be reported."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import msgspec

from tests.bench import checks, processes
from tests.bench.chat import Chat
from tests.bench.wire import Http, Seat

Result = dict[str, Any]
OPENING_AT_ONCE = 25
FIRST_ONLY = [{"stamp": 1, "pace_ms": 0}]
LATE = 20.0


class Plan(msgspec.Struct):
    """One run: which measure, against whom, with how many seats, and which processes to watch."""

    measure: str
    port: int
    seats: list[Seat]
    pids: dict[str, int]
    pieces: int = 200
    pace_ms: float = 50
    starts_per_second: float = 100
    drops: int = 0
    paths: list[str] = []
    times: int = 20


class Watch:
    """Processor time of the installation and of this client, between two moments."""

    def __init__(self, pids: dict[str, int]) -> None:
        self.pids = pids
        self.began = time.monotonic()
        self._cpu = processes.cpu_seconds(pids)
        self._own = time.process_time()

    def result(self, pieces: int) -> Result:
        seconds = time.monotonic() - self.began
        spent = processes.minus(processes.cpu_seconds(self.pids), self._cpu)
        return {
            "pieces": pieces,
            "cpu_s_per_1000": processes.per_thousand(spent, pieces),
            "server_cores": processes.busy_cores(spent.values(), seconds),
            "client_cores": processes.busy_cores([time.process_time() - self._own], seconds),
        }


async def stream(plan: Plan) -> Result:
    """All chats at once at a fixed pace; with `drops`, each loses its socket that often in the middle."""
    chats = await _opened(plan)
    watch = Watch(plan.pids)
    steady = asyncio.create_task(_steady(plan, chats))
    dropping = [asyncio.create_task(_drop(chat, plan)) for chat in chats] if plan.drops else []
    await _post_all(chats, plan, [{"stamp": plan.pieces, "pace_ms": plan.pace_ms}])
    await _all_ended(chats, plan.pieces * plan.pace_ms / 1000 + LATE)
    await asyncio.gather(*dropping)
    whole = watch.result(sum(len(chat.pieces) for chat in chats))
    result = {
        "chats": len(chats),
        "added_ms": checks.latencies_ms(chats),
        "first_text_ms": checks.spread(_first_ms(chat) - plan.pace_ms for chat in chats if chat.pieces),
        "post_ms": checks.spread((chat.answered_ns - chat.sent_ns) / 1e6 for chat in chats),
        "pieces_per_frame": round(whole["pieces"] / max(1, sum(chat.frames for chat in chats)), 2),
        **checks.faults(chats, expected=plan.pieces),
        "whole": whole,
        "steady": await steady,
    }
    _close(chats)
    return result


async def first(plan: Plan) -> Result:
    """One chat after the other, a model that answers at once."""
    chats = await _opened(plan)
    watch = Watch(plan.pids)
    for chat in chats:
        await chat.post(FIRST_ONLY)
        await _all_ended([chat], LATE)
        await asyncio.sleep(0.03)
    spent = watch.result(len(chats))["cpu_s_per_1000"]
    result = {
        "cpu_ms_per_message": spent,
        "first_text_ms": checks.spread(_first_ms(chat) for chat in chats if chat.pieces),
        "to_model_ms": checks.spread(
            (chat.pieces[0][1] - chat.sent_ns) / 1e6 for chat in chats if chat.pieces
        ),
        "post_ms": checks.spread((chat.answered_ns - chat.sent_ns) / 1e6 for chat in chats),
        **checks.faults(chats, expected=1),
    }
    _close(chats)
    return result


async def tools_alone(plan: Plan) -> Result:
    """From the end of a tool request to the model being asked again, one chat after the other."""
    chats = await _opened(plan)
    for chat in chats:
        await chat.post(_using_a_tool(wait_ms=0))
        await _all_ended([chat], LATE)
        await asyncio.sleep(0.03)
    return _gaps(chats)


async def tools_together(plan: Plan) -> Result:
    """The same while all ask for their tool at about the same moment."""
    chats = await _opened(plan)
    await asyncio.gather(*(chat.post(_using_a_tool(wait_ms=1500)) for chat in chats))
    await _all_ended(chats, LATE)
    return _gaps(chats)


async def idle(plan: Plan) -> Result:
    """What sockets cost that only listen."""
    before = processes.memory_mb(plan.pids)
    chats = await _opened(plan)
    await asyncio.sleep(1.0)
    after = processes.memory_mb(plan.pids)
    _close(chats)
    return {
        "sockets": len(chats),
        "kb_per_socket": {
            name: round((of["pss"] - before[name]["pss"]) * 1000 / len(chats), 1)
            for name, of in after.items()
        },
    }


async def fetch(plan: Plan) -> Result:
    """How long each path takes, asked one after the other over a kept connection."""
    http = Http(plan.port, plan.seats[0])
    result: Result = {}
    for path in plan.paths:
        taken, body = [], b""
        for _ in range(plan.times):
            began = time.monotonic()
            body = await http.get(path)
            taken.append((time.monotonic() - began) * 1000)
        result[path] = {**checks.spread(taken), "bytes": len(body)}
    http.close()
    return result


MEASURES: dict[str, Callable[[Plan], Coroutine[Any, Any, Result]]] = {
    measure.__name__: measure for measure in (stream, first, tools_alone, tools_together, idle, fetch)
}


async def _opened(plan: Plan) -> list[Chat]:
    chats = [Chat(plan.port, seat) for seat in plan.seats]
    for at in range(0, len(chats), OPENING_AT_ONCE):
        await asyncio.gather(*(chat.open() for chat in chats[at : at + OPENING_AT_ONCE]))
    return chats


async def _post_all(chats: list[Chat], plan: Plan, turns: list[dict[str, Any]]) -> None:
    began = time.monotonic()
    posts = []
    for number, chat in enumerate(chats):
        await asyncio.sleep(began + number / plan.starts_per_second - time.monotonic())
        posts.append(asyncio.create_task(chat.post(turns)))
    await asyncio.gather(*posts)


async def _drop(chat: Chat, plan: Plan) -> None:
    """Lose the socket at moments of its own, stay away for a moment, come back."""
    chance = random.Random(chat.seat.conversation)
    await _within(chat.first.wait(), LATE)
    length = plan.pieces * plan.pace_ms / 1000 / (plan.drops + 1)
    for _ in range(plan.drops):
        await asyncio.sleep(length * chance.uniform(0.5, 0.9))
        chat.drop()
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        await chat.reopen()


async def _steady(plan: Plan, chats: list[Chat]) -> Result:
    """The time in which all chats stream and none starts or ends."""
    starting = len(chats) / plan.starts_per_second
    lasting = plan.pieces * plan.pace_ms / 1000 - starting - 1.0
    await asyncio.sleep(starting + 0.5)
    watch, began = Watch(plan.pids), time.monotonic_ns()
    await asyncio.sleep(max(0.1, lasting))
    ended = time.monotonic_ns()
    left = [
        (left, arrived)
        for chat in chats
        for _, left, arrived in chat.pieces
        if began <= left < ended and arrived
    ]
    return {
        **watch.result(len(left)),
        "added_ms": checks.spread((there - gone) / 1e6 for gone, there in left),
    }


def _using_a_tool(*, wait_ms: int) -> list[dict[str, Any]]:
    call = {"name": "current_time", "arguments": {}}
    return [{"wait_ms": wait_ms, "stamp": 1, "pace_ms": 0, "call": [call]}, {"stamp": 1, "pace_ms": 0}]


def _gaps(chats: list[Chat]) -> Result:
    stamps = [[left for _, left, _ in chat.pieces] for chat in chats]
    result = {
        "gap_ms": checks.spread((of[1] - of[0]) / 1e6 for of in stamps if len(of) == 2),
        "bad_chats": sum(1 for chat, of in zip(chats, stamps, strict=True) if len(of) != 2 or chat.faults),
        "faults": [fault for chat in chats for fault in chat.faults][:5],
    }
    _close(chats)
    return result


def _first_ms(chat: Chat) -> float:
    return (chat.pieces[0][2] - chat.sent_ns) / 1e6


async def _all_ended(chats: Iterable[Chat], seconds: float) -> None:
    """Those that do not end are counted, not waited for."""
    waiting = [asyncio.create_task(chat.ended.wait()) for chat in chats]
    _, late = await asyncio.wait(waiting, timeout=seconds)
    for task in late:
        task.cancel()


async def _within(waited: Awaitable[object], seconds: float) -> None:
    try:
        await asyncio.wait_for(waited, seconds)
    except TimeoutError:
        return


def _close(chats: Iterable[Chat]) -> None:
    for chat in chats:
        chat.close()
