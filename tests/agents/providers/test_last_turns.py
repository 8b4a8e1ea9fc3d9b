"""The last turn of an answer: what is sent of its limits, and that a scripted model keeps to them too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents_app.providers.base import Endpoint, ToolUse
from agents_app.providers.wire import CACHED, body_of
from tests.agents.providers.conftest import heard, request_to, text_of

HERE = Endpoint("direct", "last-turns")
SCRIPTED = Endpoint("scripted", "scripted")
TOOL = {"name": "calculate", "description": "Computes.", "input_schema": {"type": "object", "properties": {}}}


def test_what_changes_from_turn_to_turn_stands_after_what_is_cached() -> None:
    body = body_of(request_to(HERE, system="Be brief.", note="Two turns are left.", tools=[TOOL]))
    assert body["system"] == [
        {"type": "text", "text": "Be brief.", "cache_control": CACHED},
        {"type": "text", "text": "Two turns are left."},
    ]
    assert "tool_choice" not in body


@pytest.mark.parametrize(("tools", "choice"), [([TOOL], {"type": "none"}), ([], None)])
def test_tools_stay_in_sight_and_none_may_be_used(tools: list[Any], choice: dict[str, str] | None) -> None:
    body = body_of(request_to(HERE, tools=tools, without_tools=True))
    assert body.get("tool_choice") == choice
    assert [tool["name"] for tool in body.get("tools", [])] == [tool["name"] for tool in tools]


@pytest.mark.parametrize("text", ["What is 17 * 3?", "script"])
def test_a_scripted_model_uses_no_tool_in_its_last_turn(text: str) -> None:
    played = [{"call": [{"name": "calculate", "arguments": {}}]}]
    said = f"```script\n{json.dumps(played)}\n```" if text == "script" else text
    events = heard(request_to(SCRIPTED, said, tools=[TOOL], without_tools=True))
    assert not [event for event in events if isinstance(event, ToolUse)]
    assert text_of(events).strip()
