"""What every built-in tool must have, and what its executor does when one breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tools_app import arguments, builtin_tools, executors
from tools_app.builtin_tools import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import Misconfigured, ToolContextError, ToolFailed, UnknownTool
from tools_app.executors import ToolResult, Work

TOOLS = builtin_tools.everything()


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_definition_is_complete_and_can_be_saved(tool: BuiltinTool) -> None:
    definition = tool.definition
    assert tool.name in builtin_tools.names()
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", tool.name)
    assert arguments.check_schema(definition.input_schema) == []
    assert arguments.anchored(definition.input_schema) == definition.input_schema
    assert len(definition.description) > 60
    assert all(schema.get("description") for schema in definition.input_schema["properties"].values())
    assert json.loads(json.dumps(definition.as_json()))["name"] == tool.name
    assert definition.category
    assert tool.icon


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_examples_fit_the_schema(tool: BuiltinTool) -> None:
    assert tool.definition.examples
    for example in tool.definition.examples:
        assert arguments.problems(tool.definition.input_schema, example["input"]) == []


def test_the_flags_they_are_seeded_with() -> None:
    flags = {
        tool.name: (tool.is_dangerous, tool.requires_approval, tool.idempotent, tool.open_world)
        for tool in TOOLS
    }
    assert flags == {
        "ask_user": (False, False, True, False),
        "bash": (True, True, False, False),
        "add_to_knowledge": (False, True, True, False),
        "calculate": (False, False, True, False),
        "change_data": (False, True, False, False),
        "current_time": (False, False, True, False),
        "edit_file": (True, True, False, False),
        "list_files": (False, False, True, False),
        "python": (True, True, False, False),
        "query_data": (False, False, True, False),
        "read_file": (True, True, False, False),
        "run_program": (True, True, False, False),
        "search_files": (True, True, True, False),
        "search_knowledge": (False, False, True, False),
        "search_tools": (False, False, True, False),
        "send_email": (False, True, False, False),
        "web_fetch": (False, False, True, True),
        "web_search": (False, False, True, True),
        "write_file": (True, True, False, False),
    }
    assert builtin_tools.named("read_file").kinds == {"path": "path"}
    assert builtin_tools.named("web_fetch").kinds == {"url": "url"}
    assert builtin_tools.named("calculate").kinds == {}


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(UnknownTool, match="teleport"):
        builtin_tools.named("teleport")
    assert executors.readiness("builtin", "calculate") == (True, "")
    ready, why = executors.readiness("builtin", "teleport")
    assert not ready
    assert why


def test_an_unknown_executor_is_the_operators_business() -> None:
    with pytest.raises(Misconfigured, match="teleport"):
        executors.of("teleport")
    ready, why = executors.readiness("teleport", "x")
    assert not ready
    assert "teleport" in why


def test_another_room_may_bring_an_executor() -> None:
    executors.register("echo", f"{__name__}.Echo")
    try:
        assert executors.of("echo").execute(Work("x", "echo", {}, {}), {"a": 1}, ToolContext()).data == {
            "a": 1
        }
        assert executors.of("echo") is executors.of("echo")
        assert "echo" in executors.registered()
    finally:
        executors._paths.pop("echo")


class Echo:
    def execute(self, work: Work, given: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return ToolResult("echo", dict(given))

    def readiness(self, name: str) -> str:
        return ""


def broken(work: Work, given: Mapping[str, Any], context: ToolContext) -> ToolResult:
    raise RuntimeError("secret detail")


def needs_identity(work: Work, given: Mapping[str, Any], context: ToolContext) -> ToolResult:
    return ToolResult(context["user_id"])


def key_error(work: Work, given: Mapping[str, Any], context: ToolContext) -> ToolResult:
    return ToolResult(dict[str, str]()["user_id"])


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (broken, ToolFailed, "broke unexpectedly"),
        (needs_identity, ToolContextError, "'user_id'"),
        (key_error, ToolFailed, "broke unexpectedly"),
    ],
)
def test_whatever_a_tool_raises_becomes_an_answer_without_details(
    monkeypatch: pytest.MonkeyPatch, run: Any, error: type[ToolFailed], words: str
) -> None:
    tool = BuiltinTool(definition=ToolDefinition("odd", "Odd.", {"type": "object"}), run=run)
    monkeypatch.setattr(builtin_tools, "_load", lambda name: tool)
    monkeypatch.setattr(builtin_tools, "MODULES", ("odd",))
    with pytest.raises(ToolFailed, match=words) as told:
        executors.of("builtin").execute(Work("odd", "builtin", {}, {}), {}, ToolContext())
    assert type(told.value) is error
    assert "secret detail" not in told.value.message


def test_a_tool_the_version_does_not_have_is_an_answer_too() -> None:
    with pytest.raises(ToolFailed) as told:
        executors.of("builtin").execute(Work("teleport", "builtin", {}, {}), {}, ToolContext())
    assert told.value.code == "unknown_tool"
