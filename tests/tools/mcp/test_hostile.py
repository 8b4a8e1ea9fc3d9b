"""Servers that misbehave: a clear error for the model or the administrator, and nothing else is affected."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import people
from tests.tools.mcp.using import brought_in, row, used
from tools_app import bridge
from tools_app.executors.mcp import connections
from tools_app.mcp import review, servers, sync
from tools_app.models import McpServer

pytestmark = pytest.mark.django_db

Fake = Callable[..., McpServer]

# What a call of each ends in: the reason for programs, and a word of what the model reads.
ENDINGS = {
    "dies": ("server_lost", "unknown"),
    "big": ("too_large", "Ask for less"),
    "binary": ("bad_answer", "cannot be read"),
    "surrogate": ("bad_answer", "cannot be read"),
    "nested": ("bad_answer", "cannot be read"),
}


@pytest.mark.parametrize("behaviour", ENDINGS)
def test_a_call_of_a_server_that_misbehaves_fails_in_words(fake: Fake, behaviour: str) -> None:
    server = fake(behaviour)
    brought_in(server)
    call = used(server, "say", {"word": "a"})
    reason, word = ENDINGS[behaviour]
    assert (call.status, call.reason) == ("failed", reason)
    assert word in call.reason_text


def test_an_endless_line_is_given_up_without_filling_the_worker(fake: Fake) -> None:
    server = fake("endless")
    servers.change(server, {"timeout_seconds": 2}, by=people.carol().identity)
    brought_in(server)
    assert used(server, "say", {"word": "a"}).reason in {"timeout", "too_large"}


def test_a_drip_ends_with_the_time_of_the_server(fake: Fake) -> None:
    server = fake("drips")
    servers.change(server, {"timeout_seconds": 1}, by=people.carol().identity)
    brought_in(server)
    call = used(server, "say", {"word": "a"})
    assert (call.status, call.reason) == ("failed", "timeout")


def test_a_server_that_dies_is_started_again_for_the_next_call(fake: Fake, tmp_path: Path) -> None:
    server = fake("dies_once")
    brought_in(server)
    assert [used(server, "say", {"word": word}).status for word in ("a", "b")] == ["succeeded"] * 2
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [("noisy", "said all the same"), ("floods", "flooded"), ("asks", "asked"), ("nul", "before")],
)
def test_noise_does_no_harm(fake: Fake, behaviour: str, text: str) -> None:
    server = fake(behaviour)
    brought_in(server)
    call = used(server, "say", {"word": "a"})
    assert call.status == "succeeded"
    assert text in call.result_text
    assert "\0" not in call.result_text


def test_only_pictures_that_are_such_are_kept(fake: Fake) -> None:
    server = fake("pictures")
    brought_in(server)
    call = used(server, "say", {"word": "a"})
    assert [block["source"]["media_type"] for block in call.blocks] == ["image/png"]
    assert call.result_text.count("[A picture") == 4


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ("many", "more than 2000 tools"),
        ("circles", "round in circles"),
        ("unfit", "tools.1.inputSchema.type"),
        ("exits", "cannot find my configuration"),
    ],
)
def test_a_sync_that_cannot_be_is_told_to_the_administrator(fake: Fake, behaviour: str, told: str) -> None:
    server = fake(behaviour)
    assert told in sync.sync(server).error
    server.refresh_from_db()
    assert told in server.last_error
    assert server.tools.count() == 0


def test_a_server_that_fails_is_not_started_again_and_again(fake: Fake) -> None:
    server = fake("exits")
    sync.sync(server)
    assert "tried again in" in sync.sync(server).error


def test_a_server_that_says_nothing_is_given_up(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.5)
    assert "cannot be reached" in sync.sync(fake("silent")).error


def test_pages_are_read_to_the_end(fake: Fake) -> None:
    assert len(sync.sync(fake("pages")).added) == 5


def test_schemas_that_cannot_be_used_are_left_out_by_name(fake: Fake) -> None:
    server = fake("schemas")
    report = sync.sync(server)
    left = {each.tool: each.why for each in report.left_out}
    assert set(left) == {"remote", "file", "nested"}
    assert "references to a place inside this schema" in left["remote"]
    assert "deeper" in left["nested"]
    assert "pattern" not in row(server, "slow").input_schema["properties"]["x"]
    assert row(server, "grown").input_schema["properties"]["x"]["pattern"] == "^(a+)+$"
    named = row(server, "names")
    assert set(named.input_schema["properties"]) == {"user_id_", "a_b_c", "plain"}
    assert named.input_schema["required"] == ["user_id_"]
    assert "x-kind" not in json.dumps(named.input_schema)


def test_parameters_with_other_names_are_sent_under_their_own(fake: Fake, tmp_path: Path) -> None:
    server = fake("schemas")
    brought_in(server, clean=False)
    used(server, "names", {"user_id_": "seven", "a_b_c": "x"})
    assert json.loads((tmp_path / "calls").read_text()) == {"user_id": "seven", "a b/c": "x"}


def test_names_become_legal_and_nobody_is_mistaken_for_another(fake: Fake) -> None:
    server = fake("names")
    report = sync.sync(server)
    names = {tool.configuration["tool"]: tool.name for tool in server.tools.all()}
    assert names["getUser"] == "fake_get_user"
    assert names["get_user"].startswith("fake_get_user_")
    assert all(len(name) <= 64 for name in names.values())
    assert len(set(names.values())) == len(names)
    assert "" in {each.tool for each in report.left_out}


def test_what_is_hidden_in_a_description_is_shown_to_the_reviewer(fake: Fake) -> None:
    server = fake("hidden")
    sync.sync(server)
    found = review.of(row(server, "hidden"))
    assert found is not None
    shown = next(each for each in found.fields if each.field == "description")
    assert "\u202e" not in shown.after_text
    assert "\u200b" not in shown.after_text
    assert "\0" not in row(server, "hidden").description


def test_a_process_is_given_no_variable_that_is_not_listed(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    sync.sync(fake("shows_environment"))
    given = json.loads((tmp_path / "environment").read_text())
    assert set(given) - {"LC_CTYPE", "PWD", "__CF_USER_TEXT_ENCODING"} == {"PATH", "HOME", "TMPDIR", "LANG"}
    assert given["HOME"] != os.environ.get("HOME")


def test_connections_and_their_processes_end(fake: Fake) -> None:
    server = fake("plain")
    brought_in(server)

    async def closed() -> int:
        here = connections.pool()
        before = len(here.open)
        await here.close()
        return before

    assert bridge.run(closed(), timeout=30) >= 1
    assert used(server, "say", {"word": "again"}).status == "succeeded"
