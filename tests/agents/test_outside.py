"""What a conversation has read from outside: by tools, by programs that may speak to hosts, and from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.fixtures import Settings

from agents_app import attachments, conversations
from agents_app.answering import outside
from tests import world
from tests.world import World
from tools_app import builtin_tools
from tools_app.calling import information
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def now(settings: Settings, tmp_path: Path) -> World:
    settings.DATA_DIR = tmp_path
    return world.made()


def used(now: World, name: str, status: str = "succeeded", result: Any = None, **tool: Any) -> None:
    fields = {"description": "x", "category": "code", "tool_type": "builtin", "definition": {}, **tool}
    row, _ = Tool.objects.get_or_create(organization=now.tool.organization, name=name, defaults=fields)
    session = now.conversation.session_id
    whose = {"organization": row.organization, "user_id": now.alice.identity.user_id, "session_id": session}
    # As the claim of a use notes it.
    began = status in ("succeeded", "failed")
    whose |= {
        "outside": information.brings(row) if began else "",
        "arguments": {"url": f"https://{name}.example"},
    }
    ToolCall.objects.create(tool=row, tool_name=name, status=status, result=result, **whose)


def test_nothing_is_outside_at_first(now: World) -> None:
    used(now, "python")
    assert not outside.read_by(now.run)


def test_a_file_counts_once_a_tool_could_read_it(now: World) -> None:
    file = SimpleUploadedFile("a.csv", b"x")
    used(now, "python", "blocked")
    attachments.add(now.conversation, file, by=now.alice.identity)
    conversations.post_message(now.conversation, "Look.", client_id="two", by=now.alice.identity)
    assert not outside.read_by(now.run)
    used(now, "calculate")
    assert not outside.read_by(now.run)
    used(now, "query_data")
    assert outside.read_by(now.run)


def test_a_program_that_may_speak_to_hosts_brings_and_takes(now: World) -> None:
    used(now, "bash", configuration={"network": ["api.test"]})
    assert outside.read_by(now.run)
    assert information.can_carry_out(Tool.objects.get(name="bash"))
    assert not information.can_carry_out(Tool(name="bash", executor="builtin"))


def test_an_open_tool_counts(now: World) -> None:
    used(now, "web_fetch", is_open_world=True)
    assert outside.read_by(now.run)


def test_what_was_read_stays_read_whatever_becomes_of_the_tool(now: World) -> None:
    used(now, "web_fetch", is_open_world=True)
    Tool.objects.filter(name="web_fetch").update(is_open_world=False)
    assert outside.read_by(now.run)
    later = conversations.post_message(now.conversation, "And?", client_id="three", by=now.alice.identity).run
    assert outside.read_by(later)


def test_what_was_read_is_named_the_newest_first(now: World) -> None:
    for number in range(7):
        used(now, f"fetch_{number}", is_open_world=True)
    read = outside.read_by(now.run)
    assert [each["tool"] for each in read] == ["fetch_6", "fetch_5", "fetch_4", "fetch_3", "fetch_2", ""]
    assert (read[0]["what"], read[-1]["what"]) == ("https://fetch_6.example", "and more before that")


def test_an_answer_that_was_born_tainted_stays_so(now: World) -> None:
    now.run.tainted = True
    assert outside.read_by(now.run) == [{"tool": "", "what": "what this answer was begun with"}]


def test_what_went_wrong_outside_is_said_outside(now: World) -> None:
    used(now, "web_fetch", "blocked", is_open_world=True)
    assert not outside.read_by(now.run)
    used(now, "web_fetch", "failed")
    assert outside.read_by(now.run)


def test_what_another_conversation_kept_from_outside_counts_again(now: World) -> None:
    used(now, "search_knowledge", result={"passages": [], "from_outside": False})
    assert not outside.read_by(now.run)
    used(now, "search_knowledge", result={"passages": [], "from_outside": True})
    assert outside.read_by(now.run)


def test_the_tools_that_take_files_are_there() -> None:
    assert set(builtin_tools.TAKE_FILES) <= set(builtin_tools.names())
