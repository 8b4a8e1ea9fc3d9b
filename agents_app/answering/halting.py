"""Kill switches where answers are worked out: before each step, while a model speaks, and when it was cut short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet

from agents_app.answering import listening, verdicts
from agents_app.answering.heard import Heard
from agents_app.models import AgentType, Run
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from tools_app.exceptions import InvalidSwitch
from tools_app.governing import halts, switches
from tools_app.governing.halts import Halt
from tools_app.governing.switches import Scope, Target
from tools_app.models import Tool, ToolCall

Row = TypeVar("Row", bound=Model)


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


def target_of(scope: str, tool_id: int | None, agent_id: int | None, *, by: Identity) -> Target:
    """What somebody wants to stop, of their own organization. Raises InvalidSwitch, NotFound."""
    wanted = {Scope.TOOL.value: tool_id, Scope.PERSONA.value: agent_id}
    named = {"tool": tool_id, "agent": agent_id}
    own = {Scope.TOOL.value: "tool", Scope.PERSONA.value: "agent"}.get(scope, "")
    if scope == Scope.INSTALLATION:
        raise InvalidSwitch(details={"scope": ["The operator alone stops the whole installation."]})
    wrong = {name: ["This scope has none."] for name, given in named.items() if given and name != own}
    if scope in wanted and not wanted[scope]:
        wrong[own] = ["Say which one."]
    if wrong:
        raise InvalidSwitch(details=wrong)
    if scope == Scope.TOOL:
        return switches.of_tool(_one(Tool.objects.visible_to(by).current(), tool_id))
    if scope == Scope.PERSONA:
        agent = _one(AgentType.objects.visible_to(by).current(), agent_id)
        return of_persona(agent)
    return switches.of_organization(by.organization_id)


def of_persona(agent: AgentType) -> Target:
    return Target(Scope.PERSONA, agent.organization_id, agent.pk, agent.display_name)


def _one(rows: QuerySet[Row], pk: int | None) -> Row:
    found = rows.filter(pk=pk or 0).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Reach:
    """What a switch would end at this moment, for whoever is about to throw it."""

    answers: int
    uses: int
    waiting: int


def reach(target: Target) -> Reach:
    runs, calls = Run.objects.all(), ToolCall.objects.all()
    if target.organization_id is not None:
        runs = runs.filter(organization_id=target.organization_id)
        calls = calls.filter(organization_id=target.organization_id)
    if target.scope == Scope.TOOL:
        runs, calls = runs.none(), calls.filter(tool_id=target.id)
    elif target.scope == Scope.PERSONA:
        runs, calls = runs.filter(agent_type_id=target.id), calls.filter(agent_type_id=target.id)
    return Reach(
        answers=runs.filter(status=Run.Status.RUNNING).count(),
        uses=calls.filter(status=ToolCall.Status.RUNNING).count(),
        waiting=calls.filter(status__in=[ToolCall.Status.QUEUED, ToolCall.Status.WAITING]).count(),
    )
