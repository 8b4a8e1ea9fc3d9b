"""Readings for the gate: everything `policy.decide` may know, fetched fresh from the database and the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from audit_app.redaction import storable
from project.accounts.exceptions import NotAllowed
from project.accounts.prepared import Given, Prepared
from tools_app import arguments, doors, executors, policy, served
from tools_app.approving import demands, standing
from tools_app.approving.deciders import Demand
from tools_app.calling import askers, information, quotas
from tools_app.calling.askers import Asked
from tools_app.cataloging import versions
from tools_app.exceptions import InvalidArguments
from tools_app.executors.base import Work
from tools_app.governing import halts, held, layers, meanings
from tools_app.models import Tool, ToolCall, UsageCounter
from tools_app.policy import Call, Facts, Grant, Judged, Layer, Standing, ToolFacts, Used, layering
from tools_app.rules import Budget

log = logging.getLogger(__name__)


_NAMED = Prepared(
    lambda: Tool.objects.filter(organization_id=Given("organization"), name=Given("name")).order_by("pk")[:1]
)
_TOOL = Prepared(lambda: Tool.objects.filter(pk=Given("pk")))


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
    # At the claim of a use that nobody was asked about, what was allowed from now on in place of that.
    spared_by: Standing | None = None
    # Where private data, what was read outside and a way out come together: what each of them is.
    flow: Mapping[str, Any] = field(default_factory=dict)
    # What the rules say of it, found out once for all that follows: the decision, its explanation, the question.
    judged: Judged = field(default_factory=lambda: Judged(broken=policy.UNREADABLE))

    def decision(self) -> policy.Decision:
        return policy.decide(self.call, self.facts, self.judged)


def gather(tool_name: str, raw: str, asked: Asked) -> Gathered:
    """Facts for a call a model has just proposed; unreadable arguments become problems, not exceptions."""
    name = storable(tool_name)
    return gather_of(meant(_NAMED.first(organization=asked.organization_id, name=name), asked), raw, asked)


def gather_of(tool: Tool | None, raw: str, asked: Asked) -> Gathered:
    """The same where the tool is at hand, as a row or as it would be after a change nobody has saved yet."""
    return _read(lambda: _with_standing(_proposed(tool, raw, asked)), tool, asked, {})


def regather(call: ToolCall) -> Gathered:
    """The same for a stored call, at its verdict or claim: the arguments stay, everything else is read again."""
    asked = askers.of(call)
    tool = meant(_TOOL.first(pk=call.tool_id or 0), asked)
    own = call.standing_id
    return _read(lambda: _with_standing(_stored(tool, call, asked), own), tool, asked, call.arguments)


def meant(tool: Tool | None, asked: Asked) -> Tool | None:
    """The published tool, but for a use that tries a draft of it: then the draft, if it is still the same.

    One for which a rule of today would no longer hold is refused to whoever could not publish it.
    """
    if tool is None or not asked.draft:
        return tool
    draft = versions.tried(tool, asked.draft)
    try:
        held.require(tool, draft, by=asked.identity)
    except DatabaseError:
        raise
    except NotAllowed:
        return versions.refused(tool)
    except Exception:
        log.exception("whether rules hold for a draft of the tool %s cannot be read", tool.pk)
        return versions.refused(tool)
    return draft


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
    grant = _grant(tool, asked)
    try:
        supplied = arguments.parse(raw, max_bytes=settings.MAX_ARGS_BYTES)
    except InvalidArguments as broken:
        call = Call(arguments={}, problems=tuple(broken.problems) or (broken.message,))
        return Gathered(tool, grant, _facts(tool, grant, asked), call, asked)
    return _judged(tool, grant, supplied, asked)


def _stored(tool: Tool | None, call: ToolCall, asked: Asked) -> Gathered:
    grant = _grant(tool, asked)
    supplied = {name: value for name, value in call.arguments.items() if name not in call.filled}
    found = _judged(tool, grant, supplied, asked, filled=call.arguments)
    return replace(found, filled=tuple(call.filled))


def _with_standing(found: Gathered, own: int | None = None) -> Gathered:
    """What was allowed from now on, and who decides: read only where a person would be asked otherwise.

    The rules are evaluated here, once: what is read after it changes nothing of what they say.
    """
    budget = Budget(time.monotonic)
    found = replace(found, judged=policy.judge(found.call, found.facts, budget))
    if not found.judged.reasons:
        return found
    rules = standing.rules_of(found.facts, found.asked, found.reach)
    allowed = standing.candidates(found.asked, found.facts, rules, own)
    return replace(found, facts=replace(found.facts, standing=allowed, demands=deciding(found)))


def deciding(found: Gathered) -> tuple[Demand, ...]:
    """Who must say yes to this use, where a person is asked."""
    if found.tool is None:
        return ()
    return demands.of_use(found.tool, found.grant, found.asked.identity.user_id, found.facts.editors)


def _grant(tool: Tool | None, asked: Asked) -> Grant | None:
    if tool is None:
        return None
    if asked.supposed is not None and asked.supposed.grant is not None:
        return asked.supposed.grant
    ids = {"agent_type_id": asked.agent_type_id, "organization_id": asked.organization_id}
    return doors.grant_of(tool_id=tool.pk, **ids)


def _layers(tool: Tool, asked: Asked) -> tuple[Layer, ...]:
    if asked.supposed is not None and asked.supposed.rules is not None:
        return layers.with_rules(tool, asked.supposed.rules)
    return layers.of(tool)


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
    effective, problems = checked(tool, facts, supplied, filled)
    if filled is None and not problems:
        # What policy sets stays as it is written there: it is compared with it again.
        effective |= meanings.canonical(tool, {name: effective[name] for name in supplied})
    real = meanings.Real() if problems else meanings.real(tool, effective)
    call = Call(
        arguments=effective,
        supplied=frozenset(supplied),
        reserved=tuple(arguments.reserved(supplied)),
        problems=problems,
        beyond=tuple(real.beyond),
        obstacles=tuple(real.obstacles),
        also=real.also,
        sql={} if problems else meanings.classes_of_sql(tool, effective, layering.all_of(facts)),
    )
    names = tuple(name for name in effective if name not in supplied)
    seen = _preview(tool, call, real)
    found = Gathered(tool, grant, facts, call, asked, names, real.targets, real.reach, seen)
    if not facts.private:
        return found
    return replace(found, flow=information.flow(asked.read_outside, facts.private, tool))


def checked(
    tool: Tool, facts: Facts, supplied: dict[str, Any], filled: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments with what policy fills in, canonical if they fit the schema; and what of them does not fit.

    `filled` are those of a call that was filled already, and stays as it was.
    """
    full = (
        dict(filled)
        if filled is not None
        else arguments.fill(supplied, layering.filled(layering.all_of(facts)))
    )
    problems = tuple(str(problem) for problem in arguments.problems(tool.input_schema, full))
    return (full if problems else arguments.canonical(full)), problems


