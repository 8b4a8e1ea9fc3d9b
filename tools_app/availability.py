"""Which definition of a granted tool this person is shown, where code has a say in it: `prepare`, and factories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools_app.calling import contexts
from tools_app.calling.contexts import Asking
from tools_app.definition import ToolDefinition
from tools_app.models import Tool

if TYPE_CHECKING:
    from tools_app.functions import Tool as Function


@dataclass(frozen=True, slots=True)
class Brought:
    """What the factories of a persona may bring, by name, and what they did; None where none of them was asked."""

    declared: frozenset[str] = frozenset()
    tools: Mapping[str, Function] | None = field(default=None)


NOTHING = Brought()


def shown(
    tool: Tool, definition: ToolDefinition, asking: Asking, brought: Brought = NOTHING
) -> ToolDefinition | None:
    """None where the tool is left out for this person; its executor refuses it then as well."""
    if tool.executor != Tool.Executor.PYTHON:
        return definition
    # Imported here: what reads signatures is heavy, and most installations register no function.
    from tools_app import functions

    if tool.name in brought.declared and brought.tools is None:
        return definition
    if tool.name in brought.declared:
        function = (brought.tools or {}).get(tool.name)
    else:
        function = functions.named(tool.name) if tool.name in functions.names() else None
    if function is None:
        return None
    return functions.prepared(function, definition, contexts.before_a_call(tool.name, asking))
