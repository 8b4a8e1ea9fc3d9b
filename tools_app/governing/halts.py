"""Whether a kill switch stops something now, and which: read at every decision, every step and every second of a use.

Rows stop a tool, a persona, an organization or the installation; a file of the operator's stops the installation even
where nobody can reach the database.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Q

from project.accounts.prepared import Given, Prepared
from tools_app.approving.visible import visible_text
from tools_app.models import KillSwitch

CODE: Final = "kill_switch"
OPERATOR: Final = "The operator"
_READ_BYTES: Final = 1200
_REASON_CHARS: Final = 300
_THROWN: Prepared[tuple[str, int, str, str, str]] = Prepared(
    lambda: (
        KillSwitch.objects.thrown()
        .filter(Q(organization_id=Given("organization")) | Q(organization__isnull=True))
        .values_list("scope", "subject_id", "subject_name", "reason", "thrown_by")
    )
)
# The widest one is told: who lifts a narrower one would wonder why nothing moves.
_BROADEST: Final = ("installation", "organization", "persona", "tool")


@dataclass(frozen=True, slots=True)
class Halt:
    """What stops something: how far it reaches, what it is called, why, and who did it."""

    scope: str
    name: str
    reason: str
    by: str
    # Of the tool or persona.
    subject: int = 0

    @property
    def told(self) -> str:
        """For people, and for the model, which reads it where a use was refused."""
        who, why = visible_text(self.by), visible_text(self.reason)
        why = why if why.endswith((".", "!", "?")) else f"{why}."
        match self.scope:
            case KillSwitch.Scope.TOOL:
                return f"{who} has stopped the tool {visible_text(self.name)}: {why}"
            case KillSwitch.Scope.PERSONA:
                return f"{who} has stopped the persona {visible_text(self.name)}: {why}"
            case KillSwitch.Scope.ORGANIZATION:
                return f"{who} has stopped all tools and answers of the organization: {why}"
        return f"{who} has stopped all tools and answers of this installation: {why}"


def by_file(why: str) -> Halt:
    return Halt(KillSwitch.Scope.INSTALLATION, "", why, OPERATOR)


def halting(organization_id: int, *, agent_type_id: int = 0, tool_id: int = 0) -> Halt | None:
    """The widest switch that stops a tool in a persona's hands, or an answer where no tool is named."""
    if (why := reason_in_file()) is not None:
        return by_file(why)
    meant = {"persona": agent_type_id, "tool": tool_id}
    rows = [row for row in _THROWN.all(organization=organization_id) if meant.get(row[0], row[1]) == row[1]]
    if not rows:
        return None
    scope, _, name, reason, by = min(rows, key=lambda row: _BROADEST.index(row[0]))
    return Halt(scope, name, reason, by)


def stopped(organization_id: int, agent_type_id: int, tool_ids: Iterable[int]) -> dict[int, str]:
    """Of these tools in a persona's hands those that are stopped, with what is told of it: for many at once."""
    if (why := reason_in_file()) is not None:
        return dict.fromkeys(tool_ids, by_file(why).told)
    if not _THROWN.all(organization=organization_id):
        return {}
    found = {
        pk: halting(organization_id, agent_type_id=agent_type_id, tool_id=pk)
        for pk in dict.fromkeys(tool_ids)
    }
    return {pk: halt.told for pk, halt in found.items() if halt is not None}


def tools(organization_id: int) -> dict[int, str]:
    """The tools that are stopped one by one, and what people are told of each."""
    rows = [row for row in _THROWN.all(organization=organization_id) if row[0] == KillSwitch.Scope.TOOL]
    return {pk: Halt(scope, name, reason, by).told for scope, pk, name, reason, by in rows}


def thrown(organization_id: int) -> list[Halt]:
    """All that is stopped in an organization, the widest first: for pages that show more than one thing."""
    rows = sorted(_THROWN.all(organization=organization_id), key=lambda row: _BROADEST.index(row[0]))
    found = [Halt(scope, name, reason, by, subject) for scope, subject, name, reason, by in rows]
    why = reason_in_file()
    if why is None or any(each.scope == KillSwitch.Scope.INSTALLATION for each in found):
        return found
    return [by_file(why), *found]


def among(found: Iterable[Halt], *, agent_type_id: int, tool_id: int) -> Halt | None:
    """Of what `thrown` gave the widest that stops this tool in this persona's hands."""
    meant = {KillSwitch.Scope.TOOL: tool_id, KillSwitch.Scope.PERSONA: agent_type_id}
    stops = (each for each in found if meant.get(KillSwitch.Scope(each.scope), each.subject) == each.subject)
    return next(stops, None)


def reason_in_file() -> str | None:
    """What the operator wrote into KILL_SWITCH_FILE; None only where there is certainly no such file."""
    try:
        # Whatever lies there, a pipe above all, must not hold a worker.
        opened = os.open(settings.KILL_SWITCH_FILE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return "The file that says so cannot be read."
    try:
        text = os.read(opened, _READ_BYTES).decode(errors="replace")
    except OSError:
        text = ""
    finally:
        os.close(opened)
    return " ".join(text.replace("\0", " ").split())[:_REASON_CHARS] or "No reason was given."
