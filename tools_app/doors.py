"""Doors that the room to the right opens at start-up: what this room must ask, but may not import (`house.md` 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from project.accounts.exceptions import Misconfigured
from project.accounts.identity import Identity
from tools_app.executors.base import Attached
from tools_app.models import Approval
from tools_app.policy import Grant

GrantReader = Callable[[int, int, int], Grant | None]
ProgressPublisher = Callable[[str, int, dict[str, Any]], None]
RunReader = Callable[[int], bool]
FileReader = Callable[[str, int], tuple[Attached, ...]]
RunEnder = Callable[[Approval, Identity], None]


class DoorClosed(Misconfigured):
    """A part of Toolroom that carries grants is not installed, so no tool may run."""

    code = "door_closed"


@dataclass(slots=True)
class _Doors:
    grant_reader: GrantReader | None = None
    progress_publisher: ProgressPublisher | None = None
    run_reader: RunReader | None = None
    run_ender: RunEnder | None = None
    file_reader: FileReader | None = None


_doors = _Doors()


def register(
    *,
    grant_reader: GrantReader,
    progress_publisher: ProgressPublisher,
    run_reader: RunReader,
    run_ender: RunEnder,
    file_reader: FileReader,
) -> None:
    _doors.grant_reader = grant_reader
    _doors.progress_publisher = progress_publisher
    _doors.run_reader = run_reader
    _doors.run_ender = run_ender
    _doors.file_reader = file_reader


def grant_of(*, agent_type_id: int, tool_id: int, organization_id: int) -> Grant | None:
    """The grant as the database has it now; raises DoorClosed where nobody can say, which refuses the call."""
    if _doors.grant_reader is None:
        raise DoorClosed
    return _doors.grant_reader(agent_type_id, tool_id, organization_id)


def run_is_over(run_id: int | None) -> bool:
    """Whether the answer a call belongs to has ended, been stopped above all; a call without one has nobody to ask."""
    return run_id is not None and _doors.run_reader is not None and _doors.run_reader(run_id)


def end_run(question: Approval, *, by: Identity) -> None:
    """End the answer that waited for this question, in the transaction of the verdict: it was no, or none came."""
    if _doors.run_ender is not None:
        _doors.run_ender(question, by)


def files_of(session_id: str, organization_id: int) -> tuple[Attached, ...]:
    """What was given to a conversation, for tools that take files."""
    return _doors.file_reader(session_id, organization_id) if _doors.file_reader and session_id else ()


def publish_progress(session_id: str, call_id: int, progress: dict[str, Any]) -> None:
    if _doors.progress_publisher is not None:
        _doors.progress_publisher(session_id, call_id, progress)
