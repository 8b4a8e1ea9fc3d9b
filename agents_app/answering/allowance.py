"""How far one answer may go: the steps it may take, the time it may work, and what its person allowed beyond.

Time is what models and tools took; what an answer waits for people, or for its turn, is no time of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from agents_app.costs.spending import Spent
from agents_app.models import AgentType, Run, Step
from project.accounts.prepared import Given, Prepared

GO_ON: Final = "go_on"
ANSWER_NOW: Final = "answer_now"
STEPS: Final = "step_limit"
TIME: Final = "time_limit"
# From so many model turns before the last one on, the model is told.
_TOLD_FROM: Final = 3
_TOLD_SECONDS: Final = 60

_WORK = Prepared(
    lambda: Step.objects.filter(run_id=Given("run")).values_list(
        "kind", "created_at", "ended_at", "tool_call__started_at", "tool_call__ended_at"
    )
)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that an answer has reached. What its person may choose is empty where it holds for everybody."""

    code: str
    text: str
    choices: tuple[str, ...] = ()
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of an answer's steps and seconds; no seconds where its time is not limited."""

    steps: int
    seconds: float | None


def left(run: Run) -> Allowance:
    rows = _WORK.all(run=run.pk)
    turns = sum(1 for row in rows if row[0] == Step.Kind.MODEL)
    most = most_seconds(run.agent_type)
    seconds = None
    if most is not None:
        seconds = most * (1 + _further(run, TIME)) - worked(rows)
    return Allowance(most_steps(run.agent_type) * (1 + _further(run, STEPS)) - turns, seconds)


def most_steps(agent: AgentType) -> int:
    return min(agent.max_steps, settings.MAX_STEPS_PER_RUN)


def most_seconds(agent: AgentType) -> int | None:
    """The persona's own, within the installation's; 0 there is no limit."""
    own, all_of_them = agent.max_seconds, settings.MAX_SECONDS_PER_RUN
    if own is None:
        return all_of_them or None
    return min(own, all_of_them) if all_of_them else own


def _further(run: Run, code: str) -> int:
    """How often its person has given it as much again."""
    return int(run.beyond.get(code, 0))


def worked(rows: Iterable[tuple[Any, ...]]) -> float:
    """Seconds in which a model spoke or a tool ran; what ran side by side counts once."""
    spans = []
    for kind, created, ended, started, finished in rows:
        begin, end = (created, ended) if kind == Step.Kind.MODEL else (started, finished)
        if begin is not None and end is not None and end > begin:
            spans.append((begin, end))
    total, until = 0.0, None
    for begin, end in sorted(spans):
        alone = begin if until is None else max(begin, until)
        total += max((end - alone).total_seconds(), 0.0)
        until = end if until is None else max(end, until)
    return total


def reached(run: Run, now: Allowance) -> Reached | None:
    """The limit of steps or of time this answer stands at; nothing where its last turn is to come."""
    if run.answers_now:
        return None
    choices = _choices(run.agent_type)
    if now.steps <= 0:
        most = most_steps(run.agent_type) * (1 + _further(run, STEPS))
        taken = "the one step" if most == 1 else f"all {most} steps"
        return Reached(STEPS, f"The answer has taken {taken} it may take.", choices)
    return out_of_time(run) if now.seconds is not None and now.seconds <= 0 else None


def out_of_time(run: Run) -> Reached:
    return Reached(TIME, "The answer has worked for as long as it may.", _choices(run.agent_type))


def of_budget(spent: Spent) -> Reached:
    choices = (GO_ON, ANSWER_NOW) if spent.may_go_on else ()
    return Reached(spent.code, spent.text, choices, spent.budget.pk)


def _choices(agent: AgentType) -> tuple[str, ...]:
    match agent.at_limits:
        case AgentType.AtLimits.ASK:
            return GO_ON, ANSWER_NOW
        case AgentType.AtLimits.ANSWER:
            return (ANSWER_NOW,)
    return ()


def open_choices(run: Run) -> list[str]:
    """What the person of an answer may choose that rests at a limit; nothing where it does not rest."""
    rests = run.status == Run.Status.WAITING and run.resting_since is not None
    return [GO_ON, ANSWER_NOW] if rests else []


def rests_until(run: Run) -> datetime | None:
    """When an answer that rests at a limit is given up, if nobody says anything."""
    if not open_choices(run) or run.resting_since is None:
        return None
    return run.resting_since + timedelta(seconds=settings.APPROVAL_PENDING_SECONDS)


def chosen(run: Run) -> str:
    """For people: what became of the limits an answer has met; empty where it met none."""
    met = [
        *(["its limit of steps"] if run.beyond.get(STEPS) else []),
        *(["its limit of time"] if run.beyond.get(TIME) else []),
        *(["a budget"] if run.beyond.get("budgets") else []),
    ]
    further = f"It was let go on beyond {' and '.join(met)}." if met and not run.answers_now else ""
    last = "It had reached a limit, and answered with what it had." if run.answers_now else ""
    return further or last


def told(run: Run, now: Allowance, *, room: int | None = None) -> str:
    """What the model is told of it, where it is little: it may then plan. Empty as long as there is enough.

    `room` are the tokens a budget leaves to this turn, where they are fewer than its persona may write.
    """
    if run.answers_now:
        return (
            "A limit of this answer is reached. Answer now, in this turn, with what you have. No tool can be used any "
            "more. Say what is missing."
        )
    notes = []
    if now.steps <= _TOLD_FROM:
        turns = (
            "This is the last turn" if now.steps == 1 else f"{now.steps} turns are left, this one included,"
        )
        notes.append(f"{turns} of this answer: a turn that asks for tools needs another one after it.")
    if now.seconds is not None and now.seconds <= _TOLD_SECONDS:
        notes.append(f"About {max(round(now.seconds), 1)} seconds of work are left for this answer.")
    if room is not None:
        notes.append(f"A budget is nearly used up: this turn may have {room} tokens.")
    return " ".join([*notes, "Plan for it."]) if notes else ""
