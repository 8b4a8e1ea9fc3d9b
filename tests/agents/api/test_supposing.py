"""What would happen under a grant or a rule that somebody is still typing: asked of the gate, and saved nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents_app.models import AgentToolConfig
from tests import gate, people
from tests.gate import Gate
from tools_app import calls
from tools_app.calling.askers import Supposed
from tools_app.explain import trying
from tools_app.governing import layers, policy_rules
from tools_app.models import PolicyRule, ToolCall

pytestmark = pytest.mark.django_db

RULE = {"name": "Quiet", "denied_parameters": {"line": ["loud"]}}


def asked(door: Gate, *, status: int = 200, **typed: Any) -> dict[str, Any]:
    sent = {"agent": door.agent.pk, "arguments": {"line": "loud"}, **typed}
    answer = people.adam().api().post(f"/api/tools/{door.tool.pk}/try", sent, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()  # type: ignore[no-any-return]


def test_a_grant_as_it_is_typed() -> None:
    door = gate.opened({"requires_approval": True})
    assert asked(door)["decision"] == "ask"
    assert asked(door, grant={"requires_approval": False})["decision"] == "allow"
    told = asked(door, grant={"denied_parameters": {"line": ["loud"]}})
    assert (told["decision"], told["code"]) == ("refuse", "denied_parameter")
    wrong = asked(door, grant={"denied_parameters": {"line": [{"like": 1}]}}, status=400)
    assert "denied_parameters" in wrong["error"]["details"]
    assert AgentToolConfig.objects.get(pk=door.grant.pk).requires_approval


def test_a_rule_as_it_is_typed_new_or_changed() -> None:
    door = gate.opened()
    told = asked(door, rule=RULE)
    assert (told["decision"], told["code"]) == ("refuse", "denied_parameter")
    assert not PolicyRule.objects.exists()
    rule = policy_rules.add(RULE, by=people.adam().identity)
    assert asked(door)["decision"] == "refuse"
    assert asked(door, rule={"id": rule.pk, "enabled": False})["decision"] == "allow"
    assert asked(door, rule={"id": rule.pk, "denied_parameters": {"line": ["soft"]}})["decision"] == "allow"
    assert PolicyRule.objects.get().denied_parameters == RULE["denied_parameters"]
    asked(door, rule={"id": "x"}, status=400)
    asked(door, rule={"id": rule.pk + 1}, status=404)
    asked(door, rule={"name": ""}, status=400)


def test_what_is_only_supposed_is_never_run() -> None:
    door = gate.opened()
    asked(door, rule=RULE, dry_run=False, status=400)
    asked(door, grant={}, dry_run=False, status=400)
    assert not ToolCall.objects.exists()
    who = trying.asked(people.carol().identity, agent_type_id=door.agent.pk)
    supposed = replace(who, supposed=Supposed(rules=layers.rules_of(who.organization_id)))
    with pytest.raises(ValueError, match="never run"):
        calls.request(calls.Proposal("", door.tool.name, "{}"), supposed)


def test_rules_of_others_are_not_there() -> None:
    door = gate.opened()
    rule = policy_rules.add(RULE, by=people.adam().identity)
    sent = {"agent": door.agent.pk, "arguments": {}, "rule": {"id": rule.pk}}
    assert (
        people.mallory().api().post(f"/api/tools/{door.tool.pk}/try", sent, format="json").status_code == 404
    )
