"""Lines of the contract about security (S4.110-130) and the traps of its design (S4.218-247), one by one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from agents_app import events, toolset
from agents_app.models import AgentToolConfig, AgentType
from agents_app.service import ToolsService
from agents_app.showing import cards
from audit_app.models import ToolUsage
from project.accounts import identity as identities
from project.api import ROUTES
from tests import gate, people
from tests.agents.test_service import wait
from tests.gate import Gate
from tools_app import approvals, calls
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)

LINE = {"line": "one"}
ROOTS = {"path": ["/etc", "/root"]}


def outcome(door: Gate, arguments: Any = LINE) -> tuple[str, str]:
    call = door.ask(arguments)
    return call.status, call.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"enabled_for_agent": False}, "not_offered"),
        ({"allow_use": False}, "use_not_allowed"),
        (None, "not_granted"),
    ],
)
def test_only_what_is_granted_is_available(changes: dict[str, Any] | None, reason: str) -> None:
    """S4.1-2, S4.4, S4.110, S4.113-114, S4.116, S4.225: a row for this persona and tool, offered and allowed to run."""
    door = gate.opened(changes or {})
    if changes is None:
        AgentToolConfig.objects.all().delete()
    assert outcome(door) == ("blocked" if reason else "queued", reason)
    shown = [each.definition.name for each in toolset.of(door.agent)]
    assert shown == ([] if reason in ("not_offered", "not_granted") else ["ledger"])


@pytest.mark.parametrize(
    ("grant", "arguments", "reason"),
    [
        ({"denied_parameters": {"line": ["one"]}}, LINE, "denied_parameter"),
        ({"denied_parameters": {"line": ["one"]}}, {"line": "two"}, ""),
        ({"denied_parameters": ["line"]}, LINE, "denied_parameter"),
        ({"denied_parameters": {"line": []}}, LINE, "denied_parameter"),
        ({"denied_parameters": {"line": True}}, LINE, "denied_parameter"),
        ({"allowed_parameters": ["number"]}, LINE, "parameter_not_allowed"),
        ({"allowed_parameters": []}, LINE, "parameter_not_allowed"),
        ({"allowed_parameters": []}, {}, ""),
        ({"allowed_parameters": None}, LINE, ""),
        ({"denied_parameters": ROOTS}, {}, ""),
    ],
)
def test_parameters_are_held_to_their_rules(
    grant: dict[str, Any], arguments: dict[str, Any], reason: str
) -> None:
    """S4.115, S4.117-118, S4.220, S4.222-223: names and values, and nothing crashes where nothing is passed."""
    assert outcome(gate.opened(grant), arguments)[1] == reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [("secret/keys/a.txt", "denied_parameter"), ("secret/a.txt", "denied_parameter"), ("notes.txt", "")],
)
def test_a_forbidden_folder_forbids_what_lies_beneath_it(
    path: str, reason: str, settings: Settings, tmp_path: Path
) -> None:
    """S4.118, S4.221: within what the installation allows at all, so that nothing but the rule can refuse it."""
    settings.FILE_ROOTS = [str(tmp_path)]
    (tmp_path / "secret/keys").mkdir(parents=True)
    for each in ("secret/keys/a.txt", "secret/a.txt", "notes.txt"):
        (tmp_path / each).write_text("x")
    door = gate.opened({"denied_parameters": {"path": [str(tmp_path / "secret")]}})
    assert outcome(door, {"path": path})[1] == reason


def test_values_match_by_what_the_parameter_is() -> None:
    """S4.221: forbidden texts of a command are found inside of it, and that is only advice beside a question."""
    schema = {"type": "object", "properties": {"command": {"type": "string", "x-kind": "command"}}}
    rules = {"denied_parameters": {"command": ["rm -rf", "sudo"]}}
    door = gate.opened(rules, input_schema=schema, is_dangerous=True)
    for refused in ("ls; rm -rf /", "SUDO ls"):
        assert outcome(door, {"command": refused}) == ("blocked", "denied_parameter")
    assert outcome(door, {"command": "ls -l"})[0] == "waiting"


def test_what_policy_fills_in_is_seen_before_it_is_approved() -> None:
    """S4.119, S4.120-124: the question names conversation, tool, parameters (the filled ones too) and description."""
    door = gate.opened(
        {"parameter_defaults": {"number": 1000}}, requires_approval=True, description="Writes it."
    )
    call = door.ask(LINE)
    card = cards.approval(gate.question(call), call, people.alice().identity)
    assert (card["conversation"], card["tool"]) == (door.conversation.session_id, "ledger")
    assert card["tool_description"] == "Writes it."
    assert {row["name"]: row["value"] for row in card["card"]} == {"line": "one", "number": "1000"}
    assert {row["name"]: row["filled_by_policy"] for row in card["card"]} == {"line": False, "number": True}


@pytest.mark.parametrize(
    ("flags", "grant", "asks"),
    [
        ({}, {}, False),
        ({"requires_approval": True}, {}, True),
        ({"requires_approval": True}, {"requires_approval": False}, True),
        ({"is_dangerous": True}, {}, True),
        ({"requires_approval": True}, {"waives_approval": True}, False),
        ({}, {"requires_approval": True}, True),
    ],
)
def test_the_strictest_wins(flags: dict[str, Any], grant: dict[str, Any], asks: bool) -> None:
    """S4.111, S4.127, S4.226-227: dangerous asks by itself, and the grant's "no" is no waiver."""
    assert outcome(gate.opened(grant, **flags))[0] == ("waiting" if asks else "queued")


