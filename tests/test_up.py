"""`make run` from the outside: what it prints, what it leaves behind, and how it says no."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from project.launch import fingerprint, folder
from project.launch.refusal import Refusal
from tests.live import wait_for
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60.0
OF_THE_SUITE = (
    "TESTING",
    "DATABASE_URL",
    "REDIS_URL",
    "DATA_DIR",
    "SCRIPTED_PACE_MS",
    "DJANGO_SETTINGS_MODULE",
)


@dataclass
class Up:
    """One `make run`, without the installing that precedes it."""

    data: Path
    variables: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    printed: str = ""

    def __post_init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in OF_THE_SUITE}
        variables = {**kept, "DATA_DIR": str(self.data), "PORT": str(self.port), **self.variables}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "project.launch"],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def until(self, pattern: str) -> str:
        """Read on until a line matches."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if re.search(pattern, line):
                return line
        raise AssertionError(f"No line matched {pattern!r} in:\n{self.printed}")

    def children(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def child(self, words: str) -> psutil.Process:
        return next(child for child in self.children() if words in " ".join(child.cmdline()))

    def end(self, with_signal: int = signal.SIGINT) -> int:
        self.process.send_signal(with_signal)
        return self.finish()

    def finish(self) -> int:
        self.printed += self.process.communicate(timeout=SECONDS)[0] or ""
        return self.process.returncode


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all: every start but the first is a second start, and quick."""
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture
def up(data: Path) -> Iterator[Up]:
    started = Up(data)
    yield started
    if started.process.poll() is None:
        started.process.kill()
    started.process.communicate()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


def refusal(started: Up) -> str:
    """The one sentence of a start that was refused."""
    assert started.finish() == 1
    assert "Traceback" not in started.printed
    (line,) = started.printed.strip().splitlines()
    return line


def test_first_start_shows_the_password_once_and_keeps_it_for_its_owner(up: Up, data: Path) -> None:
    up.until("^Ready: ")
    kept = data / "admin-password"
    password = kept.read_text().strip()
    assert len(password) >= 16
    assert password in up.printed
    assert "scripted" in up.printed
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/healthz") as answer:
        assert answer.read() == b"ok\n"


def test_second_start_tells_only_where_the_password_is_and_ends_without_a_trace(up: Up, data: Path) -> None:
    up.until("^Ready: ")
    assert (data / "admin-password").read_text().strip() not in up.printed
    assert f"in {data / 'admin-password'}" in up.printed
    children = up.children()
    assert len(children) == 4
    began = time.monotonic()
    assert up.end() == 0
    assert time.monotonic() - began < 10
    assert gone(children)
    assert up.printed.endswith("Everything has ended.\n")


def test_a_killed_worker_is_started_again_and_said_so(up: Up) -> None:
    up.until("^Ready: ")
    killed = up.child("-Q runs")
    killed.kill()
    assert "killed by SIGKILL" in up.until("ended unexpectedly")
    wait_for(
        lambda: any("-Q runs" in " ".join(each.cmdline()) for each in up.children()), what="a new worker"
    )
    assert up.child("-Q runs").pid != killed.pid


def test_nothing_outlives_a_watcher_that_was_killed(up: Up) -> None:
    up.until("^Ready: ")
    children = up.children()
    up.process.kill()
    up.process.wait()
    wait_for(lambda: gone(children), seconds=5, what="the children to end")


def test_a_second_start_on_the_same_folder_is_refused(up: Up, data: Path) -> None:
    up.until("^Ready: ")
    said = refusal(Up(data))
    assert said == (
        f"Toolroom did not start: Toolroom already runs on the data folder {data} (process {up.process.pid})."
    )


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(Up(tmp_path / "data", port=port))
    assert said.startswith(f"Toolroom did not start: Port {port} cannot be used (address already in use).")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = refusal(Up(tmp_path / "file" / "data"))
    assert said.endswith(f"The data folder {tmp_path / 'file' / 'data'} cannot be used: not a directory.")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "eighty"}, "PORT must be a whole number, not 'eighty'."),
        ({"PORT": "70000"}, "PORT must be between 1 and 65535, not 70000."),
        ({"DEBUG": "maybe"}, "DEBUG must be true or false, not 'maybe'."),
        ({"CRASH_AT": "after-claim"}, "CRASH_AT ends the process on purpose and is refused"),
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL must begin with postgres:// or sqlite:///."),
    ],
)
def test_a_bad_setting_is_refused_by_name(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    assert said in refusal(Up(tmp_path / "data", variables))


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "NEEDED_BYTES", 10**18)
    with pytest.raises(Refusal, match=r"is full \(\d+ MB left"):
        folder.prepare(tmp_path / "data")


def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    assert folder.socket_for(tmp_path / "short").parent == tmp_path / "short" / "valkey"
    elsewhere = folder.socket_for(tmp_path / ("long" * 40))
    assert len(str(elsewhere)) < 100
    assert stat.S_IMODE(elsewhere.parent.stat().st_mode) == 0o700
    elsewhere.parent.rmdir()


def test_a_kept_secret_is_written_once(tmp_path: Path) -> None:
    assert folder.keep_once(tmp_path / "key", "first") == "first"
    assert folder.keep_once(tmp_path / "key", "second") == "first"
    (tmp_path / "key").write_text("")
    assert folder.keep_once(tmp_path / "key", "third") == "third"


def test_functions_that_are_tools_are_seeded_anew_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark of the database knows the modules of TOOL_MODULES that lie beside the rooms."""
    file = tmp_path / "shop" / "tools.py"
    file.parent.mkdir()
    file.write_text("first")
    monkeypatch.setenv("TOOL_MODULES", "")
    without = fingerprint.of_code(tmp_path)
    monkeypatch.setenv("TOOL_MODULES", "elsewhere.tools, shop.tools")
    first = fingerprint.of_code(tmp_path)
    file.write_text("second")
    assert len({without, first, fingerprint.of_code(tmp_path)}) == 3
