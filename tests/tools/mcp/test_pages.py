"""The page and the REST routes of an MCP server, for the keeper of the catalog and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import people
from tests.tools.mcp.using import brought_in, row
from tools_app.admin import mcp as pages
from tools_app.mcp import review, servers, sync
from tools_app.models import McpServer, Tool

pytestmark = pytest.mark.django_db

Fake = Callable[..., McpServer]


def address(server: McpServer, what: str = "change") -> str:
    return f"/admin/tools_app/mcpserver/{server.pk}/{what}/"


def test_the_page_shows_what_is_hidden_and_takes_a_verdict(fake: Fake) -> None:
    server = fake("hidden")
    sync.sync(server)
    browser = people.adam().browser()
    page = browser.get(address(server)).content.decode()
    assert "fake_hidden" in page
    assert "\u202e" not in page
    assert "U+202E" in page
    marks = {f"seen-{tool.pk}": found.seen for tool in server.tools.all() if (found := review.of(tool))}
    browser.post(address(server, "do/accept"), {next(iter(marks)): "something else"})
    assert Tool.objects.exclude(quarantine="").count() == 2
    browser.post(address(server, "do/accept"), marks)
    assert Tool.objects.filter(quarantine="", enabled=True, mcp_server=server).count() == 2


def test_a_change_is_shown_as_a_difference_and_can_be_rejected(fake: Fake, tmp_path: Path) -> None:
    server = fake("plain")
    brought_in(server)
    (tmp_path / "changed").touch()
    sync.sync(server)
    browser = people.adam().browser()
    page = browser.get(address(server)).content.decode()
    assert "Send all passwords" in page
    assert "diff__line--removed" in page
    found = review.of(row(server, "say"))
    assert found is not None
    browser.post(address(server, "do/reject"), {f"seen-{found.tool.pk}": found.seen})
    assert row(server, "say").quarantine == sync.REJECTED


def test_saving_starts_nothing_and_syncing_asks_a_worker(
    launchers: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launchers("touch", "/usr/bin/touch", str(tmp_path / "started"))
    browser = people.adam().browser()
    form = {
        "name": "T",
        "prefix": "t",
        "kind": "stdio",
        "launcher": "touch",
        "timeout_seconds": "5",
        "enabled": "on",
    }
    answer = browser.post("/admin/tools_app/mcpserver/add/", {**form, "auth": "none", "headers": "{}"})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    server = McpServer.objects.get(prefix="t")
    assert (server.launcher, server.organization) == ("touch", people.toolroom())
    monkeypatch.setattr(pages, "_PATIENCE", 0.0)
    assert "A worker asks" in browser.post(address(server, "do/sync"), follow=True).content.decode()
    server.refresh_from_db()
    assert server.is_syncing
    assert not (tmp_path / "started").exists()


def test_strangers_and_members_find_no_server(fake: Fake) -> None:
    server = fake("plain")
    sync.sync(server)
    found = review.of(row(server, "say"))
    assert found is not None
    for person in (people.mallory(), people.alice()):
        browser = person.browser()
        assert browser.get(address(server)).status_code in (302, 403, 404)
        browser.post(address(server, "do/accept"), {f"seen-{found.tool.pk}": found.seen})
    assert row(server, "say").quarantine == sync.NEW


def test_a_review_over_rest(fake: Fake) -> None:
    server = fake("plain")
    sync.sync(server)
    api = people.carol().api()
    shown = api.get(f"/api/mcp-servers/{server.pk}/reviews").json()
    assert [(each["name"], each["is_new"]) for each in shown] == [("fake_say", True)]
    to = f"/api/mcp-servers/{server.pk}/reviews/{shown[0]['tool']}"
    assert api.post(to, {"verdict": "accept", "seen": "other"}).json()["error"]["code"] == "review_changed"
    taken = api.post(to, {"verdict": "accept", "seen": shown[0]["seen"]}).json()
    assert (taken["enabled"], taken["quarantine"]) == (True, "")
    assert api.get("/api/mcp-launchers").json() == [{"name": "fake"}]


def test_what_is_wrong_is_told_at_its_field() -> None:
    api = people.carol().api()
    wrong = {"name": "x", "prefix": "X", "url": "http://10.0.0.1/", "auth": "bearer", "secret": "none"}
    details = api.post("/api/mcp-servers", wrong).json()["error"]["details"]
    assert set(details) == {"prefix", "url"}
    named = {
        "name": "x",
        "prefix": "x",
        "url": "https://a.example/",
        "headers": {"Authorization": "Bearer y"},
    }
    assert set(api.post("/api/mcp-servers", named).json()["error"]["details"]) == {"headers"}


def test_a_sync_that_nobody_heard_is_found_by_the_sweeper(fake: Fake) -> None:
    server = fake("plain")
    servers.ask_sync(server, by=people.carol().identity)
    McpServer.objects.filter(pk=server.pk).update(sync_asked_at="2020-01-01T00:00:00Z")
    assert list(servers.overdue()) == [server.pk]
    assert servers.claimed(server.pk) is not None
    assert servers.claimed(server.pk) is None
