"""One model turn: its Step and Message opened before the model is asked, and ended once with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from agents_app.answering.heard import Heard
from agents_app.costs import gauge, spending, weighing
from agents_app.costs.money import Tokens
from agents_app.costs.spending import Held
from agents_app.factory import AgentClient
from agents_app.live import remembered, stream
from agents_app.models import Message, Run, Step
from agents_app.showing import rendering
from audit_app.redaction import storable
from project.accounts import prepared
from project.accounts.prepared import Given, More, Prepared

_NEWEST = Prepared(
    lambda: Step.objects.filter(run_id=Given("run")).order_by("-number").values_list("number")[:1]
)
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_ENDED = ("ended_at", "stop_reason", "content", "provider_request_id", "model", "nanos", *_TOKENS)
# What a text takes, where nobody counted: a stream that was cut, or a server that reports nothing.


@dataclass(frozen=True, slots=True)
class ModelTurn:
    run: Run
    step: Step
    message: Message


@transaction.atomic(savepoint=False)
def begin(run: Run, client: AgentClient, held: Held | None = None) -> ModelTurn:
    """Open a turn. What it holds back of budgets stands in its Step, in the same transaction."""
    message = Message(
        organization_id=run.organization_id,
        conversation_id=run.conversation_id,
        role=Message.Role.ASSISTANT,
        agent_type_id=run.agent_type_id,
        model=client.model,
        scripted=client.is_scripted,
    )
    prepared.insert(message)
    step = Step(
        organization_id=run.organization_id,
        run=run,
        number=next_number(run),
        kind=Step.Kind.MODEL,
        message=message,
        model=client.model,
        held=held.stored() if held else {},
    )
    prepared.insert(step)
    stream.announce_message(message, run)
    return ModelTurn(run, step, message)


def next_number(run: Run) -> int:
    newest: Any = _NEWEST.first(run=run.pk)
    return newest[0] + 1 if newest else 1


def end(turn: ModelTurn, heard: Heard, *, ending: str) -> None:
    """Store the text, rendered once, and what the next request must repeat. A message is ended once."""
    _close(turn.message, turn.run, storable(heard.text), ending=ending)
    step, ended = turn.step, heard.ended
    turn.run.pauses += heard.pauses
    step.ended_at = timezone.now()
    step.stop_reason = ended.stop_reason if ended else ending
    if ended is not None:
        step.content = ended.content if ending == Message.Ending.COMPLETE else _text_only(ended.content)
        step.provider_request_id = ended.request_id[:100]
        step.model = ended.model[:100] or step.model
    # By the model that was asked for: that is the one somebody has a price for.
    _count(turn.run, step, _tokens(step, heard), asked_for=turn.message.model)
    _save(step, *_ENDED)


def end_stopped(turn: ModelTurn, heard: Heard) -> None:
    """Keep what was heard of a turn whose run is not ours any more: stopped, or taken over by another worker."""
    _cut_short(turn.step, Run.objects.get(pk=turn.run.pk), storable(heard.text))


def abandon(run: Run) -> None:
    """Close what a dead worker left open, with the text that was remembered; it stays visible as interrupted."""
    for step in Step.objects.filter(run=run, kind=Step.Kind.MODEL, ended_at__isnull=True).select_related(
        "message"
    ):
        if step.message is not None:
            _cut_short(step, run, storable(remembered.text_of(step.message)))


@transaction.atomic
def _cut_short(step: Step, run: Run, text: str) -> None:
    # Guarded: the worker that was stopped and the sweeper that found it dead may both come here.
    if Step.objects.filter(pk=step.pk, ended_at__isnull=True).update(
        ended_at=timezone.now(), stop_reason="interrupted"
    ):
        asked_for = step.message.model if step.message else step.model
        _count(run, step, _estimated(step, text), asked_for=asked_for)
        _save(step, "nanos", "input_tokens", "output_tokens")
        ending = (
            Message.Ending.CANCELLED if run.status == Run.Status.CANCELLED else Message.Ending.INTERRUPTED
        )
        if step.message is not None:
            _close(step.message, run, text, ending=ending)


def _close(message: Message, run: Run, text: str, *, ending: str) -> None:
    message.text, message.ending, message.ended_at = text, ending, timezone.now()
    message.html, message.renderer = rendering.render(text), rendering.RENDERER
    _save(message, "text", "html", "renderer", "ending", "ended_at")
    stream.announce_message(message, run)


def _text_only(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a turn cut at a limit only whole text may be repeated: a tool use without its result would be refused."""
    return [block for block in content if block.get("type") == "text"]


def _tokens(step: Step, heard: Heard) -> Tokens:
    """What the model's end of the turn reports; else an estimate, for a cut stream is paid for like a whole one."""
    usage = heard.ended.usage if heard.ended else None
    if usage is not None:
        for name in _TOKENS:
            setattr(step, name, getattr(usage, name))
        reported = Tokens(
            usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens
        )
        if reported.all:
            return reported
    if heard.error is not None and not heard.text:
        # It was refused before anything was said.
        return Tokens()
    said = heard.text + "".join(use.arguments for use in heard.uses)
    return _estimated(step, said)


def _estimated(step: Step, said: str) -> Tokens:
    step.input_tokens, step.output_tokens = int(step.held.get("prompt", 0)), weighing.tokens(said)
    return Tokens(input=step.input_tokens, output=step.output_tokens)


def _count(run: Run, step: Step, tokens: Tokens, *, asked_for: str) -> None:
    """Write what the turn took into its Step, its Run, the book and the budgets it held something of."""
    step.nanos = spending.settle(run, model=asked_for, held=step.held, tokens=tokens)
    more = {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cached_tokens": tokens.cached,
        "nanos": step.nanos or 0,
        "unpriced_tokens": tokens.all if step.nanos is None else 0,
    }
    added = {name: More(amount) for name, amount in more.items() if amount}
    prepared.update(Run, Q(pk=run.pk), {**added, "pauses": run.pauses})
    for name, amount in more.items():
        setattr(run, name, getattr(run, name) + amount)
    gauge.announce(run)


def _save(row: Model, *names: str) -> None:
    prepared.update(type(row), Q(pk=row.pk), {name: getattr(row, name) for name in names})
