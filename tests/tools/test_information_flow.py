"""What was read outside, private data and a way out: where all three meet, a person is asked (`security.md` 2.6)."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import personas
from agents_app.showing import cards
from project.accounts import identity as identities
from tests import gate, people
from tests.tools.asking import run_it, yes
from tools_app import builtin_tools, catalog
from tools_app.approving import questions
from tools_app.calling import information
from tools_app.exceptions import DigestMismatch
from tools_app.models import Tool, ToolCall, ToolVersion

pytestmark = pytest.mark.django_db


def outward(private: dict[str, Any] | None, grant: dict[str, Any] | None = None, **tool: Any) -> gate.Gate:
    """A tool that can carry something out, and beside it, if asked for, one that gives what is private."""
    at = gate.opened(grant, is_open_world=True, **{"privacy": "public", **tool})
    if private is not None:
        give_notes(at, private)
    return at


def give_notes(at: gate.Gate, granted: dict[str, Any]) -> None:
    operator = identities.system(people.toolroom())
    fields = {"name": "notes", "description": "Reads notes.", "category": "code", "input_schema": gate.SCHEMA}
    row = catalog.register({**fields, "tool_type": "custom", "executor": "python"}, by=operator)
    personas.grant(at.agent, row, granted, by=operator)


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
    give_notes(at, {})
    assert run_it(call).status == "waiting"
    assert gate.lines == []


def test_a_yes_for_another_reason_is_no_yes_to_what_came_together_since() -> None:
    at = outward(None, requires_approval=True)
    call = at.ask({"line": "one"}, tainted=True)
    assert gate.question(call).reasons == ["tool_requires_approval"]
    yes(call)
    give_notes(at, {})
    ended = run_it(call)
    assert (ended.status, ended.reason) == ("blocked", "definition_changed")
    anew = ToolCall.objects.get(replaces=call)
    assert gate.question(anew).reasons == ["tool_requires_approval", "tainted", "changed"]
    yes(anew)
    assert run_it(anew).status == "succeeded"
    assert len(gate.lines) == 1


def test_a_card_that_did_not_say_so_is_shown_anew_instead_of_approved() -> None:
    at = outward(None, requires_approval=True)
    call = at.ask({"line": "one"}, tainted=True)
    give_notes(at, {})
    with pytest.raises(DigestMismatch):
        yes(call)
    assert "tainted" in gate.question(ToolCall.objects.get(replaces=call)).reasons


def test_a_reason_that_is_gone_voids_no_yes() -> None:
    call = outward({}).ask({"line": "one"}, tainted=True)
    yes(call)
    Tool.objects.filter(name="notes").update(privacy="public")
    assert run_it(call).status == "succeeded"


@pytest.mark.parametrize("tool", builtin_tools.everything(), ids=lambda tool: tool.name)
def test_every_built_in_tool_is_private_or_known_to_be_harmless(tool: builtin_tools.BuiltinTool) -> None:
    row = Tool(name=tool.name, executor="builtin", is_open_world=tool.open_world)
    assert information.is_private(row) is not (tool.open_world or tool.name in PUBLIC)
    assert information.can_carry_out(row) is (tool.open_world or tool.name == "send_email")


PUBLIC = {"ask_user", "calculate", "current_time", "search_tools", "send_email"}


@pytest.mark.parametrize(
    ("executor", "open_world", "secrets", "private", "way_out"),
    [
        ("http", False, (), True, True),
        ("http", True, (), False, True),
        ("http", True, ("key",), True, True),
        ("mcp", True, (), True, True),
        ("mcp", False, (), True, True),
        ("python", False, (), True, False),
        ("python", True, (), True, True),
        ("agent", False, (), True, True),
        ("of tomorrow", False, (), True, True),
    ],
)
def test_other_tools_go_by_their_kind_and_what_nobody_knows_is_private(
    executor: str, open_world: bool, secrets: tuple[str, ...], private: bool, way_out: bool
) -> None:
    row = Tool(name="x", executor=executor, is_open_world=open_world)
    if secrets:
        auth = {"type": "bearer", "secret": secrets[0]}
        row.configuration = {"method": "GET", "url": "https://api.example/x", "auth": auth}
    assert (information.is_private(row), information.can_carry_out(row)) == (private, way_out)
    assert information.way_out(row)
    for said, expected in (("private", True), ("public", False)):
        row.privacy = said
        assert information.is_private(row) is expected


def test_a_persona_with_one_mcp_tool_has_all_three() -> None:
    """It reads what others wrote, holds private data, and sends: the question must not need a second tool."""
    at = outward(None, privacy="")
    assert gate.question(at.ask({"line": "one"}, tainted=True)).reasons == ["tainted"]


READ = ({"call": 1, "tool": "web_fetch", "what": "https://evil.example/\u202etxt"},)


def test_the_card_says_what_was_read_what_is_at_hand_and_which_way_is_open() -> None:
    at = outward({})
    call = at.ask({"line": "one"}, tainted=True, read_outside=READ)
    told = cards.approval(gate.question(call), call)["flow"]
    assert told["private"] == "notes"
    assert told["read"].startswith("web_fetch https://evil.example/")
    assert "\u202e" not in told["read"]
    assert "wherever this tool sends" in told["way_out"]


def test_a_card_without_danger_says_nothing_of_it() -> None:
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "one"}, tainted=True, read_outside=READ)
    assert cards.approval(gate.question(call), call)["flow"] is None


def test_a_question_put_again_at_the_start_still_says_what_was_read() -> None:
    at = outward(None)
    call = at.ask({"line": "one"}, tainted=True, read_outside=READ)
    at.tool.privacy = ""
    at.tool.save()
    call = run_it(call)
    assert cards.approval(gate.question(call), call)["flow"]["read"].startswith("web_fetch")


def test_many_private_tools_are_counted() -> None:
    flow = information.flow(READ, [f"tool{number}" for number in range(20)], Tool(name="x", executor="http"))
    assert (len(flow["private"]), flow["more_private"]) == (8, 12)


def test_what_is_public_is_said_over_the_api_and_kept_in_a_version() -> None:
    at = gate.opened()
    changed = people.carol().api().patch(f"/api/tools/{at.tool.pk}", {"privacy": "public"}, format="json")
    assert (changed.status_code, changed.json()["privacy"]) == (200, "public")
    assert ToolVersion.objects.filter(tool=at.tool).order_by("-number")[0].changed == ["privacy"]
    wrong = people.carol().api().patch(f"/api/tools/{at.tool.pk}", {"privacy": "secret"}, format="json")
    assert wrong.status_code == 400


def test_a_tool_that_says_nothing_keeps_its_hash() -> None:
    at = gate.opened()
    before = at.tool.content_hash()
    at.tool.privacy = "public"
    assert at.tool.content_hash() == before


def test_one_look_decides_about_nothing_that_was_read_elsewhere() -> None:
    at, places = outward({}), ("https://partner.example/", "https://evil.example/inject")
    asked = [
        at.ask({"line": "x"}, tainted=True, read_outside=({"tool": "web_fetch", "what": where},))
        for where in (*places, places[0])
    ]
    ours, theirs, again = [questions.likeness(gate.question(call)) for call in asked]
    assert ours == again
    assert ours != theirs
