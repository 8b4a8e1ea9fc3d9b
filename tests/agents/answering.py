"""Answers worked out in this process, as a worker does it, by the scripted model that plays given turns."""

from __future__ import annotations

import json
from typing import Any

from agents_app import conversations, loop, personas, runs
from agents_app.costs import pricing
from agents_app.models import AgentType, Budget, Conversation, ModelPrice, Run
from project.accounts import identity as identities
from project.accounts.identity import Identity
from tests import people
from tests.flows import acting
from tools_app import calls, seeds
from tools_app.models import Tool, ToolCall

CLOCK = {"call": [{"name": "current_time", "arguments": {}}]}


def persona(**fields: Any) -> AgentType:
    """One that may ask for the time."""
    by = identities.system(people.toolroom())
    seeds.apply(people.toolroom())
    sent = {"name": "clerk", "model": "claude-sonnet-5-5", "system_prompt": "Tell the time.", **fields}
    agent = personas.register(sent, by=by)
    personas.grant(agent, Tool.objects.get(name="current_time", organization=agent.organization), {}, by=by)
    return agent


def talk(agent: AgentType, who: Identity | None = None) -> Conversation:
    return conversations.start(agent, by=who or people.alice().identity)


def asked(conversation: Conversation, *turns: dict[str, Any], who: Identity | None = None) -> Run:
    """A message whose answer is these turns of the model; worked out up to where it waits or ends."""
    script = f"```script\n{json.dumps(turns)}\n```"
    return advanced(acting.say(conversation, script, who or people.alice().identity))


def advanced(run: Run) -> Run:
    """Up to the next place where the answer rests for a person, or its end; its tools are carried out meanwhile."""
    while True:
        found = again(run)
        if found.status in Run.FINAL or found.resting_since is not None or not runs.claim(found):
            return found
        loop.work(found)
        for call in ToolCall.objects.filter(run_id=run.pk, status="queued"):
            calls.execute(call)


def again(run: Run) -> Run:
    return Run.objects.select_related("conversation__agent_type", "agent_type__endpoint", "message").get(
        pk=run.pk
    )


def budget(**fields: Any) -> Budget:
    given = {"scope": "person", "period": "day", **fields}
    return Budget.objects.create(organization=people.toolroom(), **given)


def price(amount: str = "1", *, model: str = "scripted") -> ModelPrice:
    """So many dollars for a million tokens of any kind."""
    names = ("input_price", "output_price", "cache_read_price", "cache_write_price")
    by = identities.system(people.toolroom())
    return pricing.add({"model": model, **dict.fromkeys(names, amount)}, by=by)
