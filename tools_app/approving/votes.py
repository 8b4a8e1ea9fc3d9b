"""What people say to a question that may need several of them: cast once each, counted by the statement that writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from audit_app.clock import NOW
from audit_app.exceptions import StaleState
from audit_app.redaction import storable
from audit_app.transitions import hold
from project.accounts import identity as identities
from project.accounts import prepared
from project.accounts.identity import Identity, NoMembership
from project.accounts.roles import DECIDE, DECIDE_OWN
from tools_app.approving import deciders
from tools_app.approving.deciders import Demand, Voice
from tools_app.exceptions import AlreadyVoted
from tools_app.models import Approval, ApprovalVote, ApproverGroup, QuestionClock

_ONE_MORE = F("votes_given") + 1
Voices = Callable[[str, Approval, Sequence[Demand]], Voice]


def demands_of(approval: Approval) -> tuple[Demand, ...]:
    """What the question was put with, and what its tool demands by now: it may have become stricter."""
    stored = deciders.read(approval.demands)
    tool = approval.call.tool
    if tool is None:
        return (*stored, Demand("tool", other=True))
    # A question that was put before demands were kept says this much.
    then = Demand("tool", other=approval.approver != type(tool).Approver.SELF)
    return (*stored, then, tool.demand())


def voice_of(user_id: str, approval: Approval, demands: Sequence[Demand]) -> Voice:
    """A person with the groups they are in now; nobody is asked about groups where none is named.

    Where the question was handed on to a second group, each of its members stands in for one person of a named group
    (`deciders.missing`). For more, one of them alone would be all who have to agree: two people's control became
    one's by letting time pass. Who is in a named group speaks for that one.
    """
    if not deciders.named(demands):
        return Voice(user_id)
    groups = ApproverGroup.objects.names_of(user_id, approval.organization_id)
    return _voice(user_id, groups, demands, lambda: _handed_on_to(approval))


def voices(approval: Approval) -> Voices:
    """The same for many people and one question: what it depends on is read once, and only where it does."""
    everybody = cache(lambda: ApproverGroup.objects.names_in(approval.organization_id))
    handed_to = cache(lambda: _handed_on_to(approval))

    def voice(user_id: str, _: Approval, demands: Sequence[Demand]) -> Voice:
        if not deciders.named(demands):
            return Voice(user_id)
        return _voice(user_id, everybody().get(user_id, frozenset()), demands, handed_to)

    return voice


def _voice(
    user_id: str, groups: frozenset[str], demands: Sequence[Demand], handed_to: Callable[[], str | None]
) -> Voice:
    may_stand_in = bool(groups) and groups.isdisjoint(deciders.named(demands))
    return Voice(user_id, groups, stands_in=may_stand_in and handed_to() in groups)


def groups_for(approval: Approval, by: Identity) -> frozenset[str]:
    """By which of their groups this person may decide; none where it takes no group, or where they stand in."""
    asked = demands_of(approval)
    if deciders.ANYBODY in deciders.needed(asked):
        return frozenset()
    return voice_of(by.user_id, approval, asked).groups & deciders.named(asked)


def stands_in(user_id: str, approval: Approval) -> bool:
    """Whether this person decides only because the question was handed on: about this one use, and no other."""
    return voice_of(user_id, approval, demands_of(approval)).stands_in


def _handed_on_to(approval: Approval) -> str | None:
    """The group the clock has handed the question on to, as the organization had named it at that moment."""
    handed_on = QuestionClock.objects.filter(approval=approval, escalated_at__isnull=False)
    return handed_on.values_list("escalated_to", flat=True).first() or None


def shapers(approval: Approval) -> frozenset[str]:
    """Who made this use what it is, by id: who asked for it, and whoever changed its arguments since.

    None of them is "another person", or one approver alone could let run what nobody but they have written.
    """
    return frozenset({approval.requester_id, *(approval.covers.get("editors") or ())})


def barred(approval: Approval, demands: Sequence[Demand]) -> frozenset[str]:
    """Whose yes does not count, by id, whatever their role is. Persons are compared, not their tokens or sessions."""
    if deciders.another_person(demands):
        return shapers(approval)
    if deciders.not_editor(demands):
        return shapers(approval) - {approval.requester_id}
    return frozenset()


@transaction.atomic
def cast(approval: Approval, *, digest: str, verdict: str, by: Identity, comment: str) -> dict[str, int]:
    """Count one person's word about exactly what they saw; returns who is still to say yes, empty if nobody.

    Raises StaleState where the question is not open any more, AlreadyVoted where they have said it before.
    """
    hold(approval)
    # The statement that counts is the one that asks whether it may: it also holds the row, so that of two people who
    # say yes at the same moment the second one sees the first one's word below, and the last one missing is noticed.
    still = Q(pk=approval.pk, status=Approval.Status.PENDING, digest=digest, expires_at__gt=NOW)
    if prepared.update(Approval, still, {"votes_given": _ONE_MORE}) != 1:
        raise StaleState(details={"row": "approval", "id": approval.pk})
    approval.votes_given += 1
    demands = demands_of(approval)
    voice = voice_of(by.user_id, approval, demands)
    try:
        with transaction.atomic():
            ApprovalVote.objects.create(
                organization_id=approval.organization_id,
                approval=approval,
                verdict=verdict,
                voter_id=by.user_id,
                voter_name=by.display_name[:255],
                digest=digest,
                groups=sorted(voice.groups),
                comment=storable(comment)[:2000],
            )
    except IntegrityError:
        raise AlreadyVoted from None
    # Whoever fetched the question with its votes has them as they were; what is told of it must name this one.
    getattr(approval, "_prefetched_objects_cache", {}).pop("votes", None)
    return deciders.missing(demands, said_yes(approval, demands))


def said_yes(approval: Approval, demands: Sequence[Demand]) -> list[Voice]:
    """Everybody who has approved and still may, with the groups they are in by now."""
    rows = ApprovalVote.objects.filter(approval=approval, verdict=ApprovalVote.Verdict.APPROVE)
    able = [each for each in rows.values_list("voter_id", flat=True) if _may_still(each, approval)]
    return [voice_of(each, approval, demands) for each in able]


def _may_still(user_id: str, approval: Approval) -> bool:
    """Whether their role lets them decide by now; their groups are `voice_of`'s to say."""
    try:
        now = identities.from_user(user_id, approval.organization_id)
    except NoMembership:
        return False
    return now.may(DECIDE) or (user_id == approval.requester_id and now.may(DECIDE_OWN))
