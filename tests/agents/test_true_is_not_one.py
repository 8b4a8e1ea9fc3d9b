"""For Python 1 is True. A rule corrected from one to the other is saved and recorded, by every verb there is."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import personas
from agents_app.models import AgentToolConfig, AgentType
from audit_app.models import AuditEntry
from tests import gate, people
from tools_app import catalog
from tools_app.governing import policy_rules
from tools_app.models import PolicyRule, Tool

pytestmark = pytest.mark.django_db

SCHEMA = {"type": "object", "properties": {"confirm": {"type": "boolean"}, "line": {"type": "string"}}}
WAS, IS = {"confirm": [1]}, {"confirm": [True]}


def opened() -> gate.Gate:
    return gate.opened(None, input_schema=SCHEMA)


def recorded(action: str) -> Any:
    return AuditEntry.objects.filter(action=action).latest("pk").facts["changed"]


def test_a_grant() -> None:
    at, by = opened(), people.carol().identity
    AgentToolConfig.objects.update(denied_parameters=WAS)
    assert at.ask({"confirm": True}).status == "queued"
    personas.grant(at.agent, at.tool, {"denied_parameters": IS}, by=by)
    assert (AgentToolConfig.objects.get().denied_parameters or {})["confirm"][0] is True
    assert recorded("grant.changed") == ["denied_parameters"]
    assert at.ask({"confirm": True}).reason == "denied_parameter"


def test_a_rule_of_the_organization() -> None:
    at, by = opened(), people.adam().identity
    row = policy_rules.add({"name": "sure", "denied_parameters": WAS}, by=by)
    policy_rules.change(row, {"denied_parameters": IS}, by=by)
    assert PolicyRule.objects.get().denied_parameters["confirm"][0] is True
    assert recorded("policy.rule_changed") == ["denied_parameters"]
    assert at.ask({"confirm": True}).reason == "denied_parameter"


def test_a_tool() -> None:
    at, by = opened(), people.carol().identity
    Tool.objects.filter(pk=at.tool.pk).update(denied_parameters=WAS)
    at.tool.refresh_from_db()
    catalog.update(at.tool, {"denied_parameters": IS}, by=by)
    assert at.ask({"confirm": True}).reason == "denied_parameter"


def test_what_a_persona_tells_its_tools() -> None:
    at, by = opened(), people.carol().identity
    personas.update(at.agent, {"tool_context": {"dry": 1}}, by=by)
    personas.update(at.agent, {"tool_context": {"dry": True}}, by=by)
    assert (AgentType.objects.get(pk=at.agent.pk).tool_context or {})["dry"] is True
    assert recorded("persona.changed") == ["tool_context"]