def test_bash_and_edit_ask_and_reading_is_what_its_row_says() -> None:
    """S4.128-130, S4.228: read_file is seeded dangerous (S4.137), and the row is the truth."""
    people.alice()
    call_command("seed")
    flags = {tool.name: (tool.requires_approval, tool.is_dangerous) for tool in Tool.objects.all()}
    assert flags["bash"] == flags["edit_file"] == flags["read_file"] == (True, True)
    assert flags["list_files"] == (False, False)


def test_every_use_is_recorded_and_the_newest_is_told_first() -> None:
    """S4.5, S4.112, S4.125-126, S4.246: refused, run, denied; with time, tool, persona, status and parameters."""
    door = gate.opened({"denied_parameters": {"line": ["never"]}})
    calls.execute(door.ask(LINE))
    door.ask({"line": "never"})
    Tool.objects.filter(pk=door.tool.pk).update(requires_approval=True)
    asked = door.ask({"line": "two"})
    question = gate.question(asked)
    approvals.deny(question, digest=question.digest, by=people.bob().identity)
    rows = people.olga().api().get(f"/api/audit/tool-usage?session_id={door.conversation.session_id}")
    told = [(row["tool_name"], row["agent_name"], row["status"]) for row in rows.json()["results"]]
    assert told == [("ledger", "Clerk", status) for status in ("denied", "blocked", "success")]
    assert [row["parameters"] for row in rows.json()["results"]] == [
        {"line": "two"},
        {"line": "never"},
        {"line": "one"},
    ]


def test_a_persona_or_tool_that_is_off_does_nothing() -> None:
    """S4.3, S4.6, S4.224: the tool's own switch, the persona's, and the limit, whatever the grant says."""
    door = gate.opened({"usage_limit": 1})
    calls.execute(door.ask(LINE))
    assert outcome(door) == ("blocked", "limit")
    AgentType.objects.filter(pk=door.agent.pk).update(enabled=False)
    assert outcome(door) == ("blocked", "agent_disabled")
    AgentType.objects.filter(pk=door.agent.pk).update(enabled=True)
    AgentToolConfig.objects.update(usage_limit=None)
    assert outcome(door) == ("queued", "")
    Tool.objects.filter(pk=door.tool.pk).update(enabled=False)
    assert outcome(door) == ("blocked", "tool_disabled")


@pytest.mark.parametrize(("limit", "granted"), [(None, 3), (-1, 3), (0, 0), (2, 2)])
def test_the_limit_counts_what_ran(limit: int | None, granted: int) -> None:
    """S4.53, S4.230: nothing and -1 are no limit, 0 is never, and what was refused counts for nothing."""
    door = gate.opened({"usage_limit": limit, "denied_parameters": {"line": ["never"]}})
    door.ask({"line": "never"})
    for call in [door.ask(LINE) for _ in range(3)]:
        if call.status == ToolCall.Status.QUEUED:
            calls.execute(call)
    assert ToolCall.objects.filter(status="succeeded").count() == granted


def test_tools_are_shown_in_a_lasting_order() -> None:
    """S4.50, S4.231: numbered ones first, the others by name."""
    door = gate.opened()
    for name, place in (("zebra", 1), ("apple", None)):
        tool = Tool.objects.get(pk=door.tool.pk)
        tool.pk, tool.name = None, name
        tool.save()
        AgentToolConfig.objects.create(
            organization=tool.organization, agent_type=door.agent, tool=tool, order_index=place
        )
    assert [each.definition.name for each in toolset.of(door.agent)] == ["zebra", "apple", "ledger"]


def test_names_fit_every_model() -> None:
    """S4.232: a name of the catalog is one a model accepts, at most 64 characters."""
    door = gate.opened()
    answer = people.carol().api().put(f"/api/tools/{door.tool.pk}", {"name": "n" * 65}, format="json")
    assert answer.status_code == 400
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", toolset.of(door.agent)[0].definition.name)


