"""When to ask a model again and how long to wait: tries per request, and a budget shared by the whole
process.

A vendor in trouble answers every request with an error; if each of them were repeated five times, the
repetitions would be the storm that keeps it down. So repetitions draw on one budget that refills slowly.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from agents_app.providers.errors import ProviderError

MAX_TRIES = 5
FIRST_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 8.0
LONGEST_TOLD_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that brought nothing: what to raise if it stays so, and whether and when another may
    help."""

    error: ProviderError
    reason: str
    again: bool
    told_seconds: float | None = None


class Budget:
    """Repetitions the process may still make; one comes back every `1 / per_second` seconds."""

    def __init__(
        self, *, size: float, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._left = size
        self._per_second = per_second
        self._clock = clock
        self._at = clock()

    def take(self) -> bool:
        now = self._clock()
        self._left = min(self._size, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


# 200 streams that break at once may all be tried again once; after that two a second.
shared_budget = Budget(size=200, per_second=2.0)


def seconds_before(attempt: int, failure: Failure, *, tries: int, budget: Budget = shared_budget) -> float:
    """Seconds to wait before attempt number `attempt` (2 is the first repetition); raises when there shall be
    none."""
    if not failure.again or attempt > min(tries, MAX_TRIES) or not budget.take():
        raise failure.error
    if failure.told_seconds is not None:
        return min(max(failure.told_seconds, 0.0), LONGEST_TOLD_SECONDS)
    backoff = min(FIRST_SECONDS * 2.0 ** (attempt - 2), LONGEST_BACKOFF_SECONDS)
    return backoff * random.uniform(0.5, 1.0)  # noqa: S311  (spreads repetitions, keeps no secret)
