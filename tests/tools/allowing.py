"""Uses of a tool that somebody allows from now on: the question, the yes that goes further, the next uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agents_app import decisions
from tests import gate, people
from tests.gate import Gate
from tests.tools.asking import run_it, waiting
from tools_app import approvals
from tools_app.approving import allowing
from tools_app.models import OrganizationPolicy, StandingApproval, ToolCall

WISH = allowing.Wish(choices={"line": "same"}, everywhere=False, seconds=600, uses=2)


def allowed(call: ToolCall, who: people.Person | None = None, **wish: Any) -> StandingApproval:
    """Somebody, Bob if nobody is named, approves the call and such uses from now on."""
    question = gate.question(call)
    by = gate.fresh((who or people.bob()).identity)
    return decisions.approve_from_now_on(question, replace(WISH, **wish), digest=question.digest, by=by)


def opened(wish: dict[str, Any] | None = None, **tool: Any) -> tuple[Gate, StandingApproval]:
    """A gate where {"line": "one"} was allowed, twice, after it ran once with a yes of its own."""
    at, call = waiting(**tool)
    row = allowed(call, **(wish or {}))
    assert run_it(call).status == "succeeded"
    return at, row


def used(row: StandingApproval) -> int:
    return StandingApproval.objects.get(pk=row.pk).used


def ruled(**fields: Any) -> None:
    """What the organization says of it."""
    OrganizationPolicy.objects.update_or_create(organization=people.toolroom(), defaults=fields)


def approve(call: ToolCall) -> None:
    question = gate.question(call)
    approvals.approve(question, digest=question.digest, by=gate.fresh(people.bob().identity))
