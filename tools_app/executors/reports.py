"""Progress of one call, told by the thread that waits for it: nothing on the bridge's loop may touch the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from project.accounts import pooled
from tools_app import bridge, limited
from tools_app.context import Done, ProgressCallback
from tools_app.executors import stopping

# How often an asynchronous function is asked for whether it is to stop.
_PAUSE = 1.0

logger = logging.getLogger(__name__)


class Reports:
    """A progress callback for tools of both colours; belongs to the thread that made it."""

    def __init__(self, callback: ProgressCallback) -> None:
        self._callback = callback
        self._owner = threading.get_ident()
        self._told: SimpleQueue[tuple[int, int, str] | None] = SimpleQueue()

    def __call__(self, current: int, total: int, message: str = "") -> Awaitable[None]:
        if threading.get_ident() == self._owner:
            self._tell(current, total, message)
        else:
            self._told.put((current, total, message))
        return Done()

    def wait_for_thread(self, work: Callable[[], Any], *, name: str, until: float) -> Any:
        """Run it in a thread of its own and pass on what it reports. Raises TooLong, or TooManyHang at once."""
        begun = limited.Begun(work, name=name)
        self._pass_on(begun.future, until)
        return begun.result(until=until)

    def wait_for(self, coroutine: Coroutine[Any, Any, Any], *, until: float) -> Any:
        """Run it on the bridge and pass on what it reports, until it is over. Raises TooLong, or Stopped."""
        future = bridge.start(coroutine)
        try:
            self._pass_on(future, until, heeds_stop=True)
            if not future.done():
                raise limited.TooLong
            return future.result()
        except BaseException:
            # It took too long, or a worker's exit in the waiting thread: nothing may go on for nobody.
            future.cancel()
            raise

    def _pass_on(self, future: Future[Any], until: float, *, heeds_stop: bool = False) -> None:
        future.add_done_callback(lambda _: self._told.put(None))
        while (left := until - time.monotonic()) > 0:
            try:
                told = self._told.get(timeout=min(left, _PAUSE) if heeds_stop else left)
            except Empty:
                if heeds_stop:
                    stopping.check()
                    # Asking took a connection.
                    pooled.give_back()
                continue
            if told is None:
                return
            self._tell(*told)
            # What was written took a connection, and the next report may be a long time off.
            pooled.give_back()

    def _tell(self, current: int, total: int, message: str) -> None:
        """A tool must not end half-way because somebody could not be told how far it is."""
        try:
            outcome = self._callback(current, total, message)
            if isinstance(outcome, Coroutine):
                bridge.run(outcome)
        except Exception:
            logger.exception("progress could not be reported")
