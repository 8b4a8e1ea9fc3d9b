"""Asking over HTTP why a use was decided as it was."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import personas
from audit_app.models import AuditEntry
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tools_app.models import ToolCall

pytestmark = pytest.mark.django_db


def told(call: ToolCall, who: Person, status: int = 200) -> dict[str, Any]:
    answer = who.api().get(f"/api/calls/{call.pk}/explanation")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def forbid(door: Gate) -> None:
    personas.grant(
        door.agent,
        door.tool,
        {"denied_parameters": {"line": ["one"]}},
        by=identities.system(door.tool.organization_id),
    )


def test_then_and_today_stand_beside_each_other() -> None:
    door = gate.opened(is_dangerous=True)
    call = door.ask({"line": "one"})
    forbid(door)
    item = told(call, people.alice())
    assert [(each["stage"], each["decision"], each["code"]) for each in item["then"]] == [
        ("asked", "ask", "")
    ]
    assert (item["today"]["decision"], item["today"]["code"]) == ("refuse", "denied_parameter")
    assert item["differs"] is True
    assert (item["tool"], item["persona"], item["status"]) == ("ledger", str(door.agent), "waiting")
    refusing = [line for line in item["today"]["explanation"] if line["outcome"] == "refuse"]
    assert [line["text"] for line in refusing] == [item["today"]["message"]]


def test_rows_are_linked_for_those_who_may_open_their_pages() -> None:
    door = gate.opened(is_dangerous=True)
    call = door.ask({"line": "one"})
    for who, linked in ((people.adam(), True), (people.alice(), False)):
        lines = told(call, who)["today"]["explanation"]
        urls = {source["kind"]: source["url"] for line in lines for source in line["sources"]}
        page = f"/admin/agents_app/agenttype/{door.agent.pk}/change/"
        tool = f"/admin/tools_app/tool/{door.tool.pk}/change/"
        assert urls == (
            {"tool": tool, "persona": page, "grant": page}
            if linked
            else dict.fromkeys(("tool", "persona", "grant"), "")
        )


def test_a_dry_run_names_the_rows_too() -> None:
    door = gate.opened({"denied_parameters": ["line"]})
    sent = {"agent": door.agent.pk, "arguments": {"line": "one"}}
    answer = people.carol().api().post(f"/api/tools/{door.tool.pk}/try", sent, format="json").json()
    refusing = [line for line in answer["explanation"] if line["outcome"] == "refuse"]
    assert [(each["kind"], each["id"]) for each in refusing[0]["sources"]] == [("grant", door.grant.pk)]


def test_who_may_see_the_call_may_ask_and_nobody_else() -> None:
    call = gate.opened().ask({"line": "one"})
    told(call, people.alice())
    for stranger in (people.bob(), people.carol(), people.mallory()):
        told(call, stranger, 404)
    assert not AuditEntry.objects.filter(action="record.read").exists()


def test_whoever_audits_leaves_an_entry_and_who_is_asked_does_not() -> None:
    call = gate.opened(is_dangerous=True).ask({"line": "one"})
    told(call, people.bob())
    assert not AuditEntry.objects.filter(action="record.read").exists()
    told(call, people.olga())
    entry = AuditEntry.objects.get(action="record.read")
    assert (entry.actor_name, entry.subject_type, entry.subject_id) == ("Olga", "call", str(call.pk))


def test_what_a_text_hides_is_shown() -> None:
    call = gate.opened().ask({"line": "one"}, name="led\u202eger")
    item = told(call, people.alice())
    assert "\u202e" not in str(item)
    assert item["then"][0]["code"] == "unknown_tool"


def test_the_pages_of_a_call_and_of_its_question_tell_the_chain() -> None:
    door = gate.opened(is_dangerous=True)
    call = door.ask({"line": "one"})
    forbid(door)
    browser = people.adam().browser()
    question = gate.question(call)
    for page in (f"toolcall/{call.pk}", f"approval/{question.pk}"):
        shown = browser.get(f"/admin/tools_app/{page}/change/").content.decode()
        assert "When it was asked for: a person is asked" in shown
        assert "Today it would be: refused" in shown
        assert f'href="/admin/tools_app/tool/{door.tool.pk}/change/"' in shown


def test_the_page_of_a_call_from_before_says_so() -> None:
    call = gate.opened().ask({"line": "one"})
    ToolCall.objects.filter(pk=call.pk).update(explanation=[])
    shown = people.adam().browser().get(f"/admin/tools_app/toolcall/{call.pk}/change/").content.decode()
    assert "was not kept" in shown
    assert "Today: allowed" in shown
