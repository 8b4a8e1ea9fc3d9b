"""Rules with texts nothing can meet, through the gate: not saved, refusing where they are stored, and told of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents_app.exceptions import InvalidGrant
from agents_app.granted import granting
from agents_app.models import AgentToolConfig
from tests import gate, people
from tests.gate import Gate
from tools_app import catalog
from tools_app.cataloging import linting
from tools_app.exceptions import InvalidRule, InvalidTool
from tools_app.governing import installation_policy, policy_rules
from tools_app.models import PolicyRule, Tool

pytestmark = pytest.mark.django_db

KINDS = {"link": "url", "to": "email", "path": "path"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "string", "x-kind": kind} for name, kind in KINDS.items()},
}
STALE = {"link": ["evil.*"]}


def opened(grant: dict[str, Any] | None = None) -> Gate:
    return gate.opened(grant, input_schema=SCHEMA)


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ({"link": ["straße.de"]}, {"link": "https://straße.de/"}),
        ({"kind:url": ["βόλος.com"]}, {"link": "https://βόλος.com/x"}),
        ({"link": ["1.0.0.0/8"]}, {"link": "https://1.1.1.1/"}),
        ({"to": ["*@evil.com"]}, {"to": "Ann <ann@evil.com>"}),
    ],
)
def test_what_is_denied_is_refused_at_the_gate(denied: Any, said: Any) -> None:
    call = opened({"denied_parameters": denied}).ask(said)
    assert (call.status, call.reason) == ("blocked", "denied_parameter")


@pytest.mark.parametrize("field", ["denied_parameters", "ask_when", "allowed_parameters"])
def test_a_grant_with_a_text_nothing_meets_is_not_saved(field: str) -> None:
    with pytest.raises(InvalidGrant) as refused:
        opened({field: STALE})
    assert "'evil.*'" in str(refused.value.details[field])


def test_a_stored_grant_that_cannot_be_read_refuses_each_use_and_says_so() -> None:
    door = opened()
    AgentToolConfig.objects.filter(pk=door.grant.pk).update(denied_parameters=STALE)
    call = door.ask({"link": "https://good.org/"})
    assert (call.status, call.reason) == ("blocked", "policy_error")
    assert "'evil.*'" in granting.problem(AgentToolConfig.objects.get(pk=door.grant.pk))
    (row,) = people.carol().api().get(f"/api/agents/{door.agent.pk}/tools").json()["results"]
    assert "denied_parameters" in row["grant"]["problem"]
    page = people.adam().browser().get(f"/admin/agents_app/agenttype/{door.agent.pk}/change/")
    assert "Every use is refused until this is mended." in page.content.decode()


def test_a_stored_tool_that_cannot_be_read_refuses_each_use_and_says_so() -> None:
    door = opened()
    with pytest.raises(InvalidTool):
        catalog.update(door.tool, {"denied_parameters": STALE}, by=people.carol().identity)
    Tool.objects.filter(pk=door.tool.pk).update(denied_parameters=STALE)
    assert door.ask({"path": "a"}).reason == "policy_error"
    tool = Tool.objects.get(pk=door.tool.pk)
    assert [hint.field for hint in linting.of(tool) if hint.code == "rule_unread"] == ["denied_parameters"]


@pytest.mark.parametrize("stale", [STALE, {"kind:url": ["evil.*"]}, {"path": [{"path_under": "*.key"}]}])
def test_a_rule_of_the_organization_refuses_what_it_is_about_and_nothing_else(stale: Any) -> None:
    door, adam = opened(), people.adam()
    fields = {"name": "Old", "denied_parameters": stale, "for_tools": [door.tool.name]}
    with pytest.raises(InvalidRule):
        policy_rules.add(fields, by=adam.identity)
    rule = policy_rules.add({**fields, "denied_parameters": {"link": ["evil.com"]}}, by=adam.identity)
    PolicyRule.objects.filter(pk=rule.pk).update(denied_parameters=stale)
    assert door.ask({"link": "https://good.org/"}).reason == "policy_error"
    told = adam.api().get(f"/api/policy/rules/{rule.pk}").json()
    assert "nothing would ever be denied" in told["problem"]
    page = adam.browser().get(f"/admin/tools_app/policyrule/{rule.pk}/change/").content.decode()
    assert "nothing would ever be denied" in page
    with pytest.raises(InvalidGrant) as refused:
        granting.grant(door.agent, door.tool, {"usage_limit": 3}, by=people.carol().identity)
    assert "Mend it first" in str(refused.value.details)
    PolicyRule.objects.filter(pk=rule.pk).update(for_tools=["other"])
    assert door.ask({"link": "https://good.org/"}).status == "queued"


def test_the_file_of_the_installation_refuses_what_it_is_about_and_is_logged(
    tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    door, file = opened(), tmp_path / "policy.toml"
    file.write_text('[[rules]]\nname = "Old"\ndenied_parameters = { "kind:url" = ["evil.*"] }\n')
    settings.POLICY_FILE, settings.POLICY_FILE_IS_NAMED = str(file), True
    assert len(installation_policy.rules()) == 1
    assert "'evil.*'" in caplog.text
    assert door.ask({"link": "https://good.org/"}).reason == "policy_error"
