"""Servers that nobody here wrote: synced, reviewed, granted and used through the gate."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.tools.mcp.conftest import Serve
from tests.tools.mcp.using import brought_in, row, used

pytestmark = pytest.mark.django_db


def test_time(serve: Serve, python_peers: Path) -> None:
    server = serve("time", python_peers / "mcp-server-time")
    brought_in(server)
    server.refresh_from_db()
    assert server.server_info["name"] == "mcp-time"
    assert set(server.tools.values_list("name", flat=True)) == {"time_get_current_time", "time_convert_time"}
    call = used(server, "get_current_time", {"timezone": "Europe/Berlin"})
    assert call.result is not None
    assert (call.status, call.result["timezone"]) == ("succeeded", "Europe/Berlin")
    told = used(server, "get_current_time", {"timezone": "Mars"})
    assert (told.status, told.reason) == ("failed", "tool_error")
    assert "Mars" in told.reason_text


def test_git(serve: Serve, python_peers: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "new.txt").write_text("new")
    server = serve("git", python_peers / "mcp-server-git", "--repository", str(folder))
    brought_in(server)
    assert server.tools.count() == 12
    call = used(server, "git_status", {"repo_path": str(folder)})
    assert "new.txt" in call.result_text


def test_fetch_refuses_private_addresses_in_its_own_words(serve: Serve, python_peers: Path) -> None:
    server = serve("fetch", python_peers / "mcp-server-fetch")
    brought_in(server)
    call = used(server, "fetch", {"url": "http://127.0.0.1:9/"})
    assert call.status == "failed"
    assert call.reason == "tool_error"


def test_everything(serve: Serve, node_peers: Path) -> None:
    server = serve("everything", node_peers / "mcp-server-everything")
    brought_in(server)
    assert used(server, "get-sum", {"a": 2, "b": 3}).result_text == "The sum of 2 and 3 is 5."
    structured = used(server, "get-structured-content", {"location": "Chicago"})
    assert set(structured.result or ()) == {"temperature", "conditions", "humidity"}
    picture = used(server, "get-tiny-image", {})
    assert [block["type"] for block in picture.blocks] == ["image"]
    assert picture.blocks[0]["source"]["media_type"] == "image/png"
    resource = used(server, "get-resource-reference", {"resourceType": "Text", "resourceId": 1})
    assert "This is a plaintext resource" in resource.result_text
    long = used(server, "trigger-long-running-operation", {"duration": 0.5, "steps": 2})
    assert (long.status, long.progress) == ("succeeded", {"current": 2, "total": 2, "message": ""})


def test_filesystem(serve: Serve, node_peers: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "note.txt").write_text("remember")
    server = serve("filesystem", node_peers / "mcp-server-filesystem", str(folder))
    brought_in(server)
    assert used(server, "read_text_file", {"path": str(folder / "note.txt")}).result_text == "remember"
    assert used(server, "read_text_file", {"path": "/etc/hostname"}).status == "failed"
    assert row(server, "write_file").configuration["hints"]["destructiveHint"] is True


def test_memory(serve: Serve, node_peers: Path) -> None:
    server = serve("memory", node_peers / "mcp-server-memory")
    brought_in(server)
    entity = {"name": "Alice", "entityType": "person", "observations": ["likes tea"]}
    assert used(server, "create_entities", {"entities": [entity]}).status == "succeeded"
    assert "likes tea" in json.dumps(used(server, "read_graph", {}).result)
