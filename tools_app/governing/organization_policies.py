"""The one verb of what an organization sets for the gate as a whole: change some of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from audit_app import records
from audit_app.redaction import plain
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import POLICY_CHANGE
from tools_app.approving import groups
from tools_app.calling import days
from tools_app.exceptions import InvalidPolicy
from tools_app.models import OrganizationPolicy

_MOST_REASONS: Final = 20
_REASON_CHARS: Final = 200


def fields() -> tuple[str, ...]:
    """What may be set: every column but those the system writes, in the order of the model."""
    kept = {"id", "organization", "updated_at"}
    columns = OrganizationPolicy._meta.concrete_fields
    return tuple(each.name for each in columns if each.name not in kept and each.editable)


def change(changes: Mapping[str, Any], *, by: Identity) -> OrganizationPolicy:
    """Change what is named, leave the rest; the first change makes the row. Raises InvalidPolicy."""
    if not by.organization_id:
        raise NotFound
    if by.via != "system":
        by.require(POLICY_CHANGE)
    if unknown := sorted(set(changes) - set(fields())):
        raise InvalidPolicy(details={name: ["There is no such setting."] for name in unknown})
    with transaction.atomic():
        # Whoever comes second waits for the first one's row, and changes it.
        OrganizationPolicy.objects.get_or_create(organization_id=by.organization_id)
        row = OrganizationPolicy.objects.select_for_update().get(organization_id=by.organization_id)
        changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
        for name in changed:
            setattr(row, name, changes[name])
        _require_sound(row)
        if "time_zone" in changed:
            # Read before the new zone is saved: else moving it would give the limits of the day back.
            day = days.kept(row.organization_id, row.time_zone)
            row.day_kept, row.day_kept_until = day.key, day.kept_until
        if changed:
            row.save()
            _record(row, changed, by)
    return row


def _require_sound(row: OrganizationPolicy) -> None:
    wrong = groups.problems(row.organization_id, count=row.approvals_needed, named=row.approver_groups)
    if row.escalate_to and row.escalate_to not in groups.names(row.organization_id):
        wrong["escalate_to"] = ["There is no approver group of this name."]
    try:
        row.full_clean(exclude=["organization", *wrong])
    except ValidationError as broken:
        wrong |= {name: list(told) for name, told in broken.message_dict.items()}
    if not _are_texts(row.deny_reasons):
        wrong["deny_reasons"] = [f"This must be a list of at most {_MOST_REASONS} short texts."]
    if wrong:
        raise InvalidPolicy(details=wrong)


def _are_texts(listed: Any) -> bool:
    fits = isinstance(listed, list) and len(listed) <= _MOST_REASONS
    return fits and all(isinstance(each, str) and 0 < len(each) <= _REASON_CHARS for each in listed)


def _record(row: OrganizationPolicy, changed: list[str], by: Identity) -> None:
    subject = records.Subject("organization_policy", str(row.pk), str(row))
    now = {name: plain(getattr(row, name)) for name in changed}
    records.record("policy.changed", by=by, subject=subject, facts={"changed": changed, "settings": now})
