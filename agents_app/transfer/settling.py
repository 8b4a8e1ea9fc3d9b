"""One item that arrives where something of its name may be: written, left alone, or put off until somebody chooses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from django.db import transaction

from agents_app.exceptions import InvalidGrant, InvalidPersona
from agents_app.models import AgentType
from agents_app.transfer.reports import LEFT_OUT, Outcome
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from tools_app.cataloging import differences
from tools_app.documents import Item
from tools_app.exceptions import InvalidRule, InvalidServer, InvalidTool
from tools_app.models import SeededRow, Tool

Values = Mapping[str, Any]


@dataclass(slots=True)
class Arrival:
    """One import: who brings it, what is chosen, and what has been found out so far."""

    by: Identity
    organization_id: int
    choose: Callable[[str], str]
    awaited: frozenset[str] = frozenset()
    remembers: bool = False
    reason: str = ""
    # What tools that were renamed are called here.
    renamed: dict[str, str] = field(default_factory=dict)

    def was_deleted(self, kind: str, name: str) -> bool:
        """Whether something of this name was made by a seed or a file once, and somebody has deleted it since."""
        return self._memory(kind, name) is not None

    def is_untouched(self, kind: str, name: str, now: Values) -> bool:
        """Whether it is still as the files made it; then to renew it overwrites nobody's work."""
        memory = self._memory(kind, name) if self.remembers else None
        return memory is not None and memory.content_hash == _hash(now)

    def remember(self, kind: str, name: str, now: Values) -> None:
        if self.remembers:
            SeededRow.objects.update_or_create(
                organization_id=self.organization_id,
                kind=kind,
                name=name,
                defaults={"content_hash": _hash(now)},
            )

    def _memory(self, kind: str, name: str) -> SeededRow | None:
        return SeededRow.objects.filter(organization_id=self.organization_id, kind=kind, name=name).first()


@dataclass(frozen=True, slots=True)
class Meeting:
    """An item, and what can be done with it. `now` reads what is here, `write` makes it what arrives.

    `deleted` and `clash` say why what is here cannot simply be changed. `add` is for another name, None if there is
    no sense in one.
    """

    kind: str
    item: Item
    write: Callable[[], Values]
    now: Values | None = None
    deleted: str = ""
    clash: str = ""
    add: Callable[[str], Values] | None = None
    told: tuple[str, ...] = ()


class LeftOut(Exception):
    """This item cannot be brought by a file; the rest can. The sentence says what has to be there first."""


def settle(meeting: Meeting, arrival: Arrival) -> Outcome:
    """Whatever the verbs refuse becomes an outcome with every reason and its place."""
    try:
        return _settled(meeting, arrival)
    except LeftOut as why:
        return _outcome(meeting, LEFT_OUT, told=(str(why),))
    except HouseError as refused:
        return _outcome(meeting, "wrong", told=tuple(reasons(refused, meeting.item)))


def _settled(meeting: Meeting, arrival: Arrival) -> Outcome:
    choice = arrival.choose(f"{meeting.kind}/{meeting.item.name}")
    if meeting.now is None and not (meeting.deleted and choice != "replace"):
        with transaction.atomic():
            after = meeting.write()
        arrival.remember(meeting.kind, meeting.item.name, after)
        return _outcome(meeting, "added", differences.between({}, after), told=meeting.told)
    found, is_written = _tried(meeting, arrival, choice)
    if meeting.now is not None and not found and not meeting.clash:
        return _outcome(meeting, "same")
    if is_written:
        return _outcome(meeting, "changed", found, told=meeting.told)
    return _chosen(meeting, arrival, choice, found)


def _tried(
    meeting: Meeting, arrival: Arrival, choice: str
) -> tuple[tuple[differences.Difference, ...], bool]:
    """What would change, and whether it did; taken back at once where nobody has chosen it."""
    if meeting.clash or meeting.now is None:
        return (), False
    with transaction.atomic():
        after = meeting.write()
        found = differences.between(meeting.now, after)
        untouched = arrival.is_untouched(meeting.kind, meeting.item.name, meeting.now)
        is_written = bool(found) and (choice == "replace" or untouched)
        if not is_written:
            transaction.set_rollback(True)
    if is_written:
        arrival.remember(meeting.kind, meeting.item.name, after)
    return found, is_written


def _chosen(meeting: Meeting, arrival: Arrival, choice: str, found: Any) -> Outcome:
    why = tuple(filter(None, (meeting.deleted, meeting.clash)))
    if choice == "rename" and meeting.add is not None:
        name = _free(meeting, arrival)
        with transaction.atomic():
            meeting.add(name)
        return _outcome(meeting, "renamed", found, name_here=name)
    if choice == "keep" or (choice == "rename" and meeting.add is None):
        return _outcome(meeting, "kept", found, told=why)
    if choice == "replace":
        return _outcome(meeting, "wrong", found, told=why)
    return _outcome(meeting, "conflict", found, told=why)


def _free(meeting: Meeting, arrival: Arrival) -> str:
    rows: Any = {"tool": Tool, "persona": AgentType}[meeting.kind]
    longest = 60 if meeting.kind == "tool" else 96
    number = 2
    while True:
        name = f"{meeting.item.name[:longest]}-{number}"
        if not rows.objects.filter(organization_id=arrival.organization_id, name=name).exists():
            return name
        number += 1


def reasons(refused: HouseError, item: Item) -> list[str]:
    """Each with the place in the file that it is about."""
    details = (
        refused.details
        if isinstance(refused, InvalidTool | InvalidPersona | InvalidGrant | InvalidServer | InvalidRule)
        else {}
    )
    listed = [
        f"{item.at.below(name)}: {told}"
        for name, messages in details.items()
        for told in (messages if isinstance(messages, list) else [messages])
    ]
    return listed or [f"{item.at}: {refused.message}"]


def _outcome(meeting: Meeting, state: str, found: Any = (), **more: Any) -> Outcome:
    return Outcome(meeting.kind, meeting.item.name, state, str(meeting.item.at), tuple(found), **more)


def _hash(values: Values) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(values))).hexdigest()
