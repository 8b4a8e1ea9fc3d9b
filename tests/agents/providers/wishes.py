"""Tools as a persona may carry them, and what the scripted model makes of a text."""

from typing import Any

from agents_app.providers.base import Endpoint, ModelRequest
from agents_app.providers.script import Turn
from agents_app.providers.scripted import understanding

TEXT = {"type": "string"}


def tool(name: str, description: str, required: str = "", **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required.split()}
    return {"name": name, "description": description, "input_schema": schema}


TOOLS = [
    tool(
        "current_time",
        "Tells the current date, weekday and time. Use it whenever the answer depends on what day or time it is.",
        timezone={
            "type": "string",
            "description": "IANA name of a zone, such as Europe/Berlin. Default: UTC.",
        },
    ),
    tool(
        "calculate",
        "Computes an arithmetic expression exactly. Operators: + - * / // % **, parentheses.",
        "expression",
        expression={"type": "string", "description": "For example (1499.90 * 1.19) / 12."},
    ),
    tool(
        "read_file",
        "Reads a text file beneath the allowed folders.",
        "path",
        path={"type": "string", "description": "Path of the file, relative to the folder"},
        max_lines={"type": "integer"},
    ),
    tool(
        "edit_file",
        "Replaces text in a file.",
        "path old_text new_text",
        path=TEXT,
        old_text=TEXT,
        new_text=TEXT,
    ),
    tool(
        "web_fetch",
        "Fetches a web page and returns its text.",
        "url",
        url={"type": "string", "format": "uri"},
        raw={"type": "boolean", "description": "Return the source instead of the text"},
    ),
    tool(
        "web_search",
        "Searches the web for information.",
        "query",
        query={"type": "string", "description": "Search query"},
        max_results={"type": "integer", "default": 5},
    ),
    tool(
        "create_ticket",
        "Creates a ticket in the issue tracker.",
        "title",
        title=TEXT,
        priority={"type": "string", "enum": ["low", "normal", "very_high"]},
        labels={"type": "array", "items": TEXT},
        due={"type": "string", "format": "date"},
        urgent={"type": "boolean"},
    ),
    tool("add_numbers", "Adds two numbers.", "a b", a={"type": "number"}, b={"type": "number"}),
    tool(
        "average",
        "Averages a list of numbers.",
        "numbers",
        numbers={"type": "array", "items": {"type": "number"}},
    ),
    tool(
        "send_email",
        "Sends an email message.",
        "to subject body",
        to={"type": "string", "format": "email"},
        subject=TEXT,
        body=TEXT,
    ),
    tool("frobnicate_widget", "Frobnicates a widget by its number.", "widget", widget={"type": "integer"}),
]


def request(
    text: str, *after: dict[str, Any], tools: list[dict[str, Any]] | None = None, system: str = ""
) -> ModelRequest:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}, *after]
    return ModelRequest(
        Endpoint("scripted", "s"), "scripted", system, messages, tools=TOOLS if tools is None else tools
    )


def turn(text: str, *after: dict[str, Any], **fields: Any) -> Turn:
    return understanding.turn_for(request(text, *after, **fields))


def called(text: str, *after: dict[str, Any], **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(call["name"], call["arguments"]) for call in turn(text, *after, **fields).get("call", ())]
