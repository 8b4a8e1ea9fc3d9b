"""Files and databases as ways from one conversation into another: what was read outside stays said of what was left
there (`security.md` 2.6).

Noted when the use that writes begins, before its effect, and never taken back: whoever reads the place afterwards has
read from outside as well. A folder that is looked through counts with all that lies in it.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.db.models import Q

from audit_app.redaction import storable
from tools_app.calling import information
from tools_app.facts import Gathered
from tools_app.governing import meanings
from tools_app.models import OutsideTrace, Tool, ToolCall

# Kept with the use that reads, as the others of `information.brings`.
LEFT_BEHIND: Final = "left_behind"
_DATABASE: Final = frozenset({"query_data", "change_data"})
# What it is given replaces what was there: it says nothing of that.
_SAYS_NOTHING: Final = frozenset({"write_file"})
# A use that leaves something notes it in a transaction of its own: so long it may take to be seen.
_UNSEEN: Final = timedelta(seconds=5)


def begun(call: ToolCall, found: Gathered, whose: str) -> str:
    """Why what this use gives comes from outside, "" where it does not; and what it leaves is noted.

    In the claim's transaction. `whose` is the person's database it would speak to.
    """
    if found.tool is None:
        return ""
    places = _places(call, found.tool, found, whose)
    brought = information.brings(found.tool)
    if not brought and places and found.tool.name not in _SAYS_NOTHING and _is_marked(found.tool, places):
        brought = LEFT_BEHIND
    if call.tainted:
        _note(call, [place for place in places if _is_written(found.tool, place)])
    return brought


def met(call: ToolCall) -> dict[str, str]:
    """The same at its end, for what was left while it ran: the claim could not see it, the use may have read it."""
    tool = call.tool
    if tool is None or not _speaks_of_places(tool) or tool.name in _SAYS_NOTHING:
        return {}
    row = ToolCall.objects.filter(pk=call.pk, outside="").values_list("started_at").first()
    if row is None or row[0] is None:
        return {}
    left = OutsideTrace.objects.filter(created_at__gte=row[0] - _UNSEEN).exclude(call_id=call.pk)
    if not left.exists():
        return {}
    if tool.name in _DATABASE:
        # Under whose name it was spoken to is not known any more.
        is_met = left.filter(place__startswith=f"database:{call.organization_id}:").exists()
    else:
        places = _named(meanings.real(tool, call.arguments).also)
        # What it read may be gone by now, and has no real name any more: then nobody can say that it was not this.
        is_met = not places or _is_marked(tool, places)
    return {"outside": LEFT_BEHIND} if is_met else {}


def _places(call: ToolCall, tool: Tool, found: Gathered, whose: str) -> list[tuple[str, str]]:
    """Every place a use speaks of, by its real name, with the parameter that names it."""
    if tool.executor != Tool.Executor.BUILTIN:
        return []
    if tool.name in _DATABASE:
        return [("", f"database:{call.organization_id}:{whose}")]
    return _named(found.call.also)


def _named(also: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [
        (name, posixpath.normpath(each))
        for name, names in also.items()
        for each in names
        if each.startswith("/")
    ]


def _speaks_of_places(tool: Tool) -> bool:
    is_path = any(spec.get("x-kind") == "path" for spec in meanings.parameters_of(tool).values())
    return tool.executor == Tool.Executor.BUILTIN and (tool.name in _DATABASE or is_path)


def _is_written(tool: Tool, place: tuple[str, str]) -> bool:
    spec = meanings.parameters_of(tool).get(place[0], {})
    return tool.name == "change_data" or spec.get("x-access") == "write"


def _note(call: ToolCall, places: list[tuple[str, str]]) -> None:
    rows = [
        OutsideTrace(place=storable(place), place_hash=_hash(place), call_id=call.pk) for _, place in places
    ]
    if rows:
        OutsideTrace.objects.bulk_create(rows, ignore_conflicts=True)


def _is_marked(tool: Tool, places: list[tuple[str, str]]) -> bool:
    there = Q(place_hash__in=[_hash(place) for _, place in places])
    for name, place in places:
        # Beneath a file there is nothing, and looking through all that was ever left takes long: folders alone.
        if meanings.parameters_of(tool).get(name, {}).get("x-access") == "list":
            there |= Q(place__startswith=storable(f"{place.rstrip('/')}/"))
    return OutsideTrace.objects.filter(there).exists()


def _hash(place: str) -> str:
    return hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()
