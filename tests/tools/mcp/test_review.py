"""Definitions are pinned: new and changed ones are held back until somebody has seen the difference."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents_app import toolset
from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from tests import gate, people
from tests.tools.mcp.conftest import FAKE
from tests.tools.mcp.using import accepted, brought_in, row, used
from tools_app import approvals, calls, catalog
from tools_app.exceptions import InvalidServer, InvalidTool, OperatorOnly, ReviewChanged
from tools_app.mcp import review, servers, sync
from tools_app.models import McpServer, Tool, ToolVersion

pytestmark = pytest.mark.django_db

Fake = Callable[..., McpServer]


def changes(tmp_path: Path, what: str = "changed") -> None:
    (tmp_path / what).touch()


def test_a_new_tool_is_off_and_held_back_until_it_is_reviewed(fake: Fake) -> None:
    server = fake("plain")
    assert sync.sync(server).added == ["fake_say"]
    tool = row(server, "say")
    assert (tool.enabled, tool.requires_approval, tool.is_open_world, tool.is_idempotent) == (
        False,
        True,
        True,
        False,
    )
    at = gate.opened_for(tool)
    assert at.ask({"word": "a"}).reason == "quarantined"
    found = review.of(tool)
    assert found is not None
    assert found.is_new
    review.accept(tool, seen=found.seen, by=people.carol().identity)
    assert [each.tool for each in toolset.of(at.agent)] == [tool]
    assert at.ask({"word": "a"}).status == "waiting"


def test_a_description_that_changes_between_calls_is_noticed_before_it_is_used(
    fake: Fake, tmp_path: Path
) -> None:
    server = fake("plain")
    brought_in(server)
    assert used(server, "say", {"word": "a"}).status == "succeeded"
    changes(tmp_path)
    call = used(server, "say", {"word": "b"})
    assert (call.status, call.reason) == ("failed", "quarantined")
    assert (tmp_path / "calls").read_text().count("\n") == 1
    server.refresh_from_db()
    assert server.is_syncing
    assert sync.sync(server).changed == ["fake_say"]
    assert used(server, "say", {"word": "c"}).reason == "quarantined"


def test_a_sync_asks_anew_even_where_a_list_is_dear_to_read(fake: Fake, tmp_path: Path) -> None:
    server = fake("dawdles")
    brought_in(server)
    changes(tmp_path)
    # A call believes for a while what such a server said a moment ago; a person who asks for a sync is told the truth.
    assert used(server, "say", {"word": "a"}).status == "succeeded"
    assert sync.sync(server).changed == ["fake_say"]
    assert used(server, "say", {"word": "b"}).reason == "quarantined"


def test_a_list_that_changes_while_it_is_read_is_read_again(fake: Fake, tmp_path: Path) -> None:
    server = fake("dawdles")
    changes(tmp_path, "restless")
    brought_in(server)
    changes(tmp_path)
    call = used(server, "say", {"word": "a"})
    assert (call.status, call.reason) == ("failed", "quarantined")


def test_the_reviewer_sees_the_difference_and_takes_it(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    brought_in(server)
    changes(tmp_path)
    sync.sync(server)
    found = review.of(row(server, "say"))
    assert found is not None
    shown = {each.field: each for each in found.fields}
    assert "passwords" in shown["description"].after_text
    assert "\u200b" not in shown["description"].diff
    taken = review.accept(found.tool, seen=found.seen, by=people.carol().identity)
    assert "passwords" in taken.description
    assert used(server, "say", {"word": "a"}).status == "succeeded"
    assert ToolVersion.objects.filter(tool=taken).count() >= 3
    assert AuditEntry.objects.filter(action="tool.reviewed").exists()


def test_what_is_turned_down_stays_held_back_until_it_changes_again(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    brought_in(server)
    changes(tmp_path)
    sync.sync(server)
    found = review.of(row(server, "say"))
    assert found is not None
    review.reject(found.tool, seen=found.seen, by=people.carol().identity)
    sync.sync(server)
    assert review.of(row(server, "say")) is None
    assert used(server, "say", {"word": "a"}).reason == "quarantined"
    (tmp_path / "changed").unlink()
    sync.sync(server)
    assert used(server, "say", {"word": "a"}).status == "succeeded"


def test_a_new_tool_that_is_turned_down_goes_and_stays_away(fake: Fake) -> None:
    server = fake("plain")
    sync.sync(server)
    found = review.of(row(server, "say"))
    assert found is not None
    review.reject(found.tool, seen=found.seen, by=people.carol().identity)
    sync.sync(server)
    assert row(server, "say").archived_at is not None


def test_what_was_turned_down_can_be_brought_back_to_its_review(fake: Fake) -> None:
    server, by = fake("plain"), people.carol().identity
    sync.sync(server)
    found = review.of(row(server, "say"))
    assert found is not None
    review.reject(found.tool, seen=found.seen, by=by)
    catalog.restore(row(server, "say"), by=by)
    sync.sync(server)
    accepted(row(server, "say"))
    assert used(server, "say", {"word": "a"}).status == "succeeded"


def test_what_nobody_has_reviewed_is_not_let_go_because_it_was_unfit_for_a_while(
    fake: Fake, tmp_path: Path
) -> None:
    server = fake("plain")
    sync.sync(server)
    (tmp_path / "unfit").touch()
    assert [each.tool for each in sync.sync(server).left_out] == ["say"]
    (tmp_path / "unfit").unlink()
    sync.sync(server)
    assert row(server, "say").quarantine == sync.NEW


def test_a_tool_that_was_reviewed_is_held_back_while_it_is_unfit(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    brought_in(server)
    (tmp_path / "unfit").touch()
    sync.sync(server)
    assert row(server, "say").quarantine.startswith(sync.UNFIT)
    (tmp_path / "unfit").unlink()
    sync.sync(server)
    assert row(server, "say").quarantine == ""


def test_without_its_server_a_tool_does_nothing(fake: Fake) -> None:
    server, by = fake("plain"), people.carol().identity
    brought_in(server)
    assert used(server, "say", {"word": "a"}).status == "succeeded"
    tool = row(server, "say")
    servers.remove(server, by=by)
    tool.refresh_from_db()
    assert tool.archived_at is not None
    catalog.restore(tool, by=by)
    catalog.update(tool, {"enabled": True}, by=by)
    at = gate.opened_for(Tool.objects.get(pk=tool.pk))
    assert at.ask({"word": "a"}).reason == "executor_unavailable"
    assert toolset.of(at.agent) == []


def test_a_hint_raises_a_flag_and_none_lowers_one(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    brought_in(server)
    changes(tmp_path, "dangerous")
    sync.sync(server)
    accepted_as_it_is(row(server, "say"))
    assert row(server, "say").is_dangerous
    (tmp_path / "dangerous").unlink()
    sync.sync(server)
    accepted_as_it_is(row(server, "say"))
    assert row(server, "say").is_dangerous


def accepted_as_it_is(tool: Tool) -> None:
    found = review.of(tool)
    assert found is not None
    review.accept(tool, seen=found.seen, by=people.carol().identity)


def test_a_tool_that_is_gone_is_archived_and_may_come_back(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    brought_in(server)
    at = gate.opened_for(row(server, "say"))
    changes(tmp_path, "gone")
    assert at_once_failed(at).reason == "quarantined"
    assert sync.sync(server).archived == ["fake_say"]
    assert at.ask({"word": "a"}).reason == "tool_disabled"
    (tmp_path / "gone").unlink()
    assert sync.sync(server).returned == ["fake_say"]
    back = row(server, "say")
    assert (back.archived_at, back.enabled, back.quarantine) == (None, False, "")


def at_once_failed(at: gate.Gate) -> Any:
    call = at.ask({"word": "a"})
    calls.execute(call)
    call.refresh_from_db()
    return call


def test_an_approval_given_before_the_change_is_not_used(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    brought_in(server)
    by = people.carol().identity
    tool = catalog.update(row(server, "say"), {"requires_approval": True}, by=by)
    call = gate.opened_for(tool).ask({"word": "a"})
    question = gate.question(call)
    approvals.approve(question, digest=question.digest, by=people.bob().identity)
    changes(tmp_path)
    sync.sync(server)
    call.refresh_from_db()
    calls.execute(call)
    call.refresh_from_db()
    question.refresh_from_db()
    assert (call.status, call.reason, question.status) == ("blocked", "quarantined", "superseded")


def test_a_launcher_that_starts_something_else_is_not_started(
    fake: Fake, launchers: Callable[..., None], tmp_path: Path, settings: Any
) -> None:
    server = fake("plain")
    brought_in(server)
    at = gate.opened_for(row(server, "say"))
    assert len(toolset.of(at.agent)) == 1
    Path(settings.MCP_LAUNCHERS).unlink()
    launchers("fake", sys.executable, "-I", str(FAKE), "noisy", str(tmp_path))
    assert at.ask({"word": "a"}).reason == "quarantined"
    assert toolset.of(at.agent) == []
    sync.sync(server)
    accepted(row(server, "say"))
    assert used(server, "say", {"word": "a"}).result_text == "said all the same"


def test_a_server_that_is_switched_off_carries_nothing_out(fake: Fake) -> None:
    server = fake("plain")
    brought_in(server)
    at = gate.opened_for(row(server, "say"))
    servers.change(server, {"enabled": False}, by=people.carol().identity)
    assert at.ask({"word": "a"}).reason == "executor_unavailable"
    assert toolset.of(at.agent) == []


def test_changing_who_is_spoken_to_holds_every_tool_back(fake: Fake) -> None:
    server = fake("plain")
    brought_in(server)
    to = {"kind": "http", "launcher": "", "url": "https://elsewhere.example/mcp"}
    servers.change(server, to, by=people.carol().identity)
    assert row(server, "say").quarantine == servers.CHANGED
    assert review.of(row(server, "say")) is None


def test_a_verdict_is_about_what_was_seen(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    sync.sync(server)
    tool = row(server, "say")
    seen = review.of(tool)
    assert seen is not None
    changes(tmp_path)
    sync.sync(server)
    with pytest.raises(ReviewChanged):
        review.accept(tool, seen=seen.seen, by=people.carol().identity)
    for person, refused in ((people.alice(), NotAllowed), (people.mallory(), NotFound)):
        with pytest.raises(refused):
            review.accept(tool, seen=seen.seen, by=person.identity)


def test_nobody_names_a_program_or_a_server_by_hand(fake: Fake) -> None:
    by = people.carol().identity
    for launcher in ("sh", "", "../fake"):
        with pytest.raises(InvalidServer):
            servers.add({"name": "x", "prefix": "x", "kind": "stdio", "launcher": launcher}, by=by)
    server = fake("plain")
    brought_in(server)
    tool = row(server, "say")
    wrong = {**tool.configuration, "server": {**tool.configuration["server"], "launcher": "other"}}
    with pytest.raises(InvalidTool):
        catalog.update(tool, {"configuration": wrong}, by=by)
    with pytest.raises(InvalidTool):
        catalog.update(tool, {"input_schema": {"type": "object", "properties": {}}}, by=by)
    described = {"name": "own", "description": "x", "category": "x", "tool_type": "mcp", "executor": "mcp"}
    with pytest.raises(OperatorOnly):
        catalog.register({**described, "input_schema": tool.input_schema, "configuration": wrong}, by=by)
    assert (
        catalog.update(tool, {"description": "In our own words."}, by=by).description == "In our own words."
    )


def test_a_launcher_may_be_for_some_organizations_only(launchers: Callable[..., None]) -> None:
    launchers("theirs", "/bin/true", more='organizations = ["other"]')
    with pytest.raises(InvalidServer):
        servers.add(
            {"name": "x", "prefix": "x", "kind": "stdio", "launcher": "theirs"}, by=people.carol().identity
        )


def test_a_launcher_that_is_taken_away_is_not_started_again(
    fake: Fake, launchers: Callable[..., None], tmp_path: Path, settings: Any
) -> None:
    server = fake("plain")
    brought_in(server)
    at = gate.opened_for(row(server, "say"))
    waiting = at.ask({"word": "a"})
    Path(settings.MCP_LAUNCHERS).unlink()
    same = (sys.executable, "-I", str(FAKE), "plain", str(tmp_path))
    launchers("fake", *same, more='organizations = ["other"]')
    calls.execute(waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("blocked", "executor_unavailable")
    assert at.ask({"word": "a"}).reason == "executor_unavailable"
    assert toolset.of(at.agent) == []
    assert sync.sync(server).error == servers.TAKEN


@pytest.mark.parametrize("prefix", ["T1me", "a_b", "-a", "", "a" * 21])
def test_a_prefix_is_plain(prefix: str) -> None:
    with pytest.raises(InvalidServer):
        servers.add(
            {"name": "x", "prefix": prefix, "url": "https://mcp.example/"}, by=people.carol().identity
        )


def test_a_prefix_that_looks_like_another_is_refused() -> None:
    by = people.carol().identity
    servers.add({"name": "one", "prefix": "mail", "url": "https://mcp.example/"}, by=by)
    with pytest.raises(InvalidServer, match="details"):
        servers.add({"name": "two", "prefix": "mai1", "url": "https://mcp.example/"}, by=by)
