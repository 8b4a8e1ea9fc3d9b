"""Above its limit a persona's tools are found instead of shown; what is shown follows every change at the next turn."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import factory, toolset
from agents_app.granted import carried, grants
from agents_app.models import AgentToolConfig, AgentType
from tests import many, people
from tools_app import executors, seeds
from tools_app.models import Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> AgentType:
    """With twelve tools of some eighty tokens each, and a limit that lets none of them pass."""
    organization = people.toolroom()
    seeds.apply(organization)
    agent = many.persona(organization, tool_weight_limit=100)
    many.granted(agent, many.tools(organization, 12))
    return agent


def names(sent: list[dict[str, Any]], *, deferred: bool) -> list[str]:
    return [each["name"] for each in sent if each.get("defer_loading", False) is deferred]


def offer(agent: AgentType) -> toolset.Offer:
    return toolset.offer(AgentType.objects.get(pk=agent.pk), people.alice().identity)


def test_below_the_limit_nothing_changes(agent: AgentType) -> None:
    for limit in (None, offer(agent).weight):
        AgentType.objects.filter(pk=agent.pk).update(tool_weight_limit=limit)
        sent = offer(agent).for_model()
        assert [each["name"] for each in sent] == [many.name_of(number) for number in range(12)]
        assert all(set(each) == {"name", "description", "input_schema"} for each in sent)


def test_above_it_the_always_on_ones_and_the_search_are_sent_at_once(agent: AgentType) -> None:
    AgentToolConfig.objects.filter(
        agent_type=agent, tool__name__in=[many.name_of(3), many.name_of(7)]
    ).update(always_on=True)
    sent = offer(agent).for_model()
    assert names(sent, deferred=False) == [many.name_of(3), many.name_of(7), "search_tools"]
    assert names(sent, deferred=True) == [many.name_of(n) for n in range(12) if n not in (3, 7)]
    told = offer(agent).told(agent)
    assert told["deferred"] == 10
    assert told["tokens_sent"] < told["tokens"]
    assert 0 < told["share"] < 1


def test_the_model_is_told_that_there_are_more(agent: AgentType) -> None:
    system = factory.client_for(agent, people.alice().identity).request([], tries=1).system
    assert "There are 12 more tools" in system
    assert "invoice (8), customer (4)" in system
    AgentType.objects.filter(pk=agent.pk).update(tool_weight_limit=None)
    below = factory.client_for(AgentType.objects.get(pk=agent.pk), people.alice().identity)
    assert "more tools" not in below.request([], tries=1).system
    assert below.request([], tries=1).search == ""


def test_where_nothing_can_be_searched_with_everything_is_sent(agent: AgentType) -> None:
    Tool.objects.filter(name="search_tools").update(enabled=False)
    assert offer(agent).search is None
    assert len(offer(agent).for_model()) == 12


def test_a_grant_of_the_search_says_the_last_word(agent: AgentType) -> None:
    search = Tool.objects.get(name="search_tools", organization=people.toolroom())
    row = AgentToolConfig.objects.create(
        organization=agent.organization, agent_type=agent, tool=search, requires_approval=True
    )
    found = offer(agent)
    assert found.search is not None
    assert found.search.grant.forces_approval
    assert "search_tools" not in [each.definition.name for each in found.tools]
    row.enabled_for_agent = False
    row.save()
    assert offer(agent).search is None


def test_the_search_needs_no_grant_and_nothing_else_gets_one(agent: AgentType) -> None:
    search = Tool.objects.get(name="search_tools", organization=people.toolroom())
    other = Tool.objects.get(name="calculate", organization=people.toolroom())
    organization_id = agent.organization_id
    implied = grants.read(agent.pk, search.pk, organization_id)
    assert implied is not None
    assert (implied.agent_type_id, implied.offered, implied.may_use) == (agent.pk, True, True)
    assert grants.read(agent.pk, other.pk, organization_id) is None
    assert grants.read(agent.pk, search.pk, people.mallory().organization.pk) is None
    AgentType.objects.filter(pk=agent.pk).update(tool_weight_limit=None)
    assert grants.read(agent.pk, search.pk, organization_id) is None


CHANGES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "switched off": (Tool, {"enabled": False}),
    "held back": (Tool, {"quarantine": "changed"}),
    "needs a permission": (Tool, {"required_permissions": ["members.manage"]}),
    "grant not offered": (AgentToolConfig, {"enabled_for_agent": False}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_offered_follows_a_change_made_behind_everybodys_back(agent: AgentType, change: str) -> None:
    """Even by a statement that touches no time stamp: the rows themselves are what is compared."""
    model, values = CHANGES[change]
    assert many.name_of(5) in [each.definition.name for each in offer(agent).tools]
    field = "name" if model is Tool else "tool__name"
    model._default_manager.filter(**{field: many.name_of(5)}).update(**values)
    assert many.name_of(5) not in [each.definition.name for each in offer(agent).tools]


def test_a_changed_text_is_shown_and_only_its_own_tool_made_anew(agent: AgentType) -> None:
    before = carried.granted(agent)
    assert all(a is b for a, b in zip(before, carried.granted(agent), strict=True))
    Tool.objects.filter(name=many.name_of(5)).update(description="Says something else.")
    AgentToolConfig.objects.filter(tool__name=many.name_of(6)).update(fixed_parameters={"order": "x"})
    AgentToolConfig.objects.filter(tool__name=many.name_of(7)).delete()
    after = {each.definition.name: each for each in carried.granted(agent)}
    assert after[many.name_of(5)].for_model["description"] == "Says something else."
    assert "order" not in after[many.name_of(6)].for_model["input_schema"]["properties"]
    kept = [each for each in before if after.get(each.definition.name) is each]
    assert len(kept) == 9
    assert len(after) == 11


def test_a_change_of_the_persona_reaches_its_grants(agent: AgentType) -> None:
    assert carried.granted(agent)[0].grant.agent_enabled
    AgentType.objects.filter(pk=agent.pk).update(enabled=False)
    assert not carried.granted(AgentType.objects.get(pk=agent.pk))[0].grant.agent_enabled


def test_personas_beyond_the_number_kept_are_made_anew(
    agent: AgentType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried, "KEPT", 1)
    first = carried.granted(agent)
    carried.granted(many.persona(people.toolroom(), "other"))
    again = carried.granted(agent)
    assert again[0] is not first[0]
    assert [each.definition for each in again] == [each.definition for each in first]


def test_a_registered_executor_is_asked_each_time(agent: AgentType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(toolset.of(agent)) == 12
    monkeypatch.setattr(executors, "readiness", lambda *_: (False, "Gone."))
    assert toolset.of(agent) == []
