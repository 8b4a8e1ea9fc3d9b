"""A server that is a process of ours: started from a launcher, spoken to by lines, ended with all its children.

The SDK has such a transport as well. This one bounds what a server may send (an endless line would fill the worker),
gives the process no variable that is not listed, answers for a server whose answer cannot be read, and keeps the last
words of its error stream for the administrator.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import ErrorData, JSONRPCError, jsonrpc_message_adapter

from tools_app.executors.mcp import codes
from tools_app.executors.mcp.launchers import Launcher
from tools_app.executors.mcp.lines import Line, Lines, TooLong, id_of

log = logging.getLogger(__name__)
_CHUNK: Final = 65_536
_LAST_WORDS: Final = 4_096
_GRACE_SECONDS: Final = 1.5
_REAP_SECONDS: Final = 0.5

Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]


class LastWords:
    """The end of what a process wrote to its error stream."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque(maxlen=64)

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece[-_LAST_WORDS:])

    def __str__(self) -> str:
        return b"".join(self._pieces)[-_LAST_WORDS:].decode(errors="replace").strip()


@asynccontextmanager
async def started(
    launcher: Launcher, words: LastWords, over: asyncio.Event, *, limit: int
) -> AsyncIterator[Streams]:
    """The process and its two streams, as the SDK's client wants them; `over` is set when it ends by itself.

    Raises OSError if it cannot be started.
    """
    home = tempfile.mkdtemp(prefix="toolroom-mcp-")
    try:
        process = await asyncio.create_subprocess_exec(
            launcher.program,
            *launcher.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=launcher.variables(home),
            cwd=launcher.directory or home,
            start_new_session=True,
        )
        # Not the end of its output: a child of it may hold that open.
        watching = asyncio.ensure_future(process.wait())
        watching.add_done_callback(lambda _: over.set())
        grace = 0.0
        try:
            async with _spoken_to(process, words, limit) as streams:
                yield streams
            # Nobody hurries: a connection that is torn down, or a worker that ends, does.
            grace = _GRACE_SECONDS
        finally:
            await _ended(process, grace)
            watching.cancel()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def _spoken_to(
    process: asyncio.subprocess.Process, words: LastWords, limit: int
) -> AsyncIterator[Streams]:
    to_us, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, from_us = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group, to_us, read, write, from_us:
        group.start_soon(_listen, process, to_us, limit)
        group.start_soon(_speak, process, from_us)
        group.start_soon(_overhear, process, words)
        try:
            yield read, write
        finally:
            group.cancel_scope.cancel()


async def _listen(
    process: asyncio.subprocess.Process, to_us: MemoryObjectSendStream[SessionMessage | Exception], limit: int
) -> None:
    """Pass on what the server says; closing the stream afterwards tells the session that it is gone."""
    lines = Lines(limit)
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async with to_us:
            while chunk := await _stream(process.stdout).read(_CHUNK):
                for line in lines.feed(chunk):
                    message = _message(line)
                    if message is not None:
                        await to_us.send(message)


def _message(line: Line) -> SessionMessage | None:
    """None for what is no message at all: servers print to their output by mistake."""
    if not isinstance(line, TooLong):
        if not line.strip():
            return None
        with suppress(ValueError, RecursionError):
            return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    meant = id_of(line)
    if meant is None:
        log.info("an MCP server wrote a line that is no message")
        return None
    code = codes.TOO_LONG if isinstance(line, TooLong) else codes.UNREADABLE
    # Nobody else will answer this request any more: without this its call would wait until its time is over.
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=meant, error=ErrorData(code=code, message="")))


async def _speak(
    process: asyncio.subprocess.Process, from_us: MemoryObjectReceiveStream[SessionMessage]
) -> None:
    pipe = process.stdin
    if pipe is None:
        raise ValueError("a server is started with pipes")
    with suppress(OSError, anyio.ClosedResourceError):
        async with from_us:
            async for each in from_us:
                pipe.write(each.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                await pipe.drain()


async def _overhear(process: asyncio.subprocess.Process, words: LastWords) -> None:
    while chunk := await _stream(process.stderr).read(_CHUNK):
        words.add(chunk)


async def _ended(process: asyncio.subprocess.Process, grace: float) -> None:
    """Close its input, give it a moment, then end the whole group: nothing of it may outlive the connection."""
    try:
        if process.stdin is not None:
            process.stdin.close()
        with anyio.CancelScope(shield=True), anyio.move_on_after(grace):
            await process.wait()
    finally:
        # Also when it has ended by itself: a child of it may still be there.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with anyio.CancelScope(shield=True), anyio.move_on_after(_REAP_SECONDS):
            await process.wait()
        transport: Any = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()


def _stream(found: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if found is None:
        raise ValueError("a server is started with pipes")
    return found
