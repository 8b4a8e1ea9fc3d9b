"""Verdicts as they are given on screens and over HTTP: `approvals`, plus what only the drawn card can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from agents_app.exceptions import CannotBeShown
from agents_app.showing import cards
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from tools_app import approvals
from tools_app.approving import allowing, questions
from tools_app.approving.allowing import Wish
from tools_app.exceptions import MayNotDecide, NotAlike, NotFromNowOn
from tools_app.models import Approval, StandingApproval


def approve(approval: Approval, *, digest: str, by: Identity, comment: str = "") -> Approval:
    """As `approvals.approve`; raises CannotBeShown where no person can have read what would run."""
    if approvals.may_decide(approval, by) and not cards.approval(approval, approval.call, by)["showable"]:
        raise CannotBeShown
    return approvals.approve(approval, digest=digest, by=by, comment=comment)


def deny(approval: Approval, *, digest: str, by: Identity, comment: str = "", instead: str = "") -> Approval:
    return approvals.deny(approval, digest=digest, by=by, comment=comment, instead=instead)


def approve_from_now_on(
    approval: Approval, wish: Wish, *, digest: str, by: Identity, comment: str = ""
) -> StandingApproval:
    """Say yes to this use, and to such uses from now on: both, or neither.

    Raises what `approve` raises, NotFromNowOn where only this one use can be decided, and InvalidWish.
    """
    if not approvals.may_decide(approval, by):
        raise MayNotDecide
    offered = allowing.offer(approval, by)
    # Out here, so that the question stays void: what is found out inside goes with a yes that is not given.
    if digest == approval.digest:
        approvals.require_unchanged(approval, by)
    row = allowing.planned(offered, wish, by=by)
    with transaction.atomic():
        approve(approval, digest=digest, by=by, comment=comment)
        if approval.status != Approval.Status.APPROVED:
            raise NotFromNowOn("More people have to decide about each use of this tool.")
        return allowing.keep(row, seconds=wish.seconds, by=by)


@dataclass(frozen=True, slots=True)
class Ruled:
    """What became of one of several: the question, and why not, if it was not decided."""

    approval: Approval
    refused: HouseError | None = None


def together(
    verdict: str, seen: Sequence[tuple[Approval, str]], *, by: Identity, comment: str = ""
) -> list[Ruled]:
    """Decide several questions, each by the digest that was seen of it; one that is lost stops none of the others.

    Raises NotAlike unless all of them are about exactly the same: nobody can have looked at each of them otherwise.
    """
    if len({questions.likeness(approval) for approval, _ in seen}) > 1:
        raise NotAlike
    decide = approve if verdict == "approve" else deny
    return [_ruled(decide, approval, digest, by=by, comment=comment) for approval, digest in seen]


def _ruled(decide: Callable[..., Approval], approval: Approval, digest: str, **said: Any) -> Ruled:
    try:
        return Ruled(decide(approval, digest=digest, **said))
    except HouseError as refused:
        return Ruled(approval, refused)
