"""Pure: what a model turn's ending means for its message and its run (`security.md` 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from agents_app.answering.heard import Heard
from agents_app.models import Message

E = Message.Ending


@dataclass(frozen=True, slots=True)
class More:
    """Tools were asked for, or the provider wants to go on: the run continues."""

    ending: str = E.COMPLETE


@dataclass(frozen=True, slots=True)
class Done:
    ending: str = E.COMPLETE
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    ending: str
    reason: str
    text: str


Verdict = More | Done | Broken


def of(heard: Heard) -> Verdict:
    if heard.error is not None:
        ending = E.INTERRUPTED if heard.text else E.FAILED
        return Broken(ending, heard.error.code, heard.error.message)
    if heard.ended is None:
        return Broken(E.INTERRUPTED, "interrupted", "The answer broke off.")
    match heard.ended.stop_reason:
        case "refusal":
            return Done(E.REFUSAL, "refusal", "The model declined to answer this.")
        case "max_tokens":
            return Done(E.MAX_TOKENS, "max_tokens", "The answer reached its length limit.")
        case "model_context_window_exceeded":
            text = "The conversation has become too long for this model. Start a new one."
            return Broken(E.MAX_TOKENS, "context_window", text)
        case "pause_turn":
            return More()
        case _:
            return More() if heard.uses else Done(reason="" if heard.text.strip() else "empty")
