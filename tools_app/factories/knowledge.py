"""Knowledge: what can be searched for passages to cite. What a knowledge factory returns for a run (S0.14, S0.46)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a source, as it is cited: its text, what the source is called, and where it is found."""

    text: str
    title: str = ""
    source: str = ""
    score: float | None = None


@runtime_checkable
class Knowledge(Protocol):
    def search(self, query: str, limit: int) -> Sequence[Passage]:
        """The passages that fit best, best first."""
        ...
