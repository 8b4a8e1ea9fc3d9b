"""The whole installation as processes, on the test's database: uvicorn and both Celery workers."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from project.launch import programs
from tests.services import Child, Program, free_port

START_SECONDS = 60.0


@dataclass
class Live:
    """A running installation; `url` is where it answers."""

    variables: dict[str, str]
    port: int = field(default_factory=free_port)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=500))
    _children: dict[str, Child] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return bool(self._children)

    def start(self) -> None:
        self.variables["PORT"] = str(self.port)
        beat = (("EMBEDDED_BEAT", "true"),)
        started = [
            self._begin(programs.worker("runs", threads=16)),
            self._begin(programs.worker("tools", threads=8, variables=beat)),
            self._begin(programs.web(self.port)),
        ]
        for child in started:
            self._await(child)

    def stop(self) -> None:
        for child in self._children.values():
            child.kill_group()
            child.close()
        self._children.clear()

    def kill(self, name: str, with_signal: int = signal.SIGKILL) -> None:
        """Send a signal to `web`, `runs` or `tools`; after SIGKILL nothing of it is left."""
        child = self._children[name]
        os.kill(child.pid, with_signal)
        if with_signal == signal.SIGKILL:
            child.kill_group()

    def start_again(self, name: str, **variables: str) -> None:
        """Start a dead process anew, with other variables if wanted (CRASH_AT, for one)."""
        dead = self._children[name]
        dead.kill_group()
        dead.close()
        program = dead.program
        child = self._begin(replace(program, variables=program.variables + tuple(variables.items())))
        child.program = program
        if "CRASH_AT" in variables:
            # It may find work, and its end, before it has said that it is ready.
            wait_for(lambda: child.exit_code is not None or self._is_ready(child), seconds=START_SECONDS)
        else:
            self._await(child)

    def ended(self, name: str) -> bool:
        return self._children[name].exit_code is not None

    def wait_until_ended(self, name: str, seconds: float = 30.0) -> None:
        wait_for(lambda: self.ended(name), seconds=seconds, what=f"{name} to end")

    def _begin(self, program: Program) -> Child:
        child = Child(program, variables=self.variables)
        self._children[program.name] = child
        # Somebody must read its output, or it stops writing when the pipe is full.
        threading.Thread(target=self._read, args=(child,), daemon=True).start()
        return child

    def _read(self, child: Child) -> None:
        os.set_blocking(child.output_fd, True)
        with os.fdopen(os.dup(child.output_fd), encoding="utf-8", errors="replace") as output:
            for line in output:
                self.lines.append(f"{child.program.name}: {line.rstrip()}")

    def _is_ready(self, child: Child) -> bool:
        return child.is_ready(port=self.port, socket_path="")

    def _await(self, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(child):
            if child.exit_code is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{child.program.name} did not start:\n" + "\n".join(self.lines))
            time.sleep(0.02)


def wait_for(
    condition: Callable[[], object], *, seconds: float = 20.0, what: str = "it to become so"
) -> None:
    """Ask again and again until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:g} s for {what}.")
        time.sleep(0.02)
