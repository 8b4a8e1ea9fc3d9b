"""The steps that may refuse, in the order of `security.md` 2.1. Pure; whatever raises here is a refusal (`decide`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tools_app import rules
from tools_app.policy import layering
from tools_app.policy.values import Call, Editor, Facts, Grant, Layer, Refuse, Source, ToolFacts, Used


def steps(call: Call, facts: Facts, subject: rules.Subject) -> Iterator[tuple[str, Iterator[Refuse]]]:
    """The order of the decision. Without a tool or a grant there are no rules to judge arguments by."""
    yield "switches", _halted(facts)
    yield "person", _who(facts)
    yield "tool", _whether(facts)
    if facts.grant is None or facts.tool is None:
        return
    if facts.editors:
        yield "editors", _changed_by(facts.tool, facts.editors)
    layers = layering.all_of(facts)
    layering.require_known(facts.tool, layers)
    yield "arguments", _arguments(call, layers)
    yield "installation", _beyond(call)
    yield "secrets", _secrets(call)
    yield "denied", layering.denied(subject, facts.tool, layers)
    yield "allowed", layering.allowed(subject, layers)
    yield "limit", _limits(facts, facts.grant)


def _halted(facts: Facts) -> Iterator[Refuse]:
    if facts.halted:
        yield Refuse("kill_switch", f"{facts.halted} It was not run. Do not try it again now.")


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
    yield from _granted(tool, grant)
    rule = Source("tool", tool.id, tool.name)
    if tool.requires_auth and not facts.requester_signed_in:
        yield Refuse("requires_auth", f"{tool.name} needs a signed-in person.", rule)
    missing = sorted(set(tool.required_permissions) - facts.permissions)
    if missing:
        told = f"The person lacks the permission for {tool.name}: {', '.join(missing)}."
        yield Refuse("missing_permission", told, rule)


def _changed_by(tool: ToolFacts, editors: tuple[Editor, ...]) -> Iterator[Refuse]:
    """What depends on the person, asked of everybody who had a hand in it: nobody writes what they may not ask for.

    All the other steps say the same to whoever it is. Limits count the use once, for who asked.
    """
    for editor in editors:
        who = f"{editor.name or 'A person'}, who changed the arguments,"
        if not editor.may_decide:
            told = f"{who} may not do so any more, so what they wrote is not run. Ask again."
            yield Refuse("editor_gone", told)
        missing = sorted(set(tool.required_permissions) - editor.permissions)
        if missing:
            told = f"{who} lacks the permission for {tool.name}: {', '.join(missing)}."
            yield Refuse("editor_lacks_permission", told, Source("tool", tool.id, tool.name))


def _usable(tool: ToolFacts) -> Iterator[Refuse]:
    rule = Source("tool", tool.id, tool.name)
    if tool.draft:
        told = (
            f"{tool.name} is a draft: not published yet, changed since it was tried, "
            "or one for which a rule would no longer hold."
        )
        yield Refuse("tool_draft", told, rule)
    if tool.quarantine:
        told = f"{tool.name} is held back until an administrator has reviewed it. {tool.quarantine}"
        yield Refuse("quarantined", told, rule)
    if tool.archived or not tool.enabled:
        yield Refuse("tool_disabled", f"{tool.name} is switched off. {tool.unready_reason}".strip(), rule)
    if not tool.executor_ready:
        told = f"{tool.name} cannot be carried out here. {tool.unready_reason}".strip()
        yield Refuse("executor_unavailable", told, rule)


def _granted(tool: ToolFacts, grant: Grant) -> Iterator[Refuse]:
    rule = Source("grant", grant.id, grant.agent_name)
    if not grant.offered:
        yield Refuse("not_offered", f"{tool.name} is not offered to you at present.", rule)
    if not grant.may_use:
        yield Refuse("use_not_allowed", f"You are shown {tool.name} but may not run it.", rule)


def _arguments(call: Call, layers: tuple[Layer, ...]) -> Iterator[Refuse]:
    policy = layering.fixed(layers)
    if call.reserved:
        yield Refuse(
            "reserved_parameter",
            f"These names are reserved and may not be passed: {', '.join(call.reserved)}.",
        )
    fixed = sorted(call.supplied & frozenset(policy))
    if fixed:
        told = f"These parameters are set by policy, leave them out: {', '.join(fixed)}."
        yield Refuse("fixed_parameter", told, _who_sets(fixed, layers))
    if call.problems:
        yield Refuse("invalid_arguments", "The arguments do not fit the schema: " + "; ".join(call.problems))
    stale = sorted(name for name, value in policy.items() if not _has(call, name, value))
    if stale:
        told = f"Policy sets other values by now for: {', '.join(stale)}. Ask again."
        yield Refuse("fixed_parameter", told, _who_sets(stale, layers))


def _who_sets(names: list[str], layers: tuple[Layer, ...]) -> Source | None:
    return next((layer.source for layer in layers if set(layer.fixed or {}) & set(names)), None)


def _beyond(call: Call) -> Iterator[Refuse]:
    if call.beyond:
        yield Refuse("hard_limit", " ".join(call.beyond))


def _secrets(call: Call) -> Iterator[Refuse]:
    if call.obstacles:
        yield Refuse(
            "secret_unusable", "A secret of this tool is missing or may not go there. Tell an administrator."
        )


def _has(call: Call, name: str, value: Any) -> bool:
    """Whether a stored call still carries the value that policy fixes for this parameter."""
    return name in call.arguments and rules.is_same(call.arguments[name], value)


def _limits(facts: Facts, grant: Grant) -> Iterator[Refuse]:
    limit = grant.usage_limit
    if limit is not None and limit != -1:
        source = Source("grant", grant.id, grant.agent_name)
        yield from _over(Used("limit", "in this conversation", limit, facts.uses, source))
    for used in facts.used:
        yield from _over(used)


def _over(used: Used) -> Iterator[Refuse]:
    # -1 is no limit and never comes here; any other number below 0 is read as the strictest.
    if used.uses >= used.most:
        told = NO_MINUTE if used.code == "rate_limit" else spent(used.most, used.where)
        yield Refuse(used.code, told, used.source)


# What the model is told of a tool that may be called 0 times a minute.
NO_MINUTE: Final = "This tool may be called 0 times a minute, so not at all. Go on without it."


def spent(most: int, where: str) -> str:
    """What the model is told where a limit is reached."""
    return f"The limit of {max(most, 0)} uses {where} is reached. Go on without it."
