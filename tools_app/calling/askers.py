"""Who asks for the use of a tool, through which persona and where; and how that is kept with a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from audit_app.redaction import redact
from project.accounts import identity as identities
from project.accounts.identity import Identity, NoMembership
from tools_app.governing.layer_rules import Rule
from tools_app.models import ToolCall
from tools_app.policy import Grant

_SESSION: Final = "session"


@dataclass(frozen=True, slots=True)
class Supposed:
    """Rules as they would be: the grant, and all of the organization's and the installation's; None is as they are."""

    grant: Grant | None = None
    rules: tuple[Rule, ...] | None = None


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
    # What tainted it, for the card: tools and what they were asked for.
    read_outside: tuple[Mapping[str, Any], ...] = ()
    # Ordinary values the caller of the run gave for its tools; never who asks (S3.93).
    context: Mapping[str, Any] = field(default_factory=dict)
    # Where it was asked, if not in a conversation: kept with the call and in the record.
    door: str = ""
    # The draft whose content is tried (`versions.mark`); set by `trying` alone, "" everywhere else.
    draft: str = ""
    # What would be so after a change nobody has saved; for asking the gate alone, never for a use.
    supposed: Supposed | None = None


def is_attended(identity: Identity) -> bool:
    """Whether a person sits there: a session is one's, a token (or a schedule, or another persona) is a program's."""
    return identity.via == _SESSION


def was_attended(through: Mapping[str, Any]) -> bool:
    """The same of what was kept. Where it does not say how it was asked, nobody is taken to have been there."""
    return through.get("via") == _SESSION


def of(call: ToolCall) -> Asked:
    return Asked(
        identity=person_of(call.user_id, call.organization_id, call.asked_through),
        organization_id=call.organization_id,
        agent_type_id=call.agent_type_id or 0,
        agent_name=call.agent_name,
        session_id=call.session_id,
        run_id=call.run_id,
        message_id=call.message_id,
        tainted=call.tainted,
        read_outside=tuple(call.read_outside),
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
        "via": _SESSION if was_attended(through) else str(through.get("via") or ""),
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
