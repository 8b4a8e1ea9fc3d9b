"""What can be wrong with a description of an API: as a whole, or in a part that is left out."""

from __future__ import annotations

from dataclasses import dataclass

from project.accounts.exceptions import HouseError


class InvalidDocument(HouseError):
    """This is no description of an API that can be read.

    The administrator reads the message: it says what is wrong, and where.
    """

    code = "invalid_document"
    status = 400


@dataclass(frozen=True, slots=True)
class Note:
    """What was left out or made simpler, and why; for the administrator. `at` says where in the description."""

    text: str
    at: str = ""

    def __str__(self) -> str:
        return f"{self.at}: {self.text}" if self.at else self.text


class LeftOut(Exception):
    """An operation cannot become a tool: the reason, as a sentence. A signal within this package."""
