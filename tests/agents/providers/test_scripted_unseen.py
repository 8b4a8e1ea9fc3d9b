"""The scripted model uses tools nobody thought of, by their words and schemas, and breaks at nothing odd."""

import json
from typing import Any

import pytest

from tests.agents.providers.wishes import TEXT, TOOLS, called, tool, turn

UNSEEN = [
    (
        tool(
            "rotate_image",
            "Turns a picture.",
            "degrees",
            degrees={"type": "integer"},
            mirror={"type": "boolean"},
        ),
        "rotate the image by 90 degrees",
        {"degrees": 90},
    ),
    (
        tool(
            "lookupCustomer",
            "Finds a customer record.",
            "email",
            email={"anyOf": [{"type": "null"}, {"type": "string", "format": "email"}]},
        ),
        "look up the customer eve@example.com",
        {"email": "eve@example.com"},
    ),
    (
        tool("set_mode", "Sets the mode of the machine.", "mode", mode={"enum": ["eco", "boost"]}),
        "set the machine to boost mode",
        {"mode": "boost"},
    ),
    (
        tool(
            "run_query",
            "Runs an SQL query on the sales database.",
            "sql",
            sql=TEXT,
            limit={"type": "integer"},
        ),
        "run the query `SELECT 1; DROP TABLE x` limit 10",
        {"sql": "SELECT 1; DROP TABLE x", "limit": 10},
    ),
    (
        tool(
            "translate",
            "Translates text into another language.",
            "text",
            text=TEXT,
            target={"enum": ["de", "fr"]},
        ),
        'translate "good morning" target: fr',
        {"text": "good morning", "target": "fr"},
    ),
    (
        {
            "name": "book_room",
            "description": "Books a meeting room for a day.",
            "input_schema": {
                "type": "object",
                "properties": {"day": {"$ref": "#/$defs/Day"}, "seats": {"type": ["integer", "null"]}},
                "required": ["day"],
                "$defs": {"Day": {"type": "string", "format": "date"}},
            },
        },
        "book a room with 8 seats on 2026-12-24",
        {"day": "2026-12-24", "seats": 8},
    ),
]


@pytest.mark.parametrize(("unseen", "text", "arguments"), UNSEEN, ids=[case[0]["name"] for case in UNSEEN])
def test_a_tool_nobody_thought_of_works_by_its_words_and_schema(
    unseen: dict[str, Any], text: str, arguments: dict[str, Any]
) -> None:
    assert called(text, tools=[*TOOLS, unseen]) == [(unseen["name"], arguments)]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        {"type": "object", "properties": {"a": True}, "required": ["a", "ghost"]},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"type": "object", "properties": {"a": {"$ref": "https://example.com/x.json"}}},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"a": {"$ref": "#/$defs/a"}}},
    ],
)
def test_odd_schemas_break_nothing(schema: dict[str, Any]) -> None:
    odd = {"name": "odd_tool", "description": "Does odd things.", "input_schema": schema}
    assert turn("use odd_tool with 5 and 'x'", tools=[odd])


@pytest.mark.parametrize(
    "noise", ["(" * 4000, "1+" * 2000, "1 " * 3000, "a.b/" * 1500, '"' * 4000, "x, " * 2000, "{" * 4000]
)
def test_strange_texts_cost_little(noise: str) -> None:
    turn(noise)


def test_arguments_are_json() -> None:
    ((_, arguments),) = called("Create a ticket 'Ünïcode \"quoted\"' due tomorrow")
    assert json.loads(json.dumps(arguments)) == arguments
