"""A persona whose tools are bound by factories, and one use of a tool after the other through the real gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from agents_app import conversations, loop, personas, runs
from agents_app.models import AgentType, Conversation, Run
from project.accounts import identity as identities
from project.accounts.identity import Identity
from project.accounts.models import Organization
from tests import people
from tests.flows import acting
from tools_app import calls, executors, seeds
from tools_app.factories import (
    RunContext,
    Toolkit,
    caching,
    keys,
    register_factory,
    registry,
    tool_method,
)
from tools_app.functions import registry as functions
from tools_app.models import Tool as Row
from tools_app.models import ToolCall


class Counter(Toolkit):
    """Counts for one owner, and is counted."""

    made: ClassVar[list[Counter]] = []

    def __init__(self, run: RunContext) -> None:
        self.run, self.count, self.closed = run, 0, 0
        Counter.made.append(self)

    @tool_method
    def add(self, by: int = 1) -> str:
        """Count on.

        Args:
            by: How far.
        """
        self.count += by
        return f"{self.run.user_id} has {self.count}"

    @tool_method
    def reset(self) -> str:
        """Begin anew."""
        self.count = 0
        return "reset"

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def counters(nothing_registered: None) -> None:
    Counter.made.clear()
    register_factory("counters", lambda run_context: [Counter(run_context)], tools=[Counter])


@pytest.fixture
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(functions, "_tools", {})
    monkeypatch.setattr(registry, "_factories", {})
    monkeypatch.setattr(keys, "_functions", dict(keys._functions))
    executors.register("python", "tools_app.executors.python.PythonExecutor")
    yield
    caching.shared().end()


def persona(*factories: str, organization: Organization | None = None, **fields: Any) -> AgentType:
    """Seeded, with these factories and a grant of every tool they may bring."""
    home = organization or people.toolroom()
    operator = identities.system(home)
    seeds.apply(home)
    sent = {"name": "clerk", "model": "claude-sonnet-5-5", "system_prompt": "Keep the books."}
    agent = personas.register({**sent, "factories": list(factories), **fields}, by=operator)
    for name in registry.declared():
        personas.grant(agent, Row.objects.get(name=name, organization=home), {}, by=operator)
    return agent


def begin(agent: AgentType, who: Identity, name: str, /, **arguments: Any) -> Run:
    """One answer in a conversation of its own, up to where the model has asked for one tool."""
    return in_conversation(conversations.start(agent, by=who), who, name, **arguments)


def in_conversation(talk: Conversation, who: Identity, name: str, /, **arguments: Any) -> Run:
    script = [{"call": [{"name": name, "arguments": arguments}]}, {"say": "Done."}]
    return advanced(acting.say(talk, f"```script\n{json.dumps(script)}\n```", who).pk)


def advanced(run_id: int) -> Run:
    """Up to where the answer waits or ends, as a worker takes it there."""
    found = Run.objects.select_related("conversation", "agent_type", "message").get(pk=run_id)
    assert runs.claim(found)
    loop.work(found)
    return found


def used(agent: AgentType, who: Identity, name: str, /, **arguments: Any) -> ToolCall:
    """The same, and the call carried out as a worker does it."""
    return carried_out(begin(agent, who, name, **arguments))


def carried_out(run: Run) -> ToolCall:
    call = acting.only_call(run)
    calls.execute(call)
    call.refresh_from_db()
    return call


def said(agent: AgentType, who: Identity, name: str, /, **arguments: Any) -> str:
    call = used(agent, who, name, **arguments)
    assert call.status == "succeeded", (call.reason, call.reason_text)
    return call.result_text


def fresh(identity: Identity) -> Identity:
    """The same person, having signed in just now."""
    return replace(identity, authenticated_at=datetime.now(UTC))
