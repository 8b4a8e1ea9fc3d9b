"""Leases: one thread per worker process renews what the process is working on, and tells whose lease was lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import close_old_connections, connection, models, transaction

from audit_app.clock import from_now
from project.accounts import prepared

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt at one row. `attempt` is the fence: a later attempt's renewal is never ours."""

    model: type[models.Model]
    pk: int
    attempt: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works under a lease: `lost` is called once when the row is no longer ours, `beat` at every renewal."""

    lost: Callable[[], Any]
    beat: Callable[[], Any] = lambda: None


class Keeper:
    """Renews held leases at a third of their length, from one thread for all of them."""

    def __init__(self) -> None:
        self._held: dict[Lease, Holder] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, lease: Lease, holder: Holder) -> Iterator[None]:
        with self._lock:
            self._held[lease] = holder
            self._ensure_thread()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(lease, None)

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._renew_for_ever, name="leases", daemon=True)
            self._thread.start()

    def _renew_for_ever(self) -> None:
        while True:
            with self._lock:
                pause = min((lease.seconds for lease in self._held), default=3.0) / 3
            self._wake.wait(pause)
            self._calmly(self.renew)

    def renew(self) -> None:
        """One UPDATE per held lease, in one transaction and before any beat: hundreds wait once for their turn.

        Nothing may end this thread: without it every tool at work here is taken for lost. What fails is tried again
        at the next beat; a driver's errors are of more kinds than one can name (a closed connection is no
        DatabaseError), and a row that fails by itself must not cost the others theirs.
        """
        with self._lock:
            held = dict(self._held)
        if not held:
            # An idle process has nothing to ask the database for, and stands in nobody's way there.
            return
        try:
            close_old_connections()
            renewed = self._all_renewed(list(held))
            for lease in [lease for lease, kept in renewed.items() if not kept]:
                self._drop(lease, held[lease])
            for lease in [lease for lease, kept in renewed.items() if kept]:
                self._calmly(held[lease].beat)
        finally:
            self._calmly(connection.close)

    def _all_renewed(self, held: list[Lease]) -> dict[Lease, bool]:
        """Which of them are still ours; one that could not be asked about is left out."""
        try:
            with transaction.atomic():
                return {lease: self._renewed(lease) for lease in held}
        except Exception:
            log.warning("leases could not be renewed together", exc_info=True)
        found = {}
        for lease in held:
            try:
                found[lease] = self._renewed(lease)
            except Exception:
                log.warning("a lease could not be renewed, the database is away", exc_info=True)
        return found

    def _calmly(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except Exception:
            log.warning("what goes with a lease failed", exc_info=True)

    def _renewed(self, lease: Lease) -> bool:
        ours = models.Q(pk=lease.pk, attempt=lease.attempt, status="running")
        return prepared.update(lease.model, ours, {"lease_until": from_now(lease.seconds)}) == 1

    def _drop(self, lease: Lease, holder: Holder) -> None:
        with self._lock:
            if self._held.pop(lease, None) is None:
                return
        self._calmly(holder.lost)


keeper = Keeper()
