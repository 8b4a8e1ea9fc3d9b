"""Django's SQLite backend with a queue for writers, shared by all threads and processes of an installation.

SQLite has one writer at a time and lets the others poll with growing pauses, in no order: measured with 200 answers
beginning at once, requests waited seconds and some met "database is locked" after twenty. Here a transaction takes a
file lock before it begins, and so does a statement that writes outside of one: beside a queue that hands over in
microseconds, whoever polls is starved. The kernel wakes waiters in turn and at once, and lets go when a process dies.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Cursor(base.SQLiteCursorWrapper):
    """One statement outside of a transaction is a transaction of its own."""

    def __init__(self, *args: Any, wrapper: DatabaseWrapper) -> None:
        super().__init__(*args)
        self._wrapper = wrapper

    def execute(self, query: Any, params: Any = None) -> Any:
        if self._wrapper.in_atomic_block or not str(query).startswith(_WRITES):
            return super().execute(query, params)
        with self._wrapper.in_line():
            return super().execute(query, params)

    def executemany(self, query: Any, param_list: Any) -> Any:
        if self._wrapper.in_atomic_block:
            return super().executemany(query, param_list)
        with self._wrapper.in_line():
            return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queue: int | None = None
        self._writing = False

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(lambda *args: Cursor(*args, wrapper=self))

    @contextmanager
    def in_line(self) -> Iterator[None]:
        """Wait for one's turn to write, unless it is one's turn already."""
        mine = not self._writing
        self._wait_in_line()
        try:
            yield
        finally:
            if mine:
                self._leave()

    def _start_transaction_under_autocommit(self) -> None:
        self._wait_in_line()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave()
            raise

    def _commit(self) -> None:
        # Kept on failure: a commit that was refused is followed by a rollback, which leaves the line.
        super()._commit()  # type: ignore[misc]
        self._leave()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._leave()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._leave()
            if self._queue is not None:
                os.close(self._queue)
                self._queue = None

    def _wait_in_line(self) -> None:
        name = str(self.settings_dict["NAME"])
        if self.is_in_memory_db() or self._writing:
            return
        if self._queue is None:
            self._queue = os.open(f"{name}.queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        self._writing = True

    def _leave(self) -> None:
        if self._writing and self._queue is not None:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        self._writing = False
