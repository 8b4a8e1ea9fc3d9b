"""The floor's worker: pieces at their pace, those of one turn of the loop published in one write for each chat."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import uvloop

from agents_app.providers.script import turns_in
from tests.bench import resp

_encode = msgspec.json.Encoder().encode


class Worker:
    def __init__(self) -> None:
        self.waiting: dict[bytes, tuple[int, list[str]]] = {}
        self.offsets: dict[tuple[bytes, int], int] = {}
        self.scheduled = False
        self.tasks: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        self.connection = await resp.connect(os.environ["VALKEY_SOCKET"], self.start)
        self.hearing = await resp.connect(os.environ["VALKEY_SOCKET"], self.start)
        self.hearing.send(b"SUBSCRIBE", b"start")
        os.write(int(os.environ["READY_FD"]), b"ready")
        await asyncio.Event().wait()

    def start(self, _channel: bytes, payload: bytes) -> None:
        conversation, _, body = payload.partition(b" ")
        turns = turns_in(msgspec.json.decode(body)["text"]) or []
        task = asyncio.get_running_loop().create_task(self.play(conversation, turns))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def play(self, conversation: bytes, turns: list[Mapping[str, Any]]) -> None:
        for number, turn in enumerate(turns, start=time.monotonic_ns()):
            due = time.monotonic()
            for piece in range(1, int(turn["stamp"]) + 1):
                due += float(turn["pace_ms"]) / 1000
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.put(conversation, number, f"{piece}:{time.monotonic_ns()} ")
        self.flush()
        self.publish(conversation, {"type": "run", "item": {"status": "finished"}})

    def put(self, conversation: bytes, message: int, text: str) -> None:
        self.waiting.setdefault(conversation, (message, []))[1].append(text)
        if not self.scheduled:
            self.scheduled = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        self.scheduled = False
        for conversation, (message, texts) in self.waiting.items():
            text = "".join(texts)
            offset = self.offsets.get((conversation, message), 0)
            self.offsets[conversation, message] = offset + len(text)
            self.publish(conversation, {"type": "text", "message": message, "offset": offset, "text": text})
        self.waiting.clear()

    def publish(self, conversation: bytes, event: dict[str, Any]) -> None:
        self.connection.send(b"PUBLISH", conversation, _encode(event))


if __name__ == "__main__":
    uvloop.run(Worker().work())
