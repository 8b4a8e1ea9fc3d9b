"""Python functions as tools: `@tool`, `Tool(...)` and `register(...)`, for modules named in TOOL_MODULES."""

from tools_app.context import ToolContext, require_identity
from tools_app.definition import ToolDefinition
from tools_app.exceptions import NotATool, ToolFailed
from tools_app.functions.docstrings import PoorDocstring
from tools_app.functions.preparing import prepared
from tools_app.functions.registry import everything, load, named, names, register, tool
from tools_app.functions.wrapper import Prepare, Tool

__all__ = [
    "NotATool",
    "PoorDocstring",
    "Prepare",
    "Tool",
    "ToolContext",
    "ToolDefinition",
    "ToolFailed",
    "everything",
    "load",
    "named",
    "names",
    "prepared",
    "register",
    "require_identity",
    "tool",
]
