"""Who decides, set for a persona as a whole: asked of every use through it, beside what other layers ask."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from agents_app import personas, toolset, transfer
from agents_app.exceptions import InvalidPersona
from agents_app.models import AgentType
from agents_app.transfer import Wanted
from audit_app.models import AuditEntry
from project.accounts import identity as identities
from project.accounts.models import Membership
from tests import gate, people
from tests.flows.admin_world import filled
from tests.gate import Gate
from tests.people import Person
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals, documents
from tools_app.approving import deciders, groups
from tools_app.approving.deciders import Demand
from tools_app.exceptions import DigestMismatch, GroupInUse
from tools_app.explain import explaining, explanations, powers
from tools_app.explain.powers import Carrier
from tools_app.models import ApproverGroup, OrganizationPolicy, ToolCall
from tools_app.policy import Call, Facts, Grant, ToolFacts

pytestmark = pytest.mark.django_db
DANGEROUS = ToolFacts(1, "ledger", "h", is_dangerous=True)
BARE = {"name": "bare", "model": "m", "system_prompt": "x"}


def demanding(at: Gate, **demand: Any) -> Gate:
    personas.update(at.agent, demand, by=identities.system(at.tool.organization_id))
    return at


def asking(
    grant: dict[str, Any] | None = None, /, tool: dict[str, Any] | None = None, **demand: Any
) -> ToolCall:
    at = demanding(gate.opened(grant, **{"requires_approval": True, **(tool or {})}), **demand)
    return at.ask({"line": "one"})


def group(name: str, *members: Person) -> ApproverGroup:
    return groups.make(name, members=[each.membership for each in members], by=people.adam().identity)


def test_a_persona_without_a_demand_is_the_one_it_was() -> None:
    agent = AgentType(**BARE)
    was = hashlib.sha256(b"agent/v1\n" + rfc8785.dumps(["bare", "m", "x", None])).hexdigest()
    assert agent.content_hash() == was
    assert len({was, *(AgentType(**BARE, **each).content_hash() for each in DEMANDS)}) == 1 + len(DEMANDS)


DEMANDS: list[dict[str, Any]] = [
    {"approver": "other"},
    {"approvals_needed": 2},
    {"approver_groups": ["money"]},
    {"approvals_needed": 2, "approver_groups": ["money"]},
]


def test_another_person_has_to_decide() -> None:
    question = gate.question(asking(approver="other"))
    assert question.demands == [{"layer": "persona", "other": True, "count": 1, "groups": []}]
    adam = people.adam().identity
    Membership.objects.filter(user=people.alice().user).update(role=Membership.Role.APPROVER)
    assert not approvals.may_decide(question, people.alice().identity)
    assert approvals.may_decide(question, adam)


def test_the_strictest_of_all_four_layers_wins() -> None:
    group("money", people.bob(), people.adam())
    OrganizationPolicy.objects.create(organization=people.toolroom(), approver="other")
    call = asking({"approvals_needed": 1}, tool={"approver_groups": ["money"]}, approvals_needed=2)
    asked = deciders.read(gate.question(call).demands)
    assert [each.layer for each in asked] == ["organization", "tool", "persona"]
    assert deciders.told(asked) == "1 person of money and 2 people in all have to approve it, not who asked."
    assert yes(call, people.bob()).status == "pending"
    dora = people.person("dora", Membership.Role.APPROVER)
    assert not approvals.may_decide(gate.question(call), people.alice().identity)
    assert yes(call, dora).status == "approved"
    assert run_it(call).status == "succeeded"


def test_it_holds_for_every_tool_of_the_persona_and_for_no_other_persona() -> None:
    at = demanding(gate.opened(requires_approval=True), approvals_needed=2)
    other = gate.opened_for(at.tool)
    assert gate.question(at.ask({"line": "one"})).demands != []
    assert gate.question(other.ask({"line": "one"})).demands == []


def more(at: Gate) -> None:
    demanding(at, approvals_needed=2)


def another(at: Gate) -> None:
    demanding(at, approver="other")


def a_group(at: Gate) -> None:
    group("money", people.bob())
    demanding(at, approver_groups=["money"])


@pytest.mark.parametrize("change", [more, another, a_group])
def test_a_demand_that_is_raised_voids_the_question_and_puts_it_anew(change: Callable[[Gate], None]) -> None:
    at, call = waiting()
    question = gate.question(call)
    change(at)
    with pytest.raises(DigestMismatch):
        yes(call)
    question.refresh_from_db()
    successor = ToolCall.objects.get(replaces=call)
    assert (question.status, ToolCall.objects.get(pk=call.pk).reason) == ("superseded", "definition_changed")
    assert [each["layer"] for each in gate.question(successor).demands] == ["persona"]


@pytest.mark.parametrize("change", [more, another, a_group])
def test_nor_does_a_yes_outlive_it(change: Callable[[Gate], None]) -> None:
    at, call = waiting()
    approval = yes(call)
    change(at)
    run_it(call)
    approval.refresh_from_db()
    assert (approval.status, gate.lines) == ("superseded", [])


def test_why_and_whose_word_it_is_stands_in_the_explanation() -> None:
    OrganizationPolicy.objects.create(organization=people.toolroom(), approvals_needed=2)
    call = asking({"approver": "other"}, approver="other")
    asked = [line for line in explanations.of(call).then[0].lines if line.check == "deciders"]
    agent = AgentType.objects.get(pk=call.agent_type_id)
    assert [(line.text, line.sources[0].kind) for line in asked] == [
        ("Because of the organization: 2 people have to approve it.", "organization"),
        (f"Because of the persona {agent}: another person than who asked has to approve it.", "persona"),
        (f"Because of the grant of {agent}: another person than who asked has to approve it.", "grant"),
    ]
    api = people.adam().browser().get(f"/api/calls/{call.pk}/explanation").json()
    urls = [each["sources"][0]["url"] for each in api["today"]["explanation"] if each["check"] == "deciders"]
    page = f"/admin/agents_app/agenttype/{agent.pk}/change/"
    assert urls == ["/admin/tools_app/organizationpolicy/", page, page]


def test_nothing_is_said_where_nobody_is_asked() -> None:
    at = demanding(gate.opened(), approvals_needed=2)
    call = at.ask({"line": "one"})
    assert call.status == "queued"
    assert "deciders" not in {line.check for line in explanations.of(call).then[0].lines}


def test_a_question_to_the_person_stays_theirs() -> None:
    asks = ToolFacts(1, "ask_user", "h", asks_person=True)
    facts = Facts(asks, Grant(1, 1, "Clerk", "h"), demands=(Demand("persona", other=True),))
    told = {line.check for line in explaining.lines(Call({}), facts)}
    assert "approval" in told
    assert "deciders" not in told
    assert "deciders" in {line.check for line in explaining.lines(Call({}), replace(facts, tool=DANGEROUS))}


def test_it_is_told_beforehand() -> None:
    at = demanding(gate.opened(requires_approval=True), approver="other")
    agent = AgentType.objects.get(pk=at.agent.pk)
    granted = [(each.tool, each.grant) for each in toolset.granted(agent)]
    (found,) = powers.of(granted, Carrier(agent.organization_id, agent.pk, people.alice().identity))
    assert (found.whom, found.by_self) == ("Another person than who asked has to approve it.", False)
    assert [source.kind for line in found.lines if line.check == "deciders" for source in line.sources] == [
        "persona"
    ]


def test_it_is_set_over_http_and_recorded() -> None:
    at = gate.opened()
    group("money", people.bob())
    sent = {"approver": "other", "approvals_needed": 1, "approver_groups": ["money"]}
    path = f"/api/agents/{at.agent.pk}"
    answer = people.carol().api().patch(path, sent, format="json")
    assert (answer.status_code, {name: answer.json()[name] for name in sent}) == (200, sent)
    facts = AuditEntry.objects.filter(action="persona.changed").latest("pk").facts
    assert facts["changed"] == ["approver", "approver_groups"]
    assert facts["deciders"] == Demand("persona", True, 1, ("money",)).as_json()
    assert people.alice().api().patch(path, {"approver": ""}, format="json").status_code == 403
    assert people.mallory().api().patch(path, {"approver": ""}, format="json").status_code == 404


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"approver_groups": ["nowhere"]}, "approver_groups"),
        ({"approver_groups": ["money"], "approvals_needed": 2}, "approver_groups"),
        ({"approver_groups": "money"}, "approver_groups"),
        ({"approvals_needed": 0}, "approvals_needed"),
        ({"approvals_needed": 21}, "approvals_needed"),
        ({"approvals_needed": None}, "approvals_needed"),
        ({"approver": "self"}, "approver"),
    ],
)
def test_what_nobody_could_meet_is_not_saved(sent: dict[str, Any], named: str) -> None:
    at = gate.opened()
    group("money", people.bob())
    answer = people.carol().api().patch(f"/api/agents/{at.agent.pk}", sent, format="json")
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [named])
    by = identities.system(at.tool.organization_id)
    with pytest.raises(InvalidPersona):
        personas.update(at.agent, sent, by=by)


def test_a_group_of_another_organization_is_none() -> None:
    at, mallory = gate.opened(), people.mallory()
    groups.make("spies", members=[mallory.membership], by=mallory.identity)
    sent = {"approver_groups": ["spies"]}
    assert people.carol().api().patch(f"/api/agents/{at.agent.pk}", sent, format="json").status_code == 400


def test_a_group_that_a_persona_names_stays() -> None:
    money = group("money", people.bob())
    at = demanding(gate.opened(), approver_groups=["money"])
    with pytest.raises(GroupInUse) as refused:
        groups.remove(money, by=people.adam().identity)
    assert refused.value.details["used_by"] == [f"the persona {at.agent}"]


def test_it_travels_with_the_catalog() -> None:
    group("money", people.bob(), people.adam())
    at = demanding(gate.opened(), approver="other", approvals_needed=2, approver_groups=["money"])
    text = transfer.written(transfer.document_of(at.tool.organization_id))
    document = documents.read(text.encode(), "catalog.yaml")
    item = next(each for each in document.personas if each.name == at.agent.name)
    said = {"approver": "other", "approvals_needed": 2, "approver_groups": ["money"]}
    assert {name: item.fields[name] for name in said} == said
    report = transfer.bring_in(document, Wanted(), by=people.mallory().identity)
    told = next(each for each in report.outcomes if each.kind == "persona")
    assert (report.is_done, told.state, "no approver group money" in str(told.told)) == (False, "wrong", True)


def test_the_page_of_a_persona_sets_it() -> None:
    at = gate.opened()
    group("money", people.bob())
    page = f"/admin/agents_app/agenttype/{at.agent.pk}/change/"
    client = people.adam().browser()
    more = client.post(page, filled(client, page, approvals_needed="2", approver_groups=["money"]))
    assert "1 of money may approve, and 2 are asked for." in str(more.context["adminform"].form.errors)
    saved = client.post(page, filled(client, page, approver="other", approver_groups=["money"]))
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    agent = AgentType.objects.get(pk=at.agent.pk)
    assert (agent.approver, agent.approvals_needed, agent.approver_groups) == ("other", 1, ["money"])
