"""A pytest plugin that judges mutants: each in a process of its own, forked when everything is loaded and collected.

First every test runs once without a fault; it is noted which functions of the module each test calls. A mutant has to
be noticed by one of those that call its function, the quickest first; what a module sets up as it is loaded may matter
to every test, so all of them are asked, those that call something of the module first.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import os
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, cast

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from django.conf import settings
from django.db import connections

from tests.mutants import making, patching, report

LONGEST = 60.0
# So many random cases of each property, whatever its test says: always the same ones, or no verdict means anything.
CASES = 40
# Only what survived the last time; what was noticed stays noticed as long as nobody takes a test away.
AGAIN = "--again"
ALIKE = hypothesis.settings(deadline=None, derandomize=True, database=None, max_examples=CASES)


class Judge:
    """Runs instead of pytest's own loop over the tests."""

    def __init__(self, modules: list[str], only: str, folder: Path) -> None:
        self.modules, self.only = modules, only
        self._who = folder / "noticed-by"
        # Of each test: which functions of which file it calls, and how long it takes.
        self.calls: dict[str, set[tuple[str, str]]] = {}
        self.seconds: dict[str, float] = {}
        # Which test noticed what: whoever did so before is asked first.
        self.noticed: Counter[tuple[str, str]] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item in session.items:
            _make_alike(item)
        if not self._all_pass(session.items):
            raise pytest.UsageError("a test fails without any fault")
        for module in self.modules:
            began = time.monotonic()
            tree = ast.parse(Path(_file(module)).read_text())
            everything = making.mutants(module, tree)
            faults = self._wanted(module, everything)
            verdicts = [self._verdict(each, tree, session.items) for each in _told(faults)]
            report.tell(module, verdicts, time.monotonic() - began)
            if self.only in ("", AGAIN):
                report.keep(module, verdicts, [each.name for each in everything])
        return True

    def _wanted(self, module: str, everything: list[making.Mutant]) -> list[making.Mutant]:
        if self.only != AGAIN:
            return [each for each in everything if self.only in each.name]
        before = report.survivors(module, report.fingerprint(each.name for each in everything))
        return everything if before is None else [each for each in everything if each.name in before]

    def _all_pass(self, items: list[pytest.Item]) -> bool:
        """Once here, to learn what calls what, and once in a child: where that fails, no verdict means anything."""
        passed = [self._passes_watched(item) for item in items]
        for module in self.modules:
            patching.functions(_file(module))
        self._keep_rows()
        # Else every child, as short as it lives, would look through all that is loaded here, and copy it by that.
        gc.collect()
        gc.freeze()
        return all(passed) and self._in_child(lambda: None, items, LONGEST * 20) == "survived"

    def _passes_watched(self, item: pytest.Item) -> bool:
        called: set[tuple[str, str]] = set()
        files = set(map(_file, self.modules))

        def watch(frame: FrameType, event: str, argument: object) -> None:
            code: CodeType = frame.f_code
            if event == "call" and code.co_filename in files:
                called.update((code.co_filename, place) for place in _places(code.co_qualname))

        patching.forget()
        began = time.monotonic()
        threading.setprofile(watch)
        sys.setprofile(watch)
        try:
            passed = _passes(item)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        self.calls[item.nodeid], self.seconds[item.nodeid] = called, time.monotonic() - began
        if not passed:
            print(f"fails without any fault: {item.nodeid}", flush=True)
        return passed

    def _verdict(self, mutant: making.Mutant, tree: ast.Module, items: list[pytest.Item]) -> dict[str, Any]:
        chosen = [item for item in items if self._concerns(mutant, item)]
        chosen.sort(key=lambda item: self._order(mutant, item))
        most = LONGEST + 5 * sum(self.seconds[item.nodeid] for item in chosen)
        said = self._in_child(lambda: patching.patch(mutant, tree), chosen, most)
        who = self._who.read_text() if self._who.exists() else ""
        if who:
            self.noticed.update([(mutant.module + mutant.place, who), ("", who)])
        return {"name": mutant.name, "line": mutant.line, "verdict": said, "tests": len(chosen), "by": who}

    def _order(self, mutant: making.Mutant, item: pytest.Item) -> tuple[int, int, int, float]:
        name = item.nodeid
        is_stranger = all(each != _file(mutant.module) for each, _ in self.calls[name])
        before = -self.noticed[mutant.module + mutant.place, name], -self.noticed["", name]
        return before[0], int(is_stranger), before[1], self.seconds[name]

    def _concerns(self, mutant: making.Mutant, item: pytest.Item) -> bool:
        if not mutant.is_in_function or mutant.place == "(module)":
            return True
        return (_file(mutant.module), mutant.place) in self.calls[item.nodeid]

    def _in_child(self, first: Any, items: list[pytest.Item], most: float) -> str:
        """What becomes of the tests once `first` has been done: survived, killed, or not tried."""
        connections.close_all()
        self._restore_rows()
        self._who.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, most)
            os._exit(_outcome(first, items, self._who))
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return "killed by time" if os.WTERMSIG(status) == signal.SIGALRM else "killed"
        return {0: "survived", 1: "killed", 2: "not tried"}.get(os.WEXITSTATUS(status), "killed")

    def _rows(self) -> Path | None:
        database = settings.DATABASES["default"]
        if "sqlite" not in str(database["ENGINE"]):
            return None
        path = Path(str(database["NAME"]))
        return path if path.exists() else None

    def _keep_rows(self) -> None:
        connections.close_all()
        if path := self._rows():
            shutil.copyfile(path, f"{path}.kept")

    def _restore_rows(self) -> None:
        """A mutant that was ended in the middle leaves rows behind."""
        path = self._rows()
        if path and Path(f"{path}.kept").exists():
            for rest in ("-wal", "-shm"):
                Path(f"{path}{rest}").unlink(missing_ok=True)
            shutil.copyfile(f"{path}.kept", path)


def _file(module: str) -> str:
    return str(sys.modules[module].__file__)


def _places(name: str) -> set[str]:
    """The function of the module that this code belongs to, and the innermost one with a name."""
    inner = ".".join(part for part in name.split(".") if not part.startswith("<"))
    return {name.partition(".<locals>")[0], inner}


def _told(faults: list[making.Mutant]) -> Iterator[making.Mutant]:
    for number, each in enumerate(faults, 1):
        if number % 50 == 0:
            print(f"{each.module}: {number} of {len(faults)}", flush=True)
        yield each


def _make_alike(item: pytest.Item) -> None:
    test = getattr(item, "obj", None)
    if getattr(test, "is_hypothesis_test", False):
        vars(getattr(test, "__func__", test))["_hypothesis_internal_use_settings"] = ALIKE


def _outcome(first: Any, items: list[pytest.Item], who: Path) -> int:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        first()
    except patching.NotPatched:
        return 2
    except BaseException:  # noqa: BLE001  (a module that cannot be loaded any more is noticed by whoever starts it)
        return 1
    with contextlib.suppress(BaseException):
        for item in items:
            who.write_text(item.nodeid)
            if not _passes(item):
                return 1
        who.unlink(missing_ok=True)
        return 0
    return 1


def _passes(item: pytest.Item) -> bool:
    # As if the session came next: what lasts as long as it does stays for the other tests.
    reports = runtestprotocol(item, log=False, nextitem=cast("pytest.Item", item.session))
    return not any(report.failed for report in reports)
