"""The life of a ToolCall: request(), release(), execute(), settle(), cancel(). No other module starts or ends one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from audit_app import crash
from audit_app.clock import NOW, from_now
from audit_app.redaction import storable
from audit_app.transitions import born, hold, move
from project.accounts import identity as identities
from project.accounts import pooled, prepared
from project.accounts.identity import Identity
from tools_app import binders, builtin_tools, credentials, doors, executors, facts, policy
from tools_app.approving import questions
from tools_app.calling import askers, claims, contexts, endings, interrupts, settling
from tools_app.calling.askers import Asked
from tools_app.calling.leases import Holder, Lease, keeper
from tools_app.calling.settling import Failed, Outcome, Succeeded
from tools_app.exceptions import FactoryFailed, ToolFailed
from tools_app.executors import stopping
from tools_app.executors.base import Attached, Work
from tools_app.explain import decided
from tools_app.facts import Gathered
from tools_app.models import Approval, Tool, ToolCall

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model asked for: its own id for the use, the tool's name, the raw text of the arguments."""

    tool_use_id: str
    tool_name: str
    raw: str


@transaction.atomic(savepoint=False)
def request(proposal: Proposal, asked: Asked, *, refused: endings.Blocked | None = None) -> ToolCall:
    """Let the gate judge a proposal. The call comes back blocked, waiting (with its question put) or queued.

    What is `refused` already is only recorded, with its reason.
    """
    if asked.supposed is not None:
        raise ValueError("what is only supposed can be asked about, and never run")
    found = facts.gather(proposal.tool_name, proposal.raw, asked)
    # The gate judged, not the person who asked: the record must not say that they released or refused anything.
    gate = replace(
        identities.system(asked.organization_id),
        request_id=asked.identity.request_id,
        ip_address=asked.identity.ip_address,
    )
    decision = refused.refusal if refused else found.decision()
    call = _new(proposal, found, asked)
    call.explanation = decided.first(found, decision)
    match decision:
        case policy.Refuse(code=code, message=message):
            return _blocked_at_birth(call, endings.Blocked(code, message), by=gate)
        case policy.AskApproval(reasons=reasons):
            call.status = ToolCall.Status.WAITING
            born(call, by=gate)
            questions.ask(call, found, reasons=reasons, by=gate)
        case policy.Allow(standing=standing):
            call.status = ToolCall.Status.QUEUED
            born(call, by=gate, **({} if standing is None else {"standing": standing}))
    return call


def release(call: ToolCall, *, by: Identity) -> None:
    """Let an approved call run. The claim decides again, and only then the approval is used up."""
    move(call, ToolCall.Status.QUEUED, by=by)


def execute(call: ToolCall) -> None:
    """Carry a queued call out, once. Safe to call twice: whoever loses the claim does nothing."""
    found = claims.claim(call, by=identities.system(call.organization_id))
    if found is not None and found.tool is not None:
        crash.point("after-claim")
        carry_out(call, found, found.tool)


def carry_out(call: ToolCall, found: Gathered, tool: Tool) -> None:
    """Run a claimed call and settle it. It ends without an effect if the claim was lost meanwhile."""
    lease = Lease(ToolCall, call.pk, call.attempt, settings.CALL_LEASE_SECONDS)
    lost = threading.Event()
    with keeper.holding(lease, Holder(lost=lost.set)):
        if not _begun(call):
            return
        # Only executors that can end what they began heed it; of any other the result comes as late.
        with stopping.heeding(watch := interrupts.Watch(call, is_lost=lost.is_set)):
            outcome = watch.explained(_outcome(call, found, tool))
        crash.point("after-effect-before-settle")
        settling.settle(call, outcome, by=identities.system(call.organization_id))
    crash.point("after-settle-before-event")


def _begun(call: ToolCall) -> bool:
    """Note the start before the first effect: from here on a dead worker means "outcome unknown" (G4).

    False if the attempt is not ours any more. A worker that slept between claim and start must learn it here: the
    sweeper has taken the call back, or the person has stopped it, and somebody else may be running it by now.
    """
    ours = Q(pk=call.pk, attempt=call.attempt, status=ToolCall.Status.RUNNING, started_at__isnull=True)
    started = {"started_at": NOW, "lease_until": from_now(settings.CALL_LEASE_SECONDS)}
    begun = prepared.update(ToolCall, ours, started) == 1
    crash.point("after-intent")
    return begun


