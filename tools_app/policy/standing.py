"""Whether a person's "from now on" stands in for the question. It never refuses and never asks: it only spares one.

Conditions name every argument of a use: `same` (exactly this value), `match` (matchers of the rule language, strict as
wherever something is allowed), both for one name meaning both; `open` (any value, beside a place that is held).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tools_app import rules
from tools_app.executors.network import parse_url
from tools_app.policy.layering import subject_of
from tools_app.policy.values import Call, Facts, Standing, ToolFacts

# The reasons that are about the use itself. Every other one is asked each time, whatever was allowed: content from
# outside above all, a question only the person can answer, a rule that only advises, and whatever is not known here.
COVERABLE: Final = frozenset(
    {
        "dangerous",
        *(f"{layer}_requires_approval" for layer in ("installation", "organization", "tool", "grant")),
        *("condition", "installation_condition", "organization_condition", "tool_condition"),
    }
)
# Kinds of parameters that say where a use goes, or what program it starts.
PLACES: Final = frozenset({"path", "folder", "url", "host", "email", "argv"})
_PARTS: Final = frozenset({"same", "match", "open"})


def covering(
    call: Call, facts: Facts, reasons: Iterable[str], subject: rules.Subject | None = None
) -> Standing | None:
    """The first one that covers each reason and fits each argument; one that cannot be read fits nothing."""
    wanted = frozenset(reasons)
    if not wanted or not wanted <= COVERABLE or facts.tool is None:
        return None
    for each in facts.standing:
        if wanted <= each.covers and fits(each, call, facts.tool, subject):
            return each
    return None


def fits(standing: Standing, call: Call, tool: ToolFacts, subject: rules.Subject | None = None) -> bool:
    try:
        return _fits(standing.conditions, call, tool, subject or subject_of(call, tool))
    except Exception:  # noqa: BLE001  Fail closed: what breaks allows nothing, and the question is put.
        return False


def is_place(kind: str, value: Any) -> bool:
    """Whether an argument that is held says where a use goes, or what it starts; an empty one says nothing."""
    return kind in PLACES and value not in (None, "", [], {})


def reaches(standing: Standing, parameter: str, value: str, tool: ToolFacts) -> bool:
    """Whether it covers an address that the one in this parameter leads to, while a use of it runs.

    "Exactly this address" means its host, as it does for who is asked once: pages move within a house.
    """
    if not is_sound(standing.conditions):
        return False
    same, match = standing.conditions["same"], standing.conditions["match"]
    if parameter in standing.conditions["open"]:
        return True
    wanted = match.get(parameter) or _its_host(same[parameter])
    return not any(rules.not_allowed({parameter: wanted}, rules.Subject({parameter: value}, tool.kinds)))


def _its_host(address: str) -> list[Any]:
    url = parse_url(address)
    secure = f"https://{url.endpoint.rpartition(':')[0]}/"
    return [{"url": f"{url.scheme}://{url.endpoint}/"}, {"url": secure}]


def is_sound(conditions: Any) -> bool:
    """Whether conditions can be read, and name more than is left open. Whether it is a place, `fits` knows."""
    if not isinstance(conditions, Mapping) or set(conditions) != _PARTS:
        return False
    same, match, left_open = conditions["same"], conditions["match"], conditions["open"]
    if not (isinstance(same, Mapping) and isinstance(match, Mapping) and isinstance(left_open, list)):
        return False
    held = {*same, *match}
    # `true` and an empty list are rules elsewhere; here they would hold an argument to nothing, or to no use at all.
    firm = all(isinstance(wanted, list) and wanted for wanted in match.values())
    plain = not any(name.startswith("/") for name in match) and not held & set(left_open)
    return firm and plain and (bool(held) or not left_open) and rules.is_sound(match, allowing=True)


def _came_to_be(name: str, call: Call, tool: ToolFacts) -> bool:
    """Whether there is a file by now where there was none when it was allowed: nobody has looked at what it is.

    Where one was there, its real name is a condition beside the text (`broadening`).
    """
    return tool.kinds.get(name) in ("path", "folder") and bool(call.also.get(name))


def _fits(conditions: Any, call: Call, tool: ToolFacts, subject: rules.Subject) -> bool:
    if not is_sound(conditions):
        return False
    same, match, left_open = conditions["same"], conditions["match"], frozenset(conditions["open"])
    held = {*same, *match}
    # A number or a word such as "en" fits nearly every use: only a place leaves more than the name of the tool.
    if left_open and not any(is_place(tool.kinds.get(name, ""), call.arguments.get(name)) for name in held):
        return False
    # An argument that was held to a value and is left out now may mean the opposite: "dry_run" above all.
    if not held <= set(call.arguments) or not set(call.arguments) <= held | left_open:
        return False
    if not all(rules.is_same(call.arguments[name], value) for name, value in same.items()):
        return False
    if any(_came_to_be(name, call, tool) for name in set(same) - set(match)):
        return False
    return not set(rules.not_allowed(match, subject)) & set(match)
