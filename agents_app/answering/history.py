"""Reads a conversation's rows for the transcript: one query each for runs, steps and their calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings

from agents_app.answering.fencing import fenced
from agents_app.models import Message, Run, Step
from agents_app.showing import media
from agents_app.transcript import Exchange, Turn, Use
from project.accounts.prepared import Given, Prepared
from tools_app.approving import instead, outcomes, successors
from tools_app.calling import remainders
from tools_app.models import ToolCall

# The budget of tokens decides what is repeated to the model. This only keeps a conversation of years from being read
# whole before every turn.
NEWEST_RUNS = 300


class _Answer(NamedTuple):
    """What is read of a Run: hundreds of tuples are read in a fifth of the time of models, before every turn."""

    pk: int
    message_id: int
    status: str
    reason: str
    text: str
    attachments: list[dict[str, Any]]


class _Turned(NamedTuple):
    """The same of a model's Step."""

    run_id: int
    message_id: int | None
    ended_at: datetime | None
    content: list[dict[str, Any]]
    ending: str | None
    text: str | None


_RUNS = Prepared(
    lambda: (
        Run.objects.filter(conversation_id=Given("conversation"), pk__lte=Given("newest"))
        .order_by("-pk")
        .values_list("pk", "message_id", "status", "reason", "message__text", "message__attachments")[
            :NEWEST_RUNS
        ]
    )
)
_TURNS = Prepared(
    lambda: (
        Step.objects.filter(**_BETWEEN, kind=Step.Kind.MODEL)
        .order_by("run_id", "number")
        .values_list("run_id", "message_id", "ended_at", "content", "message__ending", "message__text")
    )
)
_CALLED = Prepared(
    lambda: (
        Step.objects.filter(**_BETWEEN, tool_call__isnull=False)
        .select_related("tool_call")
        .defer("tool_call__result", "tool_call__asked_through", "tool_call__explanation")
        .order_by("run_id", "number")
    )
)
_BETWEEN: Final[Mapping[str, Any]] = {
    "run__conversation_id": Given("conversation"),
    "run_id__gte": Given("oldest"),
    "run_id__lte": Given("newest"),
}
Uses = Mapping[int | None, Mapping[str, Use]]


def exchanges(run: Run) -> list[Exchange]:
    """Everything said in the run's conversation up to and including this run's message, oldest first."""
    found = _RUNS.all(conversation=run.conversation_id, newest=run.pk)
    answers = [_Answer._make(row) for row in reversed(found)]
    between = {"conversation": run.conversation_id, "oldest": answers[0].pk, "newest": answers[-1].pk}
    turns: dict[int, list[_Turned]] = defaultdict(list)
    for row in _TURNS.all(**between):
        turns[row[0]].append(_Turned._make(row))
    uses = _uses(step.tool_call for step in _CALLED.all(**between))
    told: dict[int, list[_Answer]] = defaultdict(list)
    for each in answers:
        told[each.message_id].append(each)
    return [_exchange(same, turns, uses) for same in told.values()]


def _exchange(same: list[_Answer], turns: Mapping[int, list[_Turned]], uses: Uses) -> Exchange:
    """Runs about one message: the answer, and the attempts before it."""
    said: list[Turn] = []
    for each in same:
        said += _turns(
            turns.get(each.pk, []), uses, keeps_partial=each is same[-1] and each.status in Run.FINAL
        )
    return Exchange(
        text=media.told(same[0].text, same[0].attachments),
        turns=said,
        refused=same[-1].reason == "refusal",
    )


def _turns(turned: Iterable[_Turned], uses: Uses, *, keeps_partial: bool) -> Iterator[Turn]:
    """A turn cut short is replayed as text only where nothing was answered after it; a retry starts clean."""
    for each in turned:
        if each.ended_at is None:
            continue
        if each.content:
            yield Turn(content=each.content, uses=uses.get(each.message_id, {}))
        elif keeps_partial and each.text is not None and each.ending != Message.Ending.REFUSAL:
            yield Turn(partial=each.text)


def _uses(called: Iterable[ToolCall | None]) -> dict[int | None, dict[str, Use]]:
    """By the message they hang under: a model may use the same id again in a later turn."""
    found: dict[int | None, dict[str, Use]] = defaultdict(dict)
    for first in called:
        if first is not None:
            call = successors.latest(first)
            found[call.message_id][call.tool_use_id] = use_of(call)
    return found


def use_of(call: ToolCall) -> Use:
    """What the model reads of a use: the result, or in words why there is none."""
    # What people changed of it is rare, and asked for only where it went on in another call.
    changed = successors.told(call) if call.replaces_id else ""
    if call.status == ToolCall.Status.SUCCEEDED:
        told = fenced(_cut(call.result_text)) + remainders.told(call.tool_name, call.remainder)
        return Use("\n".join(filter(None, [changed, told])), blocks=call.blocks)
    if call.reason == instead.ANSWERED:
        return Use(
            f"[{call.reason_text} These are their words, not a result of the tool.]\n{_cut(call.result_text)}"
        )
    words = {
        ToolCall.Status.DENIED: "Denied",
        ToolCall.Status.EXPIRED: "Expired",
        ToolCall.Status.BLOCKED: "Blocked",
        ToolCall.Status.CANCELLED: "Cancelled",
    }
    word = words.get(ToolCall.Status(call.status), "Failed")
    # Rare, so it is asked for here and not read along with every step.
    seen = outcomes.told(call) if call.reason == "outcome_unknown" else ""
    # Why a use failed its tool says, or a service far away; that it was lost says the house.
    is_theirs = word == "Failed" and call.reason != "outcome_unknown"
    why = fenced(call.reason_text) if is_theirs else call.reason_text
    told = f"{word} ({call.reason}): {why} {seen}".rstrip()
    return Use("\n".join(filter(None, [changed, told])), is_error=True)


def _cut(text: str) -> str:
    raw = text.encode()
    limit = settings.RESULT_MODEL_BYTES
    if len(raw) <= limit:
        return text
    return raw[:limit].decode(errors="ignore") + f"\n[{len(raw) - limit} more bytes were not passed on]"
