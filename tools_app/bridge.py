"""The one event-loop thread of a process, on which model streams and MCP connections live.

Workers are synchronous threads, but a stream that must close the instant somebody presses Stop, and a
connection that must be entered and left by the same task, need a loop that outlives the call. One loop per
process shares its clients and sockets between all threads; it starts on first use, anew in a forked child.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

try:
    import uvloop as maker
except ImportError:  # Windows: slower, the same otherwise
    maker = asyncio  # type: ignore[misc]

T = TypeVar("T")

STOP_SECONDS = 2.0


class _Thread:
    """A running loop, the thread that runs it and the process both belong to."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop: asyncio.AbstractEventLoop = maker.new_event_loop()
        ready = threading.Event()
        self.loop.call_soon(ready.set)
        self.thread = threading.Thread(target=self._run, name="bridge", daemon=True)
        self.thread.start()
        ready.wait()

    @property
    def serves(self) -> bool:
        return self.pid == os.getpid() and self.thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(_wind_up(self.loop))
            self.loop.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(STOP_SECONDS)


class _Place:
    """Where the thread of this process stands, once there is one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: _Thread | None = None


_here = _Place()


def loop() -> asyncio.AbstractEventLoop:
    """The loop of this process, started if it does not run yet."""
    thread = _here.thread
    if thread is not None and thread.serves:
        return thread.loop
    with _here.lock:
        if _here.thread is None or not _here.thread.serves:
            _here.thread = _Thread()
        return _here.thread.loop


def start(coro: Coroutine[Any, Any, T]) -> Future[T]:
    """Begin a coroutine on the loop; cancelling the future cancels its task."""
    return asyncio.run_coroutine_threadsafe(coro, loop())


def run(coro: Coroutine[Any, Any, T], *, timeout: float | None = None) -> T:
    """Run a coroutine on the loop and wait; after `timeout` seconds it is cancelled and TimeoutError
    raised."""
    if _here.thread is not None and threading.current_thread() is _here.thread.thread:
        coro.close()
        raise RuntimeError("bridge.run was called on the loop's own thread, which would wait for itself.")
    future = start(coro)
    try:
        return future.result(timeout)
    except BaseException:
        # Timeout, Ctrl-C or a worker's exit in the waiting thread: nothing may keep streaming for nobody.
        future.cancel()
        raise


def stop() -> None:
    """Cancel what runs, close the loop and end its thread; the next use starts a new one."""
    with _here.lock:
        thread, _here.thread = _here.thread, None
    if thread is not None and thread.serves:
        thread.stop()


async def _wind_up(ending: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(ending) - {asyncio.current_task(ending)}
    for task in tasks:
        task.cancel()
    # Bounded: a task that swallows its cancellation must not keep the process from ending.
    if tasks:
        await asyncio.wait(tasks, timeout=STOP_SECONDS / 2)
    await ending.shutdown_asyncgens()


# A forked child inherits the parent's loop object but not its thread, and perhaps a lock held in mid-start.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_here.__init__)  # type: ignore[misc]
atexit.register(stop)
