"""The verbs of approver groups: make, change, remove; and what a layer may demand of those who decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction

from audit_app import records
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.models import Membership
from project.accounts.roles import DECIDE, MEMBERS_MANAGE
from tools_app.approving import deciders
from tools_app.exceptions import GroupInUse, GroupNameTaken, InvalidGroup
from tools_app.models import ApproverGroup, OrganizationPolicy, Tool

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_. -]{0,59}\Z")
# Who else names groups: rooms to the right say so at start-up, as (organization id, name of the group) -> titles.
Namer = Callable[[int, str], Iterable[str]]
_namers: Final[list[Namer]] = []


def register_namer(namer: Namer) -> None:
    if namer not in _namers:
        _namers.append(namer)


def make(
    name: str, *, description: str = "", members: Sequence[Membership] = (), by: Identity
) -> ApproverGroup:
    """Make a group. Raises InvalidGroup, GroupNameTaken, or NotAllowed without the right to manage members."""
    by.require(MEMBERS_MANAGE)
    if not _NAME.match(name):
        told = "Use up to 60 lower-case letters, digits, blanks, _ . or -, beginning with a letter or digit."
        raise InvalidGroup(details={"name": [told]})
    _require_able(members, by)
    group = ApproverGroup(organization_id=by.organization_id, name=name, description=description[:300])
    try:
        with transaction.atomic():
            group.save()
            group.members.set(members)
            _record("group.made", group, members, by=by)
    except IntegrityError:
        raise GroupNameTaken from None
    return group


def change(
    group: ApproverGroup,
    *,
    description: str | None = None,
    members: Sequence[Membership] | None = None,
    by: Identity,
) -> ApproverGroup:
    """Change who is in it; the name stays. It counts at once, for questions that are open too."""
    _require_right(group, by)
    with transaction.atomic():
        current = ApproverGroup.objects.select_for_update().get(pk=group.pk)
        before = set(current.members.values_list("pk", flat=True))
        wanted = list(current.members.select_related("user")) if members is None else list(members)
        # Who is in it already stays, whatever their role is by now: they count for nothing without the right.
        _require_able([each for each in wanted if each.pk not in before], by)
        said = current.description if description is None else description[:300]
        if {each.pk for each in wanted} == before and said == current.description:
            return current
        current.description = said
        current.save()
        current.members.set(wanted)
        _record("group.changed", current, wanted, by=by)
    return current


def remove(group: ApproverGroup, *, by: Identity) -> None:
    """Delete a group nothing names any more. Raises GroupInUse, which says what does."""
    _require_right(group, by)
    with transaction.atomic():
        current = ApproverGroup.objects.select_for_update().filter(pk=group.pk).first()
        if current is None:
            raise NotFound
        if found := users(current):
            raise GroupInUse(details={"used_by": found})
        _record("group.removed", current, (), by=by)
        current.delete()


def names(organization_id: int) -> list[str]:
    """The groups a demand can name."""
    return list(ApproverGroup.objects.filter(organization_id=organization_id).values_list("name", flat=True))


def users(group: ApproverGroup) -> list[str]:
    """What demands the yes of this group, by name."""
    tools = Tool.objects.filter(organization_id=group.organization_id).exclude(approver_groups=[])
    found = [f"the tool {tool.name}" for tool in tools if group.name in tool.approver_groups]
    ours = OrganizationPolicy.objects.of(group.organization_id)
    if group.name in ours.approver_groups or group.name == ours.escalate_to:
        found.append("the organization")
    return found + [title for namer in _namers for title in namer(group.organization_id, group.name)]


def problems(organization_id: int, *, count: Any, named: Any) -> dict[str, list[str]]:
    """What is wrong with a demand somebody wants to save, by field: groups that are not there, or too small."""
    wrong: dict[str, list[str]] = {}
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= deciders.MOST:
        wrong["approvals_needed"] = [f"This must be a whole number from 1 to {deciders.MOST}."]
    if not isinstance(named, list) or any(not isinstance(name, str) for name in named):
        return {**wrong, "approver_groups": ["This must be a list of names of approver groups."]}
    rows = ApproverGroup.objects.filter(organization_id=organization_id, name__in=named)
    sizes = {row.name: _size(row) for row in rows.prefetch_related("members__user")}
    told = [f"There is no approver group {name}." for name in named if name not in sizes]
    if "approvals_needed" not in wrong:
        told += [
            f"{size} of {name} may approve, and {count} are asked for."
            for name, size in sorted(sizes.items())
            if size < count
        ]
    return {**wrong, "approver_groups": told} if told else wrong


def _size(group: ApproverGroup) -> int:
    return sum(1 for member in group.members.all() if is_able(member))


def is_able(member: Membership) -> bool:
    """Whether a member's yes counts: active, and with a role that approves everybody's requests."""
    return member.active and member.user.is_active and DECIDE in member.permissions


def _require_right(group: ApproverGroup, by: Identity) -> None:
    if group.organization_id != by.organization_id:
        raise NotFound
    by.require(MEMBERS_MANAGE)


def _require_able(members: Iterable[Membership], by: Identity) -> None:
    for member in members:
        if member.organization_id != by.organization_id:
            raise NotFound
        if not is_able(member):
            told = f"{member.user} may not approve everybody's requests. Give them a role that may, first."
            raise InvalidGroup(details={"members": [told]})


def _record(action: str, group: ApproverGroup, members: Iterable[Membership], *, by: Identity) -> None:
    subject = records.Subject("group", str(group.pk), group.name)
    facts = {"description": group.description, "members": sorted(str(each.user) for each in members)}
    records.record(action, by=by, subject=subject, facts=facts)
