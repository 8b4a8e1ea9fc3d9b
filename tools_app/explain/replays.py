"""What `replaying` is told and tells: a change of policy, and which past calls would have been decided otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tools_app.governing.layer_rules import Rule
from tools_app.models import Tool, ToolCall
from tools_app.policy import Grant, Standing

# What is left out, as it is told.
OF_A_DAY: Final = "There is a limit of uses a day; how many there had been that day is not counted."
OF_A_WORD: Final = "Somebody had allowed it from now on, so nobody was asked; that is not judged."
OF_A_SWITCH: Final = "A kill switch stops it today; that is not judged."
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stop:
    """A kill switch that would be thrown, or one that would be lifted: what it stops (0: any), and what is told."""

    told: str
    tool_id: int = 0
    agent_type_id: int = 0
    is_lifted: bool = False

    def of(self, call: ToolCall) -> str:
        meant = self.tool_id in (0, call.tool_id) and self.agent_type_id in (0, call.agent_type_id)
        return self.told if meant else ""


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody allowed from now on and would be taken back: for whom, with which tool, and the terms."""

    user_id: str
    agent_type_id: int
    tool_id: int
    session_id: str
    terms: Standing


@dataclass(frozen=True, slots=True)
class Change:
    """What would be another: tools by id, grants by persona and tool (None: taken away), all rules above them.

    Or one kill switch, or one word from now on.
    """

    organization_id: int
    tools: Mapping[int, Tool] = field(default_factory=dict)
    grants: Mapping[Key, Grant | None] = field(default_factory=dict)
    rules: tuple[Rule, ...] | None = None
    stop: Stop | None = None
    word: Word | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A decision in words: what, and why."""

    decision: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Flip:
    """A call that would be decided otherwise; `then` is what was really decided, where that was kept.

    `left_out` says what was there besides and is not judged.
    """

    call: ToolCall
    before: Said
    after: Said
    then: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """`looked_at` calls were decided twice, newest first; of `skipped` ones nothing could be read.

    `left_out` counts the calls, flipped or not, of which something was not judged, by what it is.
    """

    looked_at: int
    skipped: int
    flips: tuple[Flip, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many flip from what to what, such as "allow to refuse"."""
        told = (f"{each.before.decision} to {each.after.decision}" for each in self.flips)
        return dict(Counter(told))
