"""What factories built, kept in this process: one build per key while others wait, a lifetime, a bound, and closing.

An entry is closed once: when it is out of the cache and the last call that uses it has left. The cache never decides
what is allowed. Its keys carry the versions of all that was looked at, and the numbers of clearings as the database
had them when the key was made: an entry that was cleared anywhere is found by nobody any more. Looking for such
entries now and then only closes them sooner.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db import connections

from tools_app.exceptions import FactoryFailed
from tools_app.factories.building import Built
from tools_app.factories.keys import Key

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0

GenerationReader = Callable[[Iterable[str]], Mapping[str, int]]


@dataclass(eq=False, slots=True)
class _Entry:
    until: float
    generations: tuple[tuple[str, int], ...]
    ready: threading.Event = field(default_factory=threading.Event)
    built: Built | None = None
    failure: BaseException | None = None
    users: int = 0
    retired: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the cache: under which key, for how long, and which numbers must still be the same.

    `renewed`: the time counts from the last use, not from the building.
    """

    key: Key
    seconds: float
    generations: tuple[tuple[str, int], ...] = ()
    renewed: bool = False


class Cache:
    """Safe to share between threads. `clock` counts seconds and never goes back."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._looker: threading.Thread | None = None
        self._wake = threading.Event()
        self.reader: GenerationReader | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @contextmanager
    def lent(self, wanted: Wanted, build: Callable[[], Built]) -> Iterator[Built]:
        """The entry of this key, built if there is none, and not closed while it is lent. Raises what `build` does."""
        entry, is_ours = self._taken(wanted)
        try:
            if is_ours:
                self._build(wanted, entry, build)
            entry.ready.wait()
            if entry.built is None:
                raise entry.failure or FactoryFailed
            yield entry.built
        finally:
            self._left(entry)

    def drop(self, is_meant: Callable[[tuple[tuple[str, int], ...]], bool] = lambda _: True) -> None:
        """Take out the entries that are meant, by the numbers they depend on; all of them unless said."""
        with self._lock:
            meant = [key for key, entry in self._entries.items() if is_meant(entry.generations)]
            out = [self._retired(key) for key in meant]
        self._close(out)

    def look(self) -> None:
        """Take out what is too old, and what was cleared by another process."""
        now = self._clock()
        with self._lock:
            old = [key for key, entry in self._entries.items() if entry.until <= now]
            out = [self._retired(key) for key in old]
        self._close(out)
        self._drop_cleared()

    def end(self) -> None:
        """The process ends: close everything, used or not."""
        with self._lock:
            left = [self._retired(key) for key in list(self._entries)]
            for entry in left:
                entry.users = 0
        self._wake.set()
        self._close(left)

    def _taken(self, wanted: Wanted) -> tuple[_Entry, bool]:
        now, out = self._clock(), []
        with self._lock:
            entry = self._entries.get(wanted.key)
            if entry is not None and entry.until <= now and entry.ready.is_set():
                out.append(self._retired(wanted.key))
                entry = None
            is_ours = entry is None
            if entry is None:
                entry = self._entries[wanted.key] = _Entry(now + wanted.seconds, wanted.generations)
                out += self._beyond_the_bound()
            elif wanted.renewed:
                entry.until = now + wanted.seconds
            entry.users += 1
            self._entries.move_to_end(wanted.key)
            self._keep_looking()
        self._close(out)
        return entry, is_ours

    def _build(self, wanted: Wanted, entry: _Entry, build: Callable[[], Built]) -> None:
        """Outside of the lock: others wait for this entry only. A failure is told to who waits, and not kept."""
        try:
            entry.built = build()
        except BaseException as broken:
            entry.failure = broken
            with self._lock:
                if self._entries.get(wanted.key) is entry:
                    self._retired(wanted.key)
            raise
        finally:
            entry.ready.set()

    def _left(self, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
        self._close([entry])

    def _retired(self, key: Key) -> _Entry:
        entry = self._entries.pop(key)
        entry.retired = True
        return entry

    def _beyond_the_bound(self) -> list[_Entry]:
        """The ones not used for longest. One in use is out too: it is closed when its last call has left."""
        over = len(self._entries) - settings.CALLABLE_CACHE_ENTRIES
        oldest = [key for key, entry in self._entries.items() if entry.ready.is_set()][: max(over, 0)]
        return [self._retired(key) for key in oldest]

    def _close(self, entries: Iterable[_Entry]) -> None:
        """Outside of the lock: closing may take its time."""
        for entry in entries:
            with self._lock:
                is_due = entry.retired and entry.users <= 0 and not entry.closed
                entry.closed = entry.closed or is_due
            if is_due and entry.built is not None:
                entry.built.close()

    def _drop_cleared(self) -> None:
        with self._lock:
            held = {name for entry in self._entries.values() for name, _ in entry.generations}
        if not held or self.reader is None:
            return
        now = self.reader(held)
        self.drop(lambda then: any(now.get(name, 0) != number for name, number in then))

    def _keep_looking(self) -> None:
        """One thread, as long as there is anything to look after."""
        if self._looker is None:
            self._looker = threading.Thread(target=self._looks, name="callable cache", daemon=True)
            self._looker.start()

    def _looks(self) -> None:
        while not self._wake.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:  # The database may be away: keys made from now on are right without this.
                log.warning("the cache of callable tools could not be looked through", exc_info=True)
            finally:
                connections.close_all()
            with self._lock:
                if not self._entries:
                    self._looker = None
                    return


class _Here:
    """The cache of this process; a forked child begins with an empty one, what its parent holds is its parent's."""

    def __init__(self) -> None:
        self.cache = Cache()


_here = _Here()


def shared() -> Cache:
    return _here.cache


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_here.__init__)  # type: ignore[misc]


@atexit.register
def _end() -> None:
    """Of the cache this process has by then, which may be a child's."""
    _here.cache.end()