@pytest.mark.parametrize(
    ("avatar", "kind", "shown"),
    [
        ("🎨", "emoji", "🎨"),
        ("1", "emoji", "1"),
        ("#", "emoji", "#"),
        ("/static/ana.png", "image", "/static/ana.png"),
        ("https://x.example/a.png", "emoji", ""),
        ("/static/../admin/", "emoji", ""),
    ],
)
def test_an_avatar_is_a_sign_unless_it_is_an_address(avatar: str, kind: str, shown: str) -> None:
    """S4.174-175, S4.180, S4.237-238: a digit is no picture, and what looks like an address is never shown as text."""
    door = gate.opened()
    AgentType.objects.filter(pk=door.agent.pk).update(avatar_url=avatar)
    assert events.persona(AgentType.objects.get(pk=door.agent.pk))["avatar"] == {"kind": kind, "value": shown}


def test_the_service_records_more_than_its_seven_arguments_ask() -> None:
    """S4.241, S4.96: who, from where, what it cost, why it failed."""
    door = gate.opened()
    service = ToolsService(identity=identities.system(people.toolroom()))
    more = {"error_message": "It broke.", "tokens_used": 3, "reason": "error"}
    wait(service.audit_tool_usage("a-session", door.agent.pk, "ledger", LINE, None, "failed", 12, **more))
    row = ToolUsage.objects.get()
    assert (row.status, row.error_message, row.tokens_used) == ("failed", "It broke.", 3)
    assert (row.reason, row.execution_time_ms, row.user_id) == ("error", 12, service.identity.user_id)


def test_who_is_asked_for_and_not_there_is_a_named_error() -> None:
    """S4.243-244: the loop is ours, and an unknown or switched-off persona is said to be so."""
    door = gate.opened()
    AgentType.objects.filter(pk=door.agent.pk).update(enabled=False)
    answer = people.alice().api().post("/api/conversations", {"agent": door.agent.name}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "agent_disabled")
    assert (
        people.alice().api().post("/api/conversations", {"agent": "nobody"}, format="json").status_code == 404
    )


def test_uses_of_a_tool_that_is_gone_are_still_told() -> None:
    """S4.246: no use is lost because its tool or persona is; the record has names of its own."""
    door = gate.opened()
    calls.execute(door.ask(LINE))
    Tool.objects.filter(pk=door.tool.pk).update(name="renamed")
    AgentType.objects.filter(pk=door.agent.pk).update(display_name="Renamed")
    rows = people.olga().api().get("/api/audit/tool-usage").json()["results"]
    assert [(row["tool_name"], row["agent_name"]) for row in rows] == [("ledger", "Clerk")]


ELEVEN = {
    "S4.161": "GET tools",
    "S4.162": "POST tools",
    "S4.163": "GET tools/<int:tool_id>",
    "S4.164": "PUT tools/<int:tool_id>",
    "S4.165": "DELETE tools/<int:tool_id>",
    "S4.166": "GET agents",
    "S4.167": "POST agents",
    "S4.168": "GET agents/<int:agent_id>",
    "S4.169": "GET agents/<int:agent_id>/tools",
    "S4.170": "POST agents/<int:agent_id>/tools/<int:tool_id>",
    "S4.171": "GET audit/tool-usage",
}


@pytest.mark.parametrize("line", ELEVEN)
def test_the_eleven_paths_are_there_exactly_as_they_are_named(line: str) -> None:
    """S4.7, S4.242: with and without a slash at the end."""
    method, path = ELEVEN[line].split()
    views: Any = dict(ROUTES)
    assert method in views[path].needs
    assert hasattr(views[path], method.lower())
    door = gate.opened()
    address = path.replace("<int:tool_id>", str(door.tool.pk)).replace("<int:agent_id>", str(door.agent.pk))
    client = people.adam().api()
    codes = {client.generic(method, f"/api/{address}{slash}").status_code for slash in ("", "/")}
    # Nothing was sent, so what is written may be refused for that; it is there all the same.
    assert codes <= {200, 201, 204, 400, 409, 404 if method == "DELETE" else 200}, codes


def test_the_pages_show_who_speaks() -> None:
    """S4.172-188: avatar with its colour, name, description and traits, on the card one chooses and in what it says."""
    door = gate.opened()
    traits = {"personality_traits": ["precise", "calm"], "avatar_url": "🎨", "avatar_color": "#f59e0b"}
    AgentType.objects.filter(pk=door.agent.pk).update(**traits, description="Keeps the books.")
    browser = people.alice().browser()
    home = browser.get("/").content.decode()
    for shown in ("Clerk", "Keeps the books.", "precise", "calm", "🎨", "#f59e0b"):
        assert shown in home, shown
    page = browser.get(f"/c/{door.conversation.public_id}/").content.decode()
    for shown in ("Clerk", "🎨", "#f59e0b"):
        assert shown in page, shown
