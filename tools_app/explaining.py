"""A decision of the gate in words, for the administrator who asks why. Pure: it decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools_app import policy
from tools_app.policy import Call, Facts, Grant

# Why a person is asked: said on the card, in the admin and where a tool is tried out.
REASONS: Final = {
    "dangerous": "The tool is dangerous: it asks before every use.",
    "tool_requires_approval": "The tool asks before every use.",
    "grant_requires_approval": "This persona has to ask before it uses the tool.",
    "condition": "The grant asks a person before it is used with such values.",
    "tainted": "This answer has read content from outside, and this use could carry private data out.",
    policy.UNREADABLE.code: "Whether a person is asked cannot be evaluated, so nothing would run.",
    policy.NEEDS_ANSWER: "It is a question to the person who asked, and only they can answer it.",
}
_TITLES: Final = {
    "switches": "Kill switches",
    "person": "The person",
    "tool": "The tool and its grant",
    "arguments": "The arguments",
    "installation": "Limits of this installation",
    "denied": "Forbidden by the grant",
    "allowed": "Allowed by the grant",
    "limit": "How often",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the decision. `outcome` is pass, ask or refuse."""

    check: str
    title: str
    outcome: str
    text: str


def lines(call: Call, facts: Facts, filled: tuple[str, ...] = ()) -> tuple[Line, ...]:
    """The whole chain, so that who mends one refusal sees the next one at once."""
    found = policy.checks(call, facts)
    # A condition that cannot be evaluated refuses, whatever the other steps say.
    if not found or policy.decide(call, facts) == policy.UNREADABLE:
        return (Line("rules", "The rules", "refuse", policy.UNREADABLE.message),)
    told = [_line(check, call, facts, filled) for check in found]
    reasons = policy.reasons_to_ask(call, facts)
    if facts.grant is not None and facts.tool is not None:
        text = " ".join(REASONS.get(reason, reason) for reason in reasons) or "Nobody has to be asked."
        told.append(Line("approval", "A person's approval", "ask" if reasons else "pass", text))
    return tuple(told)


def _line(check: policy.Check, call: Call, facts: Facts, filled: tuple[str, ...]) -> Line:
    refusals = [each.message for each in check.refusals]
    text = " ".join(refusals) or _passed(check.name, call, facts, filled)
    return Line(check.name, _TITLES[check.name], "refuse" if refusals else "pass", text)


def _passed(name: str, call: Call, facts: Facts, filled: tuple[str, ...]) -> str:
    agent, tool = facts.grant.agent_name if facts.grant else "", facts.tool.name if facts.tool else ""
    match name:
        case "switches":
            return "None is thrown."
        case "person":
            return "An active member of the organization."
        case "tool":
            return f"{tool} is switched on, can be carried out here, and {agent} may use it."
        case "arguments":
            by_policy = f" Filled in by policy: {', '.join(filled)}." if filled else ""
            return f"They fit the schema.{by_policy}"
        case "installation":
            return "No file or address is out of bounds."
        case "denied":
            return "No rule forbids one of these values."
        case "allowed":
            listed = facts.grant is not None and facts.grant.allowed is not None
            return (
                "Every value is on the list." if listed else "The grant has no list, so any value may pass."
            )
    return _uses(facts.grant, facts.uses)


def _uses(grant: Grant | None, uses: int) -> str:
    if grant is None or grant.usage_limit in (None, -1):
        return "As often as wanted."
    return f"{uses} of {grant.usage_limit} uses so far."
