"""born() and move(): the only two that write a status. Each checks, writes, records, announces: one transaction."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models.expressions import Combinable

from audit_app import records
from audit_app.exceptions import IllegalMove, StaleState
from audit_app.models import AuditStream
from audit_app.signals import status_changed
from audit_app.stateful import Stateful
from project.accounts import prepared
from project.accounts.identity import Identity

Row = TypeVar("Row", bound=Stateful)


@transaction.atomic(savepoint=False)
def born(row: Row, *, by: Identity, **facts: Any) -> Row:
    """Insert a new row in one of its first states; `facts` join the row's own in the audit entry."""
    if row.status not in row.FIRST:
        raise IllegalMove(details={"row": row.AUDIT_NAME, "to": row.status})
    prepared.insert(row)
    _remember(row, None, _head(row), by=by, facts=facts)
    return row


def move(
    row: Row,
    to: str,
    *,
    by: Identity,
    only_if: models.Q | None = None,
    facts: dict[str, Any] | None = None,
    **fields: Any,
) -> Row:
    """Change the status, if it is still the one that was read and `only_if` holds in the same statement.

    Raises IllegalMove for a move the model does not know, StaleState when somebody else was faster. `fields` are
    written with it and may be expressions.
    """
    was = row.status
    if to not in row.MOVES.get(was, frozenset()):
        raise IllegalMove(details={"row": row.AUDIT_NAME, "from": was, "to": to})
    still = models.Q(pk=row.pk, status=was) & (only_if or models.Q())
    with transaction.atomic(savepoint=False):
        head = _head(row)
        # One statement decides. Two approvers, a redelivered message, a cancel racing a finish: whoever changes
        # no row here has lost, whatever was read before (100 simultaneous pairs gave 100 winners, 100 losers).
        won = prepared.update(type(row), still, {"status": to, **fields}) == 1
        if won:
            _adopt(row, to, fields)
            _remember(row, was, head, by=by, facts=facts or {})
    if not won:
        # Out here, where nothing was written: a caller may catch this and go on in its own transaction.
        raise StaleState(details={"row": row.AUDIT_NAME, "id": row.pk, "wanted": to})
    return row


@transaction.atomic(savepoint=False)
def note(row: Row, action: str, *, by: Identity, **facts: Any) -> Row:
    """Record and announce something about a row that keeps its status, such as the first of two votes."""
    told = {**row.audit_facts(), **facts}
    subject = records.Subject(row.AUDIT_NAME, str(row.pk), row.audit_label())
    entry = records.append(_head(row), action, by=by, subject=subject, facts=told)
    was = row.status
    status_changed.send(sender=type(row), row=row, was=was, to=was, by=by, seq=entry.seq)
    return row


def hold(row: Row, *, only_if: models.Q | None = None) -> None:
    """Take the row's stream for this transaction: whoever moves several rows, or writes one before it, does so first.

    Raises StaleState if the status is not the one that was read any more, or `only_if` does not hold.
    """
    _head(row)
    if not prepared.exists(type(row), models.Q(pk=row.pk, status=row.status) & (only_if or models.Q())):
        raise StaleState(details={"row": row.AUDIT_NAME, "id": row.pk})


def _head(row: Stateful) -> AuditStream:
    return records.hold(row.organization_id, row.audit_stream())


def _adopt(row: Stateful, to: str, fields: dict[str, Any]) -> None:
    row.status = to
    computed = [name for name, value in fields.items() if isinstance(value, Combinable)]
    for name, value in fields.items():
        if name not in computed:
            setattr(row, name, value)
    for name in computed:
        # Read from the database when somebody asks for it; a lease nobody looks at costs no query.
        row.__dict__.pop(name, None)


def _remember(
    row: Stateful, was: str | None, head: AuditStream, *, by: Identity, facts: dict[str, Any]
) -> None:
    entry = records.append(
        head,
        f"{row.AUDIT_NAME}.{row.status}",
        by=by,
        subject=records.Subject(row.AUDIT_NAME, str(row.pk), row.audit_label()),
        facts={**({"was": was} if was else {}), **row.audit_facts(), **facts},
    )
    status_changed.send(sender=type(row), row=row, was=was, to=row.status, by=by, seq=entry.seq)
