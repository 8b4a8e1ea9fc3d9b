"""Where hosts were granted, a program in a sandbox reaches these, through the proxy and under the rules of a fetch."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.cells import Cell, cell
from tools_app import builtin_tools, executors
from tools_app.executors.sandbox import Limits, Program, Ran, cells, running
from tools_app.executors.sandbox.proxy import Proxy

__all__ = ["cell"]
ASK = """
import socket, sys
def ask(line, said=b"hello"):
    s = socket.create_connection(("127.0.0.1", 3128), 20)
    s.sendall(line.encode() + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    head = b""
    while b"\\r\\n\\r\\n" not in head and (piece := s.recv(4096)):
        head += piece
    print(head.split(b"\\r\\n")[0].decode())
    if b" 200 " in head:
        s.sendall(said); print(s.recv(100).decode())
"""


@pytest.fixture
def echo(settings: Settings) -> Iterator[int]:
    """A server on this machine that says everything back, which the operator lets tools reach."""
    server = socket.create_server(("127.0.0.1", 0))
    settings.EGRESS_EXCEPTIONS = [f"127.0.0.1:{server.getsockname()[1]}"]

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.settimeout(20)
                client.sendall(client.recv(100))

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def run(cell: Cell, code: str, *hosts: str) -> Ran:
    (cell.place / "ask.py").write_text(ASK + code)
    words = (cells.interpreter(), "-I", "-S", "ask.py")
    program = Program(words, workspace=cell.place, hosts=hosts, limits=Limits(seconds=60))
    return running.in_cell(program, cell.tier)


def test_a_granted_host_is_reached_and_named(cell: Cell, echo: int) -> None:
    ran = run(cell, f"ask('CONNECT 127.0.0.1:{echo}')", f"127.0.0.1:{echo}")
    assert ran.stdout == "HTTP/1.1 200 Connection established\nhello\n", ran.stderr
    assert ran.reached == (f"127.0.0.1:{echo}",)


def test_no_other_way_leads_anywhere(cell: Cell, echo: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        code = (
            f"ask('CONNECT other.example:443'); ask('CONNECT 127.0.0.1:{port}'); ask('CONNECT 169.254.169.254:443')\n"
            f"ask('GET http://127.0.0.1:{echo}/'); ask('CONNECT 127.0.0.1'); ask('CONNECT [::1]:443')\n"
            f"s = socket.socket(); print(s.connect_ex(('127.0.0.1', {echo})) != 0)\n"
        )
        ran = run(cell, code, "127.0.0.1", f"127.0.0.1:{port}", "169.254.169.254")
    statuses = [line.split(" ")[1] if line.startswith("HTTP") else line for line in ran.stdout.splitlines()]
    assert statuses == ["403", "502", "502", "405", "502", "403", "True"], ran.stdout + ran.stderr
    assert ran.reached == ()


def test_without_a_grant_there_is_no_proxy(cell: Cell) -> None:
    ran = run(
        cell,
        "import os\ntry: ask('CONNECT x:443')\nexcept OSError: print('none', os.environ.get('https_proxy'))",
    )
    assert ran.stdout == "none None\n"


@pytest.mark.parametrize(
    ("known", "endpoint", "is_allowed"),
    [
        ("api.test", "api.test:443", True),
        ("PyPI.org", "pypi.ORG:443", True),
        ("api.test", "evil-api.test:443", False),
        ("api.test", "api.test.evil:443", False),
        ("*.example.org", "a.b.example.org:443", True),
        ("*.example.org", "example.org:443", False),
        ("*.example.org", "badexample.org:443", False),
        ("x.org:8443", "x.org:8443", True),
        ("x.org:8443", "x.org:443", False),
        ("x.org", "x.org:22", False),
        ("*.example.org:8443", "a.example.org:8443", True),
        ("*.example.org:8443", "a.example.org:443", False),
        # What connects would read these as evil.org, with a path, a query or a mark behind it.
        ("*.example.org", "evil.org/.example.org:443", False),
        ("*.example.org", "evil.org?.example.org:443", False),
        ("*.example.org", "evil.org#.example.org:443", False),
        ("*.example.org", "evil.org@a.example.org:443", False),
    ],
)
def test_hosts_are_compared_whole(known: str, endpoint: str, is_allowed: bool) -> None:
    proxy = Proxy([known])
    assert proxy.allows(endpoint) is is_allowed
    proxy.close()


def test_what_an_administrator_may_write() -> None:
    schema = builtin_tools.named("bash").definition.input_schema
    assert executors.problems("builtin", {"network": ["api.test", "*.example.org"]}, schema, "bash") == []
    refused: list[dict[str, object]] = [
        {"network": ["*"]},
        {"network": ["https://x"]},
        {"network": "api.test"},
        {"net": []},
    ]
    for wrong in refused:
        assert executors.problems("builtin", wrong, schema, "bash"), wrong
    goal = executors.reach("builtin", {"network": ["api.test"]}, {"command": "ls"}, "bash")
    assert goal is not None
    assert goal.shown == "api.test"
    assert executors.reach("builtin", {}, {"command": "ls"}, "bash") is None
