"""search_tools in an answer: found, loaded for the next step, and kept; only what this person may be offered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agents_app import factory, loop, personas, runs, transcript
from agents_app.answering import history
from agents_app.models import AgentToolConfig, AgentType, Conversation, Message, Run
from agents_app.providers import fitting
from audit_app.models import ToolUsage
from project.accounts import identity as identities
from tests import gate, many, people
from tests.flows import acting
from tools_app import calls, executors, seeds
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)

LEDGER = {"tool_type": "custom", "executor": "ledger"}


@pytest.fixture
def agent() -> Iterator[AgentType]:
    """A clerk with a dozen tools of the books, carried out by the ledger, that have to be searched for."""
    executors.register("ledger", "tests.gate.Ledger")
    gate.lines.clear()
    organization = people.toolroom()
    seeds.apply(organization)
    agent = many.persona(organization, "clerk", tool_weight_limit=50, model="local-model")
    many.granted(agent, many.tools(organization, 12, **LEDGER))
    yield agent
    executors._paths.pop("ledger")


def said(agent: AgentType, *turns: dict[str, Any], text: str = "", within: Conversation | None = None) -> Run:
    who = people.alice().identity
    conversation = within or acting.begin(who, agent.name)
    return acting.say(conversation, text or f"```script\n{json.dumps(turns)}\n```", who)


def on(run: Run) -> Run:
    """Advance the answer as its worker would, until it ends or waits for a person."""
    for _ in range(10):
        found = Run.objects.select_related("conversation", "agent_type", "message").get(pk=run.pk)
        if found.status in Run.FINAL or not runs.claim(found):
            break
        loop.work(found)
        for call in ToolCall.objects.filter(run_id=run.pk, status="queued"):
            calls.execute(call)
    return Run.objects.get(pk=run.pk)


def searches(query: str, **more: Any) -> dict[str, Any]:
    return {"call": [{"name": "search_tools", "arguments": {"query": query, **more}}]}


def found(run: Run) -> list[str]:
    call = ToolCall.objects.filter(run_id=run.pk, tool_name="search_tools").latest("pk")
    return [tool["name"] for tool in (call.result or {}).get("tools", [])]


def tools_sent(run: Run) -> list[str]:
    """What the next request of this conversation would be sent, read from the rows alone, as any worker would."""
    run = Run.objects.select_related("conversation", "agent_type", "message").get(pk=run.pk)
    client = factory.client_for(run.agent_type, people.alice().identity)
    messages = transcript.build(history.exchanges(run), budget_tokens=100_000)
    return [tool["name"] for tool in fitting.tools_for(client.request(messages, tries=1))]


def test_what_is_found_is_loaded_for_the_next_step_and_stays(agent: AgentType) -> None:
    run = on(said(agent, searches("read an invoice", limit=2), {"say": "Found."}))
    assert run.status == "finished"
    assert found(run)[0] == "read_invoice_1"
    assert tools_sent(run) == ["search_tools", *found(run)]
    again = on(said(agent, searches("archive a customer", limit=1), {"say": "Too."}, within=run.conversation))
    assert tools_sent(again) == [
        "search_tools",
        *found(run),
        *[n for n in found(again) if n not in found(run)],
    ]
    usage = ToolUsage.objects.get(tool_call_id=ToolCall.objects.get(run_id=run.pk).pk)
    assert (usage.tool_name, usage.status) == ("search_tools", "success")


def test_the_result_says_name_description_and_why(agent: AgentType) -> None:
    run = on(said(agent, searches("read an invoice", limit=1), {"say": "Found."}))
    call = acting.only_call(run)
    assert call.result_text.startswith("1. read_invoice_1: Reads what the books say about a invoice.")
    assert "matches read, invoic; category invoice" in call.result_text
    assert call.blocks == [{"type": "tool_reference", "tool_name": "read_invoice_1"}]


def test_the_scripted_model_looks_for_a_tool_and_uses_it(agent: AgentType) -> None:
    run = on(said(agent, text='Count the invoice with number "4711"'))
    used = list(ToolCall.objects.filter(run_id=run.pk).order_by("pk").values_list("tool_name", "status"))
    assert used == [("search_tools", "succeeded"), ("count_invoice_5", "succeeded")]
    assert gate.lines[-1][1] == {"number": "4711"}
    assert "written" in acting.answer(run)


def test_a_greeting_is_no_reason_to_search(agent: AgentType) -> None:
    assert not ToolCall.objects.filter(run_id=on(said(agent, text="Hello!")).pk).exists()


def test_a_deferred_tool_that_is_called_unseen_stands_before_the_same_gate(agent: AgentType) -> None:
    """Visibility is no permission: granted is allowed, not granted is refused, found or not."""
    Tool.objects.create(
        **{**LEDGER, "organization": agent.organization, "name": "of_others", "description": "Not yours.",
           "category": "x", "definition": {"input_schema": gate.SCHEMA}}
    )  # fmt: skip
    uses = {"call": [{"name": name, "arguments": {"number": "1"}} for name in (many.name_of(2), "of_others")]}
    run = on(said(agent, uses, {"say": "Done."}))
    ended = dict(ToolCall.objects.filter(run_id=run.pk).values_list("tool_name", "reason"))
    assert ended == {many.name_of(2): "", "of_others": "not_granted"}
    assert len(gate.lines) == 1
    assert many.name_of(2) in tools_sent(run), "what was used stays loaded"


def hide(name: str, how: str) -> None:
    tool = Tool.objects.get(name=name)
    if how == "not granted":
        AgentToolConfig.objects.filter(tool=tool).delete()
    elif how == "may not run":
        AgentToolConfig.objects.filter(tool=tool).update(allow_use=False)
    elif how == "off":
        Tool.objects.filter(pk=tool.pk).update(enabled=False)
    else:
        Tool.objects.filter(pk=tool.pk).update(required_permissions=["members.manage"])


@pytest.mark.parametrize("how", ["not granted", "may not run", "off", "for others"])
def test_only_what_this_person_may_be_offered_is_found(agent: AgentType, how: str) -> None:
    hide("read_invoice_1", how)
    run = on(said(agent, searches("read_invoice_1", limit=20), {"say": "Pity."}))
    assert "read_invoice_1" not in found(run)
    assert "read_invoice_1" not in acting.only_call(run).result_text


def test_another_organizations_tools_are_found_by_nobody_here(agent: AgentType) -> None:
    theirs = people.mallory().organization
    many.tools(theirs, 1, **LEDGER, description="Reads the secret unicorn.")
    run = on(said(agent, searches("secret unicorn"), {"say": "Pity."}))
    assert acting.only_call(run).result_text.startswith("Of 12 tools none fits.")
    assert "Categories: invoice (8), customer (4)." in acting.only_call(run).result_text


def test_category_and_tag_narrow_the_search(agent: AgentType) -> None:
    run = on(said(agent, searches("whatever it is", category="Customer", limit=20), {"say": "Found."}))
    assert len(found(run)) == 4
    run = on(said(agent, searches("books", tag="read", limit=20), {"say": "Found."}))
    assert found(run) == ["read_customer_9", "read_invoice_1"]


def test_a_tool_shown_already_is_named_and_not_referred_to(agent: AgentType) -> None:
    AgentToolConfig.objects.filter(tool__name="read_invoice_1").update(always_on=True)
    run = on(said(agent, searches("read_invoice_1", limit=1), {"say": "Found."}))
    assert "You were shown it already." in acting.only_call(run).result_text
    assert acting.only_call(run).blocks == []


def test_below_the_limit_the_search_is_refused_where_it_was_never_meant(agent: AgentType) -> None:
    personas.update(agent, {"tool_weight_limit": None}, by=identities.system(people.toolroom()))
    run = on(said(agent, searches("invoice"), {"say": "Pity."}))
    assert (acting.only_call(run).status, acting.only_call(run).reason) == ("blocked", "not_granted")
    assert Message.objects.filter(steps__run=run).exists()
