"""Beneath a question in the admin: the yes that goes further than this one use, as in the chat."""

from __future__ import annotations

from typing import Any

from agents_app import decisions
from agents_app.showing import allowed
from audit_app.audited_admin import Verb
from project.accounts.identity import Identity
from tools_app import approvals
from tools_app.approving import allowing
from tools_app.exceptions import InvalidWish, NotFromNowOn
from tools_app.models import Approval

_WAY = "way:"


def shown(row: Approval, identity: Identity) -> dict[str, Any] | None:
    """What may be chosen, or None where it is not offered to this person."""
    if not _may_allow(row, identity):
        return None
    try:
        return allowed.offer_item(allowing.offer(row, identity))
    except NotFromNowOn:
        return None


def _may_allow(row: Approval, identity: Identity) -> bool:
    return approvals.may_decide(row, identity) and allowing.is_offered(row, identity)


def _allow(row: Approval, by: Identity, given: dict[str, str]) -> str:
    ways = {name.removeprefix(_WAY): key for name, key in given.items() if name.startswith(_WAY)}
    everywhere = given.get("where") == "everywhere"
    wish = allowing.Wish(ways, everywhere, _number(given, "seconds"), _number(given, "uses"))
    said = {"digest": given.get("digest", ""), "comment": given.get("comment", "")}
    try:
        made = decisions.approve_from_now_on(row, wish, by=by, **said)
    except InvalidWish as wrong:
        raise InvalidWish(_told(wrong.details["fields"]), details=wrong.details) from wrong
    return (
        f"Approved, and allowed until {made.expires_at:%d %B, %H:%M} UTC, {made.max_uses} more times at most."
    )


def _number(given: dict[str, str], name: str) -> int:
    text = given.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _told(fields: dict[str, Any]) -> str:
    """All that is wrong in one text: the page has no place of its own for each of it."""
    choices = fields.get("choices", {})
    others = {name: told for name, told in fields.items() if name != "choices"}
    return " ".join(f"{name}: {told}" for name, told in {**choices, **others}.items())


VERB = Verb("allow", "Approve, and from now on", "", _allow, possible=_may_allow)
