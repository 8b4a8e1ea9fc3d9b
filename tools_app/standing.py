"""The verb of "allow from now on": take it back. The record keeps what was done under it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from audit_app import records
from audit_app.exceptions import StaleState
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from project.accounts.roles import DECIDE
from tools_app.models import StandingApproval


def may_revoke(standing: StandingApproval, identity: Identity) -> bool:
    return standing.revoked_at is None and (identity.may(DECIDE) or standing.user_id == identity.user_id)


@transaction.atomic
def revoke(standing: StandingApproval, *, by: Identity) -> None:
    if standing.organization_id != by.organization_id:
        raise NotFound
    if not (by.may(DECIDE) or standing.user_id == by.user_id):
        raise NotAllowed
    open_one = StandingApproval.objects.filter(pk=standing.pk, revoked_at__isnull=True)
    if open_one.update(revoked_at=timezone.now(), revoked_by=by.display_name[:255]) != 1:
        raise StaleState
    subject = records.Subject("standing", str(standing.pk), standing.tool_name)
    records.record("standing.revoked", by=by, subject=subject, facts={"person": standing.user_name})
