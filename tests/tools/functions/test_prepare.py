"""prepare: for each answer a function's own code says whether and how its tool is shown (S1.28-33)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tools_app import functions
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.functions import Tool

ADMIN = ToolContext(deps={"roles": ["admin"]})
MEMBER = ToolContext(deps={"roles": ["member"]})


def delete(name: str) -> str:
    """Delete a thing.

    Args:
        name: Which.
    """
    return name


async def for_admins(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition | None:
    await asyncio.sleep(0)
    return definition if "admin" in ctx["roles"] else None


def for_admins_at_once(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition | None:
    return definition if "admin" in ctx["roles"] else None


async def in_their_words(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition | None:
    return replace(definition, description=f"For {ctx['roles'][0]}s.")


def shown(prepare: Any, context: ToolContext = ADMIN) -> ToolDefinition | None:
    tool = Tool(delete, prepare=prepare)
    return functions.prepared(tool, tool.definition, context)


def test_without_a_hook_the_definition_is_shown_as_it_is() -> None:
    """S1.33."""
    assert shown(None) == Tool(delete).definition


@pytest.mark.parametrize("prepare", [for_admins, for_admins_at_once])
def test_a_hook_may_leave_a_tool_out(prepare: Callable[..., Any]) -> None:
    """S1.29-31, S1.33: asynchronous or not; only for administrators, or nothing."""
    assert shown(prepare) == Tool(delete).definition
    assert shown(prepare, MEMBER) is None


def test_a_hook_may_change_what_is_shown() -> None:
    """S1.32: for this person, and for nobody else."""
    tool = Tool(delete, prepare=in_their_words)
    found = functions.prepared(tool, tool.definition, MEMBER)
    assert found is not None
    assert found.description == "For members."
    assert tool.definition.description == "Delete a thing."


def spoil(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition:
    definition.input_schema["properties"].clear()
    ctx["roles"].append("owner")
    return definition


def test_what_a_hook_spoils_is_its_own_copy() -> None:
    """S3.96."""
    tool = Tool(delete, prepare=spoil)
    functions.prepared(tool, tool.definition, ADMIN)
    assert "name" in tool.definition.input_schema["properties"]
    assert ADMIN["roles"] == ["admin"]


async def breaks(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition:
    raise RuntimeError("broken")


@pytest.mark.parametrize(
    "prepare",
    [
        breaks,
        lambda ctx, definition: replace(definition, name="other"),
        lambda ctx, definition: replace(definition, input_schema={"type": "array"}),
        lambda ctx, definition: True,
        lambda ctx, definition: ctx["nobody"],
    ],
)
def test_a_hook_that_fails_leaves_the_tool_out(prepare: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Fail closed: another name, no schema, no definition or an exception; the operator reads which."""
    with caplog.at_level(logging.ERROR):
        assert shown(prepare) is None
    assert "delete" in caplog.text
