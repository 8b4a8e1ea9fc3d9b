"""The floor's web process: a hand-written relay from Valkey's publish and subscribe to uvicorn's sockets.

No sign-in, no database, no framework: what an installation costs beyond this is the product's own.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from typing import Any

from tests.bench import resp

ENDED = object()
_queues: defaultdict[bytes, set[asyncio.Queue[Any]]] = defaultdict(set)
_connections: dict[str, resp.Connection] = {}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if not _connections:
        # Whoever has subscribed to something may not publish any more: one connection for each.
        for name in ("hearing", "telling"):
            _connections[name] = await resp.connect(os.environ["VALKEY_SOCKET"], _relay)
    if scope["type"] == "websocket":
        await _tell(scope, receive, send)
    elif scope["type"] == "http":
        await _answer(scope, receive, send)


def _relay(channel: bytes, payload: bytes) -> None:
    for queue in _queues[channel]:
        queue.put_nowait(payload.decode())


async def _tell(scope: dict[str, Any], receive: Any, send: Any) -> None:
    channel = scope["path"].split("/")[3].encode()
    queue: asyncio.Queue[Any] = asyncio.Queue()
    _queues[channel].add(queue)
    _connections["hearing"].send(b"SUBSCRIBE", channel)
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": '{"type":"ready"}'})
    hearing = asyncio.create_task(_until_gone(receive, queue))
    while (payload := await queue.get()) is not ENDED:
        await send({"type": "websocket.send", "text": payload})
    _queues[channel].discard(queue)
    await hearing


async def _until_gone(receive: Any, queue: asyncio.Queue[Any]) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
    queue.put_nowait(ENDED)


async def _answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body, more = b"", scope["method"] == "POST"
    while more:
        message = await receive()
        body, more = body + message["body"], message.get("more_body", False)
    if scope["method"] == "POST":
        _connections["telling"].send(b"PUBLISH", b"start", scope["path"].split("/")[3].encode() + b" " + body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
