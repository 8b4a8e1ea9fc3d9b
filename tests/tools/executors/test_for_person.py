"""Which tools act for the person who asked: with what is theirs, or told who they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tools_app import builtin_tools, executors, factories
from tools_app.context import ToolContext
from tools_app.factories import registry
from tools_app.functions import installed, register, register_dynamic_tool
from tools_app.functions import registry as functions


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "_tools", {})
    monkeypatch.setattr(registry, "_factories", {})


def double(number: int) -> int:
    """Double a number.

    Args:
        number: Any number.
    """
    return 2 * number


def mine(ctx: ToolContext, number: int) -> int:
    """Add a number to what is mine.

    Args:
        number: Any number.
    """
    return number


def built(number: int) -> int:
    """Add a number where a factory says.

    Args:
        number: Any number.
    """
    return number


def test_functions_that_are_told_who_asks_and_what_is_built_for_them() -> None:
    register(double, mine)
    said = {"name": "who", "description": "Says who.", "execute": lambda params, ctx: ctx.userId}
    register_dynamic_tool(installed, said)
    factories.tool_factory(name="makes", tools=[built])(lambda run_context: [built])
    found = {
        name: executors.acts_for_person("python", name, {}) for name in ("double", "mine", "who", "built")
    }
    assert found == {"double": False, "mine": True, "who": True, "built": True}


def source(folder: Path, name: str) -> str:
    return (folder / f"{name}.py").read_text(encoding="utf-8")


def test_built_in_tools_that_work_on_what_is_the_persons_own() -> None:
    found = {name for name in builtin_tools.names() if executors.acts_for_person("builtin", name, {})}
    own = {"add_to_knowledge", "change_data", "query_data", "search_knowledge"}
    assert found == own | {"bash", "python", "run_program"}
    # Whatever is handed the files of a conversation, or works in its folder, is among them: also what comes later.
    folder = Path(builtin_tools.__file__ or "").parent
    using = {
        name
        for name in builtin_tools.names()
        if re.search(
            r"\b(workspaces|programs|finders\.(find_passages|keep_document)|tables)\b", source(folder, name)
        )
    }
    assert using | set(builtin_tools.TAKE_FILES) <= found


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"X-Org": "org_id", "X-Request": "request_id"}, False),
        ({"X-User": "user_id"}, True),
        ({"X-Roles": "roles"}, True),
    ],
)
def test_services_that_are_told_who_asks(headers: dict[str, Any], expected: bool) -> None:
    settings = {"method": "GET", "url": "https://service.example/", "context_headers": headers}
    assert executors.acts_for_person("http", "service", settings) is expected


def test_what_is_not_configured_or_not_there_acts_for_nobody() -> None:
    assert executors.acts_for_person("http", "service", {}) is False
    assert executors.acts_for_person("mcp", "tool", {}) is False
    assert executors.acts_for_person("agent", "tool", {}) is False
