"""Asking a tool's `prepare` whether and how it is shown to this person now. It can narrow a tool, never rename it."""

from __future__ import annotations

import inspect
import logging
from dataclasses import replace
from typing import Any, Final

from tools_app import bridge
from tools_app.context import ToolContext, copied
from tools_app.definition import ToolDefinition
from tools_app.functions.wrapper import Tool
from tools_app.schema import schemas

logger = logging.getLogger(__name__)

SECONDS: Final = 5.0


def prepared(tool: Tool, definition: ToolDefinition, context: ToolContext) -> ToolDefinition | None:
    """The definition to show, or None where the tool is left out; a hook that fails leaves it out too."""
    if tool.prepare is None:
        return definition
    given = replace(definition, input_schema=copied(dict(definition.input_schema)))
    own = context.for_call(tool.name, context.tool_call_id or "")
    try:
        answer: Any = tool.prepare(own, given)
        if inspect.iscoroutine(answer):
            answer = bridge.run(answer, timeout=SECONDS)
    except Exception:
        logger.exception("prepare of the tool %s broke; the tool is left out", tool.name)
        return None
    if answer is None or _is_usable(answer, tool.name):
        found: ToolDefinition | None = answer
        return found
    logger.error("prepare of the tool %s returned no definition of it; the tool is left out", tool.name)
    return None


def _is_usable(answer: Any, name: str) -> bool:
    return (
        isinstance(answer, ToolDefinition)
        and answer.name == name
        and not schemas.check_schema(answer.input_schema)
    )
