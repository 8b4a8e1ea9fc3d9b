"""HTTP tools in the catalog and before the gate: what is saved, what a person is asked, what a worker gets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from agents_app.showing import cards
from audit_app.models import AuditEntry, ToolUsage
from tests import gate, people
from tests.gate import Gate
from tests.tools.asking import run_it, yes
from tests.tools.executors.conftest import site  # noqa: F401
from tests.tools.executors.fake_site import FakeSite
from tests.tools.executors.http_tools import TEXT, schema
from tools_app import catalog, facts, policy, vault
from tools_app.approving import questions
from tools_app.exceptions import InvalidTool, SecretInUse
from tools_app.explain import explaining
from tools_app.models import Secret, Tool, ToolCall

pytestmark = pytest.mark.django_db
VALUE = "the-value-of-the-key"
SCHEMA = schema("city", city=TEXT, page={"type": "string", "x-kind": "url"})


def kept(*hosts: str) -> Secret:
    return vault.keep("weather-key", VALUE, hosts=hosts, by=people.carol().identity)


def settings_of(origin: str, **more: Any) -> dict[str, Any]:
    auth = {"type": "header", "name": "X-Key", "secret": "weather-key"}
    placed = {"page": "query"}
    return {"method": "GET", "url": origin + "/v1/{city}", "parameters": placed, "auth": auth} | more


def registered(settings: dict[str, Any], **more: Any) -> Tool:
    fields = {
        "name": "weather",
        "description": "Tells the weather.",
        "category": "web",
        "input_schema": SCHEMA,
    }
    sent = {**fields, "executor": "http", "configuration": settings, **more}
    return catalog.register(sent, by=people.carol().identity)


def opened(found: FakeSite, **tool: Any) -> Gate:
    settings = settings_of(found.url("").rstrip("/"))
    more = {"executor": "http", "input_schema": SCHEMA, "configuration": settings}
    return gate.opened(None, **more, **{"requires_approval": True, **tool})


def refusal(settings: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(InvalidTool) as refused:
        registered(settings, **more)
    assert not Tool.objects.filter(name="weather").exists()
    told: list[str] = refused.value.details["configuration"]
    return told


def test_what_is_wrong_stands_at_the_configuration() -> None:
    kept("api.example")
    told = refusal(settings_of("https://api.example", method="TRACE"))
    assert told[0].startswith("/method: ")
    told = refusal(settings_of("https://api.example", parameters={}))
    assert told == ["/parameters/page: this parameter is not placed anywhere; say where it goes."]


def test_its_secret_must_be_there_and_may_go_to_its_host() -> None:
    assert refusal(settings_of("https://api.example")) == ["There is no secret 'weather-key'."]
    kept("other.example", "api.example:444")
    assert "may not be sent to api.example:443" in refusal(settings_of("https://api.example"))[0]


def test_the_secret_of_another_organization_is_not_there() -> None:
    vault.keep("weather-key", VALUE, hosts=["api.example"], by=people.mallory().identity)
    assert refusal(settings_of("https://api.example")) == ["There is no secret 'weather-key'."]


def test_changing_parameters_alone_is_checked_too() -> None:
    kept("api.example")
    tool = registered(settings_of("https://api.example"))
    with pytest.raises(InvalidTool) as refused:
        catalog.update(tool, {"input_schema": schema("city", city=TEXT)}, by=people.carol().identity)
    assert refused.value.details["configuration"] == ["/parameters/page: the tool has no such parameter."]


def test_a_secret_that_a_tool_needs_is_not_dropped() -> None:
    secret = kept("api.example")
    tool = registered(settings_of("https://api.example"))
    with pytest.raises(SecretInUse):
        vault.drop(secret, by=people.carol().identity)
    catalog.archive(tool, by=people.carol().identity)
    vault.drop(secret, by=people.carol().identity)
    assert not Secret.objects.exists()


def test_a_person_is_shown_where_it_goes(site: FakeSite) -> None:  # noqa: F811
    kept(site.endpoint)
    at = opened(site)
    call = at.ask({"city": "São Paulo"})
    card = cards.approval(gate.question(call), call)["card"]
    assert [(row["name"], row["value"]) for row in card] == [
        ("goes to", f"GET {site.url('/v1/S%C3%A3o%20Paulo')}"),
        ("with the secret", "weather-key"),
        ("city", "São Paulo"),
    ]


def test_what_was_approved_is_sent_with_the_secret_and_nobody_reads_it(site: FakeSite) -> None:  # noqa: F811
    site.says("/v1/Oslo", f"sunny, says {VALUE}".encode())
    kept(site.endpoint)
    call = opened(site).ask({"city": "Oslo"})
    yes(call)
    done = run_it(call)
    assert (done.status, done.result_text) == ("succeeded", "sunny, says [secret]")
    assert site.requests[0][1]["x-key"] == VALUE
    rows = [*AuditEntry.objects.values(), *ToolUsage.objects.values(), *ToolCall.objects.values()]
    assert VALUE not in json.dumps(rows, default=str)


def test_another_value_of_the_secret_voids_the_question(site: FakeSite) -> None:  # noqa: F811
    secret = kept(site.endpoint)
    call = opened(site).ask({"city": "Oslo"})
    assert questions.still_fits(gate.question(call), call, facts.regather(call), policy.Allow())
    vault.change(secret, value="another", hosts=[site.endpoint], by=people.carol().identity)
    assert not questions.still_fits(gate.question(call), call, facts.regather(call), policy.Allow())


def test_a_secret_that_may_not_go_there_any_more_refuses_the_call(site: FakeSite) -> None:  # noqa: F811
    secret = kept(site.endpoint)
    at = opened(site, requires_approval=False)
    waiting = at.ask({"city": "Oslo"})
    assert waiting.status == "queued"
    vault.change(secret, value=VALUE, hosts=["elsewhere.example"], by=people.carol().identity)
    refused = at.ask({"city": "Oslo"})
    assert (refused.reason, "elsewhere" in refused.reason_text) == ("secret_unusable", False)
    found = facts.regather(refused)
    (line,) = [each for each in explaining.lines(found.call, found.facts) if each.check == "secrets"]
    assert "The secret 'weather-key' may not be sent to" in line.detail
    assert run_it(waiting).status == "blocked"
    assert not site.requests


def test_a_value_that_would_change_the_path_is_refused_before_anybody_is_asked(site: FakeSite) -> None:  # noqa: F811
    kept(site.endpoint)
    call = opened(site).ask({"city": "../admin"})
    assert (call.status, call.reason) == ("blocked", "hard_limit")
    assert "city" in call.reason_text


def test_a_closed_address_is_refused_before_anybody_is_asked(site: FakeSite, settings: Settings) -> None:  # noqa: F811
    kept(site.endpoint)
    at = opened(site)
    settings.EGRESS_EXCEPTIONS = []
    assert at.ask({"city": "Oslo"}).reason == "hard_limit"


def test_a_draft_is_not_ready(site: FakeSite) -> None:  # noqa: F811
    call = gate.opened(None, executor="http", input_schema=SCHEMA).ask({"city": "Oslo"})
    assert (call.status, call.reason) == ("blocked", "executor_unavailable")
