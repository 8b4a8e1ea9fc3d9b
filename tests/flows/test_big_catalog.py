"""The pages of a catalog with many tools: paged, chosen by typing, and as cheap for hundreds as for a handful."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_app.models import AgentToolConfig, AgentType
from tests import many, people
from tests.flows.admin_world import address, filled, staff
from tools_app import seeds
from tools_app.models import Tool

pytestmark = pytest.mark.django_db

CHOICES = "/admin/autocomplete/?app_label=agents_app&model_name=agenttoolconfig&field_name=tool&term="


def busy(count: int, name: str = "busy", **fields: object) -> AgentType:
    agent = many.persona(people.toolroom(), name, **fields)
    many.granted(agent, many.tools(people.toolroom(), count))
    return agent


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as made:
        assert client.get(path).status_code == 200
    return len(made)


@pytest.fixture
def carol() -> Client:
    seeds.apply(people.toolroom())
    return staff(people.carol())


def test_the_page_of_a_persona_shows_its_grants_in_parts(carol: Client) -> None:
    path = address(AgentType, "change", busy(30).pk)
    page = carol.get(path).content.decode()
    assert many.name_of(7) in page
    assert many.name_of(8) not in page
    assert many.name_of(8) in carol.get(f"{path}?grants-page=2").content.decode()


def test_a_grant_on_a_later_part_is_saved_and_the_others_stay(carol: Client) -> None:
    agent = busy(30)
    path = f"{address(AgentType, 'change', agent.pk)}?grants-page=3"
    answer = carol.post(path, {**filled(carol, path, **{"grants-0-always_on": "on"}), "grants-page": "3"})
    assert answer.status_code == 302, answer.context["errors"]
    on = AgentToolConfig.objects.filter(agent_type=agent, always_on=True)
    assert [row.tool.name for row in on] == [many.name_of(16)]
    assert agent.grants.count() == 30


def test_a_page_costs_the_same_for_a_hundred_grants(carol: Client) -> None:
    agent = busy(10, tool_weight_limit=0)
    paths = [
        address(AgentType, "change", agent.pk),
        address(AgentType, "changelist"),
        address(Tool, "changelist"),
        "/",
    ]
    before = [queries(carol, path) for path in paths]
    rows = [many.tool(people.toolroom(), number) for number in range(10, 110)]
    many.granted(agent, Tool.objects.bulk_create(rows))
    assert [queries(carol, path) for path in paths] == before


def test_tools_are_chosen_by_typing_and_only_our_own(carol: Client) -> None:
    busy(3)
    found = carol.get(f"{CHOICES}invoice").json()["results"]
    assert sorted(each["text"] for each in found) == sorted(many.name_of(number) for number in range(3))
    assert staff(people.mallory()).get(f"{CHOICES}invoice").json()["results"] == []


def test_the_weight_of_its_tools_is_shown(carol: Client) -> None:
    agent = busy(20, tool_weight_limit=None)
    path = address(AgentType, "change", agent.pk)
    assert "All of them are sent with every request." in carol.get(path).content.decode()
    AgentType.objects.filter(pk=agent.pk).update(tool_weight_limit=100)
    page = carol.get(path).content.decode()
    assert "20 tools, about" in page
    assert "20 of them have to be searched for: every request begins with 0 and the search" in page
    assert "fewer tools should be always on" in page
    Tool.objects.filter(name="search_tools").update(enabled=False)
    assert "search_tools is switched off" in carol.get(path).content.decode()
    assert " tokens" in carol.get(address(AgentType, "changelist")).content.decode()


def test_the_weight_is_told_over_http() -> None:
    seeds.apply(people.toolroom())
    agent = busy(20, tool_weight_limit=100)
    AgentToolConfig.objects.filter(tool__name=many.name_of(0)).update(always_on=True)
    client = people.carol().api()
    weight = client.get(f"/api/agents/{agent.pk}").json()["tool_weight"]
    assert (weight["tools"], weight["deferred"]) == (20, 19)
    assert 0 < weight["tokens_sent"] < weight["tokens"]
    assert 0 < weight["share"] < 0.1
    first, second, *_ = client.get(f"/api/agents/{agent.pk}/tools").json()["results"]
    assert (first["deferred"], first["grant"]["always_on"], first["offered"]) == (False, True, True)
    assert (second["deferred"], second["grant"]["always_on"], second["offered"]) == (True, False, True)
    assert client.get(f"/api/tools/{first['id']}").json()["token_weight"] == first["token_weight"] > 50


def test_the_limit_is_set_over_http_and_checked() -> None:
    path = f"/api/agents/{busy(1).pk}"
    client = people.carol().api()
    for limit in (0, 25_000, None):
        assert (
            client.patch(path, {"tool_weight_limit": limit}, format="json").json()["tool_weight_limit"]
            == limit
        )
    assert client.patch(path, {"tool_weight_limit": -1}, format="json").status_code == 400
    assert people.alice().api().patch(path, {"tool_weight_limit": 1}, format="json").status_code == 403
    assert people.mallory().api().patch(path, {"tool_weight_limit": 1}, format="json").status_code == 404


def test_a_card_names_a_dozen_tools_and_counts_the_rest() -> None:
    seeds.apply(people.toolroom())
    busy(20)
    page = people.alice().browser().get("/").content.decode()
    assert " and 8 more" in page
    assert many.name_of(11) in page
    assert many.name_of(12) not in page
