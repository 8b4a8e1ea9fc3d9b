"""Errors of carrying a tool out. The model reads those of ToolFailed; the others are the operator's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from project.accounts.exceptions import HouseError, Misconfigured


class ToolFailed(HouseError):
    """The tool could not do its work.

    The model reads the message: it says what to do differently and names nothing of the machine.
    """

    code = "error"
    status = 502

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        retryable: bool = False,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.retryable = retryable


class ToolContextError(ToolFailed):
    """The tool needs to know who is asking, and the call does not say."""

    code = "context_missing"
    status = 400

    def __init__(self, tool_name: str = "", key: str = "") -> None:
        message = (
            f"The tool {tool_name or 'called'} needs {key!r} in its context, and it is not there."
            if key
            else None
        )
        super().__init__(message, details={"tool": tool_name, "key": key})


class NotATool(Misconfigured):
    """This cannot be a tool as it is written.

    Whoever writes the code reads the message, when it is loaded: it says what to change.
    """

    code = "not_a_tool"


class NotAFactory(NotATool):
    """This cannot be a factory of tools as it is written.

    Whoever writes the code reads the message, when it is loaded: it says what to change.
    """

    code = "not_a_factory"


class FactoryFailed(Misconfigured):
    """What prepares the tools of this persona did not succeed. Try again; the operator has been told.

    People and models read the message; the log says why.
    """

    code = "factory_failed"


class InvalidCacheKey(HouseError):
    """A key is text, a number, or a list of them, as the function that makes it returns it."""

    code = "invalid_cache_key"
    status = 400


class InvalidArguments(HouseError):
    """The arguments do not fit the tool. Correct them and call the tool again.

    The model reads the message and the list of problems.
    """

    code = "invalid_arguments"
    status = 400

    def __init__(
        self, message: str | None = None, problems: Sequence[str] = (), *, code: str | None = None
    ) -> None:
        super().__init__(message, code=code, details={"problems": list(problems)} if problems else None)
        self.problems = tuple(problems)


class UnknownTool(HouseError):
    """There is no tool of this name."""

    code = "unknown_tool"
    status = 404
