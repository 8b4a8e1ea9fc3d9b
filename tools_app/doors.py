"""Doors that the room to the right opens at start-up: what this room must ask, but may not import (`house.md` 5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from project.accounts.exceptions import Misconfigured
from project.accounts.identity import Identity
from tools_app.executors.base import Attached
from tools_app.models import Approval, KillSwitch
from tools_app.policy import Grant

PrivacyReader = Callable[[int, int], tuple[str, ...]]
GrantReader = Callable[[int, int, int], Grant | None]
GrantsReader = Callable[[Collection[int]], Mapping[int, Sequence[Grant]]]
ProgressPublisher = Callable[[str, int, dict[str, Any]], None]
RunReader = Callable[[int], bool]
FileReader = Callable[[str, int], tuple[Attached, ...]]
RunEnder = Callable[[Approval, Identity], None]
SwitchTeller = Callable[[KillSwitch], None]
Interrupter = Callable[[int | None, int | None], None]


class DoorClosed(Misconfigured):
    """A part of Toolroom that carries grants is not installed, so no tool may run."""

    code = "door_closed"


@dataclass(frozen=True, slots=True)
class Doors:
    """What the room to the right can tell and do."""

    grant_reader: GrantReader | None = None
    grants_reader: GrantsReader | None = None
    progress_publisher: ProgressPublisher | None = None
    run_reader: RunReader | None = None
    run_ender: RunEnder | None = None
    file_reader: FileReader | None = None
    privacy_reader: PrivacyReader | None = None
    interrupter: Interrupter | None = None
    switch_teller: SwitchTeller | None = None


_opened: Final = [Doors()]


def register(doors: Doors) -> None:
    _opened[0] = doors


def grant_of(*, agent_type_id: int, tool_id: int, organization_id: int) -> Grant | None:
    """The grant as the database has it now; raises DoorClosed where nobody can say, which refuses the call."""
    read = _opened[0].grant_reader
    if read is None:
        raise DoorClosed
    return read(agent_type_id, tool_id, organization_id)


def grants_of(tool_ids: Collection[int]) -> Mapping[int, Sequence[Grant]]:
    """All grants of these tools, by tool; for whoever changes one, and decides nothing."""
    read = _opened[0].grants_reader
    return read(tool_ids) if read and tool_ids else {}


def private_tools(*, agent_type_id: int, organization_id: int) -> tuple[str, ...]:
    """The names of a persona's tools that give what is private; where nobody can say, it has one."""
    read = _opened[0].privacy_reader
    return read(agent_type_id, organization_id) if read else ("unknown",)


def run_is_over(run_id: int | None) -> bool:
    """Whether the answer a call belongs to has ended, been stopped above all; a call without one has nobody to ask."""
    read = _opened[0].run_reader
    return run_id is not None and read is not None and read(run_id)


def end_run(question: Approval, *, by: Identity) -> None:
    """End the answer that waited for this question, in the transaction of the verdict: it was no, or none came."""
    if end := _opened[0].run_ender:
        end(question, by)


def interrupt_answers(*, organization_id: int | None, agent_type_id: int | None) -> None:
    """Cut off the models that speak just now: of one organization or everybody, of one persona or all."""
    if interrupt := _opened[0].interrupter:
        interrupt(organization_id, agent_type_id)


def tell_switched(row: KillSwitch) -> None:
    """Let open pages know that a kill switch was thrown or lifted."""
    if tell := _opened[0].switch_teller:
        tell(row)


def files_of(session_id: str, organization_id: int) -> tuple[Attached, ...]:
    """What was given to a conversation, for tools that take files."""
    read = _opened[0].file_reader
    return read(session_id, organization_id) if read and session_id else ()


def publish_progress(session_id: str, call_id: int, progress: dict[str, Any]) -> None:
    if publish := _opened[0].progress_publisher:
        publish(session_id, call_id, progress)
