"""BuiltinTool: a tool that comes with the product: definition, function, and the flags it is seeded with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tools_app.approving.answers import Form
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.executors.base import Configured, ToolResult, Work

Run = Callable[[Work, Mapping[str, Any], ToolContext], ToolResult]
Preview = Callable[[Work, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class BuiltinTool:
    """The flags are what the catalog is seeded with; the row in the catalog decides from then on."""

    definition: ToolDefinition
    run: Run
    icon: str = ""
    is_dangerous: bool = False
    requires_approval: bool = False
    idempotent: bool = False
    open_world: bool = False
    tags: tuple[str, ...] = ()
    # Why it cannot be carried out on this machine, or "": asked often, so it must be cheap after the first time.
    unready: Callable[[], str] | None = None
    # What a use would change, as the person who is asked is to see it.
    preview: Preview | None = None
    # A tool whose use is a question to the person: the form they answer it by.
    form: Callable[[Mapping[str, Any]], Form] | None = None
    # What an administrator may choose about it; None where there is nothing to choose.
    configured: Configured | None = None

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def kinds(self) -> dict[str, str]:
        """What each parameter with a meaning to the gate is: a path, a url, ..."""
        properties: Mapping[str, Mapping[str, Any]] = self.definition.input_schema.get("properties", {})
        return {name: str(schema["x-kind"]) for name, schema in properties.items() if "x-kind" in schema}
