"""What the rules of installation and organization take hold of in a tool, and which of them a change would escape.

Rules choose tools by category and flags, and parameters by name and kind: all of it is written by whoever keeps the
catalog. A wider layer can only be narrowed (`security.md` 2.1), so they must not write a tool out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools_app import layer_rules, layers, meanings, rules
from tools_app.models import Tool
from tools_app.policy import Layer, Source

# A parameter, and the kind the rule reads it as; "" where it makes no difference.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """The rules that speak of a tool as it is, saved or not, each with the parameters it takes hold of."""

    parameters: frozenset[str]
    by: Mapping[Source, frozenset[Place]]


def of(tool: Tool) -> Held:
    kinds = {**dict.fromkeys(meanings.parameters_of(tool), ""), **meanings.kinds_of(tool)}
    found = layer_rules.of(layers.readable_rules(tool.organization_id), layers.selected(tool))
    return Held(frozenset(kinds), {layer.source: frozenset(_places(layer, kinds)) for layer in found})


def escaped(before: Held, after: Held) -> list[Source]:
    """The rules that do not hold for the tool any more as they did.

    A parameter that is only taken away escapes nothing; where another one comes in its place it may be the same one
    under a name, or of a kind, of which the rule does not speak.
    """
    return [
        source
        for source, places in before.by.items()
        if source not in after.by
        or any(_is_lost(place, after, after.by[source], before.parameters) for place in places)
    ]


def _places(layer: Layer, kinds: Mapping[str, str]) -> Iterator[Place]:
    for rule in (layer.denied, layer.allowed, layer.ask_when):
        yield from rules.taken_hold_of(rule, kinds)


def _is_lost(place: Place, after: Held, held: Any, known: frozenset[str]) -> bool:
    name, kind = place
    if name not in after.parameters:
        return bool(after.parameters - known)
    # To say what a parameter is of which nothing was known takes nothing away.
    return not any(other == name and kind in ("", now) for other, now in held)
