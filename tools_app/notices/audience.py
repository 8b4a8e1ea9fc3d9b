"""Whom a question concerns: the members who may decide it now, or those it is handed on to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db.models import QuerySet

from project.accounts import identity as identities
from project.accounts.identity import NoMembership
from project.accounts.models import Membership
from project.accounts.roles import DECIDE, MEMBERS_MANAGE, PERMISSIONS
from tools_app.approving import groups, questions
from tools_app.models import Approval, ApprovalVote, ApproverGroup, OrganizationPolicy

# More people than these are told of one question by nobody; they see it in their inbox all the same.
MOST = 200


def deciders(approval: Approval) -> list[Membership]:
    """Those whose word is still missing, as rights are at this moment."""
    spoken = set(ApprovalVote.objects.filter(approval=approval).values_list("voter_id", flat=True))
    may = questions.judge(approval)
    silent = (member for member in _candidates(approval) if str(member.user_id) not in spoken)
    able = (each for each in silent if may(identities.from_membership(each)))
    return list(islice(able, MOST))


def handed_on_to(approval: Approval, policy: OrganizationPolicy) -> list[Membership]:
    """Of the second group, the one the organization has named or its administrators, those whom it concerns."""
    may = questions.judge(approval)
    found = _second_group(approval, policy)
    able = (each for each in found if _concerns(each, approval, able=may(identities.from_membership(each))))
    return list(islice(able, MOST))


def may_be_handed(member: Membership, approval: Approval) -> bool:
    """Whoever may decide it by now; and of others' questions administrators, who see it and can mend who decides."""
    return _concerns(member, approval, able=may_decide(member, approval))


def _concerns(member: Membership, approval: Approval, *, able: bool) -> bool:
    is_own = str(member.user_id) == approval.requester_id
    return able or (member.role in _roles_with(MEMBERS_MANAGE) and not is_own)


def _second_group(approval: Approval, policy: OrganizationPolicy) -> QuerySet[Membership]:
    active = _active(approval.organization_id)
    if policy.escalate_to:
        named = ApproverGroup.objects.filter(
            organization_id=approval.organization_id, name=policy.escalate_to
        )
        return active.filter(pk__in=named.values("members"))[: 2 * MOST]
    return active.filter(role__in=_roles_with(MEMBERS_MANAGE))[: 2 * MOST]


def member(organization_id: int, user_id: str) -> Membership | None:
    return next(iter(_members(organization_id, user_id)), None)


def requester(approval: Approval) -> Membership | None:
    return member(approval.organization_id, approval.requester_id)


def may_decide(member: Membership, approval: Approval) -> bool:
    try:
        who = identities.from_user(member.user_id, member.organization_id)
    except NoMembership:
        return False
    return questions.may_decide(approval, who)


def _candidates(approval: Approval) -> Iterator[Membership]:
    """Only the question's own person can answer what they are asked; all else is for those whose role decides."""
    own = _members(approval.organization_id, approval.requester_id)
    yield from own
    if approval.about != Approval.About.ANSWER:
        others = _active(approval.organization_id).filter(role__in=_roles_with(DECIDE))
        yield from others.exclude(pk__in=[member.pk for member in own])[: 2 * MOST]


def _members(organization_id: int, user_id: str) -> list[Membership]:
    return list(_active(organization_id).filter(user_id=int(user_id))) if user_id.isdigit() else []


def _active(organization_id: int) -> QuerySet[Membership]:
    rows = Membership.objects.filter(
        organization_id=organization_id, active=True, user__is_active=True, organization__enabled=True
    )
    return rows.select_related("user", "organization", "notification_preference").order_by("pk")


def _roles_with(permission: str) -> list[str]:
    return [role for role, carried in PERMISSIONS.items() if permission in carried]


def _hands_on_to(organization_id: int, name: str) -> list[str]:
    """What still names a group of approvers: it cannot be deleted as long as questions are handed on to it."""
    rows = OrganizationPolicy.objects.filter(organization_id=organization_id, escalate_to=name)
    return ["the settings of the gate, to hand questions on"] if rows.exists() else []


groups.register_namer(_hands_on_to)
