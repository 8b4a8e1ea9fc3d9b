"""All that follows from a call and the facts about it, found out once: whoever decides, explains or asks reads it here.

Pure, and never raises: what breaks is kept as the refusal that it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tools_app import rules
from tools_app.policy import asking, layering, steps
from tools_app.policy.layering import BrokenRule
from tools_app.policy.values import TOO_MUCH, UNREADABLE, Call, Facts, Refuse, Source

_BROKEN: Final = "The rule of {whose} cannot be evaluated: {why}."


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the decision and what it found; no refusal if it was passed."""

    name: str
    refusals: tuple[Refuse, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of one call. `broken` is how a step refuses that could not be taken to its end, `unasked` the
    same where it could not be found out whether a person is asked."""

    subject: rules.Subject | None = None
    checks: tuple[Check, ...] = ()
    broken: Refuse | None = None
    reasons: tuple[str, ...] = ()
    # Why rules of layers ask, each with whose rule it is.
    asking: tuple[tuple[str, Source], ...] = ()
    unasked: Refuse | None = None

    @property
    def refusal(self) -> Refuse | None:
        """The first one; what breaks refuses where it broke."""
        found = next((each for check in self.checks for each in check.refusals), None)
        return found or self.broken or self.unasked

    @property
    def rules(self) -> tuple[Source, ...]:
        """Whose rules ask, each once."""
        return tuple(dict.fromkeys(source for _, source in self.asking))


def judge(call: Call, facts: Facts, budget: rules.Budget | None = None) -> Judged:
    """`budget` is what all rules together may cost; its clock, if it has one, was started for this decision."""
    if not facts.readable:
        return Judged(broken=UNREADABLE)
    subject, found = None, dict[str, list[Refuse]]()
    try:
        kinds = facts.tool.kinds if facts.tool else {}
        subject = rules.Subject(call.arguments, kinds, call.also, call.sql, budget or rules.Budget())
        for name, told in steps.steps(call, facts, subject):
            refusals = found[name] = []
            refusals.extend(told)
    except Exception as broken:  # noqa: BLE001  Fail closed: a rule that breaks must refuse, a broken "deny" never vanishes.
        return Judged(subject, _checks(found), broken=_refusal(broken))
    checks = _checks(found)
    if facts.tool is None or facts.grant is None:
        return Judged(subject, checks)
    try:
        asked = tuple(layering.asking(subject, layering.all_of(facts)))
        return Judged(subject, checks, reasons=tuple(asking.reasons(facts, asked)), asking=asked)
    except Exception as broken:  # noqa: BLE001  As above, for a condition under which a person is asked.
        return Judged(subject, checks, reasons=(UNREADABLE.code,), unasked=_refusal(broken))


def _checks(found: Mapping[str, list[Refuse]]) -> tuple[Check, ...]:
    return tuple(Check(name, tuple(refusals)) for name, refusals in found.items())


def _refusal(broken: Exception) -> Refuse:
    if isinstance(broken, rules.TooMuch):
        return TOO_MUCH
    if not isinstance(broken, BrokenRule):
        return UNREADABLE
    detail = _BROKEN.format(whose=f"the {broken.source.layer} {broken.source.name}", why=broken.why)
    return replace(UNREADABLE, rule=broken.source, detail=detail)
