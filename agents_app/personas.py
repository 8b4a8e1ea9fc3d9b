"""The verbs of personas: register, update, archive, restore. API, admin, commands and code all come here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from agents_app.exceptions import DefaultPersona, InvalidPersona, MayNotActAs, PersonaNameTaken
from agents_app.granted import background, factory_choice, granting
from agents_app.granted.granting import grant, ungrant
from agents_app.models import AgentType, Conversation, ModelEndpoint, Run
from agents_app.showing.rendering import avatar
from audit_app import records
from audit_app.models import ToolUsage
from project.accounts.identity import Identity
from project.accounts.roles import ACT_AS
from tools_app import arguments, clearing
from tools_app.approving import groups
from tools_app.cataloging import differences
from tools_app.clearing import Meant
from tools_app.exceptions import InvalidArguments
from tools_app.models import ToolCall

__all__ = [
    "FIELDS",
    "archive",
    "clear_callables",
    "grant",
    "is_used",
    "register",
    "restore",
    "ungrant",
    "update",
]

FIELDS: Final = frozenset(
    {
        "name",
        "display_name",
        "description",
        "avatar_url",
        "avatar_color",
        "personality_traits",
        "starters",
        "endpoint",
        "model",
        "system_prompt",
        "streaming_enabled",
        "max_context_tokens",
        "max_output_tokens",
        "temperature",
        "effort",
        "thinking",
        "max_steps",
        "max_seconds",
        "at_limits",
        "unattended",
        "approver",
        "approvals_needed",
        "approver_groups",
        "tool_weight_limit",
        "enabled",
        "is_default",
        "version",
        "tool_context",
        "acts_as_itself",
        "factories",
        "cache_callables",
        "callable_cache_key",
        "cache_seconds",
    }
)
NAME: Final = re.compile(r"[a-z0-9_-]{1,100}\Z")
_AVATAR_REFUSED: Final = (
    "Give an emoji or another short sign, or the path of an image below /static/. "
    "Images from other sites are not shown."
)
_LISTS: Final = ("personality_traits", "starters")
_DEMAND: Final = frozenset({"approver", "approvals_needed", "approver_groups"})


def register(fields: Mapping[str, Any], *, by: Identity) -> AgentType:
    """Add a persona. Raises InvalidPersona, PersonaNameTaken or DefaultPersona."""
    agent = AgentType(organization_id=granting.require_right(by), **_checked(fields, by))
    with transaction.atomic():
        _write(agent, sorted(fields), by=by, action="persona.added")
    return agent


def update(agent: AgentType, changes: Mapping[str, Any], *, by: Identity) -> AgentType:
    """Change what is named, leave the rest; writes nothing if nothing changes. Same errors as register."""
    granting.require_right(by, agent)
    with transaction.atomic():
        current = AgentType.objects.select_for_update().get(pk=agent.pk)
        wanted = _checked(changes, by)
        changed = sorted(
            name for name, value in wanted.items() if not differences.is_kept(getattr(current, name), value)
        )
        if current.is_default and (wanted.get("is_default") is False or wanted.get("enabled") is False):
            raise DefaultPersona
        for name in changed:
            setattr(current, name, wanted[name])
        if changed:
            _write(current, changed, by=by, action="persona.changed")
    return current


def archive(agent: AgentType, *, by: Identity) -> None:
    """Take a persona out of use. One that was never used is deleted; of a used one the row stays (S4.229)."""
    granting.require_right(by, agent)
    with transaction.atomic():
        current = AgentType.objects.select_for_update().get(pk=agent.pk)
        if current.is_default:
            raise DefaultPersona
        if is_used(current):
            current.enabled, current.archived_at = False, timezone.now()
            current.save(update_fields=["enabled", "archived_at", "updated_at"])
            _record("persona.archived", current, {}, by=by)
            return
        _record("persona.removed", current, {"tools": _tools_of(current)}, by=by)
        current.delete()


def restore(agent: AgentType, *, by: Identity) -> None:
    """Bring an archived persona back, switched off: somebody should look at it before people talk to it."""
    granting.require_right(by, agent)
    with transaction.atomic():
        AgentType.objects.filter(pk=agent.pk).update(archived_at=None, updated_at=timezone.now())
        _record("persona.restored", agent, {}, by=by)


def clear_callables(agent: AgentType, *, by: Identity, user_id: str | None = None, key: Any = None) -> None:
    """Forget what the factories of a persona built: all of it, or what is kept for one person or one key."""
    granting.require_right(by, agent)
    clearing.clear(Meant(agent=agent.pk, user_id=user_id, key=key), by=by, name=agent.name)


def is_used(agent: AgentType) -> bool:
    return (
        Conversation.objects.filter(agent_type=agent).exists()
        or Run.objects.filter(agent_type=agent).exists()
        or ToolCall.objects.filter(agent_type_id=agent.pk).exists()
        or ToolUsage.objects.filter(agent_type_id=agent.pk).exists()
    )


def _checked(fields: Mapping[str, Any], by: Identity) -> dict[str, Any]:
    unknown = sorted(str(name) for name in fields if name not in FIELDS)
    if unknown:
        raise InvalidPersona(
            details={name: ["There is no such field, or it cannot be written."] for name in unknown}
        )
    wanted = dict(fields)
    if "endpoint" in wanted:
        wanted["endpoint"] = _endpoint(wanted["endpoint"], by)
    plain = {name: value for name, value in wanted.items() if name != "endpoint"}
    try:
        arguments.parse(json.dumps(plain), max_bytes=1_048_576)
    except (InvalidArguments, TypeError, ValueError, RecursionError):
        raise InvalidPersona(
            "The description of the persona holds something that is not plain text or JSON."
        ) from None
    return wanted


def _endpoint(wanted: Any, by: Identity) -> ModelEndpoint | None:
    """The endpoint meant, if it is of the same organization: an id in a body is a name, not a right."""
    if wanted is None or wanted == "":
        return None
    pk = wanted.pk if isinstance(wanted, ModelEndpoint) else wanted
    found = ModelEndpoint.objects.visible_to(by).filter(pk=pk).first() if isinstance(pk, int) else None
    if found is None:
        raise InvalidPersona(details={"endpoint": ["There is no such model endpoint."]})
    return found


def _write(agent: AgentType, changed: list[str], *, by: Identity, action: str) -> None:
    _require_sound(agent)
    if agent.acts_as_itself and {"tool_context", "acts_as_itself"} & set(changed):
        _require_may_act_as(by)
    if agent.is_default:
        _dethrone(agent, by=by)
    try:
        with transaction.atomic():
            agent.save()
    except IntegrityError:
        raise PersonaNameTaken(details={"name": agent.name}) from None
    told: dict[str, Any] = {"changed": changed, "content_hash": agent.content_hash()}
    if _DEMAND & set(changed):
        told["deciders"] = agent.demand("persona").as_json()
    _record(action, agent, told, by=by)


def _require_sound(agent: AgentType) -> None:
    wrong: dict[str, list[str]] = {}
    agent.display_name = agent.display_name or agent.name.replace("_", " ").replace("-", " ").title()
    try:
        agent.clean_fields(exclude=["organization", "endpoint"])
    except ValidationError as broken:
        wrong |= {name: list(messages) for name, messages in broken.message_dict.items()}
    if not NAME.match(agent.name):
        wrong["name"] = ["Use 1 to 100 lower-case letters, digits, _ or -."]
    for name in _LISTS:
        value = getattr(agent, name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            wrong[name] = ["This must be a list of texts."]
    if not wrong.get("avatar_url") and not _is_avatar(agent.avatar_url):
        wrong["avatar_url"] = [_AVATAR_REFUSED]
    if told := background.problems_of_persona(agent.tool_context, acts_as_itself=agent.acts_as_itself):
        wrong["tool_context"] = told
    wrong |= factory_choice.problems(agent)
    wrong |= groups.problems(agent.organization_id, count=agent.approvals_needed, named=agent.approver_groups)
    if wrong:
        raise InvalidPersona(details=wrong)
    if agent.is_default and not agent.enabled:
        raise DefaultPersona


def _require_may_act_as(by: Identity) -> None:
    """Its tools would be told of rights that the person who asks may not have: a keeper alone must not decide that."""
    if by.via != "system" and not by.may(ACT_AS):
        raise MayNotActAs(details={"permission": ACT_AS})


def _is_avatar(address: str) -> bool:
    """Nothing, an image of this installation, or a sign of a few characters (S4.237): what would be shown."""
    return not address.strip() or bool(avatar(address)["value"])


def _dethrone(agent: AgentType, *, by: Identity) -> None:
    """There is one default: the one before steps back, in the same transaction."""
    for former in AgentType.objects.filter(organization_id=agent.organization_id, is_default=True).exclude(
        pk=agent.pk
    ):
        AgentType.objects.filter(pk=former.pk).update(is_default=False, updated_at=timezone.now())
        _record("persona.changed", former, {"changed": ["is_default"]}, by=by)


def _tools_of(agent: AgentType) -> list[str]:
    return sorted(agent.grants.values_list("tool__name", flat=True))


def _record(action: str, agent: AgentType, facts: dict[str, Any], *, by: Identity) -> None:
    records.record(action, by=by, subject=records.Subject("persona", str(agent.pk), agent.name), facts=facts)
