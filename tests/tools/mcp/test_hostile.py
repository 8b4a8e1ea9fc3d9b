"""Servers that misbehave: a clear error for the model or the administrator, and nothing else is affected."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.mcp.bare import Bare
from tests.tools.mcp.using import brought_in, row, used
from tools_app import bridge
from tools_app.exceptions import ToolFailed
from tools_app.executors.mcp import connections
from tools_app.mcp import review, sync
from tools_app.models import McpServer

Fake = Callable[..., McpServer]
Made = Callable[..., Bare]

ROWS = pytest.mark.django_db

# What a call of each ends in: the reason for programs, and a word of what the model reads.
ENDINGS = {
    "dies": ("server_lost", "unknown"),
    "big": ("too_large", "Ask for less"),
    "binary": ("bad_answer", "cannot be read"),
    "surrogate": ("bad_answer", "cannot be read"),
    "nested": ("bad_answer", "cannot be read"),
}


@pytest.mark.parametrize("behaviour", ENDINGS)
def test_a_call_of_a_server_that_misbehaves_fails_in_words(bare: Made, behaviour: str) -> None:
    code, word = ENDINGS[behaviour]
    with pytest.raises(ToolFailed, match=word) as failed:
        bare(behaviour).use("say", {"word": "a"})
    assert failed.value.code == code


@pytest.mark.parametrize(
    ("behaviour", "codes"), [("endless", {"timeout", "too_large"}), ("drips", {"timeout"})]
)
def test_what_never_ends_is_given_up_without_filling_the_worker(
    bare: Made, behaviour: str, codes: set[str]
) -> None:
    with pytest.raises(ToolFailed) as failed:
        bare(behaviour).within(1.0).use("say", {"word": "a"})
    assert failed.value.code in codes


def test_a_server_that_dies_is_started_again_for_the_next_call(bare: Made, tmp_path: Path) -> None:
    server = bare("dies_once")
    assert [server.use("say", {"word": word}).text for word in ("a", "b")] == ["last words"] * 2
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [("noisy", "said all the same"), ("floods", "flooded"), ("asks", "asked"), ("nul", "before")],
)
def test_noise_does_no_harm(bare: Made, behaviour: str, text: str) -> None:
    assert text in bare(behaviour).use("say", {"word": "a"}).text


def test_only_pictures_that_are_such_are_kept(bare: Made) -> None:
    result = bare("pictures").use("say", {"word": "a"})
    assert [block["source"]["media_type"] for block in result.blocks] == ["image/png"]
    assert result.text.count("[A picture") == 4


def test_connections_and_their_processes_end(bare: Made) -> None:
    server = bare("plain")
    server.use("say", {"word": "one"})

    async def closed() -> int:
        here = connections.pool()
        before = len(here.open)
        await here.close()
        return before

    assert bridge.run(closed(), timeout=30) >= 1
    assert server.use("say", {"word": "two"}).text == "word: two"


def test_a_process_is_given_no_variable_that_is_not_listed(
    bare: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    bare("shows_environment").offered()
    given = json.loads((tmp_path / "environment").read_text())
    assert set(given) - {"LC_CTYPE", "PWD", "__CF_USER_TEXT_ENCODING"} == {"PATH", "HOME", "TMPDIR", "LANG"}
    assert given["HOME"] != os.environ.get("HOME")


def test_a_server_that_says_nothing_is_given_up(bare: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ToolFailed, match="cannot be reached"):
        bare("silent").offered()


def test_pages_are_read_to_the_end(bare: Made) -> None:
    assert len(bare("pages").offered()) == 5


@ROWS
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


@ROWS
def test_a_server_that_fails_is_not_started_again_and_again(fake: Fake) -> None:
    server = fake("exits")
    sync.sync(server)
    assert "tried again in" in sync.sync(server).error


@ROWS
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


@ROWS
def test_parameters_with_other_names_are_sent_under_their_own(fake: Fake, tmp_path: Path) -> None:
    server = fake("schemas")
    brought_in(server, clean=False)
    used(server, "names", {"user_id_": "seven", "a_b_c": "x"})
    assert json.loads((tmp_path / "calls").read_text()) == {"user_id": "seven", "a b/c": "x"}


@ROWS
def test_names_become_legal_and_nobody_is_mistaken_for_another(fake: Fake) -> None:
    server = fake("names")
    report = sync.sync(server)
    names = {tool.configuration["tool"]: tool.name for tool in server.tools.all()}
    assert names["getUser"] == "fake_get_user"
    assert names["get_user"].startswith("fake_get_user_")
    assert all(len(name) <= 64 for name in names.values())
    assert len(set(names.values())) == len(names)
    assert "" in {each.tool for each in report.left_out}


@ROWS
def test_what_is_hidden_in_a_description_is_shown_to_the_reviewer(fake: Fake) -> None:
    server = fake("hidden")
    sync.sync(server)
    found = review.of(row(server, "hidden"))
    assert found is not None
    shown = next(each for each in found.fields if each.field == "description")
    assert "\u202e" not in shown.after_text
    assert "\u200b" not in shown.after_text
    assert "\0" not in row(server, "hidden").description
