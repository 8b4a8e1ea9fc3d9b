"""One started program: its process group, its output by lines, and the byte that says it is ready."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

from project.launch.programs import Program

BOUND = Path(__file__).with_name("bound.py")
READ_BYTES = 65_536


class Child:
    def __init__(self, program: Program, *, variables: dict[str, str]) -> None:
        self.program = program
        self.said = ""
        self.last_lines: deque[str] = deque(maxlen=5)
        self._rest = b""
        self.ready_fd, theirs = os.pipe()
        variables = {**variables, **dict(program.variables), "READY_FD": str(theirs)}
        try:
            self._popen = self._start(variables, theirs)
        finally:
            os.close(theirs)
        assert self._popen.stdout is not None  # noqa: S101 - asked for as a pipe above
        self.output_fd = self._popen.stdout.fileno()
        os.set_blocking(self.output_fd, False)
        os.set_blocking(self.ready_fd, False)

    def _start(self, variables: dict[str, str], ready_fd: int) -> "subprocess.Popen[bytes]":
        # A session of its own: Ctrl-C reaches the watcher alone, which ends everything in order.
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(BOUND), str(os.getpid()), *self.program.command],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(ready_fd,),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.exit_code
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def is_ready(self, *, port: int, socket_path: str) -> bool:
        if self.program.ready == "http":
            return _answers_http(port)
        if self.program.ready == "socket":
            return _answers_ping(socket_path)
        with suppress(BlockingIOError):
            self.said += os.read(self.ready_fd, READ_BYTES).decode()
        return bool(self.said)

    def lines(self) -> list[str]:
        """Read what it has written since the last time; an unfinished line waits for its end."""
        with suppress(BlockingIOError):
            while chunk := os.read(self.output_fd, READ_BYTES):
                self._rest += chunk
        *whole, self._rest = self._rest.split(b"\n")
        lines = [line.decode(errors="replace").rstrip() for line in whole]
        self.last_lines.extend(line for line in lines if line)
        return lines

    def ask_to_end(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def kill_group(self) -> None:
        """End whatever is left of its group: a worker may have had children of its own."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def close(self) -> None:
        os.close(self.ready_fd)
        if self._popen.stdout is not None:
            self._popen.stdout.close()


def _answers_http(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _answers_ping(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(path)
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
