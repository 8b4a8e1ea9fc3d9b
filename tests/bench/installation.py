"""An installation of the benchmark's own, and the floor beside it: started, asked for its processes, ended."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from project.launch.child import BOUND, Child
from project.launch.programs import Program, web
from tests.services import Valkey, free_port

ROOT = Path(__file__).absolute().parents[2]
START_SECONDS = 120.0
NAMES = {
    "valkey-server": "valkey",
    "uvicorn": "web",
    "runs": "runs",
    "tools": "tools",
    "project.launch": "launch",
}
# None of the shell's own configuration may change what is measured, and nothing may leave this machine.
LEFT_OUT = ("ANTHROPIC_", "DATABASE_URL", "REDIS_URL", "DEBUG", "TESTING", "CRASH_AT", "PYTHONDONTWRITE")


def environment(folder: Path, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(LEFT_OUT) and not name.lower().endswith("_proxy")
    }
    # One person here is hundreds.
    many = {"SOCKETS_PER_USER": "100000"}
    return {**kept, **many, "DATA_DIR": str(folder), "PORT": str(port), **extra}


@dataclass
class Installation:
    """`make run`'s own processes on a folder of their own."""

    extra: Mapping[str, str]
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="toolroom-bench-")))
    port: int = field(default_factory=free_port)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=200))

    @property
    def variables(self) -> dict[str, str]:
        return environment(self.folder, self.port, self.extra)

    def start(self) -> dict[str, float]:
        """Seconds to the first 200, and until everything is ready."""
        began = time.monotonic()
        self._popen = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(BOUND),
                str(os.getpid()),
                sys.executable,
                "-m",
                "project.launch",
            ],
            cwd=ROOT,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._popen.stdout is not None
        os.set_blocking(self._popen.stdout.fileno(), False)
        taken: dict[str, float] = {}
        while "all_ready_s" not in taken:
            self._look(taken, began)
            time.sleep(0.005)
        return taken

    def _look(self, taken: dict[str, float], began: float) -> None:
        seconds = round(time.monotonic() - began, 3)
        if self._popen.poll() is not None or seconds > START_SECONDS:
            self.stop()
            raise RuntimeError("the installation did not start:\n" + "\n".join(self.lines))
        if "first_200_s" not in taken and _answers(self.port):
            taken["first_200_s"] = round(time.monotonic() - began, 3)
        if self.read_lines() and "first_200_s" in taken:
            taken["all_ready_s"] = seconds

    def read_lines(self) -> bool:
        """Keep what it printed; True once it has said that it is ready."""
        assert self._popen.stdout is not None
        read = self._popen.stdout.read() or b""
        self.lines.extend(read.decode(errors="replace").splitlines())
        return any(line.startswith("Ready:") for line in self.lines)

    def pids(self) -> dict[str, int]:
        launcher = psutil.Process(self._popen.pid)
        return {_name(process): process.pid for process in [launcher, *launcher.children(recursive=True)]}

    def stop(self) -> float:
        """End it as Ctrl-C does; how many seconds that took."""
        began = time.monotonic()
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGINT)
        try:
            self._popen.wait(15)
        except subprocess.TimeoutExpired:
            # Its children are bound to it and end with it.
            self._popen.kill()
            self._popen.wait()
        self.read_lines()
        return round(time.monotonic() - began, 3)

    def unexpected(self) -> list[str]:
        """What its processes said: nothing, if all went well."""
        self.read_lines()
        return [line for line in self.lines if "|" in line]

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _name(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    return next(
        (name for word, name in NAMES.items() if f" {word}" in f" {words}".replace("/", " ")),
        str(process.pid),
    )


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/accounts/login/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Floor:
    """The bare parts: a Valkey, uvicorn with a hand-written relay, and a writer of pieces."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="toolroom-floor-"))
        self.port = free_port()
        self._valkey = Valkey(self.folder)
        self._children: list[Child] = []

    def start(self) -> None:
        self._valkey.start()
        relay = web(self.port)
        command = tuple(word.replace("project.asgi", "tests.bench.floor_web") for word in relay.command)
        worker = (sys.executable, "-m", "tests.bench.floor_worker")
        self._begin(Program("web", command, ready="http"))
        self._begin(Program("runs", worker, ready="pipe"))

    def _begin(self, program: Program) -> None:
        variables = {**os.environ, "VALKEY_SOCKET": str(self._valkey.socket), "PYTHONPATH": str(ROOT)}
        child = Child(program, variables=variables)
        self._children.append(child)
        deadline = time.monotonic() + START_SECONDS
        while not child.is_ready(port=self.port, socket_path=""):
            child.lines()
            if child.exit_code is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the floor did not start: {list(child.last_lines)}")
            time.sleep(0.02)

    def pids(self) -> dict[str, int]:
        started = {child.program.name: child.pid for child in self._children}
        assert self._valkey._child is not None
        return {**started, "valkey": self._valkey._child.pid}

    def stop(self) -> None:
        for child in self._children:
            child.kill_group()
            child.close()
        self._valkey.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
