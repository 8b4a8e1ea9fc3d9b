"""How much one decision may look through. A model chooses how much there is, and the gate must answer in good time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from tools_app.rules.errors import TooMuch

# Of about a microsecond each on a slow machine: together less than the quarter of a second the gate has (2.1).
MOST_STEPS: Final = 200_000
MOST_SECONDS: Final = 0.25
# What decisions as people write them never come to: until then nobody looks at the clock, however busy the machine is.
UNTIMED: Final = 5_000
# Texts of which it is sure that what was made of them is still remembered when the next rule looks at them.
_KNOWN: Final = 2_000
_TOLD: Final = "there are more values to compare than can be in good time"


class Budget:
    """Steps and time for one decision, over all its layers and rules together; each costs what it really costs.

    The clock is a value like every other, so that rules stay pure. Without one only steps are counted.
    """

    __slots__ = ("_clock", "_known", "_left", "_timed", "_until")

    def __init__(
        self,
        clock: Callable[[], float] | None = None,
        *,
        steps: int = MOST_STEPS,
        seconds: float = MOST_SECONDS,
    ) -> None:
        self._left: float = steps
        self._timed = steps - UNTIMED
        self._clock = clock
        self._until = clock() + seconds if clock else math.inf
        self._known: set[str] = set()

    @property
    def left(self) -> float:
        return self._left

    def spend(self, steps: float) -> None:
        """Raises TooMuch once steps or time are used up."""
        self._left -= steps
        if self._left < self._timed and (self._left < 0 or (self._clock and self._clock() > self._until)):
            raise TooMuch(_TOLD)

    def spend_on(self, text: str) -> None:
        """What it costs to bring a text into its one spelling; hardly anything where that was done just now."""
        if text in self._known:
            return
        if len(self._known) < _KNOWN:
            self._known.add(text)
        self.spend(10 + len(text) / 25 if text.isascii() else 25 + len(text) / 3)
