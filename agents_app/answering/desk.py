"""The desk: how many answers of a process are worked on at once, those apart that only listen to their model.

Hundreds of threads may wait for models, but reading, deciding and writing is Python and database work. Let all of
them do it at the same moment and they queue up behind the interpreter's lock, the database's one writer (SQLite) or
its connection pool (PostgreSQL), where nobody is served in turn. A few seats are faster for everybody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


class Desk:
    def __init__(self, seats: int) -> None:
        self._free = threading.Semaphore(seats)
        self._mine = threading.local()

    @contextmanager
    def seated(self) -> Iterator[None]:
        """Work here; waits for a free seat."""
        self._sit()
        try:
            yield
        finally:
            self._rise()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the seat to others while waiting for something outside; a thread without one has none to leave."""
        if not getattr(self._mine, "seated", False):
            yield
            return
        self._rise()
        try:
            yield
        finally:
            self._sit()

    def _sit(self) -> None:
        self._free.acquire()
        self._mine.seated = True

    def _rise(self) -> None:
        self._mine.seated = False
        self._free.release()


desk = Desk(settings.ANSWERS_AT_ONCE)
