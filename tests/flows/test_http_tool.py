"""A tool that is only data: registered over REST, granted, asked for by a model, approved, carried out by a worker."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from agents_app.models import AgentType
from audit_app.models import AuditEntry, ToolUsage
from tests.flows import acting
from tests.live import Live
from tests.people import alice, carol
from tests.tools.executors.fake_site import FakeSite
from tests.tools.executors.http_tools import TEXT, schema
from tools_app import vault
from tools_app.models import ToolCall

pytestmark = [pytest.mark.django_db(transaction=True)]
VALUE = "the-value-of-the-key"


def added(found: FakeSite) -> None:
    """What an administrator does: keep a secret, add a tool, grant it to the persona of the seeds."""
    vault.keep("weather-key", VALUE, hosts=[found.endpoint], by=carol().identity)
    client = carol().api()
    configuration: dict[str, Any] = {
        "method": "GET",
        "url": found.url("/v1/{city}"),
        "parameters": {"days": "query"},
        "auth": {"type": "bearer", "secret": "weather-key"},
        "response": {"pick": "/now"},
    }
    tool = {"name": "weather", "description": "Tells the weather.", "category": "web", "executor": "http"}
    given = schema("city", city=TEXT, days={"type": "integer"})
    sent = {**tool, "input_schema": given, "requires_approval": True, "configuration": configuration}
    answer = client.post("/api/tools", sent, format="json")
    assert (answer.status_code, answer.json().get("ready")) == (201, True), answer.content
    agent = AgentType.objects.get(name="analysis", organization=carol().organization)
    granted = client.post(f"/api/agents/{agent.pk}/tools/{answer.json()['id']}", {}, format="json")
    assert granted.status_code == 201, granted.content


def test_a_tool_made_of_data_is_used_in_a_conversation(
    live_app: Live, live_site: FakeSite, settings: Settings
) -> None:
    settings.EGRESS_EXCEPTIONS = [live_site.endpoint]
    alice()
    acting.seeded()
    added(live_site)
    live_site.says(
        "/v1/Oslo", json.dumps({"now": f"sunny {VALUE}"}).encode(), "Content-Type: application/json"
    )
    turns = [
        {"call": [{"name": "weather", "arguments": {"city": "Oslo", "days": 2}}]},
        {"say": "That is it."},
    ]
    who = alice().identity
    run = acting.say(acting.begin(who), f"```script\n{json.dumps(turns)}\n```", who)
    question = acting.question(run)
    assert question.covers["reach"]["to"] == f"GET {live_site.url('/v1/Oslo?days=2')}"
    acting.approve(question, who)
    acting.until(run, "finished")
    call = acting.only_call(run)
    assert (call.status, call.result_text) == ("succeeded", "sunny [secret]")
    first, headers, _ = live_site.requests[-1]
    assert first == "GET /v1/Oslo?days=2 HTTP/1.1"
    assert headers["authorization"] == f"Bearer {VALUE}"
    rows = [*AuditEntry.objects.values(), *ToolUsage.objects.values(), *ToolCall.objects.values()]
    assert VALUE not in json.dumps(rows, default=str)
    assert VALUE not in "\n".join(live_app.lines)
