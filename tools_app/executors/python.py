"""Carries out Python functions that the installation's code registered as tools (`tools_app/functions/`)."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from django.conf import settings
from pydantic_core import to_json

from tools_app import factories, functions, limited
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import InvalidArguments, ToolFailed
from tools_app.executors import border
from tools_app.executors.base import ToolResult, Work
from tools_app.executors.reports import Reports
from tools_app.functions.dynamic import DynamicTool
from tools_app.schema import schemas


class PythonExecutor:
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Each call has its own arguments and context: what a function writes into them reaches nobody else."""
        with border.around(work.name), _found(work) as tool:
            _require_same(tool, work)
            _require_offered(tool, work, arguments, context)
            reports = Reports(context.report_progress)
            own = context.for_call(work.name, context.tool_call_id or "", progress=reports)
            return _written(_called(tool, arguments, own, reports))

    def readiness(self, name: str) -> str:
        if name in functions.names() or name in factories.declared():
            return ""
        return "Its function is not part of this installation: no module of TOOL_MODULES registers it."

    def acts_for_person(self, name: str, settings: Mapping[str, Any]) -> bool:
        """One that a factory builds, or that is told who asks: it may do with that what it wants."""
        if name in factories.declared() or name not in functions.names():
            return True
        tool = functions.named(name)
        return isinstance(tool, DynamicTool) or tool.signature.context is not None


@contextmanager
def _found(work: Work) -> Iterator[functions.Tool]:
    """The function that carries it out for who asks: a factory's, if the persona has one for it, else the registered.

    What the factory built is not closed before the call is over.
    """
    if not work.bindings:
        yield _registered(work.name)
        return
    with ExitStack() as stack:
        built = [stack.enter_context(factories.lent(binding)) for binding in work.bindings]
        found = next((each.tools[work.name] for each in built if work.name in each.tools), None)
        if found is None:
            raise ToolFailed(f"{work.name} is not there for you at present.", code="not_offered")
        yield found


def _registered(name: str) -> functions.Tool:
    if name not in functions.names() and name in factories.declared():
        raise ToolFailed(
            f"{name} is not offered to you: no factory of this persona brings it.", code="not_offered"
        )
    return functions.named(name)


def _called(
    tool: functions.Tool, arguments: Mapping[str, Any], context: ToolContext, reports: Reports
) -> Any:
    """What it returns. One that hangs is left behind: the call ends, and this thread is free for others."""
    seconds = tool.timeout_seconds or settings.FUNCTION_SECONDS
    until = time.monotonic() + seconds
    try:
        work = partial(tool.call, arguments, context)
        # Calling an asynchronous function only makes what is to be awaited.
        outcome = (
            work() if tool.is_asynchronous else reports.wait_for_thread(work, name=tool.name, until=until)
        )
        # On the worker's one loop, where connections outlive a call; this thread waits meanwhile.
        return reports.wait_for(outcome, until=until) if inspect.iscoroutine(outcome) else outcome
    except limited.TooLong:
        told = (
            f"{tool.name} took longer than {seconds:g} seconds and was given up. It may have had an effect."
        )
        raise ToolFailed(told, code="timeout") from None
    except limited.TooManyHang:
        told = "Too many tools of this kind hang at present, so it was not begun. Try again later."
        raise ToolFailed(told, code="busy", retryable=True) from None


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
