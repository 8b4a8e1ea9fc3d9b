"""advance(run) -> Finished | Waiting | GoAgain: one model turn, and what follows from it. A table of contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents_app import factory, runs, transcript
from agents_app.answering import allowance, halting, history, listening, model_turns, outside, tries, verdicts
from agents_app.answering.allowance import Allowance, Reached
from agents_app.answering.heard import Heard
from agents_app.answering.model_turns import ModelTurn
from agents_app.costs import spending, weighing
from agents_app.costs.spending import Spent
from agents_app.factory import AgentClient, Bounds
from agents_app.models import AgentType, Run, Step
from agents_app.providers.base import ModelRequest
from agents_app.providers.errors import ProviderError
from audit_app import crash
from audit_app.exceptions import StaleState
from audit_app.transitions import hold
from project.accounts import prepared
from project.accounts.exceptions import Misconfigured
from project.accounts.identity import Identity
from tools_app import calls
from tools_app.calling import askers, endings
from tools_app.calling.askers import Asked
from tools_app.calling.leases import Holder, Lease, keeper
from tools_app.calls import Proposal
from tools_app.models import ToolCall


@dataclass(frozen=True, slots=True)
class Finished:
    pass


@dataclass(frozen=True, slots=True)
class Waiting:
    pass


@dataclass(frozen=True, slots=True)
class GoAgain:
    pass


Outcome = Finished | Waiting | GoAgain


def work(run: Run) -> None:
    """Advance a claimed run until it waits or ends. Losing it to another worker ends the work quietly."""
    lease = Lease(Run, run.pk, run.attempt, settings.RUN_LEASE_SECONDS)
    try:
        with keeper.holding(lease, _holder(run)):
            while isinstance(advance(run), GoAgain):
                continue
    except StaleState:
        # Stopped by the person, or taken over after a lost lease: what was said is kept, nothing else moves.
        return


def _holder(run: Run) -> Holder:
    attempt = run.pk, run.attempt

    def beat() -> None:
        # First what asks a file before the database, which may be away.
        halting.look(run)
        listening.checkpoint(*attempt)

    return Holder(lost=lambda: listening.stop_attempt(*attempt), beat=beat)


def advance(run: Run) -> Outcome:
    identity = askers.person_of(run.user_id, run.organization_id, run.asked_through)
    reason = _reason_to_end(run, identity)
    if reason is not None:
        return _failed(run, *reason)
    left = allowance.left(run)
    if at := allowance.reached(run, left):
        return _at_limit(run, at)
    try:
        client = factory.client_for(run.agent_type, identity, run)
    except (Misconfigured, ProviderError) as broken:
        return _failed(run, broken.code, broken.message)
    said = transcript.build(history.exchanges(run), budget_tokens=run.agent_type.max_context_tokens)
    begun = _begun(run, client, said, left)
    if isinstance(begun, Reached):
        return _at_limit(run, begun)
    turn, request = begun
    # The last turn has the time it needs: it comes because the rest is used up.
    heard = listening.listen(turn, client, request, seconds=None if run.answers_now else left.seconds)
    crash.point("after-stream-before-settle")
    try:
        return _settled(turn, heard, identity)
    except StaleState:
        model_turns.end_stopped(turn, heard)
        raise


def _reason_to_end(run: Run, identity: Identity) -> tuple[str, str] | None:
    agent = run.agent_type
    if not identity.role:
        return "requester_gone", "The person who asked is no longer an active member."
    if stopped := halting.reason_to_end(run):
        return stopped
    if not agent.enabled or agent.archived_at is not None:
        return "agent_disabled", "This persona has been switched off."
    if tries.are_used_up(run):
        return "invalid_calls", "The model kept calling tools with arguments that do not fit."
    return None


def _failed(run: Run, reason: str, text: str) -> Finished:
    runs.fail(run, reason=reason, text=text)
    return Finished()


def _at_limit(run: Run, at: Reached) -> Outcome:
    """Its person is asked how to go on, or it answers with what it has, or it ends: as the limit says."""
    if allowance.GO_ON in at.choices and _is_somebody_there(run):
        runs.rest(run, reason=at.code, text=at.text, beyond={**run.beyond, "at": at.budget})
        return Waiting()
    if at.choices and at.budget is None:
        runs.answer_next(run)
        return GoAgain()
    return _failed(run, at.code, at.text)


def _is_somebody_there(run: Run) -> bool:
    """Whether a question has somebody to answer it: a person, or a persona that waits for one whoever asked."""
    asked = askers.person_of(run.user_id, run.organization_id, run.asked_through)
    return askers.is_attended(asked) or run.agent_type.unattended == AgentType.Unattended.WAIT


def _begun(
    run: Run, client: AgentClient, said: list[dict[str, Any]], left: Allowance
) -> tuple[ModelTurn, ModelRequest] | Reached:
    """Hold back of the budgets what the request may come to, and open the turn that says so; or the budget reached."""
    asked = client.request(said, tries=_tries(run))
    prompt = weighing.tokens(asked.system, said, asked.tools)
    with transaction.atomic():
        held = spending.hold(run, model=client.model, prompt=prompt, max_output=asked.max_output_tokens)
        if isinstance(held, Spent):
            return allowance.of_budget(held)
        turn = model_turns.begin(run, client, held)
    room = held.max_output if held.max_output < asked.max_output_tokens else None
    bounds = Bounds(held.max_output, allowance.told(run, left, room=room), run.answers_now)
    return turn, bounds.of(asked)


def _tries(run: Run) -> int:
    """At least one: a run that has waited often enough may still ask, it only waits no more."""
    return max(1, settings.MODEL_TRIES_PER_RUN - run.pauses)


def _settled(turn: ModelTurn, heard: Heard, identity: Identity) -> Outcome:
    """End the turn, put its tool uses before the gate and move the run, all in one transaction.

    One transaction, so that no call can settle before the run waits for it.
    """
    run, verdict = turn.run, halting.verdict_of(turn.run, heard)
    with transaction.atomic():
        hold(run)
        runs.require_ours(run)
        model_turns.end(turn, heard, ending=verdict.ending)
        if heard.out_of_time:
            return _at_limit(run, allowance.out_of_time(run))
        match verdict:
            case verdicts.Broken(reason=reason, text=text):
                return _failed(run, reason, text)
            case verdicts.Done(reason=reason, text=text):
                runs.finish(run, reason=reason, text=text)
                return Finished()
            case verdicts.More() if run.answers_now:
                # It asked for tools all the same: there are none, and this was the last turn.
                runs.finish(run, reason="answered_now")
                return Finished()
            case verdicts.More():
                return _acted(turn, heard, identity)


def _acted(turn: ModelTurn, heard: Heard, identity: Identity) -> Outcome:
    run, most = turn.run, settings.MAX_USES_PER_TURN
    requested = [
        _requested(turn, Proposal(use.id, use.name, use.arguments), identity) for use in heard.uses[:most]
    ]
    if further := heard.uses[most:]:
        # One row stands for all of them: a thousand of them judged in one transaction would stop everybody's writing.
        first, why = further[0], endings.too_many(len(heard.uses), most)
        _requested(turn, Proposal(first.id, first.name, "{}"), identity, why)
    _count_invalid(run, requested)
    if any(call.status in ToolCall.OPEN for call in requested):
        runs.wait(run)
        return Waiting()
    return GoAgain()


def _requested(
    turn: ModelTurn, proposal: Proposal, identity: Identity, refused: endings.Blocked | None = None
) -> ToolCall:
    run = turn.run
    read = outside.read_by(run)
    if read and not run.tainted:
        run.tainted = True
        prepared.update(Run, Q(pk=run.pk), {"tainted": True})
    asked = Asked(
        identity=identity,
        organization_id=run.organization_id,
        agent_type_id=run.agent_type_id,
        agent_name=run.agent_type.display_name,
        session_id=run.conversation.session_id,
        run_id=run.pk,
        message_id=turn.message.pk,
        tainted=bool(read),
        read_outside=tuple(read),
        context=run.tool_context,
    )
    call = calls.request(proposal, asked, refused=refused)
    prepared.insert(
        Step(
            organization_id=run.organization_id,
            run=run,
            number=model_turns.next_number(run),
            kind=Step.Kind.TOOL,
            tool_call=call,
            ended_at=timezone.now(),
        )
    )
    return call


def _count_invalid(run: Run, requested: list[ToolCall]) -> None:
    invalid = sum(1 for call in requested if call.reason == "invalid_arguments")
    if invalid:
        run.invalid_calls += invalid
        prepared.update(Run, Q(pk=run.pk), {"invalid_calls": run.invalid_calls})
