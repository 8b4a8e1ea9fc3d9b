"""The examples of S2, from a registered definition to the answer: seeded, granted, judged, run against a service."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from agents_app import personas
from agents_app.models import AgentType
from project.accounts import identity as identities
from project.accounts.models import Organization
from tests import people
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app import calls, executors, functions, seeds
from tools_app.calling.askers import Asked
from tools_app.functions import installed, register_dynamic_tool, registry
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})
    executors.register("python", "tools_app.executors.python.PythonExecutor")


@pytest.fixture
def site(settings: Settings) -> Any:
    with fake_site() as found:
        settings.EGRESS_EXCEPTIONS = [found.endpoint]
        yield found


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As TOOL_MODULES loads it in a process of its own."""
    whole = f"tools_app.examples.{name}"
    monkeypatch.delitem(sys.modules, whole, raising=False)
    functions.load([whole])
    return importlib.import_module(whole)


def granted(organization: Organization | None = None) -> AgentType:
    organization = organization or people.toolroom()
    operator = identities.system(organization)
    seeds.apply(organization)
    agent = personas.register(
        {"name": "clerk", "model": "claude-sonnet-5-5", "system_prompt": "x"}, by=operator
    )
    for row in Tool.objects.filter(organization=organization, executor="python"):
        personas.grant(agent, row, {}, by=operator)
    return agent


def use(agent: AgentType, tool: str, arguments: dict[str, Any], **about: Any) -> ToolCall:
    who = about.pop("who", people.alice().identity)
    asked = Asked(who, agent.organization_id, agent.pk, session_id="s", **about)
    call = calls.request(calls.Proposal("", tool, json.dumps(arguments)), asked)
    if call.status == "queued":
        calls.execute(call)
    return ToolCall.objects.get(pk=call.pk)


def test_example_1_the_stock_price(monkeypatch: pytest.MonkeyPatch, site: FakeSite) -> None:
    """S2.4, S2.44, S2.49-56: a hyphen in the name, category and tags, query, default, structured result with a time."""
    example = loaded("stock_price", monkeypatch)
    assert installed.has("fetch-stock-price")
    monkeypatch.setattr(registry, "_tools", {})
    site.says("/v1/price", b'{"price": 189.5}', "Content-Type: application/json")
    register_dynamic_tool(installed, example.stock_price(site.url("/v1/price")))
    agent = granted()
    row = Tool.objects.get(name="fetch-stock-price")
    assert (row.category, row.tags, row.executor) == ("external", ["finance", "stocks", "external"], "python")
    call = use(agent, "fetch-stock-price", {"ticker": "AAPL"})
    assert call.status == "succeeded", call.reason_text
    found = json.loads(call.result_text)
    assert datetime.fromisoformat(found.pop("timestamp")).tzinfo is not None
    assert found == {"ticker": "AAPL", "currency": "USD", "price": 189.5}
    assert site.requests[0][0] == "GET /v1/price?ticker=AAPL&currency=USD HTTP/1.1"
    for wrong in ({"ticker": "aapl"}, {"ticker": "AAPL\n"}, {"ticker": "AAPL", "currency": "XXX"}, {}):
        assert use(agent, "fetch-stock-price", wrong).reason == "invalid_arguments"
    assert len(site.requests) == 1


