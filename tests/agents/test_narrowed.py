"""What a grant leaves of a tool's parameters is what the model is shown."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.granted.carried import narrowed
from tools_app.definition import ToolDefinition
from tools_app.policy import Grant

SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "string", "enum": ["s", "m", "l"]},
        "city": {"type": "string"},
        "path": {"type": "string", "x-kind": "path"},
        "more": {"type": "object"},
    },
    "required": ["size", "city"],
}
TOOL = ToolDefinition("shop", "Orders things.", SCHEMA, "shop")


def shown(**grant: Any) -> dict[str, Any]:
    return dict(narrowed(TOOL, Grant(1, 1, "clerk", "", **grant)).input_schema["properties"])


@pytest.mark.parametrize(
    ("grant", "left"),
    [
        ({}, ["size", "city", "path", "more"]),
        ({"allowed": []}, []),
        ({"allowed": ["city"]}, ["city"]),
        ({"allowed": {"city": [], "size": True}}, ["size"]),
        ({"allowed": {"/more/a": [1]}}, ["more"]),
        ({"allowed": {"/**/a": [1]}}, ["size", "city", "path", "more"]),
        ({"denied": ["city"]}, ["size", "path", "more"]),
        ({"denied": {"city": True, "size": ["s"]}}, ["size", "path", "more"]),
        ({"fixed": {"city": "Oslo"}}, ["size", "path", "more"]),
        ({"allowed": {"city": [{"like": 1}]}}, ["city"]),
    ],
)
def test_parameters_that_are_left(grant: dict[str, Any], left: list[str]) -> None:
    assert list(shown(**grant)) == left


def test_values_that_are_left_are_offered() -> None:
    assert shown(allowed={"city": ["Oslo", {"one_of": ["Rome"]}]})["city"]["enum"] == ["Oslo", "Rome"]
    assert shown(allowed={"size": ["l", "xl"]})["size"]["enum"] == ["l"]
    assert shown(allowed={"size": ["xl"]})["size"]["enum"] == ["s", "m", "l"]
    assert "enum" not in shown(allowed={"city": [{"regex": "O.*"}, "Rome"]})["city"]
    assert "enum" not in shown(allowed={"path": ["reports"]})["path"]
    assert narrowed(TOOL, Grant(1, 1, "clerk", "", allowed={"size": ["l"]})).input_schema["required"] == [
        "size"
    ]
