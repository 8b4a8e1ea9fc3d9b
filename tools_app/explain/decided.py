"""What the gate decided about a call, kept with it in a compact form: the chain of rules as it was at that moment.

Beside the chain stands what the arguments meant outside of this house (files, statements): with it the same call can
be decided again under other rules, without looking at a disk that has changed meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from audit_app.redaction import plain, storable
from tools_app import policy
from tools_app.explain import explaining
from tools_app.explain.explaining import Line
from tools_app.facts import Gathered
from tools_app.models import ToolCall
from tools_app.policy import Call

log = logging.getLogger(__name__)

# When it was decided: as the model asked, as a person said yes, as a worker was about to start it.
ASKED: Final = "asked"
VERDICT: Final = "verdict"
CLAIM: Final = "claim"
# A call may be asked about again and again; of more decisions than these the first and the last are kept.
MOST_KEPT: Final = 8
_LONGEST: Final = 2_000
_MEANT: Final = ("also", "beyond", "sql")


@dataclass(frozen=True, slots=True)
class Then:
    """One decision as it was: when and at which stage, what, and why step by step."""

    at: str
    stage: str
    decision: str
    code: str
    lines: tuple[Line, ...]


def word(decision: policy.Decision) -> str:
    """The decision in one word: allow, ask or refuse."""
    match decision:
        case policy.Refuse():
            return "refuse"
        case policy.AskApproval():
            return "ask"
    return "allow"


def first(found: Gathered, decision: policy.Decision) -> list[dict[str, Any]]:
    """What is kept with a call that is born with this decision."""
    meant = {name: value for name in _MEANT if (value := getattr(found.call, name, None))}
    unread = {"unread": True} if found.call.problems and not found.call.arguments else {}
    leak = {"could_leak": True} if found.facts.could_leak else {}
    kept = _entry(found, decision, ASKED)
    return [{**kept, **({"meant": plain(meant)} if meant else {}), **unread, **leak}]


def add(call: ToolCall, found: Gathered, decision: policy.Decision, stage: str) -> None:
    """Keep what was decided later, where that is another thing than at first."""
    entry = _entry(found, decision, stage)
    with transaction.atomic():
        # Somebody's verdict and a worker's claim may both have something to add.
        rows = ToolCall.objects.select_for_update().filter(pk=call.pk)
        there = rows.values_list("explanation", flat=True).first()
        kept = [*(there if isinstance(there, list) else []), entry]
        call.explanation = kept if len(kept) <= MOST_KEPT else [kept[0], *kept[1 - MOST_KEPT :]]
        rows.update(explanation=call.explanation)


def read(call: ToolCall) -> tuple[Then, ...]:
    """The decisions of a call, in order; none of calls from before they were kept, or of what cannot be read."""
    try:
        return tuple(
            Then(
                str(kept.get("at") or call.created_at.isoformat()),
                str(kept["stage"]),
                str(kept["decision"]),
                str(kept.get("code", "")),
                explaining.unpacked(kept),
            )
            for kept in call.explanation or ()
        )
    except (TypeError, KeyError, ValueError, IndexError, AttributeError):
        log.warning("the decisions kept with call %s cannot be read", call.pk)
        return ()


def was_unread(call: ToolCall) -> bool:
    """Whether what the model wrote could not even be read: then there is nothing to decide again."""
    kept = _kept(call)
    return bool(kept.get("unread"))


def as_meant(call: ToolCall, arguments: Mapping[str, Any]) -> Call | None:
    """These arguments with what they meant when they were asked for; None where that was not kept."""
    kept = _kept(call)
    if not kept or kept.get("code") == "invalid_arguments":
        # What does not fit the schema is never looked at further.
        return None
    meant = kept.get("meant") or {}
    known = {name: meant[name] for name in _MEANT if name in meant and name in Call.__dataclass_fields__}
    if "beyond" in known:
        known["beyond"] = tuple(known["beyond"])
    return replace(Call(arguments=arguments), **known)


def _kept(call: ToolCall) -> Mapping[str, Any]:
    listed = call.explanation if isinstance(call.explanation, list) else []
    found = listed[0] if listed else {}
    return found if isinstance(found, Mapping) else {}


def _entry(found: Gathered, decision: policy.Decision, stage: str) -> dict[str, Any]:
    code = {"code": decision.code} if isinstance(decision, policy.Refuse) else {}
    at = {"at": timezone.now().isoformat(timespec="seconds")} if stage != ASKED else {}
    told = [_short(line) for line in _lines(found, decision)]
    return {"stage": stage, "decision": word(decision), **code, **at, **explaining.packed(told)}


def _lines(found: Gathered, decision: policy.Decision) -> tuple[Line, ...]:
    """Words for people must not keep a call from being refused, asked about or run."""
    try:
        return explaining.lines(found.call, found.facts, found.filled, decision, found.judged)
    except Exception:
        log.exception("a decision about the tool %s cannot be explained", found.tool and found.tool.pk)
        return ()


def _short(line: Line) -> Line:
    """A model may write a thousand wrong names, and every one is told of."""
    cut = line.text if len(line.text) <= _LONGEST else line.text[:_LONGEST] + " …"
    return replace(line, text=storable(cut), detail=storable(line.detail[:_LONGEST]))
