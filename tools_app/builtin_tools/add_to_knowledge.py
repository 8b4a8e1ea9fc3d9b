"""add_to_knowledge: keeps a text as a document of the person who asks, to be found in later conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools_app import finders
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.executors.base import ToolResult, Work
from tools_app.finders import NewDocument

MAX_CHARS = 50_000

DEFINITION = ToolDefinition(
    name="add_to_knowledge",
    description=(
        "Keeps a text as a document that search_knowledge finds in later conversations. Use it when the person asks "
        "you to remember or note something; write it so that it is understood without this conversation. It becomes "
        "the person's own document; a persona may add to others only where an administrator has allowed it. The same "
        "text is kept once."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "title": {
                "type": "string",
                "description": "What it is about, in a few words.",
                "minLength": 1,
                "maxLength": 300,
            },
            "text": {
                "type": "string",
                "description": "The text itself; headings of Markdown help to find its parts.",
                "minLength": 1,
                "maxLength": MAX_CHARS,
            },
            "source": {
                "type": "string",
                "description": "Where it is from, such as an address or a book. Default: this conversation.",
                "maxLength": 500,
            },
            "scope": {
                "type": "string",
                "description": "Whose document it becomes. Default: mine, the person's own.",
                "enum": ["mine", "persona", "organization"],
            },
        },
        "required": ["title", "text"],
        "additionalProperties": False,
    },
    category="knowledge",
    examples=({"input": {"title": "Tea", "text": "I take no sugar."}, "output": "Kept as “Tea”."},),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    new = NewDocument(
        title=str(arguments["title"]),
        text=str(arguments["text"]),
        source=str(arguments.get("source") or ""),
        scope=str(arguments.get("scope") or ""),
    )
    kept = finders.keep_document(new, context)
    told = f"Kept as “{kept.title}”." if kept.is_new else f"The same text is kept already, as “{kept.title}”."
    return ToolResult(told, {"document": kept.id, "new": kept.is_new})


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="🗂️",
    requires_approval=True,
    idempotent=True,
    tags=("knowledge", "write"),
)
