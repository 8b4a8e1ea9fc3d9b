"""The verbs of kill switches: throw one, lift it. What is stopped is asked for in `halts.py`, at every step."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Final

from django.db import IntegrityError, transaction

from audit_app import records
from audit_app.clock import NOW
from audit_app.exceptions import StaleState
from audit_app.redaction import storable
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity, NoMembership
from project.accounts.models import Organization
from project.accounts.roles import CATALOG_CHANGE, MEMBERS_MANAGE
from tools_app import doors
from tools_app.exceptions import InvalidSwitch, SwitchThrown
from tools_app.governing import halts
from tools_app.models import KillSwitch, Tool

Scope, Through = KillSwitch.Scope, KillSwitch.Through
MAX_REASON: Final = 300
# Whoever may change a thing may stop it. Only the operator stops everybody, without any page.
_NEEDED: Final = {
    Scope.TOOL: CATALOG_CHANGE,
    Scope.PERSONA: CATALOG_CHANGE,
    Scope.ORGANIZATION: MEMBERS_MANAGE,
}
# No role has it.
_OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Target:
    """What a switch stops. `organization_id` is None for the installation alone."""

    scope: str
    organization_id: int | None
    id: int = 0
    name: str = ""


def of_tool(tool: Tool) -> Target:
    return Target(Scope.TOOL, tool.organization_id, tool.pk, tool.name)


def of_organization(organization_id: int) -> Target:
    name = Organization.objects.filter(pk=organization_id).values_list("name", flat=True).first()
    return Target(Scope.ORGANIZATION, organization_id, 0, name or "")


INSTALLATION: Final = Target(Scope.INSTALLATION, None)


def may_operate(scope: str, organization_id: int | None, identity: Identity) -> bool:
    if identity.via == "system":
        return True
    ours = organization_id is not None and organization_id == identity.organization_id
    return ours and scope in _NEEDED and identity.may(_NEEDED[Scope(scope)])


def may_lift(row: KillSwitch, identity: Identity) -> bool:
    """Nobody undoes a stop of somebody above them: pages, API and the verb ask this alone."""
    if identity.via == "system":
        return True
    ours = may_operate(row.scope, row.organization_id, identity)
    return ours and identity.may(_needed_to_lift(row, identity))


def _needed_to_lift(row: KillSwitch, identity: Identity) -> str:
    if row.through != Through.PERSON or row.scope not in _NEEDED:
        return _OPERATOR
    needed = _NEEDED[Scope(row.scope)]
    if needed != CATALOG_CHANGE or row.thrown_by_id == identity.user_id or identity.may(MEMBERS_MANAGE):
        return needed
    return CATALOG_CHANGE if _is_a_keepers(row) else MEMBERS_MANAGE


def _is_a_keepers(row: KillSwitch) -> bool:
    """Whether somebody without an administrator's rights stopped it; of who is gone nobody knows any more."""
    try:
        thrower = identities.membership_of(row.thrown_by_id, only=row.organization_id)
    except NoMembership:
        return False
    return MEMBERS_MANAGE not in thrower.permissions


