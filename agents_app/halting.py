"""Kill switches where answers are worked out: before each step, while a model speaks, and when it was cut short."""

from __future__ import annotations

from agents_app import listening, verdicts
from agents_app.heard import Heard
from agents_app.models import Run
from tools_app import halts
from tools_app.halts import Halt


def of_run(run: Run) -> Halt | None:
    """The switch that stops an answer; one for a tool stops that tool alone, at the gate."""
    return halts.halting(run.organization_id, agent_type_id=run.agent_type_id)


def reason_to_end(run: Run) -> tuple[str, str] | None:
    halt = of_run(run)
    return (halts.CODE, halt.told) if halt else None


def verdict_of(run: Run, heard: Heard) -> verdicts.Verdict:
    """What a turn's ending means; one that was cut off says so truly where a switch did it."""
    verdict = verdicts.of(heard)
    was_cut = heard.ended is None and heard.error is None
    if was_cut and isinstance(verdict, verdicts.Broken) and (halt := of_run(run)):
        return verdicts.Broken(verdict.ending, halts.CODE, halt.told)
    return verdict


def look(run: Run) -> None:
    """At each renewal of the lease: end the stream of a stopped answer, also where no bell was heard."""
    if of_run(run):
        listening.stop_attempt(run.pk, run.attempt)


def interrupt(organization_id: int | None, agent_type_id: int | None) -> None:
    """End what models are saying just now: of an organization or of everybody, of a persona or of all.

    The workers find by themselves why it ended; an answer that rests or waits its turn is left alone, and finds the
    switch before its next step.
    """
    running = Run.objects.filter(status=Run.Status.RUNNING)
    if organization_id is not None:
        running = running.filter(organization_id=organization_id)
    if agent_type_id is not None:
        running = running.filter(agent_type_id=agent_type_id)
    for run_id in running.values_list("pk", flat=True):
        listening.stop(run_id)
        listening.announce_stop(run_id)
