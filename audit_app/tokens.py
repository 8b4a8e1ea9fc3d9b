"""The verbs of API tokens: issue and revoke, recorded. They live here because the ground floor may not record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction

from audit_app import records
from audit_app.exceptions import UnknownScope
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from project.accounts.models import ApiToken, Membership
from project.accounts.roles import ALL_PERMISSIONS, MEMBERS_MANAGE

DAYS: Final = 90


def issue(
    membership: Membership, *, scopes: Iterable[str], by: Identity, name: str = "", days: int = DAYS
) -> str:
    """Make a token for a member and return it, the only time it can be read. Raises UnknownScope or NotAllowed.

    A scope the person does not hold is refused: a token can only narrow.
    """
    _require_right(by, membership.organization_id, membership.user_id)
    wanted = frozenset(scopes)
    if unknown := sorted(wanted - frozenset(ALL_PERMISSIONS)):
        raise UnknownScope(details={"unknown": unknown, "known": sorted(ALL_PERMISSIONS)})
    if missing := sorted(wanted - membership.permissions):
        raise NotAllowed(
            "The person does not hold what this token should allow.", details={"missing": missing}
        )
    with transaction.atomic():
        row, token = ApiToken.objects.create(
            user=membership.user,
            organization=membership.organization,
            scopes=sorted(wanted),
            name=name[:120],
            expiry=timedelta(days=days),
        )
        _record("token.issued", row, by=by)
    return str(token)


def revoke(token: ApiToken, *, by: Identity) -> None:
    """End a token at once."""
    _require_right(by, token.organization_id, token.user_id)
    with transaction.atomic():
        _record("token.revoked", token, by=by)
        token.delete()


def _require_right(by: Identity, organization_id: int, user_id: int) -> None:
    """Everybody over the own tokens, who manages members over everybody's of the organization."""
    if by.organization_id != organization_id:
        raise NotFound
    if by.via != "system" and by.user_id != str(user_id):
        by.require(MEMBERS_MANAGE)


def _record(action: str, token: ApiToken, *, by: Identity) -> None:
    facts = {
        "person": token.user.get_username(),
        "name": token.name,
        "scopes": list(token.scopes),
        "until": token.expiry.isoformat() if token.expiry else None,
    }
    # Only the beginning, which tokens are listed by: a redactor would rightly hide the field "token".
    records.record(action, by=by, subject=records.Subject("token", token.token_key, token.name), facts=facts)
