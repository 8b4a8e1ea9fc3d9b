"""Verdicts as they are given on screens and over HTTP: `approvals`, plus what only the drawn card can tell."""

from __future__ import annotations

from django.db import transaction

from agents_app import cards
from agents_app.exceptions import CannotBeShown
from project.accounts.identity import Identity
from tools_app import allowing, approvals, endings, questions
from tools_app.allowing import Wish
from tools_app.exceptions import DigestMismatch, MayNotDecide, NotFromNowOn
from tools_app.models import Approval, StandingApproval


def approve(approval: Approval, *, digest: str, by: Identity, comment: str = "") -> Approval:
    """As `approvals.approve`; raises CannotBeShown where no person can have read what would run."""
    if approvals.may_decide(approval, by) and not cards.approval(approval, approval.call)["showable"]:
        raise CannotBeShown
    return approvals.approve(approval, digest=digest, by=by, comment=comment)


def deny(approval: Approval, *, digest: str, by: Identity, comment: str = "") -> Approval:
    return approvals.deny(approval, digest=digest, by=by, comment=comment)


def approve_from_now_on(
    approval: Approval, wish: Wish, *, digest: str, by: Identity, comment: str = ""
) -> StandingApproval:
    """Say yes to this use, and to such uses from now on: both, or neither.

    Raises what `approve` raises, NotFromNowOn where only this one use can be decided, and InvalidWish.
    """
    if not approvals.may_decide(approval, by):
        raise MayNotDecide
    offered = allowing.offer(approval)
    # Out here, so that the question stays void: what is found out inside goes with a yes that is not given.
    if digest == approval.digest and not questions.still_fits(approval, approval.call, offered.found):
        approvals.supersede(approval, endings.DRIFTED, by=by)
        raise DigestMismatch(code=endings.DRIFTED.code)
    row = allowing.planned(offered, wish, by=by)
    with transaction.atomic():
        approve(approval, digest=digest, by=by, comment=comment)
        if approval.status != Approval.Status.APPROVED:
            raise NotFromNowOn("More people have to decide about each use of this tool.")
        return allowing.keep(row, seconds=wish.seconds, by=by)
