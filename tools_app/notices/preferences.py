"""What one person wants to be told. Theirs alone: nobody else reads or changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from project.accounts import identity as identities
from project.accounts.identity import Identity
from project.accounts.models import Membership
from tools_app.models import NotificationPreference

FIELDS: Final = ("mail_requested", "mail_reminded", "mail_escalated", "mail_decided")


def of(who: Identity) -> NotificationPreference:
    """The row, or one with every default that is not saved."""
    membership = _membership(who)
    found = NotificationPreference.objects.filter(membership=membership).first()
    return found or NotificationPreference(membership=membership)


def change(who: Identity, changes: Mapping[str, bool]) -> NotificationPreference:
    values: dict[str, Any] = {name: bool(changes[name]) for name in FIELDS if name in changes}
    row, _ = NotificationPreference.objects.update_or_create(membership=_membership(who), defaults=values)
    return row


def _membership(who: Identity) -> Membership:
    return identities.membership_of(who.user_id, only=who.organization_id)
