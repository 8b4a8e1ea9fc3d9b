"""Errors of questions, verdicts and whoever gives them; for the person who decides."""

from __future__ import annotations

from project.accounts.exceptions import HouseError, NotAllowed


class MayNotDecide(NotAllowed):
    """You may not decide this question."""

    code = "may_not_decide"


class DecidesForItself(MayNotDecide):
    """A token of yours asked for this use, so no token of yours can decide about it: sign in, or let somebody else."""

    code = "decides_for_itself"


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


class StoppedForNow(HouseError):
    """This is stopped for now. You can deny it, or wait until it acts again."""

    code = "stopped"
    status = 409


class NotFromNowOn(HouseError):
    """This cannot be allowed from now on. Decide about this one use."""

    code = "not_from_now_on"
    status = 409


class InvalidWish(HouseError):
    """What is to be allowed from now on does not fit. Look at the marked fields."""

    code = "invalid_wish"
    status = 400


class InvalidSwitch(HouseError):
    """This kill switch cannot be thrown as it is described; the details say which fields are wrong."""

    code = "invalid_switch"
    status = 400


class SwitchThrown(HouseError):
    """It is stopped already. See the list of kill switches for who did it and why."""

    code = "switch_thrown"
    status = 409


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
