"""Follows a running cell: reads its streams as they come, and ends it when it takes more than it may."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from tools_app.executors import stopping
from tools_app.executors.sandbox import weighing
from tools_app.executors.sandbox.cells import Program
from tools_app.executors.sandbox.output import Kept

Report = Callable[[int, int, str], object]
_TICK = 0.1
# For what is still in the pipes of a cell that is gone.
_LAST_SECONDS = 5
_PIECE = 65_536


class Follower:
    """`cut` says why the cell was ended: time, memory, disk, output or stopped; "" if it ended by itself."""

    def __init__(self, process: subprocess.Popen[bytes], program: Program, report: Report | None) -> None:
        self._process = process
        self._program = program
        self._report = report
        self._began = time.monotonic()
        self._looked = self._began
        limit = program.limits.output_bytes
        self.stdout, self.stderr = Kept(limit), Kept(limit)
        self.cut = ""
        self._room = weighing.room(program)
        self._streams = selectors.DefaultSelector()
        for stream, kept in ((process.stdout, self.stdout), (process.stderr, self.stderr)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._streams.register(stream, selectors.EVENT_READ, kept)

    def follow(self) -> None:
        """Until the program has ended, or must; what it printed before is read to the end."""
        while self._process.poll() is None and not self.cut:
            self._read(_TICK)
            self.cut = self._overstepped()
        if self.cut:
            self._process.kill()
        deadline = time.monotonic() + _LAST_SECONDS
        while self._streams.get_map() and time.monotonic() < deadline:
            self._read(_TICK)

    def close(self) -> None:
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._streams.close()

    def _read(self, seconds: float) -> None:
        if not self._streams.get_map():
            # Both are closed: the program has ended, or lives on without them.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            return
        for key, _ in self._streams.select(seconds):
            self._take(key.fd, key.data)

    def _take(self, stream: int, kept: Kept) -> None:
        try:
            piece = os.read(stream, _PIECE)
        except BlockingIOError:
            return
        if piece:
            kept.add(piece)
        else:
            self._streams.unregister(stream)

    def _overstepped(self) -> str:
        now, limits = time.monotonic(), self._program.limits
        if now - self._began > limits.seconds:
            return "time"
        if self.stdout.total + self.stderr.total > limits.flood_bytes:
            return "output"
        if now - self._looked < _TICK:
            return ""
        self._looked = now
        self._tell(now)
        if stopping.asked():
            return "stopped"
        if weighing.memory(self._process.pid) > limits.memory:
            return "memory"
        return "disk" if self._room.is_used_up() else ""

    def _tell(self, now: float) -> None:
        if self._report is not None:
            line = self.stdout.last_line() or self.stderr.last_line()
            self._report(round(now - self._began), round(self._program.limits.seconds), line)
