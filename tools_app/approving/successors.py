"""A ToolCall in the place of another: with arguments a person changed, or asked about anew since something drifted.

It goes on where the other one ended: same answer, same use of the model, which gets exactly one result (G8). A
successor is always asked about. Somebody was being asked when it came to be, and nothing may run unseen after that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit_app.transitions import born
from project.accounts.identity import Identity
from tools_app import doors, policy, rules
from tools_app.approving import questions
from tools_app.calling import askers
from tools_app.explain import decided
from tools_app.facts import Gathered
from tools_app.models import Approval, ToolCall

# Why one is asked about, whatever else the rules say.
CHANGED: Final = "changed"
EDITED: Final = "edited"
# How the call before it ended.
REPLACED: Final = "replaced"
_COPIED: Final = (
    *("organization_id", "session_id", "run_id", "message_id", "tool_use_id"),
    *("agent_type_id", "agent_name", "user_id", "user_name", "asked_through", "tool_context"),
    # What it is under suspicion for, and by which reading: the next card, and one after that, has to say it.
    *("tainted", "read_outside"),
    # A slot that was taken for this use stays taken for it, and what it left is told of it.
    *("limit_reserved", "remainder"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One argument that a person changed: absent on a side where there is none."""

    name: str
    before: Any
    now: Any


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


def may_have(call: ToolCall) -> bool:
    """Only what an answer waits for goes on in another call; what was tried out is simply tried again."""
    return call.run_id is not None and not doors.run_is_over(call.run_id)


def put_anew(call: ToolCall, found: Gathered, decision: policy.Decision, *, by: Identity) -> Approval:
    """Ask about the same arguments as things are by now. In the transaction in which the other call was ended."""
    return _put(_next(call, found), found, decision, CHANGED, by=by)


def put_edited(
    call: ToolCall, found: Gathered, decision: policy.Decision, *, by: Identity, groups: Iterable[str] = ()
) -> Approval:
    """Ask about the arguments as this person changed them, who might because they are in one of these groups."""
    successor = _next(call, found)
    successor.edited_by_id, successor.edited_by_name = by.user_id, by.display_name[:255]
    successor.asked_through = askers.edited(call.asked_through, by, groups)
    return _put(successor, found, decision, EDITED, by=by)


def _next(call: ToolCall, found: Gathered) -> ToolCall:
    tool = found.facts.tool
    return ToolCall(
        **{name: getattr(call, name) for name in _COPIED},
        status=ToolCall.Status.WAITING,
        agent_hash=found.grant.agent_hash if found.grant else call.agent_hash,
        tool=found.tool,
        tool_name=call.tool_name,
        tool_hash=tool.content_hash if tool else call.tool_hash,
        arguments=dict(found.call.arguments),
        filled=list(found.filled),
        provenance=_provenance(call, found),
        replaces=call,
    )


def _put(
    successor: ToolCall, found: Gathered, decision: policy.Decision, why: str, *, by: Identity
) -> Approval:
    successor.explanation = decided.first(found, decision)
    born(successor, by=by)
    asked = decision.reasons if isinstance(decision, policy.AskApproval) else ()
    return questions.ask(successor, found, reasons=(*asked, why), by=by)


def _provenance(call: ToolCall, found: Gathered) -> dict[str, str]:
    """Where each argument comes from: the model, policy, or a person who changed it."""
    before = provenance(call)
    return {
        name: before.get(name, "person")
        if name in call.arguments and rules.is_same(call.arguments[name], value)
        else "policy"
        if name in found.filled
        else "person"
        for name, value in found.call.arguments.items()
    }


def provenance(call: ToolCall) -> dict[str, str]:
    """By argument: model, policy or person."""
    known: dict[str, str] = call.provenance or {}
    return known or {name: "policy" if name in call.filled else "model" for name in call.arguments}


def original(call: ToolCall) -> ToolCall:
    """The call as the model asked for it."""
    while call.replaces is not None:
        call = call.replaces
    return call


def latest(call: ToolCall) -> ToolCall:
    """The call in which this one went on, or itself: what its use came to in the end."""
    while call.reason in (REPLACED, "definition_changed"):
        following = ToolCall.objects.select_related("tool").filter(replaces=call).first()
        if following is None:
            return call
        call = following
    return call


def changes(call: ToolCall) -> list[Change]:
    """What people changed of the arguments the model gave, in the order of the arguments."""
    if not askers.edits(call):
        return []
    return differing(original(call).arguments, call.arguments)


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    names = [*now, *(name for name in before if name not in now)]
    sides = ((name, before.get(name, ABSENT), now.get(name, ABSENT)) for name in names)
    return [Change(name, was, is_now) for name, was, is_now in sides if not _same(was, is_now)]


def _same(one: Any, other: Any) -> bool:
    return one is not ABSENT and other is not ABSENT and rules.is_same(one, other)


def told(call: ToolCall) -> str:
    """For the model, before the result: who changed what of its arguments; empty where nobody did."""
    found = changes(call)
    if not found:
        return ""
    who = " and ".join(editors(call)) or "A person"
    return f"[{who} changed the arguments of this use before it was approved. {_listed(found)}]"


def editors(call: ToolCall) -> list[str]:
    """The names of everybody who changed the arguments since the model gave them, oldest first."""
    newest_first = (each.edited_by_name for each in reversed(askers.edits(call)))
    return list(dict.fromkeys(name for name in newest_first if name))[::-1]


def _listed(found: list[Change]) -> str:
    return " ".join(_sentence(each) for each in found)


def _sentence(change: Change) -> str:
    if change.now is ABSENT:
        return f"{change.name} was left out."
    if change.before is ABSENT:
        return f"{change.name} was added: {_written(change.now)}."
    return f"{change.name} became {_written(change.now)}."


def _written(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 500 else f"{text[:500]}… ({len(text)} characters)"
