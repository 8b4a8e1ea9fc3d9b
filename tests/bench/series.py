"""The measurements in their order, against the floor and against one installation."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.bench import machine, processes
from tests.bench.installation import Floor, Installation
from tests.bench.running import Measured, rows, run, seats, within
from tests.bench.wire import Seat

PACE_MS = 50
STARTS_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    chats: tuple[int, ...] = (1, 50, 200)
    seconds: float = 10.0
    firsts: int = 60
    idle: int = 300
    # A part of the series, by its name; all if empty.
    only: tuple[str, ...] = ()

    def pieces(self, chats: int) -> int:
        """So that all stream at once for the wanted time, although they start one after the other."""
        return round((self.seconds + chats / STARTS_PER_SECOND) * 1000 / PACE_MS)


@dataclass
class Series:
    """Results by name; each says how loaded the machine was before."""

    wanted: Wanted
    say: Callable[[str], None]
    results: dict[str, Any] = field(default_factory=dict)

    def floor(self) -> None:
        floor = Floor()
        floor.start()
        try:
            self._streams(floor, lambda name, count: [Seat("none", f"{name}-{n}") for n in range(count)])
        finally:
            floor.stop()

    def installation(self, variables: dict[str, str]) -> None:
        installation = Installation(variables)
        try:
            self._note("cold_start", installation.start)
            self._note("memory", lambda: processes.memory_mb(installation.pids()))
            self._note("very_first", lambda: run(installation, "first", seats(installation, 1)))
            self._streams(installation, lambda _, count: seats(installation, count))
            self._others(installation)
            self._note("stop_s", installation.stop)
            self._note("second_start", installation.start)
        finally:
            installation.stop()
            self.results["said"] = installation.unexpected()
            installation.remove()

    def _streams(self, measured: Measured, seated: Callable[[str, int], list[Seat]]) -> None:
        self._note("warm_up", lambda: run(measured, "first", seated("warm", 10)))
        self._note("first", lambda: run(measured, "first", seated("first", self.wanted.firsts)))
        for count in self.wanted.chats:
            self._note(f"stream_{count}", partial(self._stream_of, measured, seated, count))

    def _stream_of(
        self, measured: Measured, seated: Callable[[str, int], list[Seat]], count: int
    ) -> dict[str, Any]:
        return self._stream(measured, seated(f"s{count}", count))

    def _stream(self, measured: Measured, seated: list[Seat], **more: Any) -> dict[str, Any]:
        options = {"pieces": self.wanted.pieces(len(seated)), "pace_ms": PACE_MS, **more}
        return run(measured, "stream", seated, starts_per_second=STARTS_PER_SECOND, **options)

    def _others(self, installation: Installation) -> None:
        self._note("reconnects", lambda: self._stream(installation, seats(installation, 50), drops=2))
        self._note("tools_alone", lambda: run(installation, "tools_alone", seats(installation, 20)))
        self._note("tools_together", lambda: run(installation, "tools_together", seats(installation, 50)))
        self._note("idle", lambda: run(installation, "idle", seats(installation, self.wanted.idle)))
        self._note("memory_after", lambda: processes.memory_mb(installation.pids()))
        self._note("lists", lambda: self._lists(installation))
        # Last: five thousand tools stay behind.
        self._note("catalog", lambda: within(installation, "tests.bench.catalog"))

    def _lists(self, installation: Installation) -> dict[str, Any]:
        listed, long = Seat(*rows(installation, "listed", "501")), Seat(*rows(installation, "long", "1000"))
        paths = {"list": "/api/conversations", "snapshot": f"/api/conversations/{long.conversation}/snapshot"}
        of_list = run(installation, "fetch", [listed], paths=[paths["list"]], times=60)
        of_long = run(installation, "fetch", [long], paths=[paths["snapshot"]], times=40)
        return {"list": of_list[paths["list"]], "snapshot": of_long[paths["snapshot"]]}

    def _note(self, name: str, measure: Callable[[], Any]) -> None:
        if self.wanted.only and not name.startswith((*self.wanted.only, "cold_start", "warm_up")):
            return
        self.say(f"{name} (load average {machine.load()}) ...")
        load = machine.load()
        try:
            result = measure()
        except subprocess.SubprocessError as failed:
            # The rest may still be worth knowing; the client's own words are on the terminal.
            result = {"failed": str(failed)}
        self.results[name] = {**result, "load": load} if isinstance(result, dict) else result
