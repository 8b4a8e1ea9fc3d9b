"""run_program: runs one program with its arguments in the sandbox, without a shell, so that rules about it are real.

What a grant says about `program` is about the very file that is started: no quoting, no substitution and no second
command can hide in it. (Some programs start others, such as env and find: allow those only on purpose.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools_app.builtin_tools import programs
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.builtin_tools.network_settings import NetworkSettings
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors import sandbox
from tools_app.executors.base import ToolResult, Work

DEFINITION = ToolDefinition(
    name="run_program",
    description=(
        "Runs one installed program with exactly these arguments, without a shell: no pipes, wildcards, variables "
        f"or redirection. Returns what it prints, with its exit code. {programs.SURROUNDINGS}"
    ),
    input_schema={
        "type": "object",
        "properties": {
            "program": {
                "type": "string",
                "description": "Name of the program without a path, such as grep.",
                "pattern": "^[A-Za-z0-9][A-Za-z0-9._+-]*$",
                "maxLength": 100,
            },
            "arguments": {
                "type": "array",
                "description": 'Its arguments, one by one, such as ["-c", "total", "report.txt"].',
                "items": {"type": "string", "maxLength": 10_000},
                "maxItems": 500,
            },
            "timeout_seconds": dict(programs.TIMEOUT),
        },
        "required": ["program"],
        "additionalProperties": False,
    },
    category="code",
    examples=(
        {"input": {"program": "date", "arguments": ["-u", "+%Y"]}, "output": "2026\n[exit code 0, 0.1 s]"},
    ),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    words = (str(arguments["program"]), *map(str, arguments.get("arguments") or ()))
    if any("\x00" in word for word in words):
        raise ToolFailed("An argument cannot hold the character NUL.", code="invalid_arguments")
    return programs.run(words, work, arguments, context)


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="▶️",
    is_dangerous=True,
    requires_approval=True,
    tags=programs.TAGS,
    unready=sandbox.readiness,
    configured=NetworkSettings(),
)
