"""python: runs Python code in the sandbox, with the standard library and the files of the workspace."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tools_app.builtin_tools import programs
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.builtin_tools.network_settings import NetworkSettings
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.executors import sandbox
from tools_app.executors.base import ToolResult, Work
from tools_app.executors.sandbox import cells

DEFINITION = ToolDefinition(
    name="python",
    description=(
        "Runs Python code and returns what it prints. Only the standard library is installed, and nothing can be "
        "installed; modules in the workspace can be imported. Print what you want to see: the value of the last line "
        f"is not shown. {programs.SURROUNDINGS}"
    ),
    input_schema={
        "type": "object",
        "properties": {
            "code": {
                "type": "string",
                "description": "The program, such as: print(sum(range(10)))",
                "minLength": 1,
                "maxLength": 30_000,
                "x-kind": "code",
            },
            "timeout_seconds": dict(programs.TIMEOUT),
        },
        "required": ["code"],
        "additionalProperties": False,
    },
    category="code",
    examples=({"input": {"code": "print(6 * 7)"}, "output": "42\n[exit code 0, 0.1 s]"},),
)
_MISSING = "No module named"


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    # Without site packages: what some machine happens to have there is nothing to rely on.
    words = (cells.interpreter(), "-E", "-s", "-S", "-B", "-u", "-c", str(arguments["code"]))
    found = programs.run(words, work, arguments, context)
    if _MISSING not in found.text:
        return found
    version = ".".join(map(str, sys.version_info[:2]))
    return replace(
        found, text=f"{found.text}\n[installed: the standard library of Python {version}, nothing else]"
    )


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="🐍",
    is_dangerous=True,
    requires_approval=True,
    tags=programs.TAGS,
    unready=sandbox.readiness,
    configured=NetworkSettings(),
)
