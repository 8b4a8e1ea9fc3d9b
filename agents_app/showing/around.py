"""What stands around a question: what stops it, why whoever looks may not decide it, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from project.accounts.identity import Identity
from project.accounts.roles import DECIDE, DECIDE_OWN
from tools_app.approving import questions, votes
from tools_app.approving.visible import visible_text
from tools_app.exceptions import DecidesForItself
from tools_app.governing import halts
from tools_app.governing.halts import Halt
from tools_app.models import Approval, ApprovalVote, ToolCall

Item = dict[str, Any]
_VOID: Final = {
    halts.CODE: "Stopped",
    "replaced": "Replaced",
    "definition_changed": "Replaced",
    "": "Replaced",
}
# What the model is told besides, and nobody else can do anything about.
_TO_THE_MODEL: Final = (" Do not try it again now.", " Ask again.")
_PLAINLY: Final = {"Stopped by the person.": "Stopped."}
_ROLE: Final = "Your role cannot decide this one."


def halted(row: Approval, call: ToolCall, thrown: Sequence[Halt] | None = None) -> str:
    """What stops the use that waits, in words; empty where nothing does. `thrown`: where it is known for many."""
    if row.status != Approval.Status.PENDING or row.about == Approval.About.OUTCOME:
        return ""
    found = halts.thrown(row.organization_id) if thrown is None else thrown
    halt = halts.among(found, agent_type_id=call.agent_type_id or 0, tool_id=call.tool_id or 0)
    return halt.told if halt else ""


def void(row: Approval, call: ToolCall) -> str:
    """What is stamped on a question that was void before anybody's word counted."""
    return _VOID.get(call.reason, "Refused") if row.status == Approval.Status.SUPERSEDED else ""


def signed(row: Approval, cast: Iterable[Item]) -> str:
    """Who decided it: of a yes that took several people, all of them."""
    said_yes = [each["by"] for each in cast if each["verdict"] == ApprovalVote.Verdict.APPROVE]
    if row.status not in (Approval.Status.APPROVED, Approval.Status.CONSUMED) or len(said_yes) < 2:
        return visible_text(row.decided_by_name)
    return f"{', '.join(said_yes[:-1])} and {said_yes[-1]}"


def why_not(row: Approval, identity: Identity) -> str:
    """Of somebody who may not decide it: why."""
    own = row.requester_id == identity.user_id
    if not (identity.may(DECIDE) or (own and identity.may(DECIDE_OWN))):
        return _ROLE
    if questions.decides_for_itself(row, identity):
        return DecidesForItself().message
    if identity.user_id in votes.barred(row, votes.demands_of(row)):
        who = "asked" if own else "changed the arguments"
        return f"Whoever {who} cannot approve this one."
    return "You are in none of the groups that decide this one."


def for_people(reason_text: str) -> str:
    """Why a call ended, without what only the model can do about it."""
    for ending in _TO_THE_MODEL:
        reason_text = reason_text.removesuffix(ending)
    return visible_text(_PLAINLY.get(reason_text, reason_text))
