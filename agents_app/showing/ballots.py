"""Who decides about a question, and what people did about it besides: as pages, snapshot, REST and events show it."""

from __future__ import annotations

from functools import partial
from typing import Any

from project.accounts.identity import Identity
from tools_app.approving import deciders, instead, questions, successors, votes
from tools_app.approving.visible import of_kind, visible_text
from tools_app.governing import meanings
from tools_app.models import Approval, ApprovalVote, ToolCall

Item = dict[str, Any]


def of(row: Approval, call: ToolCall, identity: Identity | None) -> Item:
    """What an item of an Approval says of it. Of whoever looks only where that is known."""
    # What joins the question to its call is at hand; nothing is read for it.
    row.call = call
    cast = _votes(row)
    told: Item = {
        "needs": deciders.told(votes.demands_of(row)) if row.about == Approval.About.USE else "",
        "votes": [_vote(each) for each in cast],
        "alike": questions.likeness(row),
        "instead": visible_text(row.instead),
        "response": visible_text(row.response),
        **edited(call),
    }
    if identity is None:
        return told
    is_open = row.status == Approval.Status.PENDING
    editable = is_open and row.about == Approval.About.USE and call.run_id is not None
    if is_open and row.about == Approval.About.USE and votes.stands_in(identity.user_id, row):
        told["needs"] += " It was handed on to you: you stand in for one of them, in this use alone."
    return {
        **told,
        "voted": any(each.voter_id == identity.user_id for each in cast),
        "may_withdraw": instead.may_withdraw(row, identity),
        "editable": editable,
        "arguments": row.covers.get("arguments", {}) if editable else None,
        "absent": _absent(row, call) if editable else [],
    }


def _absent(row: Approval, call: ToolCall) -> list[Item]:
    """The parameters that have no value yet, to be added by whoever changes the arguments."""
    properties = call.tool.input_schema.get("properties") if call.tool else None
    given = row.covers.get("arguments", {})
    return [
        {"name": name, "is_text": isinstance(spec, dict) and spec.get("type") == "string"}
        for name, spec in (properties or {}).items()
        if name not in given
    ]


def _votes(row: Approval) -> list[ApprovalVote]:
    """Nobody is asked for votes where none was cast, nor where the one there is has decided."""
    is_one = row.votes_given <= 1 and row.status != Approval.Status.PENDING
    return [] if row.votes_given == 0 or is_one else list(row.votes.all())


def _vote(vote: ApprovalVote) -> Item:
    return {
        "by": visible_text(vote.voter_name),
        "verdict": vote.verdict,
        "groups": vote.groups,
        "comment": visible_text(vote.comment),
        "at": vote.created_at.isoformat(),
    }


def edited(call: ToolCall) -> Item:
    """Who changed the arguments the model gave, and how; for the person who asked, above all."""
    found = successors.changes(call) if call.replaces_id else []
    kinds = meanings.kinds_of(call.tool) if found and call.tool else {}
    return {
        "edited_by": visible_text(" and ".join(successors.editors(call))) if call.replaces_id else "",
        "changes": [
            {"name": visible_text(each.name), "was": write(each.before), "now": write(each.now)}
            for each in found
            for write in [partial(_shown, kinds.get(each.name, ""))]
        ],
    }


def _shown(kind: str, value: Any) -> str | None:
    return None if value is successors.ABSENT else of_kind(kind)(value)
