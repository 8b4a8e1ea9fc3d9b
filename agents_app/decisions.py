"""Verdicts as they are given on screens and over HTTP: `approvals`, plus what only the drawn card can tell."""

from __future__ import annotations

from agents_app import cards
from agents_app.exceptions import CannotBeShown
from project.accounts.identity import Identity
from tools_app import approvals
from tools_app.models import Approval


def approve(approval: Approval, *, digest: str, by: Identity, comment: str = "") -> Approval:
    """As `approvals.approve`; raises CannotBeShown where no person can have read what would run."""
    if approvals.may_decide(approval, by) and not cards.approval(approval, approval.call)["showable"]:
        raise CannotBeShown
    return approvals.approve(approval, digest=digest, by=by, comment=comment)


def deny(approval: Approval, *, digest: str, by: Identity, comment: str = "") -> Approval:
    return approvals.deny(approval, digest=digest, by=by, comment=comment)
