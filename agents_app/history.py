"""Reads a conversation's rows for the transcript: one query each for runs, steps and their calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings

from agents_app import media
from agents_app.models import Message, Run, Step
from agents_app.transcript import Exchange, Turn, Use
from project.accounts.prepared import Given, Prepared
from tools_app import instead, outcomes, remainders, successors
from tools_app.models import ToolCall

# The budget of tokens decides what is repeated to the model. This only keeps a conversation of years from being read
# whole before every turn.
NEWEST_RUNS = 300

# What is rendered and drawn is not repeated to a model, and is the larger part of a long conversation.
_RUNS = Prepared(
    lambda: (
        Run.objects.filter(conversation_id=Given("conversation"), pk__lte=Given("newest"))
        .select_related("message")
        .defer("message__html")
        .order_by("-pk")[:NEWEST_RUNS]
    )
)
_STEPS = Prepared(
    lambda: (
        Step.objects.filter(
            run__conversation_id=Given("conversation"),
            run_id__gte=Given("oldest"),
            run_id__lte=Given("newest"),
        )
        .select_related("message", "tool_call")
        .defer("message__html", "tool_call__result", "tool_call__asked_through", "tool_call__explanation")
        .order_by("run_id", "number")
    )
)


def exchanges(run: Run) -> list[Exchange]:
    """Everything said in the run's conversation up to and including this run's message, oldest first."""
    runs = _RUNS.all(conversation=run.conversation_id, newest=run.pk)[::-1]
    steps = _by_run(runs)
    told: dict[int, list[Run]] = defaultdict(list)
    for each in runs:
        told[each.message_id].append(each)
    return [_exchange(same, steps) for same in told.values()]


def _by_run(runs: Sequence[Run]) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = defaultdict(list)
    for step in _STEPS.all(conversation=runs[0].conversation_id, oldest=runs[0].pk, newest=runs[-1].pk):
        found[step.run_id].append(step)
    return found


def _exchange(same: list[Run], steps: dict[int, list[Step]]) -> Exchange:
    """Runs about one message: the answer, and the attempts before it."""
    turns: list[Turn] = []
    for each in same:
        turns += _turns(steps[each.pk], keeps_partial=each is same[-1] and each.status in Run.FINAL)
    return Exchange(
        text=media.told(same[0].message.text, same[0].message.attachments),
        turns=turns,
        refused=same[-1].reason == "refusal",
    )


def _turns(steps: list[Step], *, keeps_partial: bool) -> list[Turn]:
    """A turn cut short is replayed as text only where nothing was answered after it; a retry starts clean."""
    uses = _uses(steps)
    turns = []
    for step in steps:
        if step.kind != Step.Kind.MODEL or step.ended_at is None:
            continue
        if step.content:
            turns.append(Turn(content=step.content, uses=uses[step.message_id]))
        elif keeps_partial and step.message and step.message.ending != Message.Ending.REFUSAL:
            turns.append(Turn(partial=step.message.text))
    return turns


def _uses(steps: list[Step]) -> dict[int | None, dict[str, Use]]:
    """By the message they hang under: a model may use the same id again in a later turn."""
    found: dict[int | None, dict[str, Use]] = defaultdict(dict)
    for step in steps:
        if step.tool_call is not None:
            call = successors.latest(step.tool_call)
            found[call.message_id][call.tool_use_id] = use_of(call)
    return found


def use_of(call: ToolCall) -> Use:
    """What the model reads of a use: the result, or in words why there is none."""
    # What people changed of it is rare, and asked for only where it went on in another call.
    changed = successors.told(call) if call.replaces_id else ""
    if call.status == ToolCall.Status.SUCCEEDED:
        told = _cut(call.result_text) + remainders.told(call.tool_name, call.remainder)
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
    told = f"{word} ({call.reason}): {call.reason_text} {seen}".rstrip()
    return Use("\n".join(filter(None, [changed, told])), is_error=True)


def _cut(text: str) -> str:
    raw = text.encode()
    limit = settings.RESULT_MODEL_BYTES
    if len(raw) <= limit:
        return text
    return raw[:limit].decode(errors="ignore") + f"\n[{len(raw) - limit} more bytes were not passed on]"
