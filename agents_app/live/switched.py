"""Tells open pages that a kill switch was thrown or lifted: where a question waits about what it stops, and inboxes.

News only, like all that goes to sockets: whoever misses it is told at their yes, which the gate refuses while the
switch holds.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet

from agents_app.live import inbox_news, news, stream
from agents_app.showing import cards
from tools_app.models import Approval, KillSwitch

# Of more questions than these the newest are told; the rest look at their next change, or when they are reloaded.
MOST: Final = 200
_SCOPE: Final = {KillSwitch.Scope.TOOL: "call__tool_id", KillSwitch.Scope.PERSONA: "call__agent_type_id"}


def tell(row: KillSwitch) -> None:
    """Called after the commit."""
    waiting = list(_waiting(row).order_by("-pk")[:MOST])
    for approval in waiting:
        _tell_conversation(approval)
    inbox_news.look_again({(each.organization_id, each.requester_id) for each in waiting})


def _tell_conversation(approval: Approval) -> None:
    def told() -> list[dict[str, Any]]:
        # The record of the conversation did not grow by it, so there is no number: showing it twice is harmless.
        return [{"type": "approval", "seq": None, "item": cards.approval(approval, approval.call)}]

    if group := stream.group_of(approval.call.session_id):
        news.after_commit(group, told)


def _waiting(row: KillSwitch) -> QuerySet[Approval]:
    rows = Approval.objects.filter(status=Approval.Status.PENDING).select_related(
        "call__tool", "organization"
    )
    if row.organization_id is not None:
        rows = rows.filter(organization_id=row.organization_id)
    if name := _SCOPE.get(KillSwitch.Scope(row.scope)):
        rows = rows.filter(**{name: row.subject_id})
    return rows
