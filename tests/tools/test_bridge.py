"""The one event loop of a process: shared by its threads, new in a forked child, gone at the end."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from tools_app import bridge


@pytest.fixture(autouse=True)
def _a_bridge_of_its_own() -> Iterator[None]:
    bridge.stop()
    yield
    bridge.stop()


async def where() -> tuple[str, int]:
    return threading.current_thread().name, id(asyncio.get_running_loop())


def test_coroutines_run_on_one_thread_for_all_callers() -> None:
    with ThreadPoolExecutor(16) as pool:
        places = set(pool.map(lambda _: bridge.run(where()), range(64)))
    assert len(places) == 1
    assert places.pop()[0] == "bridge"


def test_results_and_errors_come_back_to_the_caller() -> None:
    async def fail() -> None:
        raise LookupError("nothing there")

    assert bridge.run(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(LookupError, match="nothing there"):
        bridge.run(fail())


def test_a_timeout_cancels_the_coroutine() -> None:
    ended = threading.Event()

    async def linger() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        bridge.run(linger(), timeout=0.05)
    assert ended.wait(1)


def test_cancelling_a_future_cancels_its_task() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def linger() -> None:
        begun.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.set()
            raise

    future = bridge.start(linger())
    assert begun.wait(1)
    future.cancel()
    assert ended.wait(1)
    with pytest.raises(CancelledError):
        future.result()


def test_waiting_on_the_loop_for_the_loop_is_refused() -> None:
    async def wait_for_itself() -> None:
        bridge.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="own thread"):
        bridge.run(wait_for_itself())


def test_stopping_cancels_what_runs_and_the_next_use_starts_anew() -> None:
    ended = threading.Event()

    async def linger() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    bridge.start(linger())
    first = bridge.loop()
    bridge.run(asyncio.sleep(0))
    bridge.stop()
    assert ended.is_set()
    assert bridge.run(asyncio.sleep(0, 1)) == 1
    assert bridge.loop() is not first


CHILD = """
import asyncio, os, sys
from tools_app import bridge
bridge.run(asyncio.sleep(0))
first = bridge.loop()
child = os.fork()
if child == 0:
    ok = bridge.run(asyncio.sleep(0, 7), timeout=5) == 7 and bridge.loop() is not first
    os._exit(0 if ok else 1)
_, status = os.waitpid(child, 0)
assert bridge.run(asyncio.sleep(0, 8)) == 8
async def linger():
    await asyncio.sleep(60)
bridge.start(linger())
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_forked_child_gets_its_own_loop_and_the_process_ends_at_once() -> None:
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD],
        cwd=Path.cwd(),
        capture_output=True,
        timeout=15,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"Task was destroyed" not in ended.stderr
    assert time.monotonic() - began < 30
