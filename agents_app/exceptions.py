"""What can go wrong in talking, by who may read it: mostly the person in the chat or the API client."""

from __future__ import annotations

from project.accounts.exceptions import HouseError, NotAllowed, NotFound


class AgentNotFound(NotFound):
    """There is no persona of this name."""

    code = "agent_not_found"


class AgentDisabled(HouseError):
    """This persona has been switched off. Choose another one."""

    code = "agent_disabled"
    status = 409


class MessageTooLong(HouseError):
    """The message is too long. Shorten it, or send it in parts."""

    code = "message_too_long"
    status = 413


class MessageEmpty(HouseError):
    """The message is empty. Write something first."""

    code = "message_empty"
    status = 400


class FileTooLarge(HouseError):
    """The file is too large for this installation."""

    code = "file_too_large"
    status = 413


class TooManyFiles(HouseError):
    """This conversation has as many files as it may have. Remove one, or begin another conversation."""

    code = "too_many_files"
    status = 409


class DiskNearlyFull(HouseError):
    """The server has no room for this file at the moment. Tell its operator."""

    code = "disk_nearly_full"
    status = 503


class ClientIdReused(HouseError):
    """This client id was already used for a different message. Send the new message under a new id."""

    code = "client_id_reused"
    status = 409


class NothingToRetry(HouseError):
    """Only the last answer can be tried again, and only when it has failed or was stopped."""

    code = "nothing_to_retry"
    status = 409


class InvalidPersona(HouseError):
    """This persona cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_persona"
    status = 400


class InvalidContext(HouseError):
    """These values cannot be given to the tools of an answer; the details say which, and why."""

    code = "invalid_context"
    status = 400


class MayNotActAs(NotAllowed):
    """A persona that acts under an identity of its own is given it by administrators only."""

    code = "may_not_act_as"


class PersonaNameTaken(HouseError):
    """Another persona of your organization has this name, perhaps an archived one. Choose another name."""

    code = "persona_name_taken"
    status = 409


class DefaultPersona(HouseError):
    """The default persona must be switched on. Make another one the default first."""

    code = "default_persona"
    status = 409


class InvalidGrant(HouseError):
    """This grant cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_grant"
    status = 400


class AlreadyGranted(HouseError):
    """The persona has this tool already. Change the grant with PUT."""

    code = "already_granted"
    status = 409


class NotGranted(NotFound):
    """The persona does not have this tool."""

    code = "not_granted"


class InvalidUsage(HouseError):
    """This use of a tool cannot be recorded as it is described; the details say which fields are wrong."""

    code = "invalid_usage"
    status = 400


class AnswerEnded(HouseError):
    """The answer failed or was stopped before its end. What was said so far is in the conversation."""

    code = "answer_ended"
    status = 502


class CatalogConflict(HouseError):
    """Some of what would be imported is here under the same name and otherwise. Choose what becomes of it."""

    code = "catalog_conflict"
    status = 409


class CannotBeShown(NotAllowed):
    """Some of what would run cannot be shown so that a person can read it. It can only be denied."""

    code = "cannot_be_shown"


class InvalidPrice(HouseError):
    """The price does not fit. See the details, field by field."""

    code = "invalid_price"
    status = 400


class PriceTaken(HouseError):
    """This model has a price for prompts of this length. Change that one."""

    code = "price_taken"
    status = 409


class InvalidBudget(HouseError):
    """The budget does not fit. See the details, field by field."""

    code = "invalid_budget"
    status = 400


class NothingToContinue(HouseError):
    """This answer does not wait for you to say how to go on: it has gone on, or it has ended."""

    code = "nothing_to_continue"
    status = 409


class MayNotGoOn(NotAllowed):
    """This limit holds: nobody who chats may go beyond it."""

    code = "may_not_go_on"
