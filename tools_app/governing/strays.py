"""Rules of grants, and of a tool itself, that speak of parameters as the tool does not have them, or not any more.

The gate refuses every use under a rule that names a parameter which is gone. What only reads otherwise by now, since a
parameter is of another kind, it cannot know: whoever changes the tool is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tools_app import doors, rules
from tools_app.governing import layers, meanings
from tools_app.models import Tool
from tools_app.policy import Grant, Layer, Source, layering

# By what the rule is called on its form.
_FIELDS: Final = {
    "denied": "forbids",
    "ask_when": "asks about",
    "fixed": "sets",
    "defaults": "fills in",
    "allowed": "allows",
}


@dataclass(frozen=True, slots=True)
class Stray:
    """One rule, and the parameters it speaks of that are gone, or of another kind than it was written for."""

    source: Source
    field: str
    names: tuple[str, ...]
    is_gone: bool = True

    @property
    def told(self) -> str:
        whose = f"the grant of {self.source.name}" if self.source.layer == "grant" else "the tool itself"
        said = f"What {whose} {_FIELDS[self.field]} is about {', '.join(self.names)}"
        if not self.is_gone:
            return f"{said}, now of another kind: read what it says once more."
        if self.field == "allowed":
            return f"{said}, which is not there any more: nothing is allowed by it."
        return f"{said}, which is not there any more: every use is refused until somebody mends it."


def of(tool: Tool, former: Tool | None = None) -> tuple[Stray, ...]:
    """For a tool as it is, or as it would be; `former` is what it was before that."""
    return of_rows([tool], former).get(tool.pk or 0, ())


def of_rows(tools: Sequence[Tool], former: Tool | None = None) -> Mapping[int, tuple[Stray, ...]]:
    """For a page of the catalog, with one question for all of their grants."""
    granted = doors.grants_of([tool.pk for tool in tools if tool.pk])
    return {tool.pk or 0: tuple(_of(tool, granted.get(tool.pk or 0, ()), former)) for tool in tools}


def _of(tool: Tool, granted: Sequence[Grant], former: Tool | None) -> Iterator[Stray]:
    own = layers.of_tool(tool)
    known = meanings.names_of(tool)
    turned = _turned(former, tool) if former is not None else {}
    for layer in (*([own] if own else ()), *map(layering.of_grant, granted)):
        yield from _gone(layer, known)
        yield from _otherwise(layer, turned)


def _gone(layer: Layer, known: frozenset[str] | None) -> Iterator[Stray]:
    for field in _FIELDS if known is not None else ():
        said = getattr(layer, field)
        if not isinstance(said, list | Mapping) or not _can_be_read(field, said):
            continue
        if names := rules.strangers(said, known or ()):
            yield Stray(layer.source, field, tuple(names))


def _otherwise(layer: Layer, turned: Mapping[str, str]) -> Iterator[Stray]:
    for field in ("denied", "ask_when", "allowed") if turned else ():
        said = getattr(layer, field)
        if said is None or not rules.is_sound(said):
            continue
        names = dict.fromkeys(name for name, kind in rules.taken_hold_of(said, turned) if kind)
        if names:
            yield Stray(layer.source, field, tuple(names), is_gone=False)


def _can_be_read(field: str, said: object) -> bool:
    return field in ("fixed", "defaults") or rules.is_sound(said)


def _turned(former: Tool, tool: Tool) -> dict[str, str]:
    """The parameters that had a kind and have another one, with what they had."""
    now = meanings.kinds_of(tool)
    there = {*meanings.parameters_of(tool), *now}
    return {
        name: kind
        for name, kind in meanings.kinds_of(former).items()
        if kind and name in there and now.get(name, "") != kind
    }
