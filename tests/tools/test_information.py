"""Where information comes from and where it can go through a tool, tool by tool: rows that are in no database."""

from __future__ import annotations

from typing import Any

import pytest

from tools_app.calling import information
from tools_app.models import Tool

HOSTS = {"network": ["a.example", "b.example"]}


def row(executor: str, name: str = "x", **fields: Any) -> Tool:
    return Tool(name=name, executor=executor, **fields)


@pytest.mark.parametrize(
    ("tool", "carries", "brings"),
    [
        (row("builtin"), False, ""),
        (row("builtin", configuration=HOSTS), True, "network"),
        (row("builtin", configuration={"network": "a.example"}), True, "network"),
        (row("builtin", configuration={"network": []}), False, ""),
        (row("builtin", configuration={"network": ""}), False, ""),
        (row("builtin", configuration=None), False, ""),
        (row("builtin", is_open_world=True), False, "open_world"),
        (row("builtin", "web_fetch", is_open_world=True), True, "open_world"),
        (row("builtin", "send_email"), True, ""),
        (row("python"), False, ""),
        (row("python", configuration=HOSTS), False, ""),
        (row("python", "send_email"), False, ""),
        (row("python", is_open_world=True), True, "open_world"),
        (row("http"), True, ""),
        (row("mcp", is_open_world=True), True, "open_world"),
    ],
)
def test_what_carries_out_and_what_brings_in(tool: Tool, carries: bool, brings: str) -> None:
    assert information.can_carry_out(tool) is carries
    assert information.brings(tool) == brings


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        (row("builtin", "send_email"), "by mail, to whom it is addressed"),
        (row("builtin", "web_fetch"), "in the address it opens"),
        (row("builtin", configuration=HOSTS), "to the hosts its programs may reach: a.example, b.example"),
        (row("http", "send_email"), "in its request to another service"),
        (row("mcp"), "to the MCP server that carries it out"),
        (row("python"), "to wherever this tool sends what it is given"),
    ],
)
def test_the_way_out_in_words(tool: Tool, told: str) -> None:
    assert information.way_out(tool) == told


@pytest.mark.parametrize(
    ("tool", "private"),
    [
        (row("builtin", "calculate"), False),
        (row("builtin", "web_fetch", is_open_world=True), False),
        (row("builtin", "search_documents"), True),
        (row("builtin", "search_documents", privacy="public"), False),
        (row("builtin", "calculate", privacy="private"), True),
        (row("http", is_open_world=True), False),
        (row("http"), True),
        (row("mcp", is_open_world=True), True),
        (row("python", "calculate"), True),
    ],
)
def test_what_may_belong_to_somebody(tool: Tool, private: bool) -> None:
    """A built-in tool that nobody has listed as harmless above all."""
    assert information.is_private(tool) is private


def test_a_configuration_nobody_can_read_is_private() -> None:
    """Written by hand: whether there is a key in it, nobody knows."""
    for configuration in ("key", 5):
        tool = row("http", is_open_world=True, configuration=configuration)
        assert information.is_private(tool) is True


def test_what_came_together_is_kept_with_the_question() -> None:
    read = ({"call": 1, "tool": "web_fetch", "what": "https://a.example/"},)
    assert information.flow(read, ["notes", "files"], row("mcp")) == {
        "read": [dict(read[0])],
        "private": ["notes", "files"],
        "more_private": 0,
        "way_out": "to the MCP server that carries it out",
    }
