"""Tells open inboxes that a question was put, decided, or has waited for long: its number, and nothing of it.

Who hears a number asks for the question itself, and gets what they may see.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from django.conf import settings
from django.db import transaction

from agents_app.live import news
from project.accounts.identity import Identity
from project.accounts.roles import DECIDE
from tools_app.models import Approval


def changed(row: Approval, event: str = "") -> None:
    """Announce after the commit, to those who decide for the organization and to whoever asked."""
    told = {"type": "inbox", "approval": row.pk, "status": row.status, "event": event}
    groups = (group(row.organization_id), group(row.organization_id, row.requester_id))
    transaction.on_commit(lambda: news.tell(groups, told))


def look_again(concerned: Collection[tuple[int, str]]) -> None:
    """Tell inboxes that questions show something else by now; each pair is an organization and who asked there."""
    groups = {group(organization_id) for organization_id, _ in concerned}
    groups |= {group(organization_id, requester) for organization_id, requester in concerned}
    if groups:
        news.tell(groups, {"type": "inbox", "approval": None, "status": "", "event": ""})


def group_of(identity: Identity) -> str:
    """Where news of this person's inbox is told: of all questions of the organization, or of their own."""
    whose = "" if identity.may(DECIDE) else identity.user_id
    return group(identity.organization_id, whose)


def group(organization_id: int, user_id: str = "") -> str:
    """Keyed, so that the name of a group cannot be made up from ids (`security.md` 1.1)."""
    said = f"inbox:{organization_id}:{user_id}".encode()
    return f"inbox.{hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()[:32]}"
