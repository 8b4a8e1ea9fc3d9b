"""Heard: the value a turn of the model leaves behind."""

from __future__ import annotations

from dataclasses import dataclass

from agents_app.providers.base import ToolUse, TurnEnded
from agents_app.providers.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Heard:
    """What the model said: all of it, or the text so far and why it ended early."""

    text: str
    uses: tuple[ToolUse, ...] = ()
    ended: TurnEnded | None = None
    error: ProviderError | None = None
    pauses: int = 0
    # Cut short because the time of the whole answer was over.
    out_of_time: bool = False
