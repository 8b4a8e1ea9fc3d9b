"""search_tools: finds tools that a persona may use and was not shown, because there are too many to show at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools_app import finders
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.executors.base import ToolResult, Work
from tools_app.finders import FoundTool, FoundTools, ToolsWanted

DEFAULT_TOOLS = 5
MAX_TOOLS = 20
DESCRIPTION_CHARS = 300
CATEGORIES = 40

DEFINITION = ToolDefinition(
    name="search_tools",
    description=(
        "Finds tools among those you may use but were not shown. Say in a few words what you want to do, or name a "
        "tool exactly; category and tag narrow the search. What is found can be called from your next step on and "
        "stays there. If nothing fits, try other words once or twice, then say that there is no such tool."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "query": {
                "type": "string",
                "description": "What you want to do, in a few words, such as refund an order; or names of tools.",
                "minLength": 1,
                "maxLength": 300,
            },
            "category": {"type": "string", "description": "Only tools of this category.", "maxLength": 100},
            "tag": {"type": "string", "description": "Only tools with this tag.", "maxLength": 100},
            "limit": {
                "type": "integer",
                "description": f"How many tools to show at most. Default: {DEFAULT_TOOLS}.",
                "minimum": 1,
                "maximum": MAX_TOOLS,
            },
        },
        "required": ["query"],
        "additionalProperties": False,
    },
    category="tools",
    examples=(
        {"input": {"query": "weather forecast"}, "output": "1. forecast: Tells the weather of a city."},
    ),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    wanted = ToolsWanted(
        query=str(arguments["query"]),
        category=str(arguments.get("category") or ""),
        tag=str(arguments.get("tag") or ""),
        limit=int(arguments.get("limit") or DEFAULT_TOOLS),
    )
    found = finders.find_tools(wanted, context)
    return ToolResult(
        text="\n".join(_told(found)),
        data={"tools": [_kept(tool) for tool in found.tools], "searched": found.searched},
        blocks=[
            {"type": "tool_reference", "tool_name": tool.name} for tool in found.tools if not tool.at_hand
        ],
    )


def _told(found: FoundTools) -> Iterator[str]:
    if not found.tools:
        yield f"Of {found.searched} tools none fits. Try other words, or a category."
        if found.categories:
            named = list(found.categories.items())[:CATEGORIES]
            yield "Categories: " + ", ".join(f"{name} ({count})" for name, count in named) + "."
        return
    for number, tool in enumerate(found.tools, start=1):
        at_hand = " You were shown it already." if tool.at_hand else ""
        yield f"{number}. {tool.name}: {_short(tool.description)} ({tool.why}){at_hand}"
    more = found.fitting - len(found.tools)
    yield f"[{more} more fit less well.]" if more > 0 else ""
    yield "You can call these from your next step on."


def _kept(tool: FoundTool) -> dict[str, str]:
    return {"name": tool.name, "description": _short(tool.description), "why": tool.why}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= DESCRIPTION_CHARS else line[: DESCRIPTION_CHARS - 1] + "…"


TOOL = BuiltinTool(definition=DEFINITION, run=run, icon="🧭", idempotent=True, tags=("tools", "search"))