def throw(target: Target, *, reason: str, by: Identity, through: str = Through.PERSON) -> KillSwitch:
    """Stop it: no further tool or model step of it begins, and what runs is told to end.

    Raises InvalidSwitch without a reason, SwitchThrown where it is stopped already, NotAllowed, NotFound.
    """
    _require_right(target.scope, target.organization_id, by)
    row = KillSwitch(
        organization_id=target.organization_id,
        scope=target.scope,
        subject_id=target.id,
        subject_name=target.name[:255],
        reason=_sound(reason),
        through=through,
        thrown_by=storable(by.display_name if through == Through.PERSON else halts.OPERATOR)[:255],
        thrown_by_id=by.user_id,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            _record("switch.thrown", row, {"reason": row.reason}, by=by)
    except IntegrityError:
        raise SwitchThrown from None
    # The database says it; this only makes that streams of models end now and not at their next look.
    transaction.on_commit(lambda: _interrupt(row))
    return row


def require_possible(target: Target, *, reason: str, by: Identity) -> None:
    """Raise what `throw` would, and throw nothing."""
    _require_right(target.scope, target.organization_id, by)
    _sound(reason)
    if KillSwitch.objects.of(target.scope, target.organization_id, target.id).exists():
        raise SwitchThrown


def lift(row: KillSwitch, *, by: Identity, reason: str = "") -> None:
    """Let it act again; what was ended stays ended.

    Raises StaleState where somebody else has lifted it, NotAllowed, NotFound.
    """
    _require_ours(row.organization_id, by)
    if not may_lift(row, by):
        raise NotAllowed(details={"permission": _needed_to_lift(row, by)})
    lifted = {
        "lifted_at": NOW,
        "lifted_by": storable(by.display_name)[:255],
        "lifted_reason": storable(reason).strip()[:MAX_REASON],
    }
    with transaction.atomic():
        if KillSwitch.objects.thrown().filter(pk=row.pk).update(**lifted) != 1:
            raise StaleState
        facts = {"thrown_by": row.thrown_by, **({"reason": reason} if reason.strip() else {})}
        _record("switch.lifted", row, facts, by=by)
    transaction.on_commit(lambda: doors.tell_switched(row))


def heed_file() -> None:
    """Bring the operator's file into the table: so that it is recorded and shown, and other hosts hear of it."""
    why, there = halts.reason_in_file(), KillSwitch.objects.of(Scope.INSTALLATION, None).first()
    house = replace(identities.system(None), user_id=f"file@{socket.gethostname()}"[:255])
    try:
        if why is not None and there is None:
            throw(INSTALLATION, reason=why, by=house, through=Through.FILE)
        # Another host may have a file of its own: what that one threw is for it to lift, or for the command.
        elif why is None and there is not None and there.thrown_by_id == house.user_id:
            lift(there, by=house, reason="The file is gone.")
    except (SwitchThrown, StaleState):
        # Another process looks after the same file.
        return


def _sound(reason: str) -> str:
    text = " ".join(storable(reason).split())
    if not text:
        raise InvalidSwitch(details={"reason": ["Say why: people read it where they are stopped."]})
    if len(text) > MAX_REASON:
        raise InvalidSwitch(details={"reason": [f"At most {MAX_REASON} characters."]})
    return text


def _require_right(scope: str, organization_id: int | None, by: Identity) -> None:
    _require_ours(organization_id, by)
    if not may_operate(scope, organization_id, by):
        raise NotAllowed(details={"permission": _NEEDED.get(Scope(scope), _OPERATOR)})


def _require_ours(organization_id: int | None, by: Identity) -> None:
    if by.via != "system" and organization_id not in (None, by.organization_id):
        raise NotFound


def _record(action: str, row: KillSwitch, facts: dict[str, str], *, by: Identity) -> None:
    """In the administration of whoever is stopped: what stops everybody stands in everybody's record."""
    subject = records.Subject("switch", str(row.pk), str(row))
    told = {"scope": row.scope, "through": row.through, "of": row.subject_id, **facts}
    whose = [row.organization_id] if row.organization_id else _everybody()
    for organization_id in whose:
        stream = (organization_id, records.administration(organization_id))
        records.record(action, by=by, subject=subject, facts=told, stream=stream)


def _everybody() -> list[int]:
    # In one order: two that hold several streams never wait for each other in a circle.
    return list(Organization.objects.order_by("pk").values_list("pk", flat=True))


def _interrupt(row: KillSwitch) -> None:
    """A tool is asked about once a second by whoever carries it out; answers have to be told, and open pages."""
    if row.scope != Scope.TOOL:
        agent = row.subject_id if row.scope == Scope.PERSONA else None
        doors.interrupt_answers(organization_id=row.organization_id, agent_type_id=agent)
    doors.tell_switched(row)
