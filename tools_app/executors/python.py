"""Carries out Python functions that the installation's code registered as tools (`tools_app/functions/`)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from tools_app import functions, schemas
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import InvalidArguments, ToolFailed
from tools_app.executors import border
from tools_app.executors.base import ToolResult, Work
from tools_app.executors.reports import Reports


class PythonExecutor:
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Each call has its own arguments and context: what a function writes into them reaches nobody else."""
        with border.around(work.name):
            tool = functions.named(work.name)
            _require_same(tool, work)
            _require_offered(tool, work, arguments, context)
            reports = Reports(context.report_progress)
            own = context.for_call(work.name, context.tool_call_id or "", progress=reports)
            outcome = tool.call(arguments, own)
            # On the worker's one loop, where connections outlive a call; this thread waits meanwhile.
            return _written(reports.wait_for(outcome) if inspect.iscoroutine(outcome) else outcome)

    def readiness(self, name: str) -> str:
        if name in functions.names():
            return ""
        return "Its function is not part of this installation: no module of TOOL_MODULES registers it."


def _require_same(tool: functions.Tool, work: Work) -> None:
    """The row was made for certain parameters; where the code has others by now, seeding brings them together."""
    if work.settings.get("fingerprint", tool.fingerprint) != tool.fingerprint:
        raise ToolFailed(
            "The function behind this tool has other parameters by now. An administrator has to seed the catalog.",
            code="definition_changed",
        )


def _require_offered(
    tool: functions.Tool, work: Work, arguments: Mapping[str, Any], context: ToolContext
) -> None:
    """What `prepare` leaves out or narrows holds here too: a model may ask for what it was not shown."""
    if tool.prepare is None:
        return
    schema = work.definition.get("input_schema") or tool.signature.schema
    full = ToolDefinition(tool.name, tool.definition.description, schema, tool.category)
    shown = functions.prepared(tool, full, context)
    if shown is None:
        raise ToolFailed(f"{tool.name} is not offered to you at present.", code="not_offered")
    problems = [str(problem) for problem in schemas.problems(shown.input_schema, arguments)]
    if problems:
        raise InvalidArguments("The arguments do not fit: " + "; ".join(problems), problems)


def _written(outcome: Any) -> ToolResult:
    """Text stays text; anything else is made JSON, kept beside its text."""
    if isinstance(outcome, ToolResult):
        return outcome
    if isinstance(outcome, str):
        return ToolResult(str.__str__(outcome))
    text = to_json(outcome, inf_nan_mode="strings").decode()
    data = json.loads(text)
    # A date or the like by itself is text as well.
    return ToolResult(data) if isinstance(data, str) else ToolResult(text, data)
