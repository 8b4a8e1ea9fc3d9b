"""What is allowed from now on, as people and programs see it: the offer beside a question, and the rows there are."""

from __future__ import annotations

from typing import Any, Final

from audit_app import clock
from project.accounts.identity import Identity
from tools_app.approving import allowing, standing
from tools_app.approving.allowing import Offer
from tools_app.approving.broadening import quoted
from tools_app.approving.lasting import OPEN, STATES, Today
from tools_app.approving.visible import visible_text
from tools_app.models import StandingApproval

Item = dict[str, Any]
_TIMES: Final = (300, 900, 3_600, 14_400, 28_800, 86_400, 604_800)
LISTED: Final = 100
LISTED_OVER: Final = 20


def offer_item(offered: Offer) -> Item:
    """What a person may choose from, and what is chosen if they change nothing."""
    call = offered.approval.call
    seconds = min(offered.most_seconds, allowing.SUGGESTED_SECONDS)
    return {
        "approval": offered.approval.pk,
        "digest": offered.approval.digest,
        "tool": visible_text(call.tool_name),
        "persona": visible_text(call.agent_name),
        "requester": visible_text(call.user_name),
        "arguments": [
            {
                "name": each.name,
                "label": visible_text(each.name),
                "value": quoted(offered.arguments[each.name]),
                "choices": [{"key": choice.key, "words": choice.words} for choice in each.choices],
                "suggested": each.suggested,
            }
            for each in offered.widened
        ],
        "in_conversation": bool(call.session_id),
        "times": _times(offered.most_seconds, seconds),
        "seconds": {"most": offered.most_seconds, "suggested": seconds},
        "uses": {"most": offered.most_uses, "suggested": min(offered.most_uses, allowing.SUGGESTED_USES)},
    }


def _times(most: int, suggested: int) -> list[Item]:
    """Round lengths of time up to the longest there is, which is one of them."""
    lengths = sorted({*(each for each in _TIMES if each <= most), most, suggested})
    return [{"seconds": each, "words": span(each)} for each in lengths]


def span(seconds: int) -> str:
    """ "8 hours": in the largest unit that comes out even."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count, rest = divmod(seconds, size)
        if count and not rest:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def spared(row: StandingApproval) -> Item:
    """What the card of a call says of the one that spared its question."""
    return {
        "id": row.pk,
        "by": visible_text(row.granted_by),
        "until": row.expires_at.isoformat(),
        "words": row.words,
        "uses": row.max_uses,
    }


def of_person(identity: Identity) -> tuple[list[Item], list[Item]]:
    """Those that are for this person or by them: the open ones, which end first first, and the last that are over."""
    theirs = (
        StandingApproval.objects.visible_to(identity)
        .select_related("approval__call__tool")
        .by_or_for(identity)
    )
    today, is_open = Today(clock.read()), StandingApproval.objects.open().values("pk")
    current = [
        item(row, identity, today) for row in theirs.filter(pk__in=is_open).order_by("expires_at")[:LISTED]
    ]
    over = [
        item(row, identity, today) for row in theirs.exclude(pk__in=is_open).order_by("-pk")[:LISTED_OVER]
    ]
    changed = [row for row in current if row["state"] != OPEN]
    return [row for row in current if row["state"] == OPEN], [*changed, *over]


def item(row: StandingApproval, identity: Identity, today: Today) -> Item:
    """`today` is shared by all rows of a list: what holds for many of them is read once."""
    state = today.state_of(row)
    return {
        **spared(row),
        "state": state,
        "state_text": STATES[state],
        "tool": visible_text(row.tool_name),
        "persona": visible_text(row.agent_name),
        "person": visible_text(row.user_name),
        "is_mine": row.user_id == identity.user_id,
        "conversation": row.session_id or None,
        "used": row.used,
        "created_at": row.created_at.isoformat(),
        "last_used_at": row.last_used_at.isoformat() if row.last_used_at else None,
        "revoked_by": visible_text(row.revoked_by),
        "may_revoke": standing.may_revoke(row, identity) and state in (OPEN, "changed"),
    }
