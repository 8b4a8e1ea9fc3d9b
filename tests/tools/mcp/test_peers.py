"""Servers that nobody here wrote: what they list becomes tools, and the tools do what they say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.mcp.bare import Bare
from tools_app.exceptions import ToolFailed
from tools_app.executors import mcp as protocol
from tools_app.mcp.adoption import Adopted

Listed = Callable[..., None]


def started(launchers: Listed, name: str, program: Path, *arguments: str) -> Bare:
    launchers(name, program, *arguments)
    found = Bare(name)
    assert all(isinstance(each, Adopted) for each in found.offered().values())
    return found


def test_time(launchers: Listed, python_peers: Path) -> None:
    server = started(launchers, "time", python_peers / "mcp-server-time")
    assert protocol.offered(server.target, None).server["name"] == "mcp-time"
    assert set(server.offered()) == {"get_current_time", "convert_time"}
    assert server.use("get_current_time", {"timezone": "Europe/Berlin"}).data["timezone"] == "Europe/Berlin"
    with pytest.raises(ToolFailed, match="Mars"):
        server.use("get_current_time", {"timezone": "Mars"})


def test_git(launchers: Listed, python_peers: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "new.txt").write_text("new")
    server = started(launchers, "git", python_peers / "mcp-server-git", "--repository", str(folder))
    assert len(server.offered()) == 12
    assert "new.txt" in server.use("git_status", {"repo_path": str(folder)}).text


def test_fetch_refuses_private_addresses_in_its_own_words(launchers: Listed, python_peers: Path) -> None:
    server = started(launchers, "fetch", python_peers / "mcp-server-fetch")
    with pytest.raises(ToolFailed) as refused:
        server.use("fetch", {"url": "http://127.0.0.1:9/"})
    assert refused.value.code == "tool_error"


def test_everything(launchers: Listed, node_peers: Path) -> None:
    server = started(launchers, "everything", node_peers / "mcp-server-everything")
    assert server.use("get-sum", {"a": 2, "b": 3}).text == "The sum of 2 and 3 is 5."
    structured = server.use("get-structured-content", {"location": "Chicago"})
    assert set(structured.data) == {"temperature", "conditions", "humidity"}
    (picture,) = server.use("get-tiny-image", {}).blocks
    assert picture["source"]["media_type"] == "image/png"
    resource = server.use("get-resource-reference", {"resourceType": "Text", "resourceId": 1})
    assert "This is a plaintext resource" in resource.text
    told: list[tuple[int, int, str]] = []
    server.use("trigger-long-running-operation", {"duration": 0.5, "steps": 2}, told)
    assert told[-1] == (2, 2, "")


def test_filesystem(launchers: Listed, node_peers: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "note.txt").write_text("remember")
    server = started(launchers, "filesystem", node_peers / "mcp-server-filesystem", str(folder))
    assert server.use("read_text_file", {"path": str(folder / "note.txt")}).text == "remember"
    with pytest.raises(ToolFailed):
        server.use("read_text_file", {"path": "/etc/hostname"})
    dangerous = server.offered()["write_file"]
    assert isinstance(dangerous, Adopted)
    assert dangerous.raised == {"is_dangerous": True}


def test_memory(launchers: Listed, node_peers: Path) -> None:
    server = started(launchers, "memory", node_peers / "mcp-server-memory")
    entity = {"name": "Alice", "entityType": "person", "observations": ["likes tea"]}
    server.use("create_entities", {"entities": [entity]})
    assert "likes tea" in json.dumps(server.use("read_graph", {}).data)
