"""Python functions as tools, for modules named in TOOL_MODULES: `@tool`, `Tool(...)`, `register(...)`, and
`register_dynamic_tool(installed, ...)` for tools that are made of data and a function."""

from tools_app.context import ToolContext, require_identity
from tools_app.definition import ToolDefinition
from tools_app.exceptions import NotATool, ToolFailed
from tools_app.functions.docstrings import PoorDocstring
from tools_app.functions.dynamic import (
    DynamicTool,
    DynamicToolContext,
    DynamicToolDefinition,
    DynamicToolExecute,
    register_dynamic_tool,
)
from tools_app.functions.parameters import ToolParameter
from tools_app.functions.preparing import prepared
from tools_app.functions.registry import (
    ToolRegistry,
    everything,
    installed,
    load,
    named,
    names,
    register,
    tool,
)
from tools_app.functions.requesting import fetch_json
from tools_app.functions.wrapper import Prepare, Tool

__all__ = [
    "DynamicTool",
    "DynamicToolContext",
    "DynamicToolDefinition",
    "DynamicToolExecute",
    "NotATool",
    "PoorDocstring",
    "Prepare",
    "Tool",
    "ToolContext",
    "ToolDefinition",
    "ToolFailed",
    "ToolParameter",
    "ToolRegistry",
    "everything",
    "fetch_json",
    "installed",
    "load",
    "named",
    "names",
    "prepared",
    "register",
    "register_dynamic_tool",
    "require_identity",
    "tool",
]
