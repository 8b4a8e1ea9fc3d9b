"""Watches over the children: shows their lines, starts a dead one again, ends all of them together."""

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from project.launch.child import Child
from project.launch.programs import Program
from project.launch.refusal import Refusal

SIGNALS = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_SECONDS = 120.0
GRACE_SECONDS = 5.0
RESTARTS_PER_MINUTE = 5
MINUTE = 60.0


@dataclass(slots=True)
class Place:
    """A program's place: the child in it now, and when those before it died."""

    program: Program
    child: Child | None = None
    due: float = 0.0
    deaths: deque[float] = field(default_factory=deque)


class Watch:
    def __init__(self, *, variables: dict[str, str], port: int, show: Callable[[str], None]) -> None:
        self.variables = variables
        self.port = port
        self.show = show
        self.ending = False
        self.hurried = False
        self._places: list[Place] = []
        self._selector = selectors.DefaultSelector()
        self._listen_for_signals()

    def start(self, program: Program) -> Child:
        place = Place(program)
        self._places.append(place)
        return self._fill(place)

    def until_ready(self, *children: Child) -> bool:
        """Wait for all; False if the operator ended it meanwhile. One that ends instead is a refusal."""
        deadline = time.monotonic() + START_SECONDS
        waiting = list(children)
        while waiting and not self.ending:
            self._turn(0.02)
            waiting = [child for child in waiting if not self._is_ready(child)]
            if time.monotonic() > deadline:
                raise Refusal(f"{waiting[0].program.name} was not ready after {START_SECONDS:.0f} seconds.")
        return not self.ending

    def until_end(self, child: Child) -> bool:
        """Wait for a program that does its work and ends; False if the operator ended everything first."""
        while child.exit_code is None and not self.ending:
            self._turn(0.05)
        if self.ending:
            return False
        if child.exit_code != 0:
            raise Refusal(_last_words(child))
        child.is_ready(port=self.port, socket_path="")
        self._places = [place for place in self._places if place.child is not child]
        self._empty(child)
        return True

    def forever(self) -> None:
        """Look after the children until the operator ends it, or until one keeps dying."""
        while not self.ending:
            self._turn(0.5)
            for place in self._places:
                self._look_after(place)

    def stop(self) -> None:
        """End everything: Valkey last, since the others say goodbye to it."""
        self.ending = True
        last = [place for place in self._places if place.program.name == "valkey"]
        self._stop([place for place in self._places if place not in last])
        self._stop(last)

    def _listen_for_signals(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        self._selector.register(reading, selectors.EVENT_READ, None)

    def _on_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self.hurried = self.ending
            self.ending = True

    def _fill(self, place: Place) -> Child:
        child = Child(place.program, variables=self.variables)
        place.child = child
        self._selector.register(child.output_fd, selectors.EVENT_READ, child)
        return child

    def _empty(self, child: Child) -> None:
        child.kill_group()
        self._show(child)
        with suppress(KeyError):
            self._selector.unregister(child.output_fd)
        child.close()

    def _is_ready(self, child: Child) -> bool:
        if child.is_ready(port=self.port, socket_path=self.variables.get("VALKEY_SOCKET", "")):
            return True
        if child.exit_code is not None:
            raise Refusal(_last_words(child))
        return False

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._show(key.data)
                if key.data.exit_code is not None:
                    self._selector.unregister(key.fd)
            else:
                with suppress(BlockingIOError):
                    os.read(key.fd, 4096)

    def _show(self, child: Child) -> None:
        for line in child.lines():
            if not self.ending:
                self.show(f"{child.program.name:<7}| {line}")

    def _look_after(self, place: Place) -> None:
        now = time.monotonic()
        if place.child is None:
            if now >= place.due:
                self._fill(place)
            return
        if place.child.exit_code is None:
            return
        while place.deaths and now - place.deaths[0] > MINUTE:
            place.deaths.popleft()
        place.deaths.append(now)
        name, ending = place.program.name, place.child.ending
        self._empty(place.child)
        place.child = None
        if len(place.deaths) > RESTARTS_PER_MINUTE:
            raise Refusal(f"{name} ended {len(place.deaths)} times within a minute ({ending}); giving up.")
        pause = 0.25 * 2 ** (len(place.deaths) - 1)
        place.due = now + pause
        self.show(f"{name:<7}| ended unexpectedly ({ending}); starting it again in {pause:g} s")

    def _stop(self, places: list[Place]) -> None:
        running = [place.child for place in places if place.child is not None]
        for child in running:
            child.ask_to_end()
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and not self.hurried and any(c.exit_code is None for c in running):
            self._turn(0.05)
        for child in running:
            self._empty(child)


def _last_words(child: Child) -> str:
    words = child.last_lines[-1] if child.last_lines else "it said nothing"
    return f"{child.program.name} ended at once ({child.ending}): {words}"
