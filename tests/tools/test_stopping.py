"""Stop reaches a tool that is running, where its executor heeds it: the call is cancelled, and says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from agents_app import runs
from tests import gate, people
from tests.tools.racing import again, chain_is_whole, execute, unexpected
from tools_app import executors
from tools_app.context import ToolContext
from tools_app.executors import stopping
from tools_app.executors.base import ToolResult, Work

started = threading.Event()


class Patient:
    """Works until it is stopped."""

    def readiness(self, tool_name: str) -> str:
        return ""

    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        started.set()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            stopping.check()
            time.sleep(0.02)
        return ToolResult("nobody stopped it")


@pytest.mark.django_db(transaction=True)
def test_a_running_call_whose_answer_is_stopped_ends_as_cancelled() -> None:
    at = gate.opened()
    executors.register("python", f"{__name__}.Patient")
    started.clear()
    call = at.ask({"line": "long"})

    def stop() -> None:
        assert started.wait(20)
        runs.cancel(at.run, by=people.alice().identity)

    assert unexpected(gate.at_once(execute(call), stop)) == []
    ended = again(call)
    assert (ended.status, ended.reason) == ("cancelled", "cancelled")
    assert "stopped while it ran" in ended.reason_text
    assert chain_is_whole()


def test_nobody_to_ask_means_going_on() -> None:
    assert not stopping.asked()
    with stopping.heeding(lambda: bool(1 / 0)):
        assert not stopping.asked()
    with stopping.heeding(lambda: True), pytest.raises(stopping.Stopped):
        stopping.check()
