"""The gate: decide(call, facts) -> Allow | AskApproval | Refuse. Pure: no database, no clock, no disk.

The order is that of `security.md` 2.1. Whatever cannot be read or evaluated is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tools_app.policy import asking, layering, standing, steps, unattended
from tools_app.policy.values import (
    NEEDS_ANSWER,
    ONLY_ADVISED,
    UNREADABLE,
    Allow,
    AskApproval,
    Call,
    Decision,
    Editor,
    Facts,
    Grant,
    Layer,
    Refuse,
    Source,
    Standing,
    ToolFacts,
    Used,
)

__all__ = [
    "NEEDS_ANSWER",
    "ONLY_ADVISED",
    "UNREADABLE",
    "Allow",
    "AskApproval",
    "Call",
    "Check",
    "Decision",
    "Editor",
    "Facts",
    "Further",
    "Grant",
    "Layer",
    "Refuse",
    "Source",
    "Standing",
    "ToolFacts",
    "Used",
    "checks",
    "decide",
    "layers_of",
    "reasons_to_ask",
]

layers_of = layering.all_of
BEYOND_STANDING: Final = (
    "It leads beyond what was allowed from now on. Ask for that address itself, so that a person is asked."
)


def decide(call: Call, facts: Facts) -> Decision:
    if not facts.readable:
        return UNREADABLE
    try:
        refusal = next(_refusals(call, facts), None)
        if refusal is not None:
            return refusal
        reasons = tuple(asking.reasons(call, facts))
        rules = asking.rules(call, facts) if reasons else ()
    except Exception:  # noqa: BLE001  Fail closed: a rule that breaks must refuse, a broken "deny" never vanishes.
        return UNREADABLE
    if not reasons:
        return Allow()
    allowed = standing.covering(call, facts, reasons) if unattended.may_stand_in(facts) else None
    if allowed is not None:
        return Allow(standing=allowed.id)
    return unattended.refusal(facts) or AskApproval(reasons, rules)


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the decision and what it found; no refusal if it was passed."""

    name: str
    refusals: tuple[Refuse, ...]


def checks(call: Call, facts: Facts) -> tuple[Check, ...]:
    """All steps, for whoever asks why, where `decide` stops at the first refusal; those that can be taken.

    Empty where something cannot be read or evaluated: then there is nothing to explain but that.
    """
    if not facts.readable:
        return ()
    try:
        return tuple(Check(name, tuple(found)) for name, found in steps.steps(call, facts))
    except Exception:  # noqa: BLE001  As in `decide`: what breaks refuses, and explains nothing.
        return ()


def reasons_to_ask(call: Call, facts: Facts) -> tuple[str, ...]:
    """Why a person would be asked, whether or not it comes to that; nothing where there is no grant."""
    if not (facts.readable and facts.tool and facts.grant):
        return ()
    try:
        return tuple(asking.reasons(call, facts))
    except Exception:  # noqa: BLE001  As in `decide`: a condition that breaks refuses, and this only tells of it.
        return (UNREADABLE.code,)


def _refusals(call: Call, facts: Facts) -> Iterator[Refuse]:
    for _, found in steps.steps(call, facts):
        yield from found


@dataclass(frozen=True, slots=True)
class Further:
    """Judges a value that turns up while a call runs, such as where an address redirects to, as the call was judged."""

    tool: ToolFacts
    layers: tuple[Layer, ...]
    # The "from now on" in whose place nobody was asked: it reaches no further than it says.
    spared_by: Standing | None = None

    def __call__(self, parameter: str, value: str, /) -> str:
        call = Call(arguments={parameter: value})
        try:
            found = [
                *layering.denied(call, self.tool, self.layers),
                *layering.allowed(call, self.tool, self.layers),
                *layering.unasked(call, self.tool, self.layers),
            ]
            strays = self.spared_by and not standing.reaches(self.spared_by, parameter, value, self.tool)
        except Exception:  # noqa: BLE001  Fail closed, as in `decide`.
            return UNREADABLE.message
        return found[0].message if found else BEYOND_STANDING if strays else ""

    def address(self, parameter: str, address: str, named: str, /) -> str:
        """The same for an address that the host in `named` stands for: names are what is allowed, not these.

        A rule that asks about `named` itself has had its question.
        """
        call = Call(arguments={parameter: named})
        try:
            refusals = layering.denied_address(parameter, address, call, self.tool, self.layers)
            found = next(refusals, None)
        except Exception:  # noqa: BLE001  Fail closed, as in `decide`.
            return UNREADABLE.message
        return found.message if found else ""
