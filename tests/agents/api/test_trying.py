"""Trying a tool out: who may, as whom, what is told, and what becomes of a real try."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents_app import attachments
from audit_app.models import AuditEntry, ToolUsage
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tools_app import approvals, calls
from tools_app.exceptions import NotAllowed
from tools_app.explain import trying
from tools_app.explain.trying import MayNotImpersonate
from tools_app.models import Approval, ToolCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def door() -> Gate:
    return gate.opened({"usage_limit": 2, "parameter_defaults": {"number": 1}})


def tried(door: Gate, by: Person | None = None, status: int = 0, **sent: Any) -> Any:
    body = {"agent": door.agent.pk, "arguments": {"line": "one"}, **sent}
    answer = (by or people.carol()).api().post(f"/api/tools/{door.tool.pk}/try", body, format="json")
    assert answer.status_code == (status or (200 if sent.get("dry_run", True) else 201)), answer.content
    return answer.json()


def outcome(door: Gate, call_id: int, by: Person | None = None) -> Any:
    return (by or people.carol()).api().get(f"/api/tools/{door.tool.pk}/try/{call_id}")


def worked(call_id: int) -> ToolCall:
    """What a worker does with a queued call."""
    calls.execute(ToolCall.objects.select_related("tool").get(pk=call_id))
    return ToolCall.objects.get(pk=call_id)


def test_a_real_try_ends_with_its_result(door: Gate) -> None:
    gate.results["one"] = {"rows": [1, 2]}
    told = tried(door, dry_run=False)
    assert (told["decision"], told["call"]["status"], told["open"]) == ("allow", "queued", True)
    worked(told["call"]["id"])
    found = outcome(door, told["call"]["id"]).json()
    call = found["call"]
    assert (call["status"], found["open"], call["result_text"]) == ("succeeded", False, "written")
    assert found["result"] == {"rows": [1, 2]}
    assert gate.lines == [(str(call["id"]), {"line": "one", "number": 1})]
    usage = ToolUsage.objects.get(tool_call_id=call["id"])
    assert (usage.status, usage.user_name, usage.run_id) == ("success", "Carol", None)
    opened = AuditEntry.objects.get(action="call.running")
    assert opened.facts["through"] == "admin try"


def test_a_real_try_that_asks_waits_for_its_verdict(door: Gate) -> None:
    door.tool.requires_approval = True
    door.tool.save()
    told = tried(door, dry_run=False)
    question = told["call"]["approval"]
    assert (told["decision"], told["call"]["status"]) == ("ask", "waiting")
    assert (question["requester"], question["may_decide"], question["conversation"][:4]) == (
        "Carol",
        False,
        "try:",
    )
    assert "sign in" in question["why_not"]
    row = Approval.objects.get(pk=question["id"])
    approvals.approve(row, digest=row.digest, by=people.bob().identity)
    assert worked(told["call"]["id"]).status == "succeeded"
    assert outcome(door, told["call"]["id"]).json()["call"]["approval"]["decided_by"] == "Bob"


def test_a_try_that_waits_can_be_withdrawn_once(door: Gate) -> None:
    door.tool.requires_approval = True
    door.tool.save()
    where = f"/api/tools/{door.tool.pk}/try/{tried(door, dry_run=False)['call']['id']}"
    client = people.carol().api()
    assert client.delete(where).json()["call"]["status"] == "cancelled"
    assert Approval.objects.get().status == "cancelled"
    assert client.delete(where).status_code == 409


def test_limits_count_over_the_tries_of_one_login(door: Gate) -> None:
    browser, seen = people.carol().browser(), []
    for _ in range(3):
        body = {"agent": door.agent.pk, "arguments": {"line": "one"}, "dry_run": False}
        told = browser.post(f"/api/tools/{door.tool.pk}/try", body, "application/json").json()
        seen.append(worked(told["call"]["id"]).status if told["decision"] == "allow" else told["code"])
    assert seen == ["succeeded", "succeeded", "limit"]
    assert tried(door)["decision"] == "allow", "another login is another session"


def test_the_explanation_names_every_step_and_what_policy_fills_in(door: Gate) -> None:
    door.grant.denied_parameters = {"line": ["one"]}
    door.grant.save()
    door.tool.enabled = False
    door.tool.save()
    told = tried(door)
    by_check = {line["check"]: line for line in told["explanation"]}
    assert [line["check"] for line in told["explanation"]][:4] == ["switches", "person", "tool", "arguments"]
    assert [name for name, line in by_check.items() if line["outcome"] == "refuse"] == ["tool", "denied"]
    assert "Filled in by policy: number." in by_check["arguments"]["text"]
    assert by_check["limit"]["text"] == "0 of 2 uses so far in this conversation."
    assert (told["code"], told["arguments"], told["filled"]) == (
        "tool_disabled",
        {"line": "one", "number": 1},
        ["number"],
    )


def test_a_dry_run_tells_what_would_happen_if_somebody_else_asked(door: Gate) -> None:
    door.tool.required_permissions = ["approvals.decide"]
    door.tool.save()
    assert tried(door)["code"] == "missing_permission"
    told = tried(door, user=people.bob().user.pk)
    assert (told["decision"], told["person"]) == ("allow", "Bob")
    entry = AuditEntry.objects.filter(action="tool.tried").latest("pk")
    assert (entry.actor_name, entry.facts["person"]) == ("Carol", people.bob().identity.user_id)
    gone = people.bob().membership
    gone.active = False
    gone.save()
    assert tried(door, user=people.bob().user.pk)["code"] == "requester_gone"


def test_nobody_really_uses_a_tool_as_somebody_else(door: Gate) -> None:
    told = tried(door, user=people.bob().user.pk, dry_run=False, status=403)
    assert told["error"]["code"] == "may_not_impersonate"
    who = trying.instead_of(
        trying.asked(people.adam().identity, agent_type_id=door.agent.pk), str(people.bob().user.pk)
    )
    with pytest.raises(MayNotImpersonate):
        trying.use(door.tool, "{}", who, by=people.adam().identity)
    assert not ToolCall.objects.exists()


@pytest.mark.parametrize("name", ["alice", "bob", "olga"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_who_may_not_define_tools_may_not_try_them(name: str, dry_run: bool, door: Gate) -> None:
    person = getattr(people, name)()
    tried(door, by=person, dry_run=dry_run, status=403)
    who = trying.asked(person.identity, agent_type_id=door.agent.pk)
    with pytest.raises(NotAllowed):
        trying.use(door.tool, "{}", who, by=person.identity)
    with pytest.raises(NotAllowed):
        trying.foretell(door.tool, "{}", who, by=person.identity)


def test_strangers_in_the_body_are_not_found(door: Gate) -> None:
    theirs = people.mallory()
    told = tried(door, user=theirs.user.pk, status=400)
    assert told["error"]["details"] == {"user": ["There is no such person."]}
    tried(door, agent=door.agent.pk + 1_000, status=404)
    tried(door, by=theirs, status=404)
    tried(door, agent="x", status=400)
    tried(door, raw="{}", status=400)


def test_what_somebody_else_tried_is_not_shown(door: Gate) -> None:
    call_id = tried(door, dry_run=False)["call"]["id"]
    assert outcome(door, call_id, by=people.adam()).status_code == 404
    chat = door.ask({"line": "one"}, identity=people.carol().identity)
    assert outcome(door, chat.pk).status_code == 404, "a use in a conversation is no try"


@pytest.mark.parametrize(
    "raw",
    [
        '{"line": ',
        '{"line": "a", "line": "b"}',
        '{"number": NaN}',
        "[" * 10_000,
        '"x"',
        "\ud800" * 2,
        "x" * 70_000,
    ],
    ids=["cut", "twice", "nan", "deep", "text", "surrogate", "large"],
)
def test_what_a_model_could_write_is_read_as_strictly(raw: str, door: Gate) -> None:
    body = {"agent": door.agent.pk, "raw": raw}
    answer = people.carol().browser().post(f"/api/tools/{door.tool.pk}/try", body, "application/json")
    if "\ud800" in raw:
        assert answer.status_code == 400, "the body itself cannot be read"
        return
    assert (answer.json()["decision"], answer.json()["code"]) == ("refuse", "invalid_arguments")


def test_what_a_refused_use_would_have_reached_is_not_told(door: Gate) -> None:
    told = tried(door, arguments={"path": "/etc/passwd"})
    assert (told["decision"], told["reach"], told["preview"]) == ("refuse", "", "")


def test_a_try_has_no_files_of_a_conversation_and_its_session_ends_with_the_day(door: Gate) -> None:
    session = trying.session_of(people.carol().identity)
    assert attachments.for_tools(session, people.toolroom().pk) == ()
    assert len(trying.session_of(replace(people.carol().identity, session_id="x" * 60))) <= 50


def test_what_is_typed_is_judged_and_never_run(door: Gate) -> None:
    assert tried(door, values={"requires_approval": True})["decision"] == "ask"
    narrower = {"type": "object", "properties": {"number": {"type": "number"}}}
    assert tried(door, values={"input_schema": narrower})["code"] == "invalid_arguments"
    wrong = tried(door, values={"input_schema": {"type": "array"}}, status=400)
    assert wrong["error"]["details"]["input_schema"]
    told = tried(door, values={"requires_approval": True}, dry_run=False, status=400)
    assert told["error"]["details"] == {"values": ["Only what is saved can really be used."]}
    door.tool.refresh_from_db()
    assert door.tool.requires_approval is False
    assert not ToolCall.objects.exists()


@pytest.mark.parametrize("field", ["denied_parameters", "allowed_parameters", "ask_when"])
def test_rules_that_cannot_be_read_refuse_and_are_said_to(field: str, door: Gate) -> None:
    type(door.grant).objects.filter(pk=door.grant.pk).update(**{field: {"line": [{"newer": 1}]}})
    told = tried(door)
    assert (told["decision"], told["code"]) == ("refuse", "policy_error")
    assert [line["check"] for line in told["explanation"]] == ["rules"]
    type(door.tool).objects.filter(pk=door.tool.pk).update(enabled=False)
    assert tried(door)["code"] == "tool_disabled", (
        "another refusal comes first, and is explained all the same"
    )
