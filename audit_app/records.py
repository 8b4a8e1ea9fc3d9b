"""Writes the record: entries of a stream, and the opening and closing of a ToolUsage. Always inside a transaction."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit_app import actions, chain
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, AuditStream, ToolUsage
from audit_app.redaction import redact, storable
from project.accounts import prepared
from project.accounts.identity import Identity
from project.accounts.prepared import Given, Prepared

_HEAD = Prepared(lambda: AuditStream.objects.select_for_update().filter(name=Given("name")))


@dataclass(frozen=True, slots=True)
class Subject:
    """What an entry is about, copied by name: the row itself may go, the record stays."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """One use of a tool as the record names it; `parameters` are redacted on the way in."""

    organization_id: int
    tool_name: str
    parameters: Any = None
    copied: dict[str, Any] = field(default_factory=dict)


def administration(organization_id: int) -> str:
    return f"admin:{organization_id}"


@transaction.atomic(savepoint=False)
def record(
    action: str,
    *,
    by: Identity,
    subject: Subject,
    facts: dict[str, Any],
    stream: tuple[int, str] | None = None,
) -> AuditEntry:
    """Append one entry to a stream: (organization id, name), by default the organization's administration.

    Raises UnknownAction for a name that is not registered.
    """
    organization_id, name = stream or (by.organization_id, administration(by.organization_id))
    return append(hold(organization_id, name), action, by=by, subject=subject, facts=facts)


def append(
    head: AuditStream, action: str, *, by: Identity, subject: Subject, facts: dict[str, Any]
) -> AuditEntry:
    """Append to a stream whose head this transaction holds already."""
    actions.sentence(action)
    entry = AuditEntry(
        organization_id=head.organization_id,
        stream=head.name,
        seq=head.seq + 1,
        action=action,
        actor_id=by.user_id,
        actor_name=storable(by.display_name)[:255],
        subject_type=subject.kind,
        subject_id=subject.id,
        subject_name=storable(subject.name)[:255],
        facts=redact(facts),
        at=datetime.now(UTC),
        request_id=by.request_id,
        ip_address=_address(by.ip_address),
        prev_hash=head.hash,
    )
    entry.hash = chain.link(entry.body(), head.hash)
    _advance(head, entry)
    prepared.insert(entry)
    return entry


def open_tool_usage(usage: Usage, *, by: Identity) -> ToolUsage:
    """Open the row before anything runs; its id is the `auditing_id` the tool is given (S2.82)."""
    row = ToolUsage(
        organization_id=usage.organization_id,
        tool_name=usage.tool_name,
        parameters=redact(usage.parameters),
        user_id=by.user_id,
        user_name=storable(by.display_name)[:255],
        ip_address=_address(by.ip_address),
        request_id=by.request_id,
        **usage.copied,
    )
    prepared.insert(row)
    return row


def close_tool_usage(pk: int, *, status: str, reason: str = "", result: Any = None, **fields: Any) -> None:
    """Close it once; raises StaleState when it is closed already, so no ending is ever overwritten."""
    error = fields.pop("error_message", None)
    closed = ToolUsage.objects.close(
        pk,
        status=status,
        reason=reason,
        result=redact(result),
        error_message=redact(error),
        ended_at=timezone.now(),
        **fields,
    )
    if not closed:
        raise StaleState


def hold(organization_id: int, name: str) -> AuditStream:
    """The head, locked to the end of the transaction on PostgreSQL; SQLite's IMMEDIATE transaction locks it anyway.

    Whoever changes rows of a stream takes the head before any of them: with one order of locks, a stop and a
    verdict, or a claim and a settling, wait for each other and never in a circle.
    """
    found = _HEAD.first(name=name)
    if found is None:
        AuditStream.objects.get_or_create(
            name=name, defaults={"organization_id": organization_id, "hash": chain.START}
        )
        found = AuditStream.objects.select_for_update().get(name=name)
    return found


def _address(given: str | None) -> str | None:
    """As both databases give it back, or the hash would not fit what is read; what is no address is left out."""
    try:
        address = ipaddress.ip_address(given or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address).partition("%")[0]


def _advance(head: AuditStream, entry: AuditEntry) -> None:
    # The lock only spares a retry. What makes a fork impossible is this guarded update and the unique (stream, seq).
    still = Q(pk=head.pk, seq=head.seq)
    if prepared.update(AuditStream, still, {"seq": entry.seq, "hash": entry.hash}) != 1:
        raise StaleState
    # Whoever holds the head may append again.
    head.seq, head.hash = entry.seq, entry.hash
