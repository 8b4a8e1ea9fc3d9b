"""Which definition of a granted tool this person is shown, where its own code has a say in it (`prepare`)."""

from __future__ import annotations

from project.accounts.identity import Identity
from tools_app import contexts
from tools_app.definition import ToolDefinition
from tools_app.models import Tool


def shown(tool: Tool, definition: ToolDefinition, who: Identity) -> ToolDefinition | None:
    """None where the tool is left out for this person; its executor refuses it then as well."""
    if tool.executor != Tool.Executor.PYTHON:
        return definition
    # Imported here: what reads signatures is heavy, and most installations register no function.
    from tools_app import functions

    if tool.name not in functions.names():
        return None
    function = functions.named(tool.name)
    return functions.prepared(function, definition, contexts.before_a_call(tool.name, who))
