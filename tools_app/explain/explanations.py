"""Why a call was decided as it was, and what the gate would say to it today. Reads everything, decides nothing new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools_app import facts, policy
from tools_app.explain import decided, explaining
from tools_app.explain.decided import Then
from tools_app.explain.explaining import Line
from tools_app.models import ToolCall

UNREAD: Final = "What the model wrote could not be read, so there is nothing to decide again."


@dataclass(frozen=True, slots=True)
class Today:
    """The same call, if it were asked for now. `code` and `message` are those of a refusal."""

    decision: str
    code: str
    message: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`then` is empty for calls from before it was kept; `today` is None where nothing can be decided again."""

    then: tuple[Then, ...]
    today: Today | None

    @property
    def differs(self) -> bool:
        """Whether the gate would say another thing today than it said last."""
        if not self.then or self.today is None:
            return False
        last = self.then[-1]
        return (last.decision, last.code) != (self.today.decision, self.today.code)


def of(call: ToolCall) -> Explanation:
    return Explanation(decided.read(call), None if decided.was_unread(call) else today(call))


def today(call: ToolCall) -> Today:
    """With fresh facts, as at a claim: nothing is written, reserved or run."""
    found = facts.regather(call)
    decision = found.decision()
    refusal = decision if isinstance(decision, policy.Refuse) else None
    return Today(
        decision=decided.word(decision),
        code=refusal.code if refusal else "",
        message=refusal.message if refusal else "",
        lines=explaining.lines(found.call, found.facts, found.filled, decision, found.judged),
    )
