"""What the rules of installation and organization take hold of in a tool, and which of them a change would escape.

Rules choose tools by category and flags, and parameters by name and kind: all of it is written by whoever keeps the
catalog. A wider layer can only be narrowed (`security.md` 2.1), so they must not write a tool out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from project.accounts.exceptions import NotAllowed
from project.accounts.identity import Identity
from project.accounts.roles import POLICY_CHANGE
from tools_app import rules
from tools_app.cataloging import differences, versions
from tools_app.governing import layer_rules, layers, lowered, meanings
from tools_app.governing.installation_policy import PolicyUnreadable
from tools_app.governing.layer_rules import Rule
from tools_app.models import Tool, ToolVersion
from tools_app.policy import Layer, Source
from tools_app.rules import UnknownRule

# A parameter, and the kind the rule reads it as; "" where it makes no difference.
Place = tuple[str, str]
# No rule chooses a tool, or reads a parameter of it, by one of these.
UNHELD: Final = frozenset(
    {"description", "disabled_reason", "enabled", "example_usage", "icon", "tags", "version"}
)


@dataclass(frozen=True, slots=True)
class Loss:
    """A rule that would not hold for a tool as it does; `is_less` where parameters go and none comes."""

    source: Source
    is_less: bool


def require(former: Tool, tool: Tool, *, by: Identity) -> None:
    """Leaving a rule takes the right to make it; what the operator has said is left by nobody. Raises NotAllowed.

    But what a server or a description of an API has dropped cannot be kept: who sets rules may let it go. What keeps
    people asked is asked for beside all rules (`lowered`).
    """
    _require_held(former, tool, by=by)
    lowered.require(former, tool, by=by)


def _require_held(former: Tool, tool: Tool, *, by: Identity) -> None:
    looked_at = [name for name in versions.FIELDS if name not in UNHELD]
    if by.via == "system" or all(
        differences.same(getattr(former, name), getattr(tool, name)) for name in looked_at
    ):
        return
    told = "The rules cannot be read now, and until they can, nothing they look at may be changed."
    try:
        lost = losses(former, tool)
    except (UnknownRule, PolicyUnreadable):
        raise NotAllowed(told, details={"tool": tool.name}) from None
    if not lost:
        return
    if by.may(POLICY_CHANGE) and all(each.is_less or each.source.layer != "installation" for each in lost):
        return
    names = sorted({each.source.name for each in lost})
    told = f"As it would be, these rules would no longer hold for it as they do: {', '.join(names)}."
    details = {"permission": POLICY_CHANGE, "rules": names, "tool": tool.name}
    raise NotAllowed(f"{told} Ask whoever sets them.", details=details)


def losses(former: Tool, tool: Tool) -> list[Loss]:
    """The rules that would not hold for a tool any more as they do for what it was.

    Raises UnknownRule or PolicyUnreadable: while rules cannot be read nobody can tell. A parameter that goes is a loss
    too: under a name, or of a kind, of which the rule does not speak, it may be back with the next change.
    """
    found = layers.rules_of(tool.organization_id)
    before, after = _kinds(former), _kinds(tool)
    added = after.keys() - before.keys()
    if added:
        before = {name: kind for name, kind in _once(former).items() if name in added} | before
    held = _held(tool, after, found)
    lost = {
        source: [place for place in places if _is_lost(place, after, held.get(source, frozenset()))]
        for source, places in _held(former, before, found).items()
    }
    return [
        Loss(source, is_less=source in held and not added and not any(name in after for name, _ in places))
        for source, places in lost.items()
        if places or source not in held
    ]


def _kinds(tool: Tool) -> dict[str, str]:
    return {**dict.fromkeys(meanings.parameters_of(tool), ""), **meanings.kinds_of(tool)}


def _once(tool: Tool) -> dict[str, str]:
    """Every parameter that a tool has ever had, with its kind when it was there last."""
    kinds: dict[str, str] = {}
    for version in ToolVersion.objects.filter(tool_id=tool.pk).order_by("number").iterator(chunk_size=50):
        written = versions.content(version)
        said = {name: value for name, value in written.items() if name in ("definition", "parameter_kinds")}
        kinds |= _kinds(versions.applied(tool, said))
    return kinds


def _held(tool: Tool, kinds: Mapping[str, str], found: tuple[Rule, ...]) -> dict[Source, frozenset[Place]]:
    """The rules that speak of a tool, each with those of these parameters that it takes hold of."""
    speaking = layer_rules.of(found, layers.selected(tool))
    return {layer.source: frozenset(_places(layer, kinds)) for layer in speaking}


def _places(layer: Layer, kinds: Mapping[str, str]) -> Iterator[Place]:
    for rule in (layer.denied, layer.allowed, layer.ask_when):
        yield from rules.taken_hold_of(rule, kinds)


def _is_lost(place: Place, after: Mapping[str, str], held: frozenset[Place]) -> bool:
    name, kind = place
    # To say what a parameter is of which nothing was known takes nothing away.
    return name not in after or not any(other == name and kind in ("", now) for other, now in held)
