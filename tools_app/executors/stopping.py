"""Stop, for tools that take long: whoever carries a call out says how to ask, and the executor asks now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from tools_app.exceptions import ToolFailed

log = logging.getLogger(__name__)
_PAUSE = 1.0


class Stopped(ToolFailed):
    """It was stopped while it ran, and has ended. What it had done until then stays done."""

    code = "cancelled"
    status = 409


@dataclass(slots=True)
class _Question:
    ask: Callable[[], bool]
    answer: bool = False
    asked_at: float = 0.0


_question: ContextVar[_Question | None] = ContextVar("stop", default=None)


@contextmanager
def heeding(ask: Callable[[], bool]) -> Iterator[None]:
    """Inside, `asked` answers by `ask`, which is called at most once a second."""
    token = _question.set(_Question(ask))
    try:
        yield
    finally:
        _question.reset(token)


def asked() -> bool:
    """Whether this call is to end. Where that cannot be found out just now, it goes on."""
    question = _question.get()
    if question is None:
        return False
    now = time.monotonic()
    if not question.answer and now - question.asked_at >= _PAUSE:
        question.asked_at = now
        try:
            question.answer = question.ask()
        except Exception:
            log.warning("whether a tool is to stop could not be asked", exc_info=True)
    return question.answer


def check() -> None:
    """Raise Stopped if this call is to end."""
    if asked():
        raise Stopped
