"""What was asked of a tool, as the page of its use shows it: each argument with where it comes from, and what it
goes on from or in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.urls import reverse

from project.accounts.identity import Identity
from tools_app.approving import successors
from tools_app.approving.visible import of_kind, visible_text
from tools_app.governing import meanings
from tools_app.models import Approval, ToolCall

_ORIGINS: Final = {"model": "from the persona", "policy": "filled by policy"}
Item = dict[str, Any]


def shown(call: ToolCall, identity: Identity) -> Item:
    """What `admin/toolroom/asked.html` draws for this person; only rows that they may see are named."""
    seen = ToolCall.objects.visible_to(identity)
    questions = Approval.objects.visible_to(identity).filter(call=call).order_by("pk")
    return {
        "before": seen.filter(successors=call).first(),
        "after": seen.filter(replaces=call).first(),
        "editor": visible_text(call.edited_by_name),
        "rows": list(_rows(call)),
        "questions": [
            {"url": reverse("admin:tools_app_approval_change", args=[row.pk]), "row": row}
            for row in questions
        ],
    }


def _rows(call: ToolCall) -> Iterator[Item]:
    first = successors.original(call)
    origins = successors.provenance(call)
    kinds = meanings.kinds_of(call.tool) if call.tool else {}
    for name in [*call.arguments, *(name for name in first.arguments if name not in call.arguments)]:
        now, given = _of(call, name), _of(first, name)
        origin = origins.get(name, "model") if now else "person"
        write = of_kind(kinds.get(name, ""))
        yield {
            "name": visible_text(name),
            "origin": origin,
            "told": _ORIGINS.get(origin) or _changed(call, name),
            "value": write(now[name]) if now else None,
            "was": write(given[name]) if given and successors.differing(given, now) else None,
        }


def _of(call: ToolCall, name: str) -> Item:
    """This one argument; empty where it is not there."""
    return {name: call.arguments[name]} if name in call.arguments else {}


def _changed(call: ToolCall, name: str) -> str:
    """Who gave this argument what it has, through all the calls that this one goes on from."""
    is_there = name in call.arguments
    while call.replaces is not None:
        before = _of(call.replaces, name)
        if call.edited_by_name and successors.differing(before, _of(call, name)):
            verb = "left out" if not is_there else "changed" if before else "added"
            return f"{verb} by {visible_text(call.edited_by_name)}"
        call = call.replaces
    return "changed by a person"
