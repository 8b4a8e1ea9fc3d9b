"""Whether a use that runs is to end: the person stopped its answer, a kill switch was thrown, its lease was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from project.accounts import pooled
from tools_app import doors
from tools_app.calling.settling import Failed, Outcome
from tools_app.executors import stopping
from tools_app.governing import halts
from tools_app.governing.halts import Halt
from tools_app.models import ToolCall


class Watch:
    """Asked now and then by executors that can end what they began; of any other the true ending comes later."""

    def __init__(self, call: ToolCall, *, is_lost: Callable[[], bool]) -> None:
        self._call = call
        self._is_lost = is_lost
        self._halt: Halt | None = None

    def __call__(self) -> bool:
        # Before any statement: what the operator stops by a file ends, also while the database is away.
        if (why := halts.reason_in_file()) is not None:
            self._halt = halts.by_file(why)
            return True
        try:
            if self._is_lost() or doors.run_is_over(self._call.run_id):
                return True
            self._halt = halts.halting(
                self._call.organization_id,
                agent_type_id=self._call.agent_type_id or 0,
                tool_id=self._call.tool_id or 0,
            )
            return self._halt is not None
        finally:
            pooled.give_back()

    def explained(self, outcome: Outcome) -> Outcome:
        """What came of it, with the reason of the switch where that is why it ended."""
        if self._halt is None or not isinstance(outcome, Failed) or outcome.reason != stopping.Stopped.code:
            return outcome
        told = f"{self._halt.told} It was ended while it ran: what it had done until then stays done."
        return replace(outcome, reason=halts.CODE, message=told)
