"""What of a tool keeps people asked, and the right it takes to lower it.

Whoever keeps the catalog describes tools. Whether a person is asked about their uses, who that is, and whether what
they give counts as read outside, is a protection against the very same hands: lowered, it takes the right of those who
decide or set rules. Raising is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Final

from project.accounts.exceptions import NotAllowed
from project.accounts.identity import Identity
from project.accounts.roles import DECIDE, POLICY_CHANGE
from tools_app import builtin_tools
from tools_app.exceptions import UnknownTool
from tools_app.models import Tool

_WORDS: Final = {DECIDE: "decide everybody's questions", POLICY_CHANGE: "change the organization's rules"}
_FLAGS: Final = ("requires_approval", "is_dangerous", "is_open_world")
# What they give is somebody else's word, and only somebody who answers for that may call it anybody's.
_FOREIGN: Final = frozenset({Tool.Executor.HTTP, Tool.Executor.MCP})


def require(former: Tool, tool: Tool, *, by: Identity) -> None:
    """Raise NotAllowed, by field, where this person may not make the one tool of the other. The house itself may."""
    if by.via == "system":
        return
    wrong = {name: needed for name, needed in _lowered(former, tool).items() if not by.may(needed)}
    if not wrong:
        return
    fields = {
        name: [f"To lower this, you need the right to {_WORDS[needed]} ({needed})."]
        for name, needed in wrong.items()
    }
    told = "It would take away what keeps people asked."
    raise NotAllowed(told, details={"permission": min(wrong.values()), **fields})


def require_new(tool: Tool, *, by: Identity) -> None:
    """The same of a tool that is added: below what one of its kind has where nobody says anything."""
    former = copy(tool)
    former.privacy = ""
    for name, value in of_kind(tool.executor, tool.name).items():
        setattr(former, name, value)
    require(former, tool, by=by)


def of_kind(executor: str, name: str) -> dict[str, bool]:
    """The flags that a new tool has unless something else is said: an HTTP tool brings content from outside, and a
    built-in one is as harmful as the program knows it to be."""
    if executor == Tool.Executor.HTTP:
        return {"is_open_world": True}
    if executor != Tool.Executor.BUILTIN:
        return {}
    try:
        known = builtin_tools.named(name)
    except UnknownTool:
        return {}
    flags = {
        "requires_approval": known.requires_approval,
        "is_dangerous": known.is_dangerous,
        "is_open_world": known.open_world,
    }
    return {name: True for name, is_set in flags.items() if is_set}


def _lowered(former: Tool, tool: Tool) -> Mapping[str, str]:
    """By field what of the one is less in the other, with the permission that this takes."""
    found = {name: POLICY_CHANGE for name in _FLAGS if getattr(former, name) and not getattr(tool, name)}
    if "requires_approval" in found:
        found["requires_approval"] = DECIDE
    if former.approver == Tool.Approver.OTHER != tool.approver:
        found["approver"] = POLICY_CHANGE
    if (former.approvals_needed or 1) > (tool.approvals_needed or 1):
        found["approvals_needed"] = POLICY_CHANGE
    if _groups(former) - _groups(tool):
        found["approver_groups"] = POLICY_CHANGE
    is_public = tool.privacy == Tool.Privacy.PUBLIC != former.privacy
    if is_public and tool.executor in _FOREIGN:
        found["privacy"] = POLICY_CHANGE
    return found


def _groups(tool: Tool) -> frozenset[Any]:
    return frozenset(map(str, tool.approver_groups or ()))
