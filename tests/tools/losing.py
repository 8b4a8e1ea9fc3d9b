"""Dangerous uses whose worker is lost, and what is asked about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from agents_app import conversations, runs
from agents_app.models import Run
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tools_app import approvals, sweeps
from tools_app.calling import claims
from tools_app.models import Approval, ToolCall

Verdict = Callable[..., Approval]


def dangerous(**more: Any) -> Gate:
    return gate.opened(is_dangerous=True, **more)


def asked(call: ToolCall) -> Approval:
    return Approval.objects.select_related("call__tool").get(call=call, about="outcome")


def decide(verdict: Verdict, question: Approval, comment: str = "") -> Approval:
    by = gate.fresh(people.bob().identity)
    return verdict(question, digest=question.digest, by=by, comment=comment)


def run_of(call: ToolCall) -> Run:
    return Run.objects.select_related("conversation", "agent_type", "message").get(pk=call.run_id)


def is_claimed(call: ToolCall) -> bool:
    return runs.claim(run_of(call))


def started(at: Gate, arguments: Any = None) -> ToolCall:
    """A use that a worker has begun, in a run that waits for it; said yes to by Bob, where somebody had to."""
    call = at.ask(arguments or {"line": "one"})
    if call.status == "waiting":
        asked = gate.question(call)
        approvals.approve(asked, digest=asked.digest, by=gate.fresh(people.bob().identity))
    call = ToolCall.objects.select_related("tool").get(pk=call.pk)
    assert claims.claim(call, by=identities.system(call.organization_id)) is not None
    ToolCall.objects.filter(pk=call.pk).update(started_at=datetime.now(UTC))
    Run.objects.filter(pk=call.run_id).update(status="waiting")
    return ToolCall.objects.select_related("tool").get(pk=call.pk)


def lost(at: Gate, arguments: Any = None) -> ToolCall:
    """The same, after its worker has died and the sweeper has found it."""
    call = started(at, arguments)
    lose(call)
    sweeps.give_up(ToolCall.objects.get(pk=call.pk))
    return ToolCall.objects.select_related("tool").get(pk=call.pk)


def lose(call: ToolCall) -> None:
    """Let the lease of its worker have ended."""
    ToolCall.objects.filter(pk=call.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=60))


def again(at: Gate) -> Gate:
    """The next round, in a conversation of its own."""
    conversation = conversations.start(at.agent, by=people.alice().identity)
    posted = conversations.post_message(conversation, "Write.", client_id=None, by=people.alice().identity)
    return Gate(at.tool, at.agent, at.grant, conversation, posted.run)
