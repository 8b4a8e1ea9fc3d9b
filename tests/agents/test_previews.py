"""What a person may do through a persona, told beforehand: the same as the gate says when it is really asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_app import personas, toolset
from agents_app.granted import previews
from agents_app.models import AgentType
from audit_app.models import AuditEntry
from project.accounts import identity as identities
from tests import gate, people, world
from tests.people import Person
from tests.world import World
from tools_app import calls, catalog
from tools_app.explain import powers, trying
from tools_app.explain.powers import Carrier, Power
from tools_app.models import PolicyRule, Tool
from tools_app.policy import Grant

pytestmark = pytest.mark.django_db

WITHOUT_ARGUMENTS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("plain", {}, {}, "allow"),
    ("the tool asks", {}, {"requires_approval": True}, "ask"),
    ("dangerous", {}, {"is_dangerous": True}, "ask"),
    ("the grant asks", {"requires_approval": True}, {}, "ask"),
    ("waived", {"waives_approval": True}, {"requires_approval": True}, "allow"),
    ("fixed", {"fixed_parameters": {"line": "x"}}, {}, "allow"),
    ("never", {"usage_limit": 0}, {}, "refuse"),
    ("never at once", {}, {"concurrent_limit": 0}, "refuse"),
    ("never in a minute", {}, {"rate_limit": 0}, "refuse"),
    ("never in a minute, observed", {}, {"rate_limit": 0, "rate_limit_observed": True}, "allow"),
    ("may not run", {"allow_use": False}, {}, "refuse"),
    ("not offered", {"enabled_for_agent": False}, {}, "refuse"),
    ("switched off", {}, {"enabled": False}, "refuse"),
    ("no permission", {}, {"required_permissions": ["audit.view"]}, "refuse"),
    ("values forbidden", {"denied_parameters": {"line": ["x"]}}, {}, "allow"),
    ("values ask", {"ask_when": {"line": ["x"]}}, {}, "allow"),
]


def power(agent: AgentType, who: Person) -> Power:
    """Of the rows alone: the ledger is no function of an installation, whose own code would be asked too."""
    (found,) = powers.of(granted(agent), Carrier(agent.organization_id, agent.pk, who.identity))
    return found


def granted(agent: AgentType) -> list[tuple[Tool, Grant]]:
    return [(each.tool, each.grant) for each in toolset.granted(AgentType.objects.get(pk=agent.pk))]


def calculator(**flags: Any) -> World:
    made = world.made()
    catalog.update(made.tool, {"requires_approval": False, **flags}, by=people.adam().identity)
    return made


@pytest.mark.parametrize(
    ("grant", "tool", "expected"),
    [each[1:] for each in WITHOUT_ARGUMENTS],
    ids=[e[0] for e in WITHOUT_ARGUMENTS],
)
def test_it_says_what_the_gate_says(grant: dict[str, Any], tool: dict[str, Any], expected: str) -> None:
    door = gate.opened(grant, **tool)
    carol = people.carol()
    who = trying.asked(carol.identity, agent_type_id=door.agent.pk)
    foreseen = power(door.agent, carol)
    assert foreseen.decision == expected == trying.decide(door.tool, "{}", who).word
    assert bool(foreseen.why) == (expected != "allow")


@pytest.mark.parametrize(
    ("unattended", "expected"), [("wait", "ask"), ("refuse", "refuse"), ("standing", "refuse")]
)
def test_a_program_is_told_what_becomes_of_its_questions(unattended: str, expected: str) -> None:
    door = gate.opened(requires_approval=True)
    personas.update(door.agent, {"unattended": unattended}, by=identities.system(door.tool.organization_id))
    carol = people.carol().identity
    program = replace(carol, via="token")
    for who, said in ((carol, "ask"), (program, expected)):
        asked = trying.asked(who, agent_type_id=door.agent.pk)
        (found,) = powers.of(granted(door.agent), Carrier(door.agent.organization_id, door.agent.pk, who))
        assert found.decision == said == trying.decide(door.tool, "{}", asked).word, who.via
    nobody = Carrier(door.agent.organization_id, door.agent.pk)
    assert powers.of(granted(door.agent), nobody)[0].decision == "ask"


def test_a_token_is_told_that_nobody_would_be_asked() -> None:
    made = calculator(requires_approval=True)
    AgentType.objects.filter(pk=made.agent.pk).update(unattended="refuse")
    by_token = people.alice().api("chat", "catalog.view").get(f"/api/agents/{made.agent.pk}/preview")
    assert by_token.json()["tools"][0]["decision"] == "refuse"
    by_session = people.alice().browser().get(f"/api/agents/{made.agent.pk}/preview")
    assert by_session.json()["tools"][0]["decision"] == "ask"


def test_it_says_who_decides() -> None:
    mine = power(gate.opened(is_dangerous=True).agent, people.alice())
    assert (mine.decision, mine.by_self, mine.whom) == ("ask", True, "Who asks may approve it.")
    door = gate.opened(name="other_ledger", is_dangerous=True, approver="other")
    others = power(door.agent, people.alice())
    assert (others.decision, others.by_self) == ("ask", False)
    assert others.whom == "Another person than who asked has to approve it."


def test_it_says_what_values_and_the_answer_decide() -> None:
    rules = {"denied_parameters": {"line": ["x"]}, "ask_when": {"line": ["y"]}, "usage_limit": 3}
    assert power(gate.opened(rules).agent, people.alice()).sometimes == (
        "Only with certain values.",
        "Asks at certain values.",
        "At most 3 times in a conversation.",
    )


def test_rules_of_the_organization_count() -> None:
    door = gate.opened()
    PolicyRule.objects.create(organization=door.tool.organization, name="Closed", forbids=True)
    found = power(door.agent, people.alice())
    assert found.decision == "refuse"
    assert [source.name for line in found.lines for source in line.sources] == ["Closed"]


def test_rules_that_cannot_be_read_refuse_as_the_gate_does() -> None:
    door = gate.opened()
    PolicyRule.objects.create(organization=door.tool.organization, name="Torn", denied_parameters={"a": 5})
    found = power(door.agent, people.alice())
    assert (found.decision, [line.check for line in found.lines]) == ("refuse", ["rules"])


def test_a_persona_that_is_off_can_do_nothing() -> None:
    door = gate.opened()
    personas.update(door.agent, {"enabled": False}, by=identities.system(door.tool.organization_id))
    assert power(door.agent, people.alice()).decision == "refuse"


def test_many_tools_cost_no_more_statements_than_one() -> None:
    door = gate.opened({"usage_limit": 3})
    operator = identities.system(door.tool.organization_id)
    agent = AgentType.objects.get(pk=door.agent.pk)

    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            previews.of(agent, people.alice().identity)
        return len(asked)

    statements()
    one = statements()
    for number in range(10):
        fields = {"name": f"ledger{number}", "description": "Writes.", "category": "code"}
        row = catalog.register(
            {**fields, "input_schema": gate.SCHEMA, "tool_type": "custom", "executor": "python"}, by=operator
        )
        personas.grant(agent, row, {"usage_limit": 3}, by=operator)
    assert statements() == one
    assert len(previews.of(agent)) == 11


def told(agent: AgentType, who: Person, user: Person | None = None, status: int = 200) -> dict[str, Any]:
    query = f"?user={user.user.pk}" if user else ""
    answer = who.api().get(f"/api/agents/{agent.pk}/preview{query}")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_everybody_is_told_about_themselves_and_keepers_about_others() -> None:
    door = calculator(required_permissions=["audit.view"])
    assert told(door.agent, people.alice())["tools"][0]["decision"] == "refuse"
    assert told(door.agent, people.olga())["tools"][0]["decision"] == "allow"
    about = told(door.agent, people.carol(), people.olga())
    assert (about["person"], about["tools"][0]["decision"]) == ("Olga", "allow")
    assert told(door.agent, people.carol(), people.alice())["tools"][0]["decision"] == "refuse"
    looked = AuditEntry.objects.filter(action="record.read", actor_name="Carol")
    assert [entry.facts["person"] for entry in looked.order_by("pk")] == [
        people.olga().identity.user_id,
        people.alice().identity.user_id,
    ]
    told(door.agent, people.alice(), people.olga(), 403)
    told(door.agent, people.mallory(), None, 404)
    told(door.agent, people.carol(), people.mallory(), 400)


@pytest.mark.parametrize("user", ["0", "-1", "x", "9" * 30, "1.5"])
def test_nobody_of_that_kind_is_named(user: str) -> None:
    door = gate.opened()
    answer = people.carol().api().get(f"/api/agents/{door.agent.pk}/preview?user={user}")
    assert (answer.status_code, answer.json()["error"]["details"]) == (
        400,
        {"user": ["There is no such person."]},
    )


def test_the_page_of_a_persona_offers_people_to_those_who_keep_the_catalog() -> None:
    door = gate.opened()
    people.alice()
    page = f"/admin/agents_app/agenttype/{door.agent.pk}/change/"
    assert "Alice" in people.adam().browser().get(page).content.decode()


def test_what_a_tools_own_code_leaves_out_is_refused() -> None:
    door = gate.opened()
    (found,) = previews.of(AgentType.objects.get(pk=door.agent.pk), people.alice().identity)
    assert (found.decision, found.why) == ("refuse", previews.LEFT_OUT)


def test_the_card_of_a_persona_says_it_in_short() -> None:
    made = calculator(requires_approval=True, approver="other")
    card = made.alice.api().get(f"/api/agents/{made.agent.pk}").json()["powers"]
    assert card == {"uses": [], "asks": ["calculate"], "asks_others": ["calculate"], "off": []}
    catalog.update(made.tool, {"enabled": False, "disabled_reason": "Being mended."}, by=made.carol.identity)
    card = made.alice.api().get(f"/api/agents/{made.agent.pk}").json()["powers"]
    assert card["off"] == [{"name": "calculate", "reason": "calculate is switched off. Being mended."}]


def test_a_day_that_is_used_up_is_foreseen() -> None:
    door = gate.opened({"person_daily_limit": 1})
    assert power(door.agent, people.alice()).decision == "allow"
    calls.execute(door.ask({"line": "one"}))
    assert power(door.agent, people.alice()).decision == "refuse"
    assert power(door.agent, people.bob()).decision == "allow"


def test_a_way_out_beside_private_data_asks_once_something_was_read() -> None:
    found = power(gate.opened(is_open_world=True, privacy="private").agent, people.alice())
    assert found.sometimes == ("Asks once the answer has read something from outside.",)
    harmless = gate.opened(name="other_ledger", is_open_world=True, privacy="public")
    assert power(harmless.agent, people.alice()).sometimes == ()
