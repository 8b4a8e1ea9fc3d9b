"""The book of use names people and personas, in as many statements for fifty rows as for one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_app.models import AgentType, ModelUsage
from tests import gate, people
from tests.flows.admin_world import address, staff

pytestmark = pytest.mark.django_db


def used(who: people.Person, agent: AgentType, *days: str) -> None:
    for day in days:
        ModelUsage.objects.create(
            organization=people.toolroom(),
            day=day,
            user_id=who.identity.user_id,
            agent_type_id=agent.pk,
            model="m",
            turns=1,
        )


def test_people_and_personas_are_named() -> None:
    agent = gate.opened().agent
    used(people.alice(), agent, "2026-11-01")
    ModelUsage.objects.create(
        organization=people.toolroom(), day="2026-11-02", user_id="99999", agent_type_id=99999, model="m"
    )
    ModelUsage.objects.create(
        organization=people.toolroom(), day="2026-11-03", user_id="system", agent_type_id=agent.pk, model="m"
    )
    rows = people.carol().api().get("/api/usage").json()["results"]
    system, gone, alice = rows
    assert (alice["person"], alice["person_name"]) == (people.alice().user.pk, "Alice")
    assert (alice["agent"], alice["agent_name"]) == (agent.pk, str(agent))
    assert (gone["person"], gone["person_name"], gone["agent_name"]) == (99999, "", "")
    assert (system["person"], system["person_name"]) == (None, "")
    assert people.mallory().api().get("/api/usage").json()["results"] == []
    page = staff(people.carol()).get(address(ModelUsage, "changelist")).content.decode()
    assert "Alice" in page
    assert str(agent) in page
    assert "#99999" in page


def test_a_longer_page_asks_no_more_often() -> None:
    agent = gate.opened().agent

    def asked(client: Any, path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    api, page = people.carol().api(), staff(people.carol())
    listed = address(ModelUsage, "changelist")
    used(people.alice(), agent, "2026-10-01")
    few = asked(api, "/api/usage"), asked(page, listed)
    used(people.bob(), agent, *(f"2026-11-{day:02}" for day in range(1, 21)))
    assert (asked(api, "/api/usage"), asked(page, listed)) == few
