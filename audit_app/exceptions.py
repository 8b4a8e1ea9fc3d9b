"""What can go wrong while something is remembered."""

from __future__ import annotations

from project.accounts.exceptions import HouseError


class StaleState(HouseError):
    """Somebody else was faster: this has changed since you looked. Look again and decide afresh."""

    code = "stale_state"
    status = 409


class IllegalMove(HouseError):
    """This change of status does not exist. It is a defect of Toolroom, please report it."""

    code = "illegal_move"


class UnknownAction(HouseError):
    """An action was recorded whose name is not registered. It is a defect of Toolroom, please report it."""

    code = "unknown_action"


class RecordIsPermanent(HouseError):
    """The record cannot be changed or deleted, by nobody."""

    code = "record_is_permanent"
    status = 403


class UnknownScope(HouseError):
    """A token can only be given permissions that exist; the details list them."""

    code = "unknown_scope"
    status = 400
