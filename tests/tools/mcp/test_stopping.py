"""Progress reaches whoever carries a call out, and Stop reaches the server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import people
from tests.tools.mcp.using import brought_in, row
from tools_app import executors
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import Work, stopping
from tools_app.governing import switches
from tools_app.mcp import sync
from tools_app.models import McpServer

pytestmark = pytest.mark.django_db


def work_of(server: McpServer) -> Work:
    tool = row(server, "say")
    return Work(tool.name, tool.executor, tool.definition, tool.configuration)


def test_stop_tells_the_server_and_ends_the_use(fake: Callable[..., McpServer], tmp_path: Path) -> None:
    server = fake("waits")
    brought_in(server)
    told: list[tuple[int, int, str]] = []
    context = ToolContext(
        deps={"org_id": str(server.organization_id)}, progress_callback=lambda *report: told.append(report)
    )
    with stopping.heeding(lambda: bool(told)), pytest.raises(stopping.Stopped):
        executors.of("mcp").execute(work_of(server), {"word": "a"}, context)
    assert told == [(25, 100, "a quarter")]
    until = time.monotonic() + 20
    while not (tmp_path / "cancelled").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert "requestId" in json.loads((tmp_path / "cancelled").read_text())


def test_a_tool_is_carried_out_for_its_own_organization_only(
    fake: Callable[..., McpServer], tmp_path: Path
) -> None:
    server = fake("plain")
    brought_in(server)
    with pytest.raises(ToolFailed):
        executors.of("mcp").execute(work_of(server), {"word": "a"}, ToolContext(deps={"org_id": "999999"}))
    assert not (tmp_path / "calls").exists()


def test_nothing_is_started_for_a_sync_while_everything_is_stopped(fake: Callable[..., McpServer]) -> None:
    server, by = fake("plain"), people.adam().identity
    thrown = switches.throw(switches.of_organization(by.organization_id), reason="A leak.", by=by)
    report = sync.sync(server)
    assert "A leak." in report.error
    assert report.added == []
    assert server.tools.count() == 0
    switches.lift(thrown, reason="Mended.", by=by)
    assert sync.sync(server).added == ["fake_say"]
