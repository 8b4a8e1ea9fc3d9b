"""Every door there is to the gate. A new way to use a tool joins by one line: what goes through it is judged alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents_app.models import Conversation, Run
from tests import people
from tests.flows.bound import advanced
from tests.gate import Gate
from tools_app.explain import trying
from tools_app.models import ToolCall


@dataclass(frozen=True)
class Door:
    """A way to ask for a use of the ledger as Carol; with the call comes what the door itself says, if it does."""

    name: str
    use: Callable[[Gate, dict[str, Any]], tuple[ToolCall, dict[str, Any] | None]]
    # Whether somebody sits there who can be asked; a program's token is nobody.
    attended: bool
    # How the record calls the way, where it is none of the chat's.
    through: str | None = None

    def __str__(self) -> str:
        return self.name


def talked(client: Any, door: Gate, turns: list[dict[str, Any]]) -> Run:
    """A conversation begun over HTTP with a model that plays these turns, as a worker takes it to where it waits."""
    sent = {"agent": door.agent.pk, "text": f"```script\n{json.dumps(turns)}\n```"}
    answer = client.post("/api/conversations", json.dumps(sent), content_type="application/json")
    assert answer.status_code == 201, answer.content
    talk = Conversation.objects.get(public_id=answer.json()["conversation"]["id"])
    return advanced(Run.objects.get(conversation=talk).pk)


def _chat(client: Any) -> Callable[[Gate, dict[str, Any]], tuple[ToolCall, None]]:
    """What the loop makes of a model that asks for it."""

    def use(door: Gate, arguments: dict[str, Any]) -> tuple[ToolCall, None]:
        call = [{"name": door.tool.name, "arguments": arguments}]
        turns: list[dict[str, Any]] = [{"call": call}, {"say": "Done."}]
        return ToolCall.objects.get(run_id=talked(client(), door, turns).pk), None

    return use


def _try(client: Any) -> Callable[[Gate, dict[str, Any]], tuple[ToolCall, dict[str, Any]]]:
    """As the panel of the admin page sends it: the arguments as they were typed."""

    def use(door: Gate, arguments: dict[str, Any]) -> tuple[ToolCall, dict[str, Any]]:
        sent = {"agent": door.agent.pk, "raw": json.dumps(arguments), "dry_run": False}
        answer = client().post(
            f"/api/tools/{door.tool.pk}/try", json.dumps(sent), content_type="application/json"
        )
        assert answer.status_code == 201, answer.content
        told = answer.json()
        return ToolCall.objects.get(pk=told["call"]["id"]), told

    return use


def browser() -> Any:
    return people.carol().browser()


def program() -> Any:
    return people.carol().api()


DOORS = (
    Door("the chat", _chat(browser), attended=True),
    Door("the chat of a program", _chat(program), attended=False),
    Door("a try in the admin", _try(browser), attended=True, through=trying.THROUGH),
    Door("a try over REST", _try(program), attended=False, through=trying.THROUGH),
)
