"""Rows for a measurement, made with the installation's own settings: people signed in, conversations, long ones.

`python -m tests.bench.rows seats COUNT | listed COUNT | long COUNT` prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

# Models can be imported only now.
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from agents_app import conversations  # noqa: E402
from agents_app.models import AgentType, Conversation, Message  # noqa: E402
from project.accounts import identity as identities  # noqa: E402
from project.accounts.models import Membership, Organization  # noqa: E402

PERSONA = "analysis"


def main(kind: str, count: int) -> None:
    with transaction.atomic():
        print(json.dumps(KINDS[kind](count)))


def seats(count: int) -> list[tuple[str, str]]:
    """That many people, each signed in and at a conversation of their own."""
    return [_seat(_person(number)) for number in range(count)]


def listed(count: int) -> tuple[str, str]:
    """One person with that many conversations."""
    user = _person(0)
    seat = _seat(user)
    for _ in range(count - 1):
        _conversation(user).title = "Talk about something or other"
    return seat


def long(count: int) -> tuple[str, str]:
    """One conversation with that many messages."""
    session, public_id = _seat(_person(1))
    conversation = Conversation.objects.get(public_id=public_id)
    Message.objects.bulk_create(_message(conversation, number) for number in range(count))
    return session, public_id


KINDS: dict[str, Any] = {"seats": seats, "listed": listed, "long": long}


def _person(number: int) -> User:
    user, made = get_user_model().objects.get_or_create(username=f"bench-{number}")
    if made:
        organization = Organization.objects.order_by("pk")[0]
        Membership.objects.create(user=user, organization=organization, role=Membership.Role.MEMBER)
    return user


def _seat(user: User) -> tuple[str, str]:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "project.accounts.backends.Accounts"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key), str(_conversation(user).public_id)


def _conversation(user: User) -> Conversation:
    organization = Organization.objects.order_by("pk")[0]
    persona = AgentType.objects.get(name=PERSONA, organization=organization)
    return conversations.start(persona, by=identities.from_user(user.pk, organization.pk), title="Bench")


def _message(conversation: Conversation, number: int) -> Message:
    is_answer = number % 2 == 1
    text = "An answer of some length, as they are. " * 8 if is_answer else "A question of the usual kind?"
    return Message(
        organization_id=conversation.organization_id,
        conversation=conversation,
        role=Message.Role.ASSISTANT if is_answer else Message.Role.USER,
        text=text,
        html=f"<p>{text}</p>",
        renderer=1,
        ending=Message.Ending.COMPLETE,
        ended_at=timezone.now(),
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
