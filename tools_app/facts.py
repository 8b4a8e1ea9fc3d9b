"""Readings for the gate: everything `policy.decide` may know, fetched fresh from the database and the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from audit_app.redaction import redact, storable
from project.accounts import identity as identities
from project.accounts.identity import Identity, NoMembership
from project.accounts.prepared import Given, Prepared
from tools_app import (
    arguments,
    builtin_tools,
    credentials,
    doors,
    executors,
    information,
    rules,
    served,
    versions,
)
from tools_app.exceptions import InvalidArguments, ToolFailed
from tools_app.executors import network, targets
from tools_app.executors.base import Work
from tools_app.models import Tool, ToolCall, UsageCounter
from tools_app.models.usage_counter import CounterKey
from tools_app.policy import Call, Facts, Grant, ToolFacts

log = logging.getLogger(__name__)


_NAMED = Prepared(
    lambda: Tool.objects.filter(organization_id=Given("organization"), name=Given("name")).order_by("pk")[:1]
)
_TOOL = Prepared(lambda: Tool.objects.filter(pk=Given("pk")))


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, through which persona, and where: names and ids only, copied onto the ToolCall."""

    identity: Identity
    organization_id: int
    agent_type_id: int
    agent_name: str = ""
    session_id: str = ""
    run_id: int | None = None
    message_id: int | None = None
    tainted: bool = False
    # Ordinary values the caller of the run gave for its tools; never who asks (S3.93).
    context: Mapping[str, Any] = field(default_factory=dict)
    # Where it was asked, if not in a conversation: kept with the call and in the record.
    door: str = ""
    # The draft whose content is tried (`versions.mark`); set by `trying` alone, "" everywhere else.
    draft: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read for one decision, so that nothing has to be read twice after it."""

    tool: Tool | None
    grant: Grant | None
    facts: Facts
    call: Call
    asked: Asked
    filled: tuple[str, ...] = ()
    targets: Mapping[str, Any] = field(default_factory=dict)
    # Where a call leaves the house and which secrets go along, by name and version; empty if it does not.
    reach: Mapping[str, Any] = field(default_factory=dict)
    # What it would change, as the person who is asked is shown it.
    preview: str = ""
    # What the person answered, at the claim of a use that is a question to them.
    answer: Mapping[str, Any] | None = None


def gather(tool_name: str, raw: str, asked: Asked) -> Gathered:
    """Facts for a call a model has just proposed; unreadable arguments become problems, not exceptions."""
    name = storable(tool_name)
    return gather_of(_meant(_NAMED.first(organization=asked.organization_id, name=name), asked), raw, asked)


def gather_of(tool: Tool | None, raw: str, asked: Asked) -> Gathered:
    """The same where the tool is at hand, as a row or as it would be after a change nobody has saved yet."""
    return _read(lambda: _proposed(tool, raw, asked), tool, asked, {})


def regather(call: ToolCall) -> Gathered:
    """The same for a stored call, at its verdict or claim: the arguments stay, everything else is read again."""
    asked = asked_of(call)
    tool = _meant(_TOOL.first(pk=call.tool_id or 0), asked)
    return _read(lambda: _stored(tool, call, asked), tool, asked, call.arguments)


def _meant(tool: Tool | None, asked: Asked) -> Tool | None:
    """The published tool, but for a use that tries a draft of it: then the draft, if it is still the same."""
    return versions.tried(tool, asked.draft) if tool is not None and asked.draft else tool


def _read(
    reading: Callable[[], Gathered], tool: Tool | None, asked: Asked, known: Mapping[str, Any]
) -> Gathered:
    """Fail closed: what cannot be read (a row edited by hand, a missing part) is a fact too, and refuses the call."""
    try:
        return reading()
    except DatabaseError:
        raise
    except Exception:
        log.exception("the facts about the tool %s cannot be read", tool and tool.pk)
        unread = Facts(tool=None, grant=None, readable=False)
        return Gathered(tool, None, unread, Call(arguments=known), asked)


def _proposed(tool: Tool | None, raw: str, asked: Asked) -> Gathered:
    grant = _grant(tool, asked.agent_type_id, asked.organization_id)
    try:
        supplied = arguments.parse(raw, max_bytes=settings.MAX_ARGS_BYTES)
    except InvalidArguments as broken:
        call = Call(arguments={}, problems=tuple(broken.problems) or (broken.message,))
        return Gathered(tool, grant, _facts(tool, grant, asked), call, asked)
    return _judged(tool, grant, supplied, asked)


def _stored(tool: Tool | None, call: ToolCall, asked: Asked) -> Gathered:
    grant = _grant(tool, asked.agent_type_id, asked.organization_id)
    supplied = {name: value for name, value in call.arguments.items() if name not in call.filled}
    found = _judged(tool, grant, supplied, asked, filled=call.arguments)
    # A slot that this call has taken already is no reason against it.
    uses = max(found.facts.uses - int(call.limit_reserved), 0)
    return replace(found, filled=tuple(call.filled), facts=replace(found.facts, uses=uses))


def asked_of(call: ToolCall) -> Asked:
    return Asked(
        identity=person_of(call.user_id, call.organization_id, call.asked_through),
        organization_id=call.organization_id,
        agent_type_id=call.agent_type_id or 0,
        agent_name=call.agent_name,
        session_id=call.session_id,
        run_id=call.run_id,
        message_id=call.message_id,
        tainted=call.tainted,
        context=call.tool_context,
        door=str(call.asked_through.get("door") or ""),
        draft=str(call.asked_through.get("draft") or ""),
    )


def person_of(user_id: str, organization_id: int, through: Mapping[str, Any]) -> Identity:
    """The person as the database has them now, with at most the permissions they asked with.

    A removed or suspended person comes back with an empty role and no permission; the gate refuses them.
    """
    asked_with = frozenset(through.get("permissions") or ())
    wire: dict[str, Any] = {
        "session_id": str(through.get("session_id") or ""),
        "request_id": str(through.get("request_id") or ""),
        "ip_address": through.get("ip_address"),
        "locale": str(through.get("locale") or "en-US"),
        "via": str(through.get("via") or "session"),
        "claims": dict(through.get("claims") or {}),
    }
    try:
        now = identities.from_user(user_id, organization_id)
    except NoMembership:
        return Identity(user_id=user_id, organization_id=organization_id, **wire)
    return replace(now, permissions=now.permissions & asked_with, **wire)


def through(identity: Identity) -> dict[str, Any]:
    """What is kept of an Identity beside the ids, so that hours later the call still knows how it was asked."""
    return {
        "permissions": sorted(identity.permissions),
        "session_id": identity.session_id,
        "request_id": identity.request_id,
        "ip_address": identity.ip_address,
        "locale": identity.locale,
        "via": identity.via,
        # Without what looks like a key: claims may hold tokens (S3.102).
        **({"claims": redact(identity.claims)} if identity.claims else {}),
    }


def counter_key(asked: Asked, tool_id: int) -> CounterKey:
    return {
        "organization_id": asked.organization_id,
        "scope": UsageCounter.Scope.CONVERSATION.value,
        "scope_key": asked.session_id,
        "agent_type_id": asked.agent_type_id,
        "tool_id": tool_id,
    }


def rate_key(tool: Tool) -> CounterKey:
    """All personas of the organization share what a tool takes in a minute."""
    return {
        "organization_id": tool.organization_id,
        "scope": UsageCounter.Scope.TOOL_MINUTE.value,
        "scope_key": "",
        "agent_type_id": 0,
        "tool_id": tool.pk,
    }


def _grant(tool: Tool | None, agent_type_id: int, organization_id: int) -> Grant | None:
    if tool is None:
        return None
    return doors.grant_of(agent_type_id=agent_type_id, tool_id=tool.pk, organization_id=organization_id)


def _judged(
    tool: Tool | None,
    grant: Grant | None,
    supplied: dict[str, Any],
    asked: Asked,
    filled: Mapping[str, Any] | None = None,
) -> Gathered:
    facts = _facts(tool, grant, asked)
    if tool is None or grant is None:
        return Gathered(tool, grant, facts, Call(arguments=supplied, supplied=frozenset(supplied)), asked)
    full = (
        dict(filled)
        if filled is not None
        else arguments.fill(supplied, {**(grant.defaults or {}), **(grant.fixed or {})})
    )
    problems = tuple(str(problem) for problem in arguments.problems(tool.input_schema, full))
    effective = full if problems else arguments.canonical(full)
    real = _Real() if problems else _real(tool, effective)
    call = Call(
        arguments=effective,
        supplied=frozenset(supplied),
        reserved=tuple(arguments.reserved(supplied)),
        problems=problems,
        beyond=tuple(real.beyond),
        also=real.also,
    )
    names = tuple(name for name in effective if name not in supplied)
    seen = "" if problems or real.beyond else executors.preview(_work(tool, real), effective)
    return Gathered(tool, grant, facts, call, asked, names, real.targets, real.reach, seen)


def _work(tool: Tool, real: _Real) -> Work:
    return Work(tool.name, tool.executor, tool.definition, tool.configuration, targets=real.targets)


def _facts(tool: Tool | None, grant: Grant | None, asked: Asked) -> Facts:
    who = asked.identity
    return Facts(
        tool=_tool_facts(tool, asked.organization_id) if tool else None,
        grant=grant,
        requester_active=who.role != "",
        requester_signed_in=who.user_id.isdigit(),
        permissions=who.permissions,
        uses=_uses(tool, grant, asked),
        tainted=asked.tainted,
        could_leak=asked.tainted and tool is not None and _could_leak(tool, asked),
    )


def _could_leak(tool: Tool, asked: Asked) -> bool:
    """Whether this use could carry out private data the persona can get at."""
    return information.can_carry_out(tool) and doors.has_private_data(
        agent_type_id=asked.agent_type_id, organization_id=asked.organization_id
    )


def _uses(tool: Tool | None, grant: Grant | None, asked: Asked) -> int:
    if tool is None or grant is None or grant.usage_limit in (None, -1):
        return 0
    return UsageCounter.objects.used(counter_key(asked, tool.pk))


def _tool_facts(tool: Tool, organization_id: int) -> ToolFacts:
    ready, why = executors.readiness(tool.executor, tool.name, tool.configuration)
    why = why or served.server_off(tool)
    return ToolFacts(
        id=tool.pk,
        name=tool.name,
        content_hash=tool.content_hash(),
        enabled=tool.enabled,
        archived=tool.archived_at is not None,
        quarantine=tool.quarantine or executors.drift(tool.executor, tool.configuration),
        draft=tool.is_draft,
        same_organization=tool.organization_id == organization_id,
        executor_ready=ready and not why,
        unready_reason=tool.disabled_reason or why,
        is_dangerous=tool.is_dangerous,
        requires_approval=tool.requires_approval,
        asks_person=executors.asks(tool.executor, tool.name),
        requires_auth=tool.requires_auth,
        required_permissions=tuple(tool.required_permissions or ()),
        kinds=kinds_of(tool),
    )


def kinds_of(tool: Tool) -> dict[str, str]:
    """The `x-kind` of each top-level parameter: what its bare-text rules mean. A path to look through is a folder."""
    return {
        name: "folder" if (spec["x-kind"], spec.get("x-access")) == ("path", "list") else str(spec["x-kind"])
        for name, spec in _parameters(tool).items()
        if "x-kind" in spec
    }


def subject_of(tool: Tool, values: Mapping[str, Any]) -> rules.Subject:
    """Values that policy is to fill in, as its rules will look at them; a file that is not there yet by its name."""
    real = _real(tool, values)
    kinds = kinds_of(tool)
    named = {name: [value] for name, value in values.items() if kinds.get(name) in ("path", "folder")}
    return rules.Subject(values, kinds, {**named, **{name: also for name, also in real.also.items() if also}})


def _parameters(tool: Tool) -> dict[str, dict[str, Any]]:
    """Of a built-in tool as the program has them: what it does to a file does not depend on an older row."""
    is_ours = tool.executor == Tool.Executor.BUILTIN and tool.name in builtin_tools.names()
    schema = builtin_tools.named(tool.name).definition.input_schema if is_ours else tool.input_schema
    properties = schema.get("properties") or {}
    return {name: spec for name, spec in properties.items() if isinstance(spec, dict)}


@dataclass(frozen=True, slots=True)
class _Real:
    """What arguments mean outside of this process: files, how else they are called, and what is out of bounds."""

    targets: dict[str, Any] = field(default_factory=dict)
    reach: dict[str, Any] = field(default_factory=dict)
    also: dict[str, list[str]] = field(default_factory=dict)
    beyond: list[str] = field(default_factory=list)


def _real(tool: Tool, effective: Mapping[str, Any]) -> _Real:
    """Which real files the path parameters mean now, and what the installation forbids (`security.md` 2.1 step 6).

    The files are part of what an approval is bound to. The executor enforces the same limits on the real object.
    """
    found = _Real()
    for name, spec in _parameters(tool).items():
        value = effective.get(name)
        if not isinstance(value, str):
            continue
        try:
            if spec.get("x-kind") == "path":
                meant = targets.meant(value, str(spec.get("x-access", "read")))
                found.targets[name], found.also[name] = meant.target, meant.names
            elif spec.get("x-kind") == "url":
                network.vet(value)
        except ToolFailed as refused:
            found.beyond.append(refused.message)
    _add_reach(found, tool, effective)
    return found


def _add_reach(found: _Real, tool: Tool, effective: Mapping[str, Any]) -> None:
    """Where the call would go, and with which secrets: shown to the person, and part of what they approve."""
    try:
        goal = executors.reach(tool.executor, tool.configuration, effective, tool.name)
    except ToolFailed as refused:
        found.beyond.append(refused.message)
        return
    if goal is None:
        return
    found.reach.update(to=goal.shown, secrets=credentials.versions(tool))
    if credentials.obstacles(tool, goal):
        found.beyond.append("A secret of this tool is missing or may not go there. Tell an administrator.")
