"""The buttons of a question beyond yes and no: other arguments, an answer in the place of the tool, a withdrawal."""

from __future__ import annotations

from django.conf import settings

from audit_app.audited_admin import Verb
from project.accounts.identity import Identity
from tools_app import approvals, arguments
from tools_app.approving import instead
from tools_app.exceptions import InvalidArguments, InvalidEdit
from tools_app.models import Approval


def _edit(row: Approval, by: Identity, given: dict[str, str]) -> str:
    try:
        wanted = arguments.parse(given.get("arguments", ""), max_bytes=settings.MAX_ARGS_BYTES)
    except InvalidArguments as broken:
        raise InvalidEdit(broken.message) from None
    comment = given.get("comment", "")
    made = instead.edit(row, digest=given.get("digest", ""), arguments=wanted, by=by, comment=comment)
    return f"Asked anew with what you changed: see the question about call {made.call_id}."


def _respond(row: Approval, by: Identity, given: dict[str, str]) -> str:
    instead.respond(row, digest=given.get("digest", ""), text=given.get("text", ""), by=by)
    return f"Answered. {row.call.tool_name} is not run, and the persona is told that these are your words."


def _withdraw(row: Approval, by: Identity, given: dict[str, str]) -> str:
    instead.withdraw(row, by=by)
    return f"Withdrawn. {row.call.tool_name} is not run."


def _may_change(row: Approval, identity: Identity) -> bool:
    is_open = row.status == Approval.Status.PENDING and row.about == Approval.About.USE
    return is_open and row.call.run_id is not None and approvals.may_decide(row, identity)


VERBS = (
    Verb("edit", "Ask with these", "", _edit, possible=_may_change),
    Verb("respond", "Send answer", "", _respond, possible=_may_change),
    Verb("withdraw", "Withdraw it", "", _withdraw, possible=instead.may_withdraw, dangerous=True),
)
