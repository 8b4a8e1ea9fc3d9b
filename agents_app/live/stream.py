"""publish: what changed goes to whoever watches the conversation, after the commit."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any

from agents_app import events
from agents_app.live import news
from agents_app.models import Conversation, Message, Run
from project.accounts.prepared import Given, Prepared

_GROUP = Prepared(
    lambda: Conversation.objects.filter(
        public_id=Given("id", Conversation._meta.get_field("public_id"))
    ).values_list("group")
)


def publish(group: str, *items: dict[str, Any]) -> None:
    """Announce these events after the commit."""
    news.after_commit(group, lambda: items)


def announce_message(message: Message, run: Run) -> None:
    """A message was opened or ended. It has no status of its own, so no seq: ids make repeats harmless."""
    item = events.message(message, run_id=run.pk)
    publish(run.conversation.group, {"type": "message", "seq": None, "item": item})


def publish_progress(session_id: str, call_id: int, progress: dict[str, Any]) -> None:
    group = group_of(session_id)
    if group:
        news.send(group, {"type": "progress", "call": call_id, **progress})


@lru_cache(maxsize=4096)
def group_of(session_id: str) -> str:
    """The random group name of a conversation, which never changes; empty for calls outside of one."""
    try:
        public_id = uuid.UUID(session_id)
    except ValueError:
        return ""
    found: Any = _GROUP.first(id=public_id)
    return found[0] if found else ""
