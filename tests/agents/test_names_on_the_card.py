"""Names are written by people too: nothing in one may turn or hide the words around it."""

from __future__ import annotations

import pytest

from agents_app import events
from agents_app.models import AgentType, Conversation
from tests import people

pytestmark = pytest.mark.django_db

TURNED = "gnp.exe\u202e\u200b\x1b[31m"


def test_persona_and_title_show_what_is_invisible_in_them() -> None:
    alice = people.alice()
    agent = AgentType.objects.create(
        organization=alice.organization,
        name="evil",
        display_name=TURNED,
        personality_traits=[TURNED],
        model="m",
        system_prompt="p",
    )
    row = Conversation.objects.create(
        organization=alice.organization, owner=alice.user, agent_type=agent, title=TURNED
    )
    shown = [*events.persona(agent)["personality_traits"], events.brief(agent)["display_name"]]
    for text in [*shown, events.conversation_item(row)["title"]]:
        assert "\u202e" not in text
        assert "\u200b" not in text
        assert "\x1b" not in text
        assert "U+202E" in text
