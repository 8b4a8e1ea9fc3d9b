"""The rows of an import's page: operations by what would become of them, as the template shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.text import Truncator

from tools_app.apis.api_plans import AVAILABLE, CHANGED, NEW, REMOVED, UNCHANGED, Item, Plan

_FIELDS: Final = {
    "description": "Description",
    "category": "Category",
    "tags": "Tags",
    "input_schema": "Parameters",
}


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    label: str
    diff: str
    is_conflict: bool
    is_given_up: bool


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    method: str
    path: str
    name: str
    about: str
    tags: tuple[str, ...]
    problem: str
    notes: int
    asks: str
    is_deprecated: bool
    is_ticked: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """`box` is what a ticked row asks for; "" where there is nothing to ask for."""

    state: str
    title: str
    help: str
    box: str
    rows: list[Row]


def sections(plan: Plan, ticked: dict[str, list[str]], *, is_first: bool) -> list[Section]:
    """Only those that have rows; at first what a new edition changes is ticked, and nothing else."""
    shown = [
        (CHANGED, "Changed", "The service describes these otherwise now.", "update"),
        (REMOVED, "Gone", "The service does not offer these any more. Ticked ones are archived.", "remove"),
        (NEW, "New", "The service has added these since the last import.", "add"),
        (
            AVAILABLE,
            "Operations" if plan.source is None else "Not imported",
            "Tick what shall become a tool.",
            "add",
        ),
        (UNCHANGED, "Unchanged", "These are tools already, and nothing changes.", ""),
    ]
    found = []
    for state, title, told, box in shown:
        chosen = (
            {item.key for item in plan.of(state)}
            if is_first and state == CHANGED
            else set(ticked.get(box, ()))
        )
        rows = [_row(item, item.key in chosen, set(ticked["overwrite"])) for item in plan.of(state)]
        if rows:
            found.append(Section(state, title, told, box, rows))
    return found


def _row(item: Item, is_ticked: bool, given_up: set[str]) -> Row:  # noqa: FBT001
    made = item.proposal
    fields: Any = made.fields if made else {}
    method, _, where = item.key.partition(" ")
    return Row(
        key=item.key,
        method=method,
        path=where,
        name=made.name if made else str(item.tool),
        about=Truncator(fields.get("description", item.tool.description if item.tool else "")).chars(140),
        tags=made.operation.tags if made else (),
        problem=made.problem if made else "",
        notes=len(made.notes) if made else 0,
        asks=_asks(fields),
        is_deprecated=bool(made and made.operation.is_deprecated),
        is_ticked=is_ticked and not (made and made.problem),
        changes=tuple(_change(item.key, each, given_up) for each in item.news),
    )


def _asks(fields: Any) -> str:
    if fields.get("is_dangerous"):
        return "dangerous"
    return "asks" if fields.get("requires_approval") else ""


def _change(key: str, met: Any, given_up: set[str]) -> Change:
    label = _FIELDS.get(met.field) or met.field.replace("configuration.", "Request: ")
    return Change(met.field, label, met.as_json()["diff"], met.is_conflict, f"{key}|{met.field}" in given_up)
