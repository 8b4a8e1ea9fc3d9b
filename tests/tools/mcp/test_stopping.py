"""Progress reaches whoever carries a call out, and Stop reaches the server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.mcp.using import brought_in, row
from tools_app import executors
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import Work, stopping
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
