"""A local server that speaks the Messages API over real sockets, answers from a script and fails on request.

In a test: `with FakeModel() as model: model.play({"say": "Hello"}, {"fail": "overloaded"})`. From a shell:
`python -m tests.fake_model --port 9000 --script script.json`. The script is a JSON object: `queue` turns used
up one per request; `rules` [{"contains": text, "turns": [...]}], the turn chosen by how many model turns
followed the request; `default` turn; `api_key` demanded; `reject_temperature` true answers 400 to one. A
```script``` block inside the request (`agents_app/providers/script.py`, where turns are described) comes
before rules and default. Turns know more here: `status`, `headers`, `error`, `message`, `details` answer by
HTTP; `fail` error | drop | truncate | stall | drip | garble act after `after` pieces (default: when all are
sent); `wait_ms` passes before the first byte; `cut_block` ends the turn inside a tool block; `blocks` adds
raw blocks. `GET /requests` lists what was asked; `POST /script` replaces the script.
"""

import argparse
import asyncio
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from agents_app.providers.script import Turn, last_request, turns_in
from tests.fake_model_frames import Frame, error_body, frames, http_error

# Direct and Foundry, Vertex, Bedrock.
MODEL_PATHS = ("/v1/messages", ":streamRawPredict", "/invoke-with-response-stream")
DEFAULT: Turn = {"say": "Hello from the fake model."}


@dataclass(slots=True)
class Asked:
    """One request as it arrived, and how its connection ended (`time.monotonic` values)."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at: float = field(default_factory=time.monotonic)
    finished: bool = False
    gone_at: float | None = None

    def shown(self) -> dict[str, Any]:
        return {"path": self.path, "headers": self.headers, "body": self.body, "finished": self.finished}


class Script:
    """What is answered to whom; may be replaced while the server runs."""

    def __init__(self, wanted: Mapping[str, Any] | None = None) -> None:
        wanted = wanted or {}
        self.queue: deque[Turn] = deque(wanted.get("queue", ()))
        self.rules: list[Mapping[str, Any]] = list(wanted.get("rules", ()))
        self.default: Turn = wanted.get("default", DEFAULT)
        self.api_key: str = wanted.get("api_key", "")
        self.reject_temperature: bool = bool(wanted.get("reject_temperature"))

    def turn_for(self, asked: Asked) -> Turn:
        if self.api_key and asked.headers.get("authorization") != f"Bearer {self.api_key}":
            return {"status": 401, "error": "authentication_error", "message": "invalid x-api-key"}
        if self.reject_temperature and "temperature" in asked.body:
            message = "`temperature` is not supported by this model"
            return {"status": 400, "error": "invalid_request_error", "message": message}
        if self.queue:
            return self.queue.popleft()
        text, turn = last_request(asked.body.get("messages", []))
        turns = turns_in(text) or next((r["turns"] for r in self.rules if r["contains"] in text), None)
        return turns[turn] if turns and turn < len(turns) else self.default


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, just enough of it for a well-behaved client."""

    def __init__(self, server: "FakeModel") -> None:
        self.server = server
        self.buffer = b""
        self.answering: asyncio.Task[None] | None = None
        self.asked: Asked | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.add(self)
        self.server.connected += 1

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connections.discard(self)
        if self.asked and not self.asked.finished:
            self.asked.gone_at = time.monotonic()
        if self.answering:
            self.answering.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        method, path, _ = lines[0].split(" ")
        self.route(method, path, headers, rest[:length])

    def route(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> None:
        if method == "GET" and path == "/requests":
            return self.send_json(200, [asked.shown() for asked in self.server.requests])
        if method == "POST" and path == "/script":
            self.server.script = Script(json.loads(raw))
            return self.send_json(200, {})
        if method != "POST" or not path.endswith(MODEL_PATHS):
            return self.send_json(404, error_body("not_found_error", path))
        self.asked = Asked(path, headers, json.loads(raw))
        self.server.requests.append(self.asked)
        self.answering = asyncio.get_running_loop().create_task(self.answer(self.asked))
        return None

    async def answer(self, asked: Asked) -> None:
        turn = self.server.script.turn_for(asked)
        await asyncio.sleep(float(turn.get("wait_ms", 0)) / 1000)
        if failure := http_error(turn):
            status, headers, body = failure
            asked.finished = True
            self.send_json(status, body, headers)
            return
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            b"request-id: req_fake\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        if await self.play(turn, str(asked.body.get("model", "fake"))):
            asked.finished = True
            self.transport.write(b"0\r\n\r\n")

    async def play(self, turn: Turn, model: str) -> bool:
        """Send the turn's events; True when the response is to be ended properly."""
        fault = str(turn.get("fail", ""))
        left = int(turn["after"]) if "after" in turn else -1
        due = time.monotonic()
        for frame in frames(turn, model):
            if fault and (frame.event == "message_delta" or (left == 0 and frame.is_piece)):
                return await self.fail(fault, turn)
            left -= frame.is_piece
            if frame.pause:
                due += frame.pause
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.send_frame(frame)
        return True

    async def fail(self, fault: str, turn: Turn) -> bool:
        if fault == "drop":
            self.transport.abort()
        elif fault == "garble":
            self.send_chunk(b"event: content_block_delta\ndata: {not json\n\n")
        elif fault == "stall":
            await asyncio.sleep(3600)
        while fault == "drip":
            self.send_frame(Frame("ping", {"type": "ping"}))
            await asyncio.sleep(float(turn.get("drip_ms", 10)) / 1000)
        if fault in ("error", "overloaded"):
            kind = str(turn.get("error", "overloaded_error"))
            self.send_frame(Frame("error", error_body(kind, "told to fail")))
        return fault != "drop"

    def send_frame(self, frame: Frame) -> None:
        self.send_chunk(frame.wire())

    def send_chunk(self, data: bytes) -> None:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def send_json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        kind = f"content-type: application/json\r\ncontent-length: {len(raw)}\r\n"
        head = f"HTTP/1.1 {status} X\r\n{kind}{extra}\r\n"
        self.transport.write(head.encode() + raw)


class FakeModel:
    """The server in a thread of its own, so that a blocking test can talk to it."""

    def __init__(self, script: Mapping[str, Any] | None = None, *, port: int = 0) -> None:
        self.script = Script(script)
        self.port = port
        self.requests: list[Asked] = []
        self.connections: set[Connection] = set()
        self.connected = 0
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def play(self, *turns: Turn) -> None:
        """Queue turns, one per coming request."""
        self.script.queue.extend(turns)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self.serve()), daemon=True, name="fake-model"
        )
        self._thread.start()
        assert self._ready.wait(5), "the fake model did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(5)

    async def serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        server = await self.loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ending.wait()
        server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


def running(script: Mapping[str, Any] | None = None) -> Iterator[FakeModel]:
    """For a fixture: `yield from running()`."""
    with FakeModel(script) as model:
        yield model


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument(
        "--script", type=argparse.FileType(), help="JSON file; without it every answer is the default"
    )
    chosen = parser.parse_args()
    model = FakeModel(json.load(chosen.script) if chosen.script else None, port=chosen.port)
    print(f"Fake model on http://127.0.0.1:{chosen.port}", flush=True)
    try:
        asyncio.run(model.serve())
    except KeyboardInterrupt:
        print("Stopped.")


if __name__ == "__main__":
    main()
