"""Built-in tools are tried the way the worker runs them: by name, through the executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools_app import arguments, builtin_tools, executors
from tools_app.context import ToolContext
from tools_app.executors import ToolResult, Work

Use = Callable[..., ToolResult]


@pytest.fixture
def use() -> Use:
    def run(name: str, /, **given: Any) -> ToolResult:
        targets = given.pop("targets", {})
        definition = builtin_tools.named(name).definition
        assert arguments.problems(definition.input_schema, given) == []
        work = Work(name, "builtin", definition.as_json(), {}, targets)
        return executors.of("builtin").execute(work, given, ToolContext(tool_name=name))

    return run
