"""The examples of S3: tools that act for who asks, by themselves with a dictionary, and through the real gate."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import pytest

from agents_app import personas
from agents_app.models import AgentType
from tests import people
from tests.flows import acting, bound
from tests.flows.bound import nothing_registered  # noqa: F401
from tools_app import functions
from tools_app.models import Tool as Row
from tools_app.models import ToolCall

database = pytest.mark.django_db


@pytest.fixture
def example(nothing_registered: None) -> Any:  # noqa: F811
    """As TOOL_MODULES loads it in a process of its own."""
    sys.modules.pop("tools_app.examples.identity_tools", None)
    return import_module("tools_app.examples.identity_tools")


@pytest.fixture
def office(example: Any) -> Any:
    ann, bob = people.alice().identity, people.bob().identity
    home = str(ann.organization_id)
    example.OFFICE.orders[:] = [
        {"user": ann.user_id, "org": home, "status": "open", "number": 1},
        {"user": ann.user_id, "org": home, "status": "sent", "number": 2},
        {"user": ann.user_id, "org": "999", "status": "open", "number": 3},
        {"user": bob.user_id, "org": home, "status": "open", "number": 4},
    ]
    example.OFFICE.people.update({"bo": "Bo"})
    return example.OFFICE


def clerk(**fields: Any) -> AgentType:
    agent = bound.persona(**fields)
    for name in ("list_orders", "delete_person", "greet", "change_profile"):
        personas.grant(agent, Row.objects.get(name=name), {}, by=people.adam().identity)
    return agent


def test_it_runs_by_itself(example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """S3.71, S3.72: infrastructure that is made up, and a plain dictionary for the context."""
    example._show()
    printed = capsys.readouterr().out
    for words in ("Guten Tag", "insufficient permissions", "was deleted by 1", "'call': 'c1'"):
        assert words in printed


def test_with_a_dictionary_everything_can_be_looked_at(example: Any) -> None:
    """S3.3-5, S3.57, S3.58, S3.64-66, S3.73-75: who is missing is named; without the permission nothing happens."""
    office = example.Office(people={"2": "Bo"})
    orders, delete, greet, _ = example.tools_of(office)
    with pytest.raises(ValueError, match="org_id"):
        orders({"user_id": "1"})
    told = delete({"user_id": "1"}, person="2")
    assert "insufficient permissions" in told
    assert (office.people, office.mails) == ({"2": "Bo"}, [])
    delete({"user_id": "1", "permissions": ["members.manage"]}, person="2")
    assert (office.people, len(office.mails)) == ({}, 1)
    assert [greet(each) for each in ({}, {"locale": "fr-CA"})] == ["Good day", "Bonjour"]


def test_the_model_sees_nothing_of_who_asks(example: Any) -> None:
    """S3.15, S3.56, S3.76, S3.77: the context is first, documented for people, and absent from the schema."""
    assert example.OFFICE.people == {}
    for tool in functions.everything():
        assert not {"ctx", "user_id", "org_id"} & set(tool.definition.input_schema["properties"])
        assert "ctx" not in json.dumps(dict(tool.definition.input_schema))
        assert tool.remarks == ()


@database
def test_data_is_filtered_by_person_and_organization(office: Any) -> None:
    """S3.2, S3.3, S3.19, S3.48, S3.49, S3.57: whatever the model asks, it is that person's, there."""
    agent = clerk()
    listed = json.loads(bound.said(agent, people.alice().identity, "list_orders"))
    assert [each["number"] for each in listed] == [1, 2]
    listed = json.loads(bound.said(agent, people.alice().identity, "list_orders", status="open", limit=1))
    assert [each["number"] for each in listed] == [1]
    call = acting.only_call(bound.begin(agent, people.alice().identity, "list_orders", user_id="2"))
    assert (call.status, call.reason) == ("blocked", "reserved_parameter")


@database
def test_an_action_needs_its_permission_twice(office: Any) -> None:
    """S3.51, S3.58, S3.59, S3.103: the gate asks for it before it asks anybody to approve, the tool asks again."""
    agent = clerk()
    call = acting.only_call(bound.begin(agent, people.alice().identity, "delete_person", person="bo"))
    assert (call.status, call.reason) == ("blocked", "missing_permission")
    adam = people.adam().identity
    run = bound.begin(agent, adam, "delete_person", person="bo")
    acting.approve(acting.question(run), bound.fresh(adam))
    assert bound.carried_out(run).result_text == "Deleted bo."
    assert office.mails == [f"To the administrators: bo was deleted by {adam.user_id}."]


@database
def test_answers_are_in_the_language_of_the_request(office: Any) -> None:
    """S3.55, S3.60, S3.84, S3.89: from the browser's request to the tool in the worker."""
    clerk(name="helper")
    script = json.dumps([{"call": [{"name": "greet", "arguments": {}}]}, {"say": "Done."}])
    sent = {"agent": "helper", "text": f"```script\n{script}\n```"}
    told = {"Accept-Language": "fr-CA, en;q=0.5", "X-Request-ID": "trace-9"}
    started = people.alice().api().post("/api/conversations", sent, format="json", headers=told)
    call = bound.carried_out(bound.advanced(started.json()["run"]["id"]))
    assert call.result_text == "Bonjour"
    assert call.asked_through["request_id"] == "trace-9"


@database
def test_a_tool_can_keep_a_record_of_its_own(office: Any) -> None:
    """S3.6, S3.7, S3.23-25, S3.50, S3.54, S3.61: with the names and ids of the very call."""
    call = bound.used(clerk(), people.alice().identity, "change_profile", name="Alice A.")
    (entry,) = office.log
    assert (entry["action"], entry["call"]) == ("change_profile", str(call.pk))
    assert (entry["user"], entry["session"]) == (call.user_id, call.session_id)
    assert entry["changes"] == {"name": "Alice A."}
    assert ToolCall.objects.filter(pk=entry["call"], usage_id__isnull=False).exists()