def cancel(call: ToolCall, *, by: Identity) -> None:
    """Withdraw a call that has not started, and its open question with it; StaleState for one that has."""
    stopped = endings.Blocked("cancelled", "Stopped by the person.")
    with transaction.atomic():
        hold(call)
        if call.status == ToolCall.Status.RUNNING:
            _cancel_claimed(call, stopped, by=by)
            return
        for approval in call.approvals.filter(status__in=[Approval.Status.PENDING, Approval.Status.APPROVED]):
            move(approval, Approval.Status.CANCELLED, by=by)
        endings.end_unstarted(call, ToolCall.Status.CANCELLED, stopped, by=by)


def _cancel_claimed(call: ToolCall, why: endings.Blocked, *, by: Identity) -> None:
    """A worker has it and has not begun: either this statement finds it so, or the worker's own start does."""
    settling.close(call, status="denied", reason=why.code, error_message=why.message)
    move(
        call,
        ToolCall.Status.CANCELLED,
        by=by,
        only_if=Q(attempt=call.attempt, started_at__isnull=True),
        reason=why.code,
        reason_text=why.message,
        lease_until=None,
        ended_at=NOW,
    )


def _new(proposal: Proposal, found: Gathered, asked: Asked) -> ToolCall:
    tool, grant = found.tool, found.grant
    return ToolCall(
        organization_id=asked.organization_id,
        session_id=asked.session_id,
        run_id=asked.run_id,
        message_id=asked.message_id,
        tool_use_id=storable(proposal.tool_use_id)[:255],
        agent_type_id=asked.agent_type_id,
        agent_name=grant.agent_name if grant else asked.agent_name,
        agent_hash=grant.agent_hash if grant else "",
        tool=tool,
        tool_name=storable(proposal.tool_name)[:255],
        tool_hash=found.facts.tool.content_hash if found.facts.tool else "",
        user_id=asked.identity.user_id,
        user_name=asked.identity.display_name[:255],
        asked_through=askers.through(asked.identity)
        | ({"door": asked.door} if asked.door else {})
        | ({"draft": asked.draft} if asked.draft else {}),
        arguments=dict(found.call.arguments),
        filled=list(found.filled),
        tainted=asked.tainted,
        read_outside=[dict(each) for each in asked.read_outside],
        tool_context=dict(asked.context),
    )


def _blocked_at_birth(call: ToolCall, why: endings.Blocked, *, by: Identity) -> ToolCall:
    call.status = ToolCall.Status.BLOCKED
    call.reason, call.reason_text = why.code, storable(why.message)
    born(call, by=by)
    usage = endings.record_unstarted(call, call.status, why)
    prepared.update(ToolCall, Q(pk=call.pk), {"usage_id": usage.pk, "ended_at": NOW})
    return call


def _outcome(call: ToolCall, found: Gathered, tool: Tool) -> Outcome:
    began = time.monotonic()
    try:
        work = _work(tool, found)
        context = contexts.of(call, found.asked, found.grant)
        # Slow tools in every thread must leave connections to the leases and the sweeper.
        pooled.give_back()
        result = executors.of(tool.executor).execute(work, _copied(call.arguments), context)
        crash.point("mid-effect")
    except (ToolFailed, FactoryFailed) as failure:
        return Failed(failure.code, failure.message, _since(began))
    except Exception:  # A defect of an executor: the operator reads the log, the model only that it broke.
        log.exception("executor %s broke in call %s", tool.executor, call.pk)
        return Failed(
            "error", f"{tool.name} broke in an unexpected way. The operator has been told.", _since(began)
        )
    return Succeeded(result, _since(began))


def _work(tool: Tool, found: Gathered) -> Work:
    """Everything the executor is told; only here, in the worker and after the claim, secrets are revealed."""
    return Work(
        tool.name,
        tool.executor,
        tool.definition,
        tool.configuration,
        targets=found.targets,
        credentials=credentials.of(tool),
        bindings=binders.of(found, tool),
        attachments=_files(tool, found.asked),
        is_idempotent=tool.is_idempotent,
        judge=_judge(found),
        answer=found.answer,
    )


def _files(tool: Tool, asked: Asked) -> tuple[Attached, ...]:
    if tool.executor != Tool.Executor.BUILTIN or tool.name not in builtin_tools.TAKE_FILES:
        return ()
    return doors.files_of(asked.session_id, asked.organization_id)


def _judge(found: Gathered) -> policy.Further | None:
    """For addresses that only turn up while it runs; a call that was claimed has both, a tool and a grant."""
    tool = found.facts.tool
    if tool is None or found.grant is None:
        return None
    return policy.Further(tool, policy.layers_of(found.facts), found.spared_by)


def _copied(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return dict(arguments)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
