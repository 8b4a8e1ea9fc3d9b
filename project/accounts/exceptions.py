"""The root of every error of the house: a code for programs, a sentence for the reader, an HTTP status for the edge."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any


class HouseError(Exception):
    """Something went wrong inside Toolroom. The operator's log has the details."""

    code = "error"
    status = 500

    def __init__(
        self, message: str | None = None, *, code: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        self.message = message or cleandoc(type(self).__doc__ or "").split("\n\n")[0].replace("\n", " ")
        self.code = code or type(self).code
        self.details = details or {}
        super().__init__(self.message)


class NotAllowed(HouseError):
    """You are not allowed to do this. Ask an administrator of your organization for the permission."""

    code = "not_allowed"
    status = 403


class NotFound(HouseError):
    """There is nothing here that you may see."""

    code = "not_found"
    status = 404


class Misconfigured(HouseError):
    """The installation is not configured for this. The operator has to correct its settings."""

    code = "misconfigured"
    status = 500


class CannotStore(HouseError):
    """The server cannot store anything right now. Nothing of this was kept; try again later."""

    code = "cannot_store"
    status = 503
