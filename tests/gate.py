"""One persona with one tool before the gate, and an executor that counts what really happened."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from agents_app import conversations, personas
from agents_app.models import AgentToolConfig, AgentType, Conversation, Run
from project.accounts import identity as identities
from project.accounts.identity import Identity
from tests import people
from tools_app import calls, catalog, executors
from tools_app.calling.askers import Asked
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors.base import ToolResult, Work
from tools_app.models import Approval, Tool, ToolCall

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "line": {"type": "string"},
        "number": {"type": "number"},
        "path": {"type": "string", "x-kind": "path"},
    },
}


class Ledger:
    """An executor that writes one line for each effect: the ledger, not our tables, says what happened."""

    def readiness(self, tool_name: str) -> str:
        return ""

    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        lines.append((str(context.tool_call_id), dict(arguments)))
        if "fail" in arguments.get("line", ""):
            raise ToolFailed("It failed on purpose.")
        return ToolResult("written", results.get(arguments.get("line", "")))


lines: list[tuple[str, dict[str, Any]]] = []
results: dict[str, Any] = {}


@dataclass(frozen=True)
class Gate:
    """Everything a call needs, and the rows that a test may change behind its back."""

    tool: Tool
    agent: AgentType
    grant: AgentToolConfig
    conversation: Conversation
    run: Run

    def ask(self, arguments: Any = None, *, name: str = "", **about: Any) -> ToolCall:
        """Let Alice's persona ask for the tool, as a model would."""
        asked = Asked(
            identity=people.alice().identity,
            organization_id=self.tool.organization_id,
            agent_type_id=self.agent.pk,
            session_id=self.conversation.session_id,
            run_id=self.run.pk,
            message_id=self.run.message_id,
        )
        raw = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
        return calls.request(calls.Proposal("", name or self.tool.name, raw), replace(asked, **about))


def opened(grant: dict[str, Any] | None = None, **tool: Any) -> Gate:
    """A ledger tool with these flags, granted like this to a persona Alice talks to."""
    executors.register("python", "tests.gate.Ledger")
    lines.clear()
    results.clear()
    operator = identities.system(people.toolroom())
    fields = {"name": "ledger", "description": "Writes a line.", "category": "code", "input_schema": SCHEMA}
    row = catalog.register({**fields, "tool_type": "custom", "executor": "python", **tool}, by=operator)
    return opened_for(row, grant)


def opened_for(row: Tool, grant: dict[str, Any] | None = None) -> Gate:
    """The same for a tool that is there already; each time a persona and a conversation of its own."""
    operator = identities.system(row.organization_id)
    sent = {
        "name": f"clerk{AgentType.objects.count() or ''}",
        "model": "claude-sonnet-5-5",
        "system_prompt": "Keep the ledger.",
    }
    agent = personas.register(sent, by=operator)
    config = personas.grant(agent, row, grant or {}, by=operator)
    conversation = conversations.start(agent, by=people.alice().identity)
    posted = conversations.post_message(conversation, "Write.", client_id=None, by=people.alice().identity)
    return Gate(row, agent, config, conversation, posted.run)


def fresh(identity: Identity) -> Identity:
    """The same person, having signed in just now."""
    return replace(identity, authenticated_at=datetime.now(UTC))


def question(call: ToolCall) -> Approval:
    return Approval.objects.select_related("call__tool").get(call=call, status__in=["pending", "approved"])


def at_once(*acts: Callable[[], Any]) -> Sequence[Any]:
    """Do these at the same moment, each on its own thread and connection; what one raises is its result."""
    barrier = threading.Barrier(len(acts))
    said: list[Any] = [None] * len(acts)

    def do(index: int, act: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(20)
            said[index] = act()
        except Exception as error:  # noqa: BLE001  (what was raised is what a test looks at)
            said[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said
