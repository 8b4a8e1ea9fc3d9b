"""Why a use was decided as it was, as the pages of the administration show it: then, and what it would be today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.approving.visible import visible_text
from tools_app.explain import explanations
from tools_app.explain.explaining import Line
from tools_app.governing.rule_pages import page_of
from tools_app.models import ToolCall

WORDS: Final = {"allow": "allowed", "ask": "a person is asked", "refuse": "refused"}
_STAGES: Final = {
    "asked": "When it was asked for",
    "verdict": "When somebody decided",
    "claim": "When it was about to start",
}


def shown(call: ToolCall, identity: Identity) -> dict[str, Any]:
    """What `admin/toolroom/why.html` draws for this person."""
    told, draw = explanations.of(call), _Drawer(in_detail=identity.may(CATALOG_CHANGE))
    parts = [
        draw.part(_STAGES.get(each.stage, each.stage), each.decision, each.lines, each.at)
        for each in told.then
    ]
    if told.today is not None and (told.differs or not told.then):
        title = "Today it would be" if told.then else "Today"
        parts.append(draw.part(title, told.today.decision, told.today.lines))
    return {"parts": parts, "note": _note(told)}


def _note(told: explanations.Explanation) -> str:
    if not told.then:
        return "How it was decided then was not kept. This is what would be said today."
    if told.today is None:
        return explanations.UNREAD
    return "" if told.differs else "Today the same would be said."


@dataclass(frozen=True, slots=True)
class _Drawer:
    in_detail: bool

    def part(self, title: str, decision: str, lines: Iterable[Line], at: str = "") -> dict[str, Any]:
        return {
            "title": title,
            "at": parse_datetime(at) if at else None,
            "decision": decision,
            "word": WORDS.get(decision, decision),
            "lines": [self.line(each) for each in lines],
        }

    def line(self, line: Line) -> dict[str, Any]:
        rows = [
            {
                "label": visible_text(f"{each.kind.replace('_', ' ')} {each.name}".strip()),
                "url": page_of(each),
            }
            for each in line.sources
        ]
        return {
            "title": line.title,
            "outcome": line.outcome,
            "text": visible_text(line.told(in_detail=self.in_detail)),
            "sources": rows,
        }
