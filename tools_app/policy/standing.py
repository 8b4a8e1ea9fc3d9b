"""Whether a person's "from now on" stands in for the question. It never refuses and never asks: it only spares one.

Conditions name every argument of a use: `same` (exactly this value), `match` (matchers of the rule language, strict as
wherever something is allowed), both for one name meaning both; `open` (any value, beside others that are held).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tools_app import rules
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
_PARTS: Final = frozenset({"same", "match", "open"})


def covering(call: Call, facts: Facts, reasons: Iterable[str]) -> Standing | None:
    """The first one that covers each reason and fits each argument; one that cannot be read fits nothing."""
    wanted = frozenset(reasons)
    if not wanted or not wanted <= COVERABLE or facts.tool is None:
        return None
    for each in facts.standing:
        if wanted <= each.covers and fits(each, call, facts.tool):
            return each
    return None


def fits(standing: Standing, call: Call, tool: ToolFacts) -> bool:
    try:
        return _fits(standing.conditions, call, tool)
    except Exception:  # noqa: BLE001  Fail closed: what breaks allows nothing, and the question is put.
        return False


def is_sound(conditions: Any) -> bool:
    """Whether conditions can be read, and hold a use to more than the tool's name."""
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


def _fits(conditions: Any, call: Call, tool: ToolFacts) -> bool:
    if not is_sound(conditions):
        return False
    same, match, left_open = conditions["same"], conditions["match"], frozenset(conditions["open"])
    held = {*same, *match}
    # An argument that was held to a value and is left out now may mean the opposite: "dry_run" above all.
    if not held <= set(call.arguments) or not set(call.arguments) <= held | left_open:
        return False
    if not all(rules.is_same(call.arguments[name], value) for name, value in same.items()):
        return False
    subject = subject_of(call, tool)
    return not set(rules.not_allowed(match, subject)) & set(match)
