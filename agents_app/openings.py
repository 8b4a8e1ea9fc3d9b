"""Opening a conversation together with its first message, once for each client id, however often it is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from agents_app import conversations
from agents_app.conversations import Posted
from agents_app.exceptions import ClientIdReused
from agents_app.models import AgentType, Conversation
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CHAT


@dataclass(frozen=True, slots=True)
class Opening:
    """What was asked for, as it was written: the persona by id or name, and no text for an empty conversation."""

    agent: int | str
    title: str = ""
    text: str | None = None
    client_id: str | None = None
    tool_context: Mapping[str, Any] | None = None
    session_state: Mapping[str, Any] | None = None

    def body_hash(self, by: Identity) -> str:
        body: list[Any] = [by.organization_id, self.agent, self.title, self.text]
        # Only where there is one: what was stored before there were any keeps its hash.
        told = [dict(each or {}) for each in (self.tool_context, self.session_state)]
        body += told if any(told) else []
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation and what was said first; `replayed` if this client id was stored before."""

    conversation: Conversation
    posted: Posted | None
    replayed: bool = False


def stored(opening: Opening, *, by: Identity) -> Opened | None:
    """What this client id opened before, whatever became of the persona since; another body is ClientIdReused."""
    by.require(CHAT)
    if not opening.client_id:
        return None
    rows = Conversation.objects.filter(owner_id=int(by.user_id), client_id=opening.client_id)
    row = rows.select_related("agent_type__endpoint").first()
    if row is None:
        return None
    if row.body_hash != opening.body_hash(by):
        raise ClientIdReused
    if row.deleted_at is not None:
        raise NotFound
    return Opened(row, _said(row, opening, by=by), replayed=True)


def begin(opening: Opening, agent_type: AgentType, *, by: Identity) -> Opened:
    """Both or neither: a message that is refused must not leave an empty conversation behind."""
    client_id = opening.client_id or None
    try:
        with transaction.atomic():
            row = conversations.start(
                agent_type,
                by=by,
                title=opening.title,
                client_id=client_id,
                body_hash=opening.body_hash(by) if client_id else "",
            )
            if opening.session_state is not None:
                conversations.keep_state(row, opening.session_state)
            return Opened(row, _said(row, opening, by=by))
    except IntegrityError:
        # The same request at the same moment was first.
        again = stored(opening, by=by)
        if again is None:
            raise
        return again


def _said(row: Conversation, opening: Opening, *, by: Identity) -> Posted | None:
    if opening.text is None:
        return None
    return conversations.post_message(
        row, opening.text, client_id=opening.client_id, by=by, tool_context=opening.tool_context
    )