def test_example_2_many_tools_from_records(monkeypatch: pytest.MonkeyPatch, site: FakeSite) -> None:
    """S2.2, S2.43, S2.57-69: GET with a query, POST with JSON, the person in a header, names in their order."""
    example = loaded("client_tools", monkeypatch)
    assert installed.names() == ("crm-lookup", "ticket-create")
    monkeypatch.setattr(registry, "_tools", {})
    site.says("/customers", b'{"name": "Ada"}', "Content-Type: application/json")
    site.says("/tickets", b'{"id": 5}', "Content-Type: application/json", status="201 Created")
    records = [
        {**record, "endpoint": site.url(path)}
        for record, path in zip(example.RECORDS, ("/customers", "/tickets"), strict=True)
    ]
    example.register_all(installed, records)
    agent, alice = granted(), people.alice()
    for row in Tool.objects.filter(executor="python"):
        assert (row.category, row.tags) == ("external", ["client", "external"])
    looked = use(agent, "crm-lookup", {"customerId": "a/b&c=ü"})
    assert json.loads(looked.result_text) == {"name": "Ada"}
    Tool.objects.filter(name="ticket-create").update(requires_approval=False)
    ticket = {"title": "Help", "body": "It broke.", "priority": "critical"}
    assert json.loads(use(agent, "ticket-create", ticket).result_text) == {"id": 5}
    assert use(agent, "ticket-create", {**ticket, "priority": "huge"}).reason == "invalid_arguments"
    (first, headers, _), (second, more, body) = site.requests
    assert first == "GET /customers?customerId=a%2Fb%26c%3D%C3%BC HTTP/1.1"
    assert (second, json.loads(body)) == ("POST /tickets HTTP/1.1", ticket)
    for each in (headers, more):
        assert each["x-user-id"] == str(alice.user.pk)
        assert each["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"<html>", "did not answer with JSON"),
        (b"[" * 100_000, "did not answer with JSON"),
        (b"\x00\x01", "only text can be read"),
    ],
    ids=["html", "deep", "binary"],
)
def test_an_odd_service_is_an_answer_to_the_model(
    answer: bytes, told: str, monkeypatch: pytest.MonkeyPatch, site: FakeSite
) -> None:
    """S2.87: what is not JSON, an error's status, and a closed address."""
    example = loaded("stock_price", monkeypatch)
    monkeypatch.setattr(registry, "_tools", {})
    register_dynamic_tool(installed, example.stock_price(site.says("/odd", answer)))
    call = use(granted(), "fetch-stock-price", {"ticker": "AAPL"})
    assert (call.status, told in call.reason_text) == ("failed", True), call.reason_text
    site.says("/odd", b"Try tomorrow.", "Content-Type: text/plain", status="503 Away")
    again = use(AgentType.objects.get(name="clerk"), "fetch-stock-price", {"ticker": "AAPL"})
    assert "status 503: Try tomorrow." in again.reason_text


def test_private_addresses_stay_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    example = loaded("stock_price", monkeypatch)
    monkeypatch.setattr(registry, "_tools", {})
    register_dynamic_tool(installed, example.stock_price("https://169.254.169.254/latest"))
    call = use(granted(), "fetch-stock-price", {"ticker": "AAPL"})
    assert (call.status, call.reason) == ("failed", "egress_refused")


def echo(params: dict[str, Any], ctx: Any) -> dict[str, Any]:
    return {"user": ctx.userId, "audit": ctx.auditingId}


def test_who_asks_and_the_record_come_from_the_gate() -> None:
    """S2.30, S2.34-37, S2.82, S2.85: the record is open before the function runs; nobody can pass another's name."""
    register_dynamic_tool(installed, {"name": "who", "description": "Says who asks.", "execute": echo})
    agent = granted()
    call = use(agent, "who", {})
    assert json.loads(call.result_text) == {"user": str(people.alice().user.pk), "audit": call.usage_id}
    for name in ("userId", "auditingId", "__metadata", "user_id"):
        assert use(agent, "who", {name: 1}).reason == "reserved_parameter"


def test_requires_auth_and_the_rate_are_obeyed() -> None:
    """S2.18, S2.19, S2.83, S2.84."""
    said = {
        "name": "who",
        "description": "Says who asks.",
        "execute": echo,
        "requiresAuth": True,
        "rateLimit": 2,
    }
    register_dynamic_tool(installed, said | {"version": "3.0"})
    agent = granted()
    row = Tool.objects.get(name="who")
    assert (row.requires_auth, row.rate_limit, row.version) == (True, 2, "3.0")
    nobody = identities.system(people.toolroom())
    assert use(agent, "who", {}, who=nobody).reason in ("requires_auth", "requester_gone")
    assert [use(agent, "who", {}).reason for _ in range(3)] == ["", "", "rate_limit"]


def test_a_tool_may_be_one_organizations_alone() -> None:
    """S2.47: definitions per tenant; seeding again changes nothing, and both shapes make the same row."""
    people.mallory()
    said = {"name": "who", "description": "Says who asks.", "execute": echo, "organizations": ["elsewhere"]}
    register_dynamic_tool(installed, said)
    for organization in (people.toolroom(), people.elsewhere()):
        seeds.apply(organization)
        assert seeds.apply(organization) == []
    assert [row.organization.slug for row in Tool.objects.filter(name="who")] == ["elsewhere"]
