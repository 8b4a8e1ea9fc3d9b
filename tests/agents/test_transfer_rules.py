"""The organization's rules go out with the catalog and come in again, by the hands of those who may set rules."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import transfer
from agents_app.transfer import Choice, Report, Wanted
from tests import gate, people
from tests.agents.test_transfer import HTTP, WEATHER
from tools_app import catalog, documents, vault
from tools_app.documents import Document
from tools_app.governing import policy_rules
from tools_app.models import PolicyRule

pytestmark = pytest.mark.django_db

RULE = {
    "name": "Quiet lines",
    "reason": "Loud ones wake people.",
    "for_tools": ["ledger"],
    "denied_parameters": {"line": ["loud"]},
    "message": "Write it quietly.",
}


@pytest.fixture
def at() -> gate.Gate:
    door = gate.opened()
    policy_rules.add(RULE, by=people.adam().identity)
    return door


def taken() -> Document:
    return documents.read(transfer.written(transfer.document_of(people.toolroom().pk)).encode(), "c.yaml")


def of(**sections: Any) -> Document:
    return documents.of_value(sections, "body")


def brought(document: Document, who: people.Person | None = None, **wanted: Any) -> Report:
    return transfer.bring_in(document, Wanted(**wanted), by=(who or people.adam()).identity)


def states(report: Report) -> dict[str, str]:
    return {each.key: each.state for each in report.outcomes if each.kind == "rule"}


@pytest.mark.parametrize("who", [people.adam, people.carol])
def test_what_is_here_as_it_is_stays_whoever_brings_it(at: gate.Gate, who: Any) -> None:
    assert transfer.document_of(people.toolroom().pk)["rules"] == [RULE]
    before = list(PolicyRule.objects.values())
    assert states(brought(taken(), who(), otherwise=Choice.REPLACE)) == {"rule/Quiet lines": "same"}
    assert list(PolicyRule.objects.values()) == before


def test_rules_come_in_and_bind_the_tools_that_came_with_them(at: gate.Gate) -> None:
    document = of(rules=transfer.document_of(people.toolroom().pk)["rules"])
    PolicyRule.objects.all().delete()
    looked = brought(document, is_dry=True)
    assert (states(looked), PolicyRule.objects.count()) == ({"rule/Quiet lines": "added"}, 0)
    report = brought(document)
    assert report.is_done, [*report.lines()]
    assert transfer.document_of(people.toolroom().pk)["rules"] == [RULE]
    assert at.ask({"line": "loud"}).reason == "denied_parameter"


def test_who_may_not_set_rules_brings_none_in_and_changes_none(at: gate.Gate) -> None:
    other = of(rules=[{**RULE, "denied_parameters": {"line": ["soft"]}}, {"name": "New", "forbids": True}])
    found = brought(other, people.carol(), otherwise=Choice.REPLACE)
    assert states(found) == {"rule/Quiet lines": "left out", "rule/New": "left out"}
    assert "may set them" in found.outcomes[0].told[0]
    assert transfer.document_of(people.toolroom().pk)["rules"] == [RULE]
    assert at.ask({"line": "loud"}).reason == "denied_parameter"


@pytest.mark.parametrize(
    ("choice", "state", "kept"),
    [("fail", "conflict", True), ("keep", "kept", True), ("replace", "changed", False)],
)
def test_what_is_otherwise_here_is_chosen_about(at: gate.Gate, choice: str, state: str, kept: bool) -> None:
    other = {**RULE, "denied_parameters": {"line": ["soft"]}}
    found = brought(of(rules=[other]), otherwise=Choice(choice))
    assert states(found) == {"rule/Quiet lines": state}
    assert [each.field for each in found.outcomes[0].differences] == ["denied_parameters"]
    assert transfer.document_of(people.toolroom().pk)["rules"] == [RULE if kept else other]


@pytest.mark.parametrize(
    "wrong",
    [
        {"forbids": "yes"},
        {"for_tools": "ledger", "forbids": True},
        {"for_tools": [5], "forbids": True},
        {"denied_parameters": {"line": [{"no_such_operator": 1}]}},
        {"forbids": True, "organization": 2},
        {"forbids": True, "message": ["a"]},
        {},
    ],
)
def test_what_cannot_be_evaluated_stops_the_whole_import(at: gate.Gate, wrong: dict[str, Any]) -> None:
    document = of(
        rules=[{"name": "New", **wrong}], personas=[{"name": "x", "model": "m", "system_prompt": "p"}]
    )
    found = brought(document)
    assert (states(found), found.stops) == ({"rule/New": "wrong"}, True)
    assert found.problems[0].told[0].startswith("body /rules/0")
    assert PolicyRule.objects.count() == 1


def test_a_rule_means_a_tool_under_the_name_it_has_here() -> None:
    weather = {**WEATHER, "executor": "http", "configuration": HTTP}
    vault.keep("weather-key", "secret-value", hosts=["api.example"], by=people.carol().identity)
    catalog.register(weather, by=people.carol().identity)
    theirs = {**weather, "description": "Tells another weather."}
    document = of(tools=[theirs], rules=[{"name": "New", "forbids": True, "for_tools": ["weather", "wea*"]}])
    found = brought(document, otherwise=Choice.RENAME)
    assert [(each.key, each.state) for each in found.outcomes] == [
        ("tool/weather", "renamed"),
        ("rule/New", "added"),
    ]
    assert PolicyRule.objects.get().for_tools == ["weather-2", "wea*"]


def test_nobody_of_another_organization_gets_or_gives_a_rule(at: gate.Gate) -> None:
    mallory = people.mallory()
    assert transfer.document_of(mallory.organization.pk)["rules"] == []
    brought(taken(), mallory, otherwise=Choice.KEEP)
    theirs = PolicyRule.objects.exclude(organization=people.toolroom())
    # She is an administrator there: the rule of the file becomes one of her own organization.
    assert [rule.organization_id for rule in theirs] == [mallory.organization.pk]
    assert transfer.document_of(people.toolroom().pk)["rules"] == [RULE]
