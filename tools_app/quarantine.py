"""Holding a tool back until somebody has reviewed it: what came from outside may not change under an old trust.

The gate refuses a tool that is held back, at the decision and at the claim, so a yes given before is not used either.
"""

from __future__ import annotations

from django.db import transaction

from audit_app import records
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.models import Tool


def hold_back(tool: Tool, why: str, *, by: Identity) -> None:
    """Refuse every use from now on, with this reason for people and models. Nothing happens if it is held already."""
    with transaction.atomic():
        current = Tool.objects.select_for_update().get(pk=tool.pk)
        if current.quarantine != why[:300]:
            current.quarantine = why[:300]
            current.save(update_fields=["quarantine", "updated_at"])
            _record("tool.quarantined", current, by=by)
    tool.quarantine = current.quarantine


def release(tool: Tool, *, by: Identity) -> None:
    """It may be used as it stands: a person with the right to change the catalog has looked at it.

    The system may say so only where it is again, to the letter, what a person has looked at.
    """
    if tool.organization_id != by.organization_id:
        raise NotFound
    if by.via != "system":
        by.require(CATALOG_CHANGE)
    with transaction.atomic():
        current = Tool.objects.select_for_update().get(pk=tool.pk)
        if current.quarantine:
            _record("tool.reviewed", current, by=by)
            current.quarantine = ""
            current.save(update_fields=["quarantine", "updated_at"])
    tool.quarantine = ""


def _record(action: str, tool: Tool, *, by: Identity) -> None:
    facts = {"reason": tool.quarantine, "content_hash": tool.content_hash()}
    records.record(action, by=by, subject=records.Subject("tool", str(tool.pk), tool.name), facts=facts)
