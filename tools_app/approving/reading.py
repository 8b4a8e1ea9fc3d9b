"""Whoever reads questions of other people without being asked leaves an entry in the record, as with calls."""

from __future__ import annotations

from audit_app import records
from project.accounts.identity import Identity
from project.accounts.roles import DECIDE
from tools_app.models import Approval, StandingApproval


def note(row: Approval | StandingApproval, identity: Identity, *, page: str) -> None:
    """Record that somebody opened this, unless it is theirs or theirs to decide."""
    if identity.may(DECIDE) or identity.user_id in _whose(row):
        return
    records.record("record.read", by=identity, subject=_subject(row), facts={"page": page})


def note_list(identity: Identity, page: str) -> None:
    """The same of a list that shows everybody's: one entry, without what stood in it."""
    if not identity.may(DECIDE):
        subject = records.Subject(page, "", "everybody's")
        records.record("record.read", by=identity, subject=subject, facts={"page": page})


def _whose(row: Approval | StandingApproval) -> tuple[str, ...]:
    return (row.requester_id,) if isinstance(row, Approval) else (row.user_id, row.granted_by_id)


def _subject(row: Approval | StandingApproval) -> records.Subject:
    if isinstance(row, Approval):
        return records.Subject(row.AUDIT_NAME, str(row.pk), str(row))
    return records.Subject("standing", str(row.pk), row.tool_name)
