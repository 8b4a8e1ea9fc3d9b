"""Carries out built-in tools: finds the function of that name and turns whatever it raises into an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools_app import builtin_tools
from tools_app.approving.answers import Form
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed, UnknownTool
from tools_app.executors import border
from tools_app.executors.base import ByTool, Configured, ToolResult, Work


class BuiltinExecutor(ByTool):
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        with border.around(work.name):
            return builtin_tools.named(work.name).run(work, arguments, context)

    def preview(self, work: Work, arguments: Mapping[str, Any]) -> str:
        try:
            foretell = builtin_tools.named(work.name).preview
            return foretell(work, arguments) if foretell else ""
        except ToolFailed as impossible:
            return f"Nothing would change: {impossible.message}"
        except UnknownTool:
            return ""

    def asks(self, name: str) -> bool:
        return name in builtin_tools.names() and builtin_tools.named(name).form is not None

    def form(self, name: str, arguments: Mapping[str, Any]) -> Form:
        form = builtin_tools.named(name).form
        if form is None:
            raise UnknownTool(f"{name} asks nothing.", details={"tool": name})
        return form(arguments)

    def acts_for_person(self, name: str, settings: Mapping[str, Any]) -> bool:
        return name in builtin_tools.FOR_PERSON

    def configured(self, tool_name: str) -> Configured | None:
        return builtin_tools.named(tool_name).configured if tool_name in builtin_tools.names() else None

    def readiness(self, name: str) -> str:
        if name not in builtin_tools.names():
            return "This built-in tool is not part of this version yet."
        unready = builtin_tools.named(name).unready
        return unready() if unready else ""
