"""Starting conversations and posting messages: what a person does, stored before it is acknowledged (G1, G2)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents_app import attachments, runs
from agents_app.exceptions import AgentDisabled, ClientIdReused, MessageEmpty, MessageTooLong
from agents_app.granted import background
from agents_app.models import AgentType, Conversation, Message, Run
from agents_app.models.conversation import of_owner
from audit_app import records
from audit_app.redaction import storable
from project.accounts import prepared
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.prepared import Given, Prepared
from project.accounts.roles import CHAT

TITLE_CHARS = 60
_SAID = Prepared(
    lambda: Message.objects.filter(conversation_id=Given("conversation"), client_id=Given("client_id"))
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A stored message and the run that answers it; `replayed` if this client id was stored before."""

    message: Message
    run: Run
    replayed: bool = False


@transaction.atomic
def start(
    agent_type: AgentType, *, by: Identity, title: str = "", client_id: str | None = None, body_hash: str = ""
) -> Conversation:
    by.require(CHAT)
    _require_usable(agent_type, by)
    conversation = Conversation(
        organization_id=agent_type.organization_id,
        owner_id=int(by.user_id),
        agent_type=agent_type,
        title=title[:200],
        client_id=client_id,
        body_hash=body_hash,
    )
    prepared.insert(conversation)
    facts_now = {"persona": agent_type.display_name}
    _record("conversation.started", conversation, by=by, facts_now=facts_now)
    return conversation


def post_message(
    conversation: Conversation,
    text: str,
    *,
    client_id: str | None,
    by: Identity,
    tool_context: Mapping[str, Any] | None = None,
) -> Posted:
    """Store a message and queue its answer, in one transaction; the context is for the tools of that answer.

    The same client id with the same text gives the stored message again; with another text ClientIdReused.
    Raises InvalidContext for values that only the server may set (S3.93).
    """
    by.require(CHAT)
    text = _checked(text)
    told = background.of_run(tool_context)
    body_hash = hashlib.sha256(text.encode() + background.written(told)).hexdigest()
    with transaction.atomic():
        # The stream first, then the question: a deletion at the same moment is either seen here or sees this run.
        records.hold(conversation.organization_id, conversation.stream)
        _require_own(conversation, by)
        message, made = _stored(conversation, text, client_id=client_id, body_hash=body_hash)
        if not made:
            return _replayed(message, body_hash)
        # Only now: what was accepted once is acknowledged again, whatever became of the persona since.
        _require_usable(conversation.agent_type, by)
        _touch(conversation, text)
        return Posted(message, runs.queue(message, by=by, tool_context=told))


def rename(conversation: Conversation, title: str) -> None:
    conversation.title = storable(title.strip())[:200]
    conversation.save(update_fields=["title"])


def keep_state(conversation: Conversation, state: Mapping[str, Any] | None) -> None:
    """What a program keeps about the conversation, whole; raises InvalidContext."""
    conversation.session_state = None if state is None else background.of_run(state)
    conversation.save(update_fields=["session_state"])


def archive(conversation: Conversation) -> None:
    conversation.archived_at = conversation.archived_at or timezone.now()
    conversation.save(update_fields=["archived_at"])


def unarchive(conversation: Conversation) -> None:
    conversation.archived_at = None
    conversation.save(update_fields=["archived_at"])


@transaction.atomic
def delete(conversation: Conversation, *, by: Identity) -> None:
    """Take it out of everybody's sight, and stop what still answers in it: nothing acts where nobody can look.

    The record of what was done in it stays, as it must.
    """
    records.hold(conversation.organization_id, conversation.stream)
    for run in Run.objects.filter(conversation=conversation).unfinished():
        runs.stop(run, by=by)
    conversation.deleted_at = timezone.now()
    conversation.save(update_fields=["deleted_at"])
    attachments.discard(conversation)
    _record("conversation.deleted", conversation, by=by, facts_now={})


def _require_own(conversation: Conversation, by: Identity) -> None:
    """Whatever an edge has let through: only its owner speaks in a conversation, and never in a deleted one."""
    owned = of_owner(by.organization_id, int(by.user_id)) if by.user_id.isdecimal() else Q(pk=0)
    if not prepared.exists(Conversation, owned & Q(pk=conversation.pk)):
        raise NotFound


def _require_usable(agent_type: AgentType, by: Identity) -> None:
    if agent_type.organization_id != by.organization_id:
        raise NotFound
    if not agent_type.enabled or agent_type.archived_at is not None:
        raise AgentDisabled


def _checked(text: str) -> str:
    if not text.strip():
        raise MessageEmpty
    if len(text) > settings.MAX_MESSAGE_CHARS:
        raise MessageTooLong(details={"limit": settings.MAX_MESSAGE_CHARS, "length": len(text)})
    return storable(text)


def _stored(
    conversation: Conversation, text: str, *, client_id: str | None, body_hash: str
) -> tuple[Message, bool]:
    """Under the head of the conversation, so that a client id is either here already or nobody else's to be."""
    found = _SAID.first(conversation=conversation.pk, client_id=client_id) if client_id else None
    if found is not None:
        return found, False
    files = attachments.unsaid(conversation)
    message = Message(
        attachments=[attachments.item(file) for file in files],
        organization_id=conversation.organization_id,
        conversation=conversation,
        client_id=client_id or None,
        role=Message.Role.USER,
        text=text,
        body_hash=body_hash,
        ending=Message.Ending.COMPLETE,
        ended_at=timezone.now(),
    )
    prepared.insert(message)
    attachments.bind(files, message)
    return message, True


def _replayed(message: Message, body_hash: str) -> Posted:
    if message.body_hash != body_hash:
        raise ClientIdReused
    return Posted(message, Run.objects.filter(message=message).order_by("pk")[0], replayed=True)


def _touch(conversation: Conversation, text: str) -> None:
    conversation.title = conversation.title or _title(text)
    conversation.updated_at = timezone.now()
    now = {"title": conversation.title, "updated_at": conversation.updated_at}
    prepared.update(Conversation, Q(pk=conversation.pk), now)


def _title(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"


def _record(action: str, conversation: Conversation, *, by: Identity, facts_now: dict[str, str]) -> None:
    subject = records.Subject("conversation", conversation.session_id, str(conversation))
    stream = (conversation.organization_id, conversation.stream)
    records.record(action, by=by, subject=subject, facts=facts_now, stream=stream)
