"""Code of others with a time limit: it runs in a thread of its own, and is left behind if it does not come back.

A thread cannot be stopped in Python. One that hangs is abandoned: nobody waits for it, its result is thrown away,
and only so many may hang in one process (HANGING_FUNCTIONS) before nothing more of the kind is begun.
"""

from __future__ import annotations

import contextvars
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.conf import settings
from django.db import connections

log = logging.getLogger(__name__)
T = TypeVar("T")


class TooLong(Exception):
    """It did not come back in time."""


class TooManyHang(Exception):
    """So many threads hang in this process that nothing more is begun until one of them comes back."""


class _Hanging:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.number = 0


_hanging = _Hanging()
# A forked child has none of its parent's threads, and perhaps a lock that was held.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_hanging.__init__)  # type: ignore[misc]


def hanging() -> int:
    """How many abandoned threads of this process have not come back."""
    return _hanging.number


def run(work: Callable[[], T], *, seconds: float, name: str, late: Callable[[T], None] | None = None) -> T:
    """What `work` returns or raises. After `seconds` TooLong; what comes after that goes to `late`.

    Raises TooManyHang without having begun.
    """
    begun = Begun(work, name=name, late=late)
    return begun.result(until=time.monotonic() + seconds)


class Begun(Generic[T]):
    """Work that has been begun in its own thread."""

    def __init__(self, work: Callable[[], T], *, name: str, late: Callable[[T], None] | None = None) -> None:
        if _hanging.number >= settings.HANGING_FUNCTIONS:
            raise TooManyHang
        self.future: Future[T] = Future()
        self._name, self._late = name, late
        self._abandoned = False
        around = contextvars.copy_context()
        threading.Thread(target=around.run, args=(self._run, work), name=f"tool {name}", daemon=True).start()

    def result(self, *, until: float) -> T:
        try:
            return self.future.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            if self.abandon():
                raise TooLong from None
            return self.future.result()

    def abandon(self) -> bool:
        """Wait for it no longer; False if it is over already."""
        with _hanging.lock:
            if self.future.done():
                return False
            self._abandoned = True
            _hanging.number += 1
        log.error("%s does not come back and was left behind; %s hang", self._name, _hanging.number)
        return True

    def _run(self, work: Callable[[], T]) -> None:
        try:
            outcome = work()
        except BaseException as broken:  # noqa: BLE001  (whoever waits gets it, whatever it is)
            self._over(None, broken)
        else:
            self._over(outcome, None)
        finally:
            # Nobody else can close the connections of this thread.
            connections.close_all()

    def _over(self, outcome: T | None, broken: BaseException | None) -> None:
        # One lock around "is it abandoned" and "it is done": exactly one side gets the result.
        with _hanging.lock:
            if not self._abandoned:
                if broken is None:
                    self.future.set_result(outcome)  # type: ignore[arg-type]
                else:
                    self.future.set_exception(broken)
                return
            _hanging.number -= 1
        log.warning("%s came back after it was left behind", self._name)
        if broken is None and self._late is not None:
            self._late(outcome)  # type: ignore[arg-type]
