"""bash: runs a shell command in the sandbox.

Rules over the text of a command are advice: there are more ways to write one than any list holds. What keeps the
machine safe is the sandbox, and what keeps a person in charge is the approval; run_program is for real rules.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from tools_app.builtin_tools import programs
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.builtin_tools.network_settings import NetworkSettings
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.executors import sandbox
from tools_app.executors.base import ToolResult, Work
from tools_app.executors.sandbox.cells import PATH

DEFINITION = ToolDefinition(
    name="bash",
    description=f"Runs a shell command and returns what it prints, with its exit code. {programs.SURROUNDINGS}",
    input_schema={
        "type": "object",
        "properties": {
            "command": {
                "type": "string",
                "description": "The command or script, such as: wc -l *.csv | sort -n",
                "minLength": 1,
                "maxLength": 30_000,
                "x-kind": "command",
            },
            "timeout_seconds": dict(programs.TIMEOUT),
        },
        "required": ["command"],
        "additionalProperties": False,
    },
    category="code",
    examples=({"input": {"command": "echo hello | tr a-z A-Z"}, "output": "HELLO\n[exit code 0, 0.1 s]"},),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    return programs.run((*_shell(), str(arguments["command"])), work, arguments, context)


def _shell() -> tuple[str, ...]:
    bash = shutil.which("bash", path=PATH)
    return (bash, "--noprofile", "--norc", "-c") if bash else ("/bin/sh", "-c")


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="⌨️",
    is_dangerous=True,
    requires_approval=True,
    tags=programs.TAGS,
    unready=sandbox.readiness,
    configured=NetworkSettings(),
)
