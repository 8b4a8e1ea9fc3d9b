"""The gate: decide(call, facts) -> Allow | AskApproval | Refuse. Pure: no database, no clock, no disk.

The order is that of `security.md` 2.1. Whatever cannot be read or evaluated is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools_app import rules


@dataclass(frozen=True, slots=True)
class ToolFacts:
    id: int
    name: str
    content_hash: str
    enabled: bool = True
    archived: bool = False
    # Why it is held back until an administrator has reviewed it; empty if it is not.
    quarantine: str = ""
    # Never published: a definition that is only being written.
    draft: bool = False
    same_organization: bool = True
    executor_ready: bool = True
    unready_reason: str = ""
    is_dangerous: bool = False
    requires_approval: bool = False
    # A use is a question to the person who asked, and needs their answer.
    asks_person: bool = False
    requires_auth: bool = False
    required_permissions: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one persona may do with one tool, as the database has it at this moment."""

    id: int
    agent_type_id: int
    agent_name: str
    agent_hash: str
    agent_enabled: bool = True
    offered: bool = True
    may_use: bool = True
    forces_approval: bool = False
    waives_approval: bool = False
    usage_limit: int | None = None
    allowed: Any = None
    denied: Any = None
    # Values at which a person is asked; read as loosely as what is denied.
    ask_when: Any = None
    defaults: Mapping[str, Any] | None = None
    fixed: Mapping[str, Any] | None = None
    grant_hash: str = ""
    # What tools of this persona find in their context, and under which identity of its own it acts, if it may.
    context: Mapping[str, Any] = field(default_factory=dict)
    acts_as: Mapping[str, Any] = field(default_factory=dict)
    # The factories of the persona: they may bind what carries a tool out, and never allow one.
    factories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments after steps 0 to 5: parsed, filled, checked and canonical. `supplied` names came from the model."""

    arguments: Mapping[str, Any]
    supplied: frozenset[str] = frozenset()
    reserved: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    # What the installation itself forbids: files outside the roots, closed addresses.
    beyond: tuple[str, ...] = ()
    # Other names of the files that are meant, by parameter; a deny rule looks at them too.
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # What the engine makes of statements, by parameter: read, write or unreadable.
    sql: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything decide may know besides the call. `uses` are those counted so far in this conversation.

    `readable` is false where the rest could not be found out.
    """

    tool: ToolFacts | None
    grant: Grant | None
    requester_active: bool = True
    requester_signed_in: bool = True
    permissions: frozenset[str] = frozenset()
    uses: int = 0
    tainted: bool = False
    # What was read outside, private data and a way out come together.
    could_leak: bool = False
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Allow:
    pass


@dataclass(frozen=True, slots=True)
class AskApproval:
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """`code` is for programs and the record, `message` is written for the model."""

    code: str
    message: str


Decision = Allow | AskApproval | Refuse
# The reason that makes a question one to be answered, by the person who asked, instead of one to be allowed.
NEEDS_ANSWER: Final = "needs_answer"
UNREADABLE: Final = Refuse(
    "policy_error", "The rules for this tool cannot be evaluated. An administrator has to mend them."
)


def decide(call: Call, facts: Facts) -> Decision:
    if not facts.readable:
        return UNREADABLE
    try:
        refusal = next(_refusals(call, facts), None)
        if refusal is not None:
            return refusal
        reasons = tuple(_reasons_to_ask(call, facts))
    except Exception:  # noqa: BLE001  Fail closed: a rule that breaks must refuse, a broken "deny" never vanishes.
        return UNREADABLE
    return AskApproval(reasons) if reasons else Allow()


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
        return tuple(Check(name, tuple(found)) for name, found in _steps(call, facts))
    except Exception:  # noqa: BLE001  As in `decide`: what breaks refuses, and explains nothing.
        return ()


def reasons_to_ask(call: Call, facts: Facts) -> tuple[str, ...]:
    """Why a person would be asked, whether or not it comes to that; nothing where there is no grant."""
    if not (facts.readable and facts.tool and facts.grant):
        return ()
    try:
        return tuple(_reasons_to_ask(call, facts))
    except Exception:  # noqa: BLE001  As in `decide`: a condition that breaks refuses, and this only tells of it.
        return (UNREADABLE.code,)


def _refusals(call: Call, facts: Facts) -> Iterator[Refuse]:
    for _, found in _steps(call, facts):
        yield from found


def _steps(call: Call, facts: Facts) -> Iterator[tuple[str, Iterator[Refuse]]]:
    """The order of the decision. Without a tool or a grant there are no rules to judge arguments by."""
    yield "person", _who(facts)
    yield "tool", _whether(facts)
    if facts.grant is None or facts.tool is None:
        return
    yield "arguments", _arguments(call, facts.grant)
    yield "installation", _beyond(call)
    yield "denied", _denied(call, facts.tool, facts.grant)
    yield "allowed", _allowed(call, facts.tool, facts.grant)
    yield "limit", _limit(facts.grant, facts.uses)


def _who(facts: Facts) -> Iterator[Refuse]:
    if not facts.requester_active:
        yield Refuse(
            "requester_gone", "The person who asked is no longer an active member of the organization."
        )