def _preview(tool: Tool, call: Call, real: meanings.Real) -> str:
    """What it would change; nobody looks behind what is out of bounds."""
    if call.problems or real.beyond or real.obstacles:
        return ""
    return executors.preview(_work(tool, real), call.arguments)


def _work(tool: Tool, real: meanings.Real) -> Work:
    return Work(tool.name, tool.executor, tool.definition, tool.configuration, targets=real.targets)


def _facts(tool: Tool | None, grant: Grant | None, asked: Asked) -> Facts:
    who, private = asked.identity, _private(tool, asked)
    return Facts(
        tool=tool_facts(tool, asked.organization_id) if tool else None,
        grant=grant,
        requester_active=who.role != "",
        requester_signed_in=who.user_id.isdigit(),
        permissions=who.permissions,
        editors=asked.editors,
        uses=_uses(tool, grant, asked),
        used=_used(tool, grant, asked),
        tainted=asked.tainted,
        could_leak=bool(private),
        private=private,
        attended=askers.is_attended(who),
        halted=_halted(tool, asked),
        # Without a grant there is nothing that rules could narrow.
        layers=_layers(tool, asked) if tool is not None and grant is not None else (),
    )


def _halted(tool: Tool | None, asked: Asked) -> str:
    halt = halts.halting(
        asked.organization_id, agent_type_id=asked.agent_type_id, tool_id=tool.pk if tool else 0
    )
    return halt.told if halt else ""


def _private(tool: Tool | None, asked: Asked) -> tuple[str, ...]:
    """The tools that give private data this use could carry out, after something was read outside."""
    if tool is None or not asked.tainted or not information.can_carry_out(tool):
        return ()
    return doors.private_tools(agent_type_id=asked.agent_type_id, organization_id=asked.organization_id)


def _uses(tool: Tool | None, grant: Grant | None, asked: Asked) -> int:
    if tool is None or grant is None or not quotas.is_limit(grant.usage_limit):
        return 0
    return _without_own(UsageCounter.objects.used(quotas.counter_key(asked, tool.pk)), asked)


def _used(tool: Tool | None, grant: Grant | None, asked: Asked) -> tuple[Used, ...]:
    if tool is None or grant is None:
        return ()
    counted = tuple(quotas.used(tool, grant, asked))
    if not asked.holds_slot:
        return counted
    return tuple(replace(each, uses=_without_own(each.uses, asked)) for each in counted)


def _without_own(uses: int, asked: Asked) -> int:
    """What this very use has taken already is no reason against it."""
    return max(uses - 1, 0) if asked.holds_slot else uses


def tool_facts(tool: Tool, organization_id: int, *, server_off: str | None = None) -> ToolFacts:
    """What the gate knows of a tool; `server_off` spares looking its server up, where that was done for many."""
    ready, why = executors.readiness(tool.executor, tool.name, tool.configuration)
    why = why or (served.server_off(tool) if server_off is None else server_off)
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
        kinds=meanings.kinds_of(tool),
        parameters=meanings.names_of(tool),
    )
