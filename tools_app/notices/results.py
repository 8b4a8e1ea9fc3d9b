"""What became of one try to send something."""

from __future__ import annotations

from dataclasses import dataclass

from tools_app.models import Delivery

# No outcome yet: it is tried again later.
AGAIN = ""


@dataclass(frozen=True, slots=True)
class Result:
    outcome: str
    error: str = ""
    code: int | None = None


SENT = Result(Delivery.Outcome.SENT)


def failed(why: str, code: int | None = None) -> Result:
    return Result(Delivery.Outcome.FAILED, why, code)


def dropped(why: str) -> Result:
    return Result(Delivery.Outcome.DROPPED, why)
