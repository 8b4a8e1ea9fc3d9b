"""Patterns allowed in commands, and texts asked about, look like limits and are none (S4.221, `security.md` 1.2)."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import personas
from agents_app.exceptions import InvalidGrant
from agents_app.granted import granting
from agents_app.models import AgentToolConfig
from tests import gate, people
from tools_app import rules

pytestmark = pytest.mark.django_db

SCHEMA = {
    "type": "object",
    "properties": {"command": {"type": "string", "x-kind": "command"}, "line": {"type": "string"}},
}
GIT = {"command": [{"regex": "git .*"}]}
TEXTS = {"command": ["rm -rf", "sudo"]}


def opened(**flags: Any) -> gate.Gate:
    return gate.opened(None, input_schema=SCHEMA, **flags)


def granted(at: gate.Gate, **config: Any) -> AgentToolConfig:
    return personas.grant(at.agent, at.tool, config, by=people.carol().identity)


def test_a_pattern_is_not_all_that_holds_a_command() -> None:
    at = opened()
    with pytest.raises(InvalidGrant):
        granted(at, allowed_parameters=GIT)
    # One from before, or written by hand: then a person is asked.
    AgentToolConfig.objects.update(allowed_parameters=GIT)
    call = at.ask({"command": "git status; rm -rf /"})
    assert (call.status, gate.question(call).reasons) == ("waiting", ["only_advised"])


def test_beside_a_question_it_is_labelled() -> None:
    at = opened(requires_approval=True)
    assert granting.advisory(granted(at, allowed_parameters=GIT)) == ["command"]
    assert granting.advisory(granted(at, allowed_parameters=None, ask_when=TEXTS)) == ["command"]


def test_asking_about_texts_only_adds_and_is_labelled() -> None:
    at = opened()
    assert granting.advisory(granted(at, ask_when=TEXTS)) == ["command"]
    assert at.ask({"command": "sudo reboot"}).status == "waiting"
    assert at.ask({"command": "ls"}).status == "queued"


@pytest.mark.parametrize(
    ("allowed", "advised"),
    [
        ({"command": ["git status"]}, []),
        ({"command": [{"equals": "ls"}, {"one_of": ["ls", "pwd"]}]}, []),
        ({"command": [{"regex": "ls"}]}, ["command"]),
        ({"line": [{"regex": "ls"}]}, []),
        ({"command": True}, []),
        (["command"], []),
        (None, []),
    ],
)
def test_whole_values_hold(allowed: Any, advised: list[str]) -> None:
    assert rules.loosely_allowed(allowed, {"command": "command"}) == advised
