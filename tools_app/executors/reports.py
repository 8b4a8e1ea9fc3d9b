"""Progress of one call, told by the thread that waits for it: nothing on the bridge's loop may touch the database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Coroutine
from queue import SimpleQueue
from typing import Any

from project.accounts import pooled
from tools_app import bridge
from tools_app.context import Done, ProgressCallback

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

    def wait_for(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run it on the bridge and pass on what it reports, until it is over."""
        future = bridge.start(coroutine)
        future.add_done_callback(lambda _: self._told.put(None))
        try:
            while (told := self._told.get()) is not None:
                self._tell(*told)
                # What was written took a connection, and the next report may be a long time off.
                pooled.give_back()
            return future.result()
        except BaseException:
            # A worker's exit in the waiting thread: nothing may go on for nobody.
            future.cancel()
            raise

    def _tell(self, current: int, total: int, message: str) -> None:
        """A tool must not end half-way because somebody could not be told how far it is."""
        try:
            outcome = self._callback(current, total, message)
            if isinstance(outcome, Coroutine):
                bridge.run(outcome)
        except Exception:
            logger.exception("progress could not be reported")