def _whether(facts: Facts) -> Iterator[Refuse]:
    tool, grant = facts.tool, facts.grant
    if tool is None or not tool.same_organization:
        yield Refuse("unknown_tool", "There is no tool of this name. Use only the tools you were given.")
        return
    if grant is None:
        yield Refuse("not_granted", f"You may not use {tool.name}: it is not granted to you.")
        return
    if not grant.agent_enabled:
        yield Refuse("agent_disabled", "This persona has been switched off by an administrator.")
    yield from _usable(tool)
    if not tool.executor_ready:
        yield Refuse(
            "executor_unavailable", f"{tool.name} cannot be carried out here. {tool.unready_reason}".strip()
        )
    if not grant.offered:
        yield Refuse("not_offered", f"{tool.name} is not offered to you at present.")
    if not grant.may_use:
        yield Refuse("use_not_allowed", f"You are shown {tool.name} but may not run it.")
    if tool.requires_auth and not facts.requester_signed_in:
        yield Refuse("requires_auth", f"{tool.name} needs a signed-in person.")
    missing = sorted(set(tool.required_permissions) - facts.permissions)
    if missing:
        yield Refuse(
            "missing_permission", f"The person lacks the permission for {tool.name}: {', '.join(missing)}."
        )


def _usable(tool: ToolFacts) -> Iterator[Refuse]:
    if tool.draft:
        yield Refuse(
            "tool_draft", f"{tool.name} is a draft: not published yet, or changed since it was tried."
        )
    if tool.quarantine:
        told = f"{tool.name} is held back until an administrator has reviewed it. {tool.quarantine}"
        yield Refuse("quarantined", told)
    if tool.archived or not tool.enabled:
        yield Refuse("tool_disabled", f"{tool.name} is switched off. {tool.unready_reason}".strip())


def _arguments(call: Call, grant: Grant) -> Iterator[Refuse]:
    if call.reserved:
        yield Refuse(
            "reserved_parameter",
            f"These names are reserved and may not be passed: {', '.join(call.reserved)}.",
        )
    fixed = sorted(call.supplied & frozenset(grant.fixed or {}))
    if fixed:
        yield Refuse(
            "fixed_parameter", f"These parameters are set by policy, leave them out: {', '.join(fixed)}."
        )
    if call.problems:
        yield Refuse("invalid_arguments", "The arguments do not fit the schema: " + "; ".join(call.problems))
    stale = sorted(name for name, value in (grant.fixed or {}).items() if not _has(call, name, value))
    if stale:
        yield Refuse(
            "fixed_parameter", f"Policy sets other values by now for: {', '.join(stale)}. Ask again."
        )


def _beyond(call: Call) -> Iterator[Refuse]:
    if call.beyond:
        yield Refuse("hard_limit", " ".join(call.beyond))


def _has(call: Call, name: str, value: Any) -> bool:
    """Whether a stored call still carries the value that policy fixes for this parameter."""
    return name in call.arguments and rules.is_same(call.arguments[name], value)


def _denied(call: Call, tool: ToolFacts, grant: Grant) -> Iterator[Refuse]:
    for name in rules.denied(grant.denied, _subject(call, tool)):
        yield Refuse("denied_parameter", f"Policy forbids this value or use of the parameter {name}.")


def _subject(call: Call, tool: ToolFacts) -> rules.Subject:
    return rules.Subject(call.arguments, tool.kinds, call.also, call.sql)


def _allowed(call: Call, tool: ToolFacts, grant: Grant) -> Iterator[Refuse]:
    for name in rules.not_allowed(grant.allowed, _subject(call, tool)):
        yield Refuse("parameter_not_allowed", f"Policy does not allow the parameter {name} with this value.")


@dataclass(frozen=True, slots=True)
class Further:
    """Judges a value that turns up while a call runs, such as where an address redirects to, as the call was judged."""

    tool: ToolFacts
    grant: Grant

    def __call__(self, parameter: str, value: str, /) -> str:
        call = Call(arguments={parameter: value})
        try:
            found = [*_denied(call, self.tool, self.grant), *_allowed(call, self.tool, self.grant)]
        except Exception:  # noqa: BLE001  Fail closed, as in `decide`.
            return UNREADABLE.message
        return found[0].message if found else ""


def _limit(grant: Grant, uses: int) -> Iterator[Refuse]:
    limit = grant.usage_limit
    if limit is None or limit == -1:
        return
    if limit < -1 or uses >= limit:
        yield Refuse(
            "limit", f"The limit of {max(limit, 0)} uses in this conversation is reached. Go on without it."
        )


def _reasons_to_ask(call: Call, facts: Facts) -> Sequence[str]:
    """Strictest wins: any reason suffices, and only a reason of the tool itself can be waived by the grant."""
    tool, grant = facts.tool, facts.grant
    if tool is None or grant is None:
        raise ValueError("decide reached the question of approval without a tool and a grant")
    reasons = []
    if tool.is_dangerous:
        reasons.append("dangerous")
    if tool.requires_approval and not (grant.waives_approval and not tool.is_dangerous):
        reasons.append("tool_requires_approval")
    if grant.forces_approval:
        reasons.append("grant_requires_approval")
    if any(rules.denied(grant.ask_when, _subject(call, tool))):
        reasons.append("condition")
    if facts.could_leak:
        reasons.append("tainted")
    if tool.asks_person:
        reasons.append(NEEDS_ANSWER)
    return reasons
