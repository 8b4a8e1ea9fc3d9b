"""Who asks for the use of a tool, through which persona and where; and how that is kept with a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from audit_app.redaction import redact
from project.accounts import identity as identities
from project.accounts.identity import Identity, NoMembership
from project.accounts.roles import ALL_PERMISSIONS, DECIDE, DECIDE_OWN
from tools_app.governing.layer_rules import Rule
from tools_app.models import ApproverGroup, ToolCall
from tools_app.policy import Editor, Grant

_SESSION: Final = "session"
_PROGRAM: Final = "token"
# Where the rights are kept with which people changed the arguments of a call.
_EDITORS: Final = "editors"
# Of a change from before that was kept it is only known who made it: their rights of today are asked.
_UNKNOWN: Final[Mapping[str, Any]] = {"permissions": ALL_PERMISSIONS}


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
    # Whoever changed the arguments since they were asked for: the gate asks for their rights too.
    editors: tuple[Editor, ...] = ()
    # Whether a slot of the limits was taken for this use already: that is no reason against it.
    holds_slot: bool = False
    # What would be so after a change nobody has saved; for asking the gate alone, never for a use.
    supposed: Supposed | None = None


def is_attended(identity: Identity) -> bool:
    """Whether a person sits there: a session is one's, a token (or a schedule, or another persona) is a program's."""
    return identity.via == _SESSION


def is_by_token(through: Mapping[str, Any]) -> bool:
    """Whether a program asked with a person's token, however many personas it went through."""
    return through.get("via") == _PROGRAM


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
        editors=_editors(call),
        holds_slot=call.limit_reserved,
    )


def edits(call: ToolCall) -> list[ToolCall]:
    """The calls in which somebody changed the arguments that the model gave, this one included; oldest first."""
    found: list[ToolCall] = []
    each: ToolCall | None = call
    while each is not None:
        if each.edited_by_id:
            found.insert(0, each)
        each = each.replaces
    return found


def edited(through: Mapping[str, Any], by: Identity, groups: Iterable[str] = ()) -> dict[str, Any]:
    """What is kept with the call that this person has changed: their rights at that moment, beside who asked.

    `groups` are those of approvers by which they might change it, where it took one.
    """
    kept = {**through.get(_EDITORS, {})}
    kept[by.user_id] = {"permissions": sorted(by.permissions), "groups": sorted(groups)}
    return {**through, _EDITORS: kept}


def changed_by(call: ToolCall, by: Identity) -> Asked:
    """As `of`, where this person changes the arguments now."""
    asked = of(call)
    others = (each for each in asked.editors if each.user_id != by.user_id)
    return replace(asked, editors=(*others, _editor(by, call)))


def editors_then(call: ToolCall) -> tuple[Editor, ...]:
    """Those who changed the arguments, with the rights they had then."""
    kept, named = _kept(call), {each.edited_by_id: each.edited_by_name for each in edits(call)}
    return tuple(
        Editor(user_id, name, permissions=frozenset(kept.get(user_id, _UNKNOWN)["permissions"]))
        for user_id, name in named.items()
    )


def _editor(by: Identity, call: ToolCall) -> Editor:
    may = by.may(DECIDE) or (by.user_id == call.user_id and by.may(DECIDE_OWN))
    return Editor(by.user_id, by.display_name, may, by.permissions)


def _editors(call: ToolCall) -> tuple[Editor, ...]:
    """Each once, with the rights they have by now and had when they changed it."""
    if not call.replaces_id:
        return ()
    kept = _kept(call)
    return tuple(_as_of_now(call, then, kept.get(then.user_id, _UNKNOWN)) for then in editors_then(call))


def _as_of_now(call: ToolCall, then: Editor, kept: Mapping[str, Any]) -> Editor:
    now = _editor(person_of(then.user_id, call.organization_id, kept), call)
    groups = frozenset(map(str, kept.get("groups") or ()))
    if groups and groups.isdisjoint(ApproverGroup.objects.names_of(then.user_id, call.organization_id)):
        now = replace(now, may_decide=False)
    return replace(now, name=then.name)


def _kept(call: ToolCall) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = call.asked_through.get(_EDITORS) or {}
    return found


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
