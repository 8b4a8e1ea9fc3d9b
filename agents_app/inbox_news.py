"""Tells open inboxes that a question was put, decided, or has waited for long: its number, and nothing of it.

Who hears a number asks for the question itself, and gets what they may see.
"""

from __future__ import annotations

from django.db import transaction

from agents_app import inbox, news
from tools_app.models import Approval


def changed(row: Approval, event: str = "") -> None:
    """Announce after the commit, to those who decide for the organization and to whoever asked."""
    told = {"type": "inbox", "approval": row.pk, "status": row.status, "event": event}
    groups = (inbox.group(row.organization_id), inbox.group(row.organization_id, row.requester_id))
    transaction.on_commit(lambda: news.tell(groups, told))
