"""Launchers for the servers nobody here wrote and for the hostile ones of ours, and rows that name them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import people
from tests.tools.mcp import peers
from tests.tools.mcp.bare import Bare
from tools_app import bridge
from tools_app.executors.mcp import connections
from tools_app.mcp import servers
from tools_app.models import McpServer

FAKE = Path(__file__).with_name("fake_server.py")

Serve = Callable[..., McpServer]


@pytest.fixture(scope="session")
def python_peers() -> Path:
    return peers.python()


@pytest.fixture(scope="session")
def node_peers() -> Path:
    found = peers.node()
    if found is None:
        pytest.skip(peers.NO_NPM)
    return found


@pytest.fixture
def launchers(tmp_path: Path, settings: object) -> Callable[..., None]:
    """List a program in the operator's file, under a name."""
    path = tmp_path / "launchers.toml"
    settings.MCP_LAUNCHERS = str(path)  # type: ignore[attr-defined]

    def listed(name: str, program: Path | str, *arguments: str, more: str = "") -> None:
        before = path.read_text() if path.exists() else ""
        path.write_text(
            f"{before}[{name}]\nprogram = {str(program)!r}\narguments = {list(arguments)!r}\n{more}\n"
        )

    return listed


@pytest.fixture
def serve(launchers: Callable[..., None]) -> Serve:
    """A server row for a program that is listed under the row's own name."""

    def served(name: str, program: Path | str, *arguments: str) -> McpServer:
        launchers(name, program, *arguments)
        given = {"name": name, "prefix": name, "kind": "stdio", "launcher": name, "timeout_seconds": 30}
        return servers.add(given, by=people.carol().identity)

    return served


@pytest.fixture
def fake(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., McpServer]:
    """A server of ours that does what `tests/tools/mcp/fake_server.py` calls by this name."""

    def made(behaviour: str, name: str = "fake") -> McpServer:
        if behaviour != "dawdles":
            # A busy machine makes every server slow, and what a slow one said is believed for a while.
            monkeypatch.setattr(connections, "_QUICK_SECONDS", 30.0)
        return serve(name, sys.executable, "-I", str(FAKE), behaviour, str(tmp_path))

    return made


@pytest.fixture
def bare(launchers: Callable[..., None], tmp_path: Path) -> Callable[..., Bare]:
    """The same without a row."""

    def made(behaviour: str) -> Bare:
        launchers(behaviour, sys.executable, "-I", str(FAKE), behaviour, str(tmp_path))
        return Bare(behaviour)

    return made


@pytest.fixture(scope="session", autouse=True)
def _ended() -> Iterator[None]:
    """No process of a test outlives it."""
    yield
    bridge.stop()
