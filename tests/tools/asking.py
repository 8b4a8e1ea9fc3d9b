"""Uses of a tool that ask for approval, the yes of a person, and the worker that carries them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from audit_app import triggers
from tests import gate, people
from tests.gate import Gate
from tools_app import approvals, calls, unchanging
from tools_app.models import Approval, ToolCall

ASKING = {"requires_approval": True}
Change = Callable[[Gate, ToolCall], Any]


def waiting(arguments: Any = None, grant: dict[str, Any] | None = None, **tool: Any) -> tuple[Gate, ToolCall]:
    at = gate.opened(grant, **{**ASKING, **tool})
    call = at.ask(arguments if arguments is not None else {"line": "one"})
    assert call.status == "waiting"
    return at, call


def yes(call: ToolCall, who: people.Person | None = None) -> Approval:
    question = gate.question(call)
    identity = gate.fresh((who or people.bob()).identity)
    return approvals.approve(question, digest=question.digest, by=identity)


@contextmanager
def unguarded() -> Iterator[None]:
    """For rows as only an older installation has them, or time itself makes them: the database lets them be changed."""
    triggers.remove(connection, unchanging.guards())
    try:
        yield
    finally:
        triggers.install(connection, unchanging.guards())


def run_it(call: ToolCall) -> ToolCall:
    found = ToolCall.objects.get(pk=call.pk)
    if found.status == "queued":
        calls.execute(found)
    return ToolCall.objects.get(pk=call.pk)
