"""Starts a cell, follows what its program prints and takes, and ends all of it: at its end, its limits, or a stop."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.conf import settings

from tools_app.exceptions import ToolFailed
from tools_app.executors import stopping
from tools_app.executors.sandbox import cells, tiers
from tools_app.executors.sandbox.cell import STARTED
from tools_app.executors.sandbox.cells import Program
from tools_app.executors.sandbox.following import Follower, Report
from tools_app.executors.sandbox.proxy import Proxy
from tools_app.executors.sandbox.tiers import Tier

log = logging.getLogger(__name__)


class SandboxMissing(ToolFailed):
    """This installation cannot run programs safely, so it runs none."""

    code = "no_sandbox"
    status = 503


class SandboxBusy(ToolFailed):
    """Too many programs run already. Try again in a minute."""

    code = "busy"
    status = 503

    def __init__(self) -> None:
        super().__init__(retryable=True)


class CellBroken(Exception):
    """The cell could not be built; the operator reads why."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended. `cut` names the limit it was ended for, or is ""; `raw` is what it printed, as bytes."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    cut: str = ""
    raw: bytes = b""
    reached: tuple[str, ...] = ()


def run(program: Program, *, report: Report | None = None) -> Ran:
    """Run it in the best sandbox there is. Raises SandboxMissing, SandboxBusy, or Stopped if its answer is stopped."""
    tier = tiers.chosen()
    if tier is None:
        raise SandboxMissing(details={"why": tiers.readiness()})
    with _place():
        try:
            return in_cell(program, tier, report=report)
        except CellBroken as broken:
            log.error("a sandbox could not be built: %s", broken)
            raise ToolFailed("The sandbox could not be started. The operator has been told.") from broken


def in_cell(program: Program, tier: Tier, *, report: Report | None = None) -> Ran:
    """Run it in this very tier, whatever the settings say."""
    began = time.monotonic()
    plan = os.memfd_create("plan", 0)
    proxy = Proxy(program.hosts) if program.hosts else None
    try:
        control = proxy.there.fileno() if proxy else None
        told = cells.plan(program, tier, tiers.bubblewrap(), control=control)
        os.write(plan, json.dumps(told).encode())
        process = _started((plan, *([control] if control is not None else ())), program)
        if proxy:
            proxy.start()
        follower = Follower(process, program, report)
        try:
            follower.follow()
        finally:
            _end(process)
            follower.close()
        _require_started(plan, follower)
    finally:
        os.close(plan)
        if proxy:
            proxy.close()
    if follower.cut == "stopped":
        raise stopping.Stopped
    return Ran(
        process.returncode,
        follower.stdout.text(),
        follower.stderr.text(),
        time.monotonic() - began,
        follower.cut,
        follower.stdout.octets(),
        tuple(sorted(proxy.reached)) if proxy else (),
    )


def _started(passed: tuple[int, ...], program: Program) -> subprocess.Popen[bytes]:
    """Nothing of the worker goes along but the three streams, the plan and the end of a proxy; no variable.

    A leader of its own session: it has no terminal, and the whole group can be ended at once.
    """
    return subprocess.Popen(
        [cells.interpreter(), "-I", "-S", "-c", cells.helper(), "outside", str(passed[0])],
        stdin=_input(program.given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": cells.PATH, "LC_ALL": "C.UTF-8"},
        cwd="/",
        pass_fds=passed,
        start_new_session=True,
        bufsize=0,
    )


def _input(given: bytes) -> int:
    """In memory and whole before the program begins: nobody has to write while somebody reads."""
    if not given:
        return subprocess.DEVNULL
    file = os.memfd_create("given", os.MFD_CLOEXEC)
    with open(os.dup(file), "wb") as writer:
        writer.write(given)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _end(process: subprocess.Popen[bytes]) -> None:
    """The helper's death ends the cell's first process, and that one's takes along whatever is left in there."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _require_started(plan: int, follower: Follower) -> None:
    if os.pread(plan, len(STARTED), 0) != STARTED and not follower.cut:
        told = follower.stderr.text().strip().splitlines()[-1:] or ["no reason given"]
        raise CellBroken(told[0][:500])


class _Places:
    """How many programs of this process may run at once."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.taken = 0


_places = _Places()


@contextmanager
def _place() -> Iterator[None]:
    deadline = time.monotonic() + settings.SANDBOX_WAIT_SECONDS
    with _places.lock:
        while _places.taken >= settings.SANDBOXES_AT_ONCE:
            _wait(deadline, _places.lock.wait)
        _places.taken += 1
    try:
        yield
    finally:
        with _places.lock:
            _places.taken -= 1
            _places.lock.notify()


def _wait(deadline: float, wait: Callable[[float], object]) -> None:
    stopping.check()
    if time.monotonic() > deadline:
        raise SandboxBusy
    wait(0.5)
