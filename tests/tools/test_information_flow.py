"""What was read outside, private data and a way out: where all three meet, a person is asked (`security.md` 2.6)."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import personas
from project.accounts import identity as identities
from tests import gate, people
from tests.tools.asking import run_it, yes
from tools_app import builtin_tools, catalog, information
from tools_app.models import Tool

pytestmark = pytest.mark.django_db


def outward(private: dict[str, Any] | None, grant: dict[str, Any] | None = None, **tool: Any) -> gate.Gate:
    """A tool that can carry something out, and beside it, if asked for, one that gives what is private."""
    at = gate.opened(grant, is_open_world=True, **tool)
    if private is not None:
        operator = identities.system(people.toolroom())
        fields = {
            "name": "notes",
            "description": "Reads notes.",
            "category": "code",
            "input_schema": gate.SCHEMA,
        }
        row = catalog.register({**fields, "tool_type": "custom", "executor": "python"}, by=operator)
        personas.grant(at.agent, row, private, by=operator)
    return at


def test_where_all_three_meet_a_person_is_asked_and_their_yes_counts() -> None:
    call = outward({}).ask({"line": "one"}, tainted=True)
    assert (call.status, gate.question(call).reasons) == ("waiting", ["tainted"])
    yes(call)
    assert run_it(call).status == "succeeded"


def test_no_grant_drops_this_question() -> None:
    at = outward({}, {"waives_approval": True}, requires_approval=True)
    assert gate.question(at.ask({"line": "one"}, tainted=True)).reasons == ["tainted"]
    assert at.ask({"line": "one"}).status == "queued"


@pytest.mark.parametrize(
    ("private", "tainted"),
    [(None, True), ({}, False), ({"allow_use": False}, True), ({"enabled_for_agent": False}, True)],
)
def test_where_one_is_missing_nobody_is_asked(private: dict[str, Any] | None, tainted: bool) -> None:
    assert outward(private).ask({"line": "one"}, tainted=tainted).status == "queued"


def test_a_tool_without_a_way_out_is_not_asked_about() -> None:
    assert gate.opened().ask({"line": "one"}, tainted=True).status == "queued"


def test_a_call_that_becomes_risky_while_it_waits_in_line_is_asked_about_at_its_start() -> None:
    at = outward(None)
    call = at.ask({"line": "one"}, tainted=True)
    assert call.status == "queued"
    operator = identities.system(people.toolroom())
    fields = {"name": "notes", "description": "Reads notes.", "category": "code", "input_schema": gate.SCHEMA}
    row = catalog.register({**fields, "tool_type": "custom", "executor": "python"}, by=operator)
    personas.grant(at.agent, row, {}, by=operator)
    assert run_it(call).status == "waiting"
    assert gate.lines == []


@pytest.mark.parametrize("tool", builtin_tools.everything(), ids=lambda tool: tool.name)
def test_every_built_in_tool_is_private_or_known_to_be_harmless(tool: builtin_tools.BuiltinTool) -> None:
    row = Tool(name=tool.name, executor="builtin", is_open_world=tool.open_world)
    assert information.is_private(row) is not (tool.open_world or tool.name in PUBLIC)
    assert information.can_carry_out(row) is (tool.open_world or tool.name == "send_email")


PUBLIC = {"ask_user", "calculate", "current_time", "search_tools", "send_email"}


@pytest.mark.parametrize(
    ("executor", "open_world", "private", "way_out"),
    [
        ("http", False, True, True),
        ("http", True, False, True),
        ("mcp", True, False, True),
        ("python", False, True, False),
        ("python", True, False, True),
    ],
)
def test_other_tools_go_by_their_flag(executor: str, open_world: bool, private: bool, way_out: bool) -> None:
    row = Tool(name="x", executor=executor, is_open_world=open_world)
    assert (information.is_private(row), information.can_carry_out(row)) == (private, way_out)
