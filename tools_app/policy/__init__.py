"""The gate: decide(call, facts) -> Allow | AskApproval | Refuse. Pure: no database, no clock, no disk.

The order is that of `security.md` 2.1. Whatever cannot be read or evaluated is a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools_app.policy import layering, standing, unattended
from tools_app.policy.judging import Check, Judged, judge
from tools_app.policy.values import (
    NEEDS_ANSWER,
    ONLY_ADVISED,
    TOO_MUCH,
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
    "TOO_MUCH",
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
    "Judged",
    "Layer",
    "Refuse",
    "Source",
    "Standing",
    "ToolFacts",
    "Used",
    "checks",
    "decide",
    "judge",
    "layers_of",
]

layers_of = layering.all_of
BEYOND_STANDING: Final = (
    "It leads beyond what was allowed from now on. Ask for that address itself, so that a person is asked."
)


def decide(call: Call, facts: Facts, judged: Judged | None = None) -> Decision:
    """`judged` is what `judge` found about this call, so that no rule is evaluated twice."""
    judged = judged or judge(call, facts)
    if judged.refusal is not None:
        return judged.refusal
    if not judged.reasons:
        return Allow()
    may = unattended.may_stand_in(facts)
    allowed = standing.covering(call, facts, judged.reasons, judged.subject) if may else None
    if allowed is not None:
        return Allow(standing=allowed.id)
    return unattended.refusal(facts) or AskApproval(judged.reasons, judged.rules)


def checks(judged: Judged) -> tuple[Check, ...]:
    """All steps, for whoever asks why, where `decide` stops at the first refusal; those that can be taken.

    Empty where something cannot be read or evaluated: then there is nothing to explain but that.
    """
    return () if judged.broken else judged.checks


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
            subject = layering.subject_of(call, self.tool)
            found = [
                *layering.denied(subject, self.tool, self.layers),
                *layering.allowed(subject, self.layers),
                *layering.unasked(subject, self.layers),
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
