"""What tools are told: a persona's own values, those a program sends with a message, and over all who asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents_app import conversations, loop, personas, runs
from agents_app.exceptions import InvalidContext, InvalidPersona, MayNotActAs
from agents_app.granted import background
from agents_app.models import AgentType, Run
from agents_app.showing import cards
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from project.accounts.models import Membership
from tests import people
from tests.flows import acting
from tools_app import calls, executors, functions, seeds
from tools_app.context import ToolContext
from tools_app.functions import Tool, registry
from tools_app.models import Approval, ToolCall
from tools_app.models import Tool as Row

pytestmark = pytest.mark.django_db

SERVICE = {"user_id": "billing-service", "role": "admin", "permissions": ["invoices.read"], "tier": "free"}


@pytest.fixture(autouse=True)
def _functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})
    executors.register("python", "tools_app.executors.python.PythonExecutor")


def told(ctx: ToolContext) -> dict[str, Any]:
    """Say what the context holds."""
    return dict(ctx.items())


def persona(tool: Any = told, **fields: Any) -> AgentType:
    operator = identities.system(people.toolroom())
    functions.register(tool)
    seeds.apply(people.toolroom())
    sent = {"name": "clerk", "model": "claude-sonnet-5-5", "system_prompt": "Keep the books.", **fields}
    agent = personas.register(sent, by=operator)
    personas.grant(agent, Row.objects.get(name="told", organization=people.toolroom()), {}, by=operator)
    return agent


def asked(agent: AgentType, sent: dict[str, Any] | None = None) -> Run:
    who = people.alice().identity
    script = json.dumps([{"call": [{"name": "told", "arguments": {}}]}, {"say": "Done."}])
    text = f"```script\n{script}\n```"
    posted = conversations.post_message(
        conversations.start(agent, by=who), text, client_id="one", by=who, tool_context=sent
    )
    return posted.run


def advanced(run: Run) -> ToolCall:
    found = Run.objects.select_related("conversation", "agent_type", "message").get(pk=run.pk)
    assert runs.claim(found)
    loop.work(found)
    return acting.only_call(run)


def used(agent: AgentType, sent: dict[str, Any] | None = None) -> dict[str, Any]:
    call = advanced(asked(agent, sent))
    calls.execute(call)
    call.refresh_from_db()
    assert call.status == "succeeded", call.reason_text
    return dict(call.result or {})


def test_the_run_wins_over_the_persona_and_both_contribute() -> None:
    """S3.18, S3.26, S3.29-33, S3.101: one value inherited, one overridden, one added; lists are replaced."""
    agent = persona(tool_context={"project": "default", "tier": "free", "labels": ["a", "b"]})
    found = used(agent, {"project": "apollo", "labels": ["c"], "ticket": 7})
    assert {name: found[name] for name in ("project", "tier", "labels", "ticket")} == {
        "project": "apollo",
        "tier": "free",
        "labels": ["c"],
        "ticket": 7,
    }
    assert found["user_id"] == people.alice().identity.user_id
    assert found["org_id"] == str(people.toolroom().pk)


def test_what_was_sent_waits_with_the_call_for_its_verdict() -> None:
    """S3.92: a worker hours later has it, and a person is asked anew if it is no longer what it was."""
    agent = persona(Tool(told, requires_approval=True))
    call = advanced(asked(agent, {"project": "apollo"}))
    assert call.tool_context == {"project": "apollo"}
    approval = Approval.objects.get(call=call)
    assert approval.covers["context"] == {"project": "apollo"}
    card = cards.approval(approval, call)["card"]
    assert [(row["name"], row["value"]) for row in card] == [("told: project", "apollo")]
    ToolCall.objects.filter(pk=call.pk).update(tool_context={"project": "zeus"}, status="queued")
    Approval.objects.filter(call=call).update(
        status="approved", decided_by_id=people.bob().identity.user_id, use_until="2999-01-01T00:00Z"
    )
    calls.execute(ToolCall.objects.get(pk=call.pk))
    call.refresh_from_db()
    assert (call.status, call.reason) == ("blocked", "definition_changed")


def test_nobody_says_who_asks() -> None:
    """S3.93, S3.94: not a message, not a persona; and nothing is stored."""
    agent = persona()
    for name in ("user_id", "org_id", "roles", "permissions", "auth_claims", "metadata", "requested_by"):
        with pytest.raises(InvalidContext, match="cannot be given") as refused:
            asked(agent, {"project": "apollo", name: "root"})
        assert name in refused.value.details["tool_context"][0]
        with pytest.raises(InvalidPersona):
            personas.update(agent, {"tool_context": {name: "root"}}, by=people.adam().identity)
    assert Run.objects.count() == 0


def test_over_http_too() -> None:
    agent, api = persona(), people.alice().api()
    body = {"agent": agent.name, "text": "Hello", "tool_context": {"project": "apollo"}}
    started = api.post("/api/conversations", body)
    assert started.status_code == 201
    assert Run.objects.get().tool_context == {"project": "apollo"}
    refused = api.post("/api/conversations", {**body, "tool_context": {"user_id": "1"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_context")
    large = api.post("/api/conversations", {**body, "tool_context": {"project": "x" * 20_000}})
    assert large.status_code == 400
    talk = f"/api/conversations/{started.json()['conversation']['id']}/messages"
    said = {"text": "Again", "client_id": "two", "tool_context": {"project": "zeus"}}
    assert api.post(talk, said).status_code == 201
    assert api.post(talk, said).status_code == 200
    other = api.post(talk, {**said, "tool_context": {}})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "client_id_reused")
    assert api.get(f"/api/agents/{agent.pk}").json()["tool_context"] is None
    assert people.carol().api().get(f"/api/agents/{agent.pk}").json()["tool_context"] == {}


def test_a_service_persona_acts_under_its_own_identity_and_both_are_recorded() -> None:
    """S3.27, S3.28, S3.95: needs nothing from the run; the gate still judges by the person who asks."""
    found = used(persona(tool_context=SERVICE, acts_as_itself=True))
    alice = people.alice().identity
    assert {name: found[name] for name in ("user_id", "role", "permissions", "tier", "requested_by")} == {
        **SERVICE,
        "requested_by": alice.user_id,
    }
    assert found["org_id"] == str(alice.organization_id)
    usage = ToolUsage.objects.get()
    assert (usage.user_id, usage.acting_as) == (alice.user_id, "billing-service")
    assert AuditEntry.objects.get(action="call.running").facts["acting_as"] == "billing-service"


def test_who_approves_sees_whom_it_acts_as() -> None:
    call = advanced(
        asked(persona(Tool(told, requires_approval=True), tool_context=SERVICE, acts_as_itself=True))
    )
    (row,) = cards.approval(Approval.objects.get(call=call), call)["card"]
    assert row["name"] == "acts as"
    assert "billing-service" in row["value"]


def test_its_identity_opens_no_gate() -> None:
    """S3.95: what the tool requires, the person must hold; what the persona says of itself counts for nothing there."""
    agent = persona(
        Tool(told, required_permissions=("members.manage",)),
        tool_context={**SERVICE, "permissions": ["members.manage"]},
        acts_as_itself=True,
    )
    call = advanced(asked(agent))
    assert (call.status, call.reason) == ("blocked", "missing_permission")


def test_only_administrators_give_a_persona_an_identity() -> None:
    """S3.95: an explicit flag, with a permission of its own, in the record by name."""
    agent, carol, adam = persona(), people.carol().identity, people.adam().identity
    wanted = {"tool_context": SERVICE, "acts_as_itself": True}
    with pytest.raises(MayNotActAs):
        personas.update(agent, wanted, by=carol)
    agent = personas.update(agent, wanted, by=adam)
    with pytest.raises(MayNotActAs):
        personas.update(agent, {"tool_context": {**SERVICE, "role": "root"}}, by=carol)
    assert personas.update(agent, {"description": "Bills."}, by=carol).description == "Bills."
    entry = AuditEntry.objects.filter(action="persona.changed").order_by("pk").first()
    assert entry is not None
    assert entry.facts["changed"] == ["acts_as_itself", "tool_context"]
    assert "billing-service" not in str(entry.facts)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tier": "free"},
        {"user_id": "7"},
        {"user_id": "  "},
        {"user_id": ["a"]},
        {"user_id": "system", "org_id": "2"},
        {"user_id": "system", "session_id": "s"},
        {"user_id": "system", "permissions": "all"},
        {"user_id": "system", "roles": [1]},
        {"user_id": "system", "role": ["admin"]},
    ],
)
def test_an_identity_of_its_own_is_nobodys_and_stays_in_its_organization(wrong: dict[str, Any]) -> None:
    """S3.93: people's ids are numbers, so a persona can never be a person."""
    assert background.problems_of_persona(wrong, acts_as_itself=True)
    assert not background.problems_of_persona(SERVICE, acts_as_itself=True)


def test_whoever_lost_a_right_loses_it_for_calls_that_wait() -> None:
    """S3.92: identity is read again when the call starts."""
    agent = persona()
    call = advanced(asked(agent))
    Membership.objects.filter(user=people.alice().user).update(active=False)
    calls.execute(call)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("blocked", "requester_gone")
