"""What the ending of a model turn means: a table of `security.md` 3.3."""

from __future__ import annotations

import pytest

from agents_app.answering import verdicts
from agents_app.answering.heard import Heard
from agents_app.answering.verdicts import Broken, Done, More
from agents_app.providers import errors
from agents_app.providers.base import ToolUse, TurnEnded, Usage

USE = (ToolUse("a", "tool", "{}"),)


def heard(stop: str | None, *, text: str = "", uses: tuple[ToolUse, ...] = ()) -> Heard:
    ended = None
    if stop is not None:
        ended = TurnEnded(stop_reason=stop, content=[], usage=Usage(1, 1, 0, 0), request_id="r", model="m")
    return Heard(text=text, uses=uses, ended=ended)


@pytest.mark.parametrize(
    ("said", "kind", "ending", "reason"),
    [
        (heard("end_turn", text="Hi"), Done, "complete", ""),
        (heard("stop_sequence", text="Hi"), Done, "complete", ""),
        (heard("end_turn"), Done, "complete", "empty"),
        (heard("end_turn", text=" \n"), Done, "complete", "empty"),
        (heard("something_new", text="Hi"), Done, "complete", ""),
        (heard("tool_use", uses=USE), More, "complete", None),
        (heard("end_turn", uses=USE), More, "complete", None),
        (heard("pause_turn", text="Hi"), More, "complete", None),
        (heard("refusal", text="No"), Done, "refusal", "refusal"),
        (heard("refusal", uses=USE), Done, "refusal", "refusal"),
        (heard("max_tokens", text="Ha"), Done, "max_tokens", "max_tokens"),
        (heard("max_tokens", uses=USE), Done, "max_tokens", "max_tokens"),
        (heard("model_context_window_exceeded", text="Ha"), Broken, "max_tokens", "context_window"),
        (heard("model_context_window_exceeded", uses=USE), Broken, "max_tokens", "context_window"),
        (heard(None, text="Ha"), Broken, "interrupted", "interrupted"),
        (heard(None, text="Ha", uses=USE), Broken, "interrupted", "interrupted"),
    ],
)
def test_ending_of_a_turn(said: Heard, kind: type, ending: str, reason: str | None) -> None:
    verdict = verdicts.of(said)
    assert type(verdict) is kind
    assert verdict.ending == ending
    assert getattr(verdict, "reason", None) == reason


@pytest.mark.parametrize("text", ["", "Half"])
@pytest.mark.parametrize(
    "kind",
    [
        errors.ProviderUnavailable,
        errors.ProviderQuota,
        errors.ProviderRejected,
        errors.ProviderInterrupted,
        errors.ProviderMisconfigured,
    ],
)
def test_trouble_of_the_provider_keeps_the_text(kind: type[errors.ProviderError], text: str) -> None:
    error = kind()
    verdict = verdicts.of(Heard(text=text, uses=USE, error=error))
    assert isinstance(verdict, Broken)
    assert (verdict.ending, verdict.reason) == ("interrupted" if text else "failed", error.code)
    assert verdict.text == error.message
