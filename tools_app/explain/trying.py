"""Trying a tool out: what the gate would say to a use, with no effect at all; and a real use outside conversations.

A real try is a use like every other: the same gate, question, queue, worker, limits and record. Only its session is
one of its own, that of the login it was tried from.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction

from audit_app import records
from audit_app.exceptions import StaleState
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from project.accounts.roles import ALL_PERMISSIONS, CATALOG_CHANGE
from tools_app import calls, facts, policy
from tools_app.calling import askers
from tools_app.calling.askers import Asked
from tools_app.explain import explaining
from tools_app.explain.explaining import Line
from tools_app.models import Tool, ToolCall

# As the record and the call name the way by which it was asked.
THROUGH: Final = "admin try"
SESSION: Final = "try:"


class MayNotImpersonate(NotAllowed):
    """You can ask what would happen if somebody else asked, but only use a tool as yourself."""

    code = "may_not_impersonate"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the gate says to a use nobody has asked for yet. `arguments` are those that would run, if it may."""

    decision: policy.Decision
    lines: tuple[Line, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    filled: tuple[str, ...] = ()
    reach: Mapping[str, Any] = field(default_factory=dict)
    preview: str = ""

    @property
    def word(self) -> str:
        """The decision in one word: allow, ask or refuse."""
        match self.decision:
            case policy.Refuse():
                return "refuse"
            case policy.AskApproval():
                return "ask"
        return "allow"


def asked(by: Identity, *, agent_type_id: int, agent_name: str = "") -> Asked:
    """A use through this persona, asked by whoever tries; the persona is a value, `agents_app` has looked it up."""
    return Asked(
        identity=by,
        organization_id=by.organization_id,
        agent_type_id=agent_type_id,
        agent_name=agent_name,
        session_id=session_of(by),
        door=THROUGH,
    )


def instead_of(who: Asked, user_id: str) -> Asked:
    """The same asked by somebody else at their screen, with all they may by now; for `decide` and `foretell` alone."""
    through = {"permissions": ALL_PERMISSIONS, "session_id": who.identity.session_id, "via": "session"}
    return replace(who, identity=askers.person_of(user_id, who.organization_id, through))


def session_of(by: Identity) -> str:
    """One session per login and day, so that limits count there as they do in a conversation; else one per try.

    Per day, because a token lives for months, and a limit of uses in a conversation would be worn down for good.
    """
    return f"{SESSION}{by.session_id[:38] or uuid.uuid4().hex}:{datetime.now(UTC):%y%m%d}"


def decide(tool: Tool, raw: str, who: Asked) -> Foreseen:
    """Ask the gate, and nobody else: nothing is written, queued or counted, and no tool runs.

    `tool` may be a row as it would be after a change that is not saved; its persona's grant is that of its id. A use
    that tries a draft (`who.draft`) is judged by the draft.
    """
    found = facts.gather_of(facts.meant(tool, who), raw, who)
    decision = found.decision()
    may_run = not isinstance(decision, policy.Refuse)
    return Foreseen(
        decision=decision,
        lines=explaining.lines(found.call, found.facts, found.filled, decision, found.judged),
        arguments=dict(found.call.arguments),
        filled=found.filled,
        # What a refused use would have reached or changed is nobody's business: a file beyond the rules, above all.
        reach=dict(found.reach) if may_run else {},
        preview=found.preview if may_run else "",
    )


def foretell(tool: Tool, raw: str, who: Asked, *, by: Identity) -> Foreseen:
    """`decide` for a person, who needs the right to change the catalog; that they asked is recorded."""
    _require_right(tool, by)
    told = decide(tool, raw, who)
    about = {"persona": who.agent_name, "agent_type": who.agent_type_id, "person": who.identity.user_id}
    code = {"code": told.decision.code} if isinstance(told.decision, policy.Refuse) else {}
    subject = records.Subject("tool", str(tool.pk), tool.name)
    noted = {**about, **code, "decision": told.word, "dry_run": True}
    with transaction.atomic():
        records.record("tool.tried", by=by, subject=subject, facts=noted)
    return told


def use(tool: Tool, raw: str, who: Asked, *, by: Identity) -> ToolCall:
    """Really use it, as the one who tries: the call comes back blocked, waiting with its question, or queued.

    Raises MayNotImpersonate, NotAllowed, or NotFound for a tool of another organization.
    """
    _require_right(tool, by)
    if who.identity.user_id != by.user_id:
        raise MayNotImpersonate
    return calls.request(calls.Proposal("", tool.name, raw), who)


def withdraw(call: ToolCall, *, by: Identity) -> None:
    """Take back a try that has not started; StaleState for one that has, or has ended."""
    if call.status not in ToolCall.OPEN:
        raise StaleState(details={"status": call.status})
    calls.cancel(call, by=by)


def _require_right(tool: Tool, by: Identity) -> None:
    """Trying is execution (`security.md` 1.1): whoever may define tools may try them, and nobody else."""
    if not by.organization_id or tool.organization_id != by.organization_id:
        raise NotFound
    by.require(CATALOG_CHANGE)
