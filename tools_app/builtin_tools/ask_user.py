"""ask_user: a question to the person in the chat, answered by a form. Waits for them without holding a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools_app.approving import answers
from tools_app.approving.answers import Field, Form
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors.base import ToolResult, Work

_OPTIONS = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": 120},
    "minItems": 2,
    "maxItems": 12,
    "uniqueItems": True,
}

DEFINITION = ToolDefinition(
    name="ask_user",
    description=(
        "Asks the person you talk with a question, by a form in the chat, and waits for the answer. Use it when only "
        "they can know or decide, and you cannot go on well without it. Offer options where there are some; ask for "
        "several things at once with fields. Never ask for passwords or keys."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "question": {
                "type": "string",
                "description": "What you want to know, in one or two plain sentences.",
                "minLength": 1,
                "maxLength": 500,
            },
            "options": {
                **_OPTIONS,
                "description": "Answers to choose from. Left out: the person writes freely.",
            },
            "several": {
                "type": "boolean",
                "description": "True if more than one of the options may be chosen.",
            },
            "fields": {
                "type": "array",
                "description": "Instead of options: the parts of an answer that has several.",
                "minItems": 1,
                "maxItems": 8,
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {
                            "type": "string",
                            "description": "Short key of this part, such as due_date.",
                            "pattern": "^[A-Za-z][A-Za-z0-9_]{0,39}$",
                        },
                        "label": {
                            "type": "string",
                            "description": "What the person reads.",
                            "maxLength": 200,
                        },
                        "type": {
                            "type": "string",
                            "enum": ["text", "number", "date", "yes_no"],
                            "description": "What kind of answer; left out: text. With options it is a choice.",
                        },
                        "options": {**_OPTIONS, "description": "Answers to choose from."},
                        "several": {
                            "type": "boolean",
                            "description": "True if several options may be chosen.",
                        },
                        "optional": {"type": "boolean", "description": "True if it may be left empty."},
                        "hint": {"type": "string", "description": "Help below the field.", "maxLength": 200},
                    },
                    "required": ["name", "label"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["question"],
        "additionalProperties": False,
    },
    category="people",
    examples=(
        {
            "input": {"question": "Which colour shall the chart have?", "options": ["red", "green", "blue"]},
            "output": "The person answered:\n- Which colour shall the chart have?: green",
        },
    ),
)


def form(arguments: Mapping[str, Any]) -> Form:
    """The form these arguments describe. The same name twice is told apart by a number."""
    question = str(arguments["question"])
    parts = arguments.get("fields")
    if not parts:
        kind = _kind(arguments)
        return Form(question, (Field("answer", question, kind, tuple(arguments.get("options") or ())),))
    return Form(question, tuple(_fields(parts)))


def _fields(parts: list[Mapping[str, Any]]) -> Iterator[Field]:
    taken: set[str] = set()
    for number, part in enumerate(parts, start=1):
        name = str(part["name"]) if part["name"] not in taken else f"{part['name']}_{number}"
        taken.add(name)
        yield Field(
            name,
            str(part["label"]) or name,
            _kind(part),
            tuple(part.get("options") or ()),
            required=not part.get("optional", False),
            hint=str(part.get("hint", "")),
        )


def _kind(part: Mapping[str, Any]) -> str:
    if part.get("options"):
        return "choices" if part.get("several") else "choice"
    return str(part.get("type", "text"))


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    if work.answer is None:
        raise ToolFailed("Nobody has answered.", code="unanswered")
    return ToolResult(answers.told(form(arguments), work.answer), {"answer": dict(work.answer)})


TOOL = BuiltinTool(definition=DEFINITION, run=run, icon="💬", idempotent=True, tags=("people",), form=form)
