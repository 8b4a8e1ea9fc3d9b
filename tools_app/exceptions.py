"""Errors of the room that acts. The type says who may read the message: model, user or operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from project.accounts.exceptions import HouseError, Misconfigured, NotAllowed

__all__ = [
    "DigestMismatch",
    "FactoryFailed",
    "InvalidAnswer",
    "InvalidArguments",
    "InvalidTool",
    "InvalidWish",
    "MayNotDecide",
    "Misconfigured",
    "NeedsAnswer",
    "NeedsFreshLogin",
    "NotAFactory",
    "NotAQuestion",
    "NotATool",
    "NotAllowed",
    "NotFromNowOn",
    "OperatorOnly",
    "ToolContextError",
    "ToolFailed",
    "ToolNameTaken",
    "UnknownTool",
]


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


class MayNotDecide(NotAllowed):
    """You may not decide this question."""

    code = "may_not_decide"


class NeedsFreshLogin(NotAllowed):
    """This tool is dangerous: sign in again before you decide."""

    code = "fresh_login_required"


class AlreadyVoted(HouseError):
    """You have approved this already; somebody else has to say the next yes."""

    code = "already_voted"
    status = 409


class InvalidEdit(HouseError):
    """The arguments cannot be like that; the question stays as it is."""

    code = "invalid_edit"
    status = 400


class CannotBeEdited(HouseError):
    """Only the use of a tool in a conversation can be changed or answered here; approve or deny this one."""

    code = "cannot_be_edited"
    status = 409


class NotAlike(HouseError):
    """Several questions are decided together only where they are about exactly the same."""

    code = "not_alike"
    status = 409


class InvalidGroup(HouseError):
    """This approver group cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_group"
    status = 400


class GroupNameTaken(HouseError):
    """There is an approver group of this name already."""

    code = "group_name_taken"
    status = 409


class GroupInUse(HouseError):
    """Something still asks for the yes of this group; the details say what."""

    code = "group_in_use"
    status = 409


class NeedsAnswer(HouseError):
    """This question is answered by its form, not by a yes."""

    code = "needs_answer"
    status = 409


class NotAQuestion(HouseError):
    """Nothing is asked here that a form could answer; approve or deny it."""

    code = "not_a_question"
    status = 409


class InvalidAnswer(HouseError):
    """Something is missing or does not fit. Look at the marked fields; nothing you wrote is lost."""

    code = "invalid_answer"
    status = 400


class DigestMismatch(HouseError):
    """What would run is no longer what you saw. Read the question again."""

    code = "digest_mismatch"
    status = 409


class NotFromNowOn(HouseError):
    """This cannot be allowed from now on. Decide about this one use."""

    code = "not_from_now_on"
    status = 409


class InvalidWish(HouseError):
    """What is to be allowed from now on does not fit. Look at the marked fields."""

    code = "invalid_wish"
    status = 400


class InvalidTool(HouseError):
    """This tool cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_tool"
    status = 400


class ToolNameTaken(HouseError):
    """Another tool of your organization has this name, perhaps an archived one. Choose another name."""

    code = "tool_name_taken"
    status = 409


class OperatorOnly(NotAllowed):
    """Tools of this kind run code of the installation: only its operator can add them, in settings or code."""

    code = "operator_only"


class InvalidCatalog(HouseError):
    """This file cannot be taken into the catalog; the details say what is wrong, and where."""

    code = "invalid_catalog"
    status = 400

    def __init__(self, problems: Sequence[str] = (), message: str | None = None) -> None:
        super().__init__(message, details={"problems": list(problems)})
        self.problems = tuple(problems)


class InvalidSecret(HouseError):
    """This secret cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_secret"
    status = 400


class SecretNameTaken(HouseError):
    """There is a secret of this name already. Change its value instead."""

    code = "secret_name_taken"
    status = 409


class SecretInUse(HouseError):
    """A tool or a model endpoint still uses this secret. Give it another one first."""

    code = "secret_in_use"
    status = 409


class ToolChanged(HouseError):
    """Somebody has changed this tool since you looked at it. See what changed, then decide again."""

    code = "tool_changed"
    status = 409


class CannotRollBack(HouseError):
    """What the tool was then is not allowed any more; the details say why."""

    code = "cannot_roll_back"
    status = 409


class DraftChanged(HouseError):
    """Somebody has changed, published or discarded this draft since you looked at it. Read it again."""

    code = "draft_changed"
    status = 409


class DraftOutdated(HouseError):
    """The tool was changed after this draft was begun. See what both changed, then bring the draft up to date."""

    code = "draft_outdated"
    status = 409


class EmptyDraft(HouseError):
    """This changes nothing: the tool is like that already."""

    code = "draft_changes_nothing"
    status = 400


class InvalidCase(HouseError):
    """This case cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_case"
    status = 400


class CaseNameTaken(HouseError):
    """The tool has a case of this name already. Choose another name, or change that one."""

    code = "case_name_taken"
    status = 409


class CasesNotPassed(HouseError):
    """Not every saved case has passed for this draft. Run them, mend what fails, or publish with a reason."""

    code = "cases_not_passed"
    status = 409


class InvalidDocument(HouseError):
    """This document cannot be kept as it is; the details say what is wrong with it."""

    code = "invalid_document"
    status = 400


class DocumentKnown(HouseError):
    """The same text is kept here already."""

    code = "document_known"
    status = 409


class InvalidServer(HouseError):
    """This MCP server cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_server"
    status = 400


class ServerNameTaken(HouseError):
    """Another MCP server of your organization has this name or prefix. Choose another one."""

    code = "server_name_taken"
    status = 409


class ReviewChanged(HouseError):
    """What is to be reviewed is not what you saw any more. Look at it again."""

    code = "review_changed"
    status = 409


class InvalidSwitch(HouseError):
    """This kill switch cannot be thrown as it is described; the details say which fields are wrong."""

    code = "invalid_switch"
    status = 400


class SwitchThrown(HouseError):
    """It is stopped already. See the list of kill switches for who did it and why."""

    code = "switch_thrown"
    status = 409


class SyncFailed(HouseError):
    """The MCP server could not be synced; its page says why."""

    code = "sync_failed"
    status = 502


class InvalidWebhook(HouseError):
    """This webhook cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_webhook"
    status = 400


class WebhookNameTaken(HouseError):
    """Another webhook of your organization has this name. Choose another one."""

    code = "webhook_name_taken"
    status = 409


class DeliveryUnderWay(HouseError):
    """This is still on its way. It can be sent again once it has ended."""

    code = "delivery_under_way"
    status = 409
