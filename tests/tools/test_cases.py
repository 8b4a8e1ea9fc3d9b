"""Saved cases: run through the real gate, judged at the end of their use, and asked before a draft is published."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents_app.models import AgentType
from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from tests import gate, people
from tests.gate import Gate
from tools_app import approvals, calls, catalog, quarantine
from tools_app.cataloging import cases, drafts, versions
from tools_app.exceptions import CaseNameTaken, CasesNotPassed, DigestMismatch, InvalidCase
from tools_app.models import Tool, ToolCall, ToolCase, ToolDraft

pytestmark = pytest.mark.django_db

SUCCEEDS = {"outcome": "succeeded", "text": {"equals": "written"}}


@pytest.fixture
def opened() -> Gate:
    return gate.opened()


def saved(now: Gate, expectation: Any = SUCCEEDS, **fields: Any) -> ToolCase:
    wanted = {
        "name": "writes",
        "arguments": {"line": "hello"},
        "expectation": expectation,
        "agent_type_id": now.agent.pk,
        "agent_name": now.agent.display_name,
    }
    return cases.add(now.tool, wanted | fields, by=people.carol().identity)


def ran(case: ToolCase, *, draft: str = "") -> ToolCase:
    """Run it, and let a worker carry out what is queued."""
    run = cases.run(case, by=people.carol().identity, draft=draft)
    if run.call is not None and run.call.status == ToolCall.Status.QUEUED:
        carried_out(run.call)
    return ToolCase.objects.get(pk=case.pk)


def carried_out(call: ToolCall) -> None:
    call.refresh_from_db()
    calls.execute(call)
    call.refresh_from_db()
    cases.settle(call)


def test_a_case_really_uses_the_tool_and_passes(opened: Gate) -> None:
    case = ran(saved(opened))
    assert (case.outcome, case.run_by, case.content_hash) == ("passed", "Carol", opened.tool.content_hash())
    assert [arguments for _, arguments in gate.lines] == [{"line": "hello"}]
    call = ToolCall.objects.get(pk=case.call_id)
    assert (call.asked_through["door"], call.user_name) == ("saved case", "Carol")
    entry = AuditEntry.objects.get(action="case.ran")
    assert (entry.facts["case"], entry.facts["outcome"]) == ("writes", "passed")


def test_what_was_not_met_is_told(opened: Gate) -> None:
    case = ran(saved(opened, {"outcome": "succeeded", "text": {"contains": "snow"}}))
    assert (case.outcome, case.explanation) == ("failed", "The text does not contain 'snow'.")
    case = ran(
        saved(
            opened,
            {"outcome": "failed", "text": {"contains": "on purpose"}},
            name="fails",
            arguments={"line": "fail"},
        )
    )
    assert case.outcome == "passed"


@pytest.mark.parametrize(
    ("tool", "arguments", "expected", "outcome"),
    [
        ({}, {"line": 5}, "refused", "passed"),
        ({}, {"line": "x"}, "refused", "failed"),
        ({}, {"line": "x"}, "asks", "failed"),
        ({"requires_approval": True}, {"line": "x"}, "asks", "passed"),
        ({"requires_approval": True}, {"line": "x"}, "refused", "failed"),
    ],
)
def test_where_a_decision_is_expected_nothing_runs(
    tool: dict[str, Any], arguments: dict[str, Any], expected: str, outcome: str
) -> None:
    now = gate.opened(**tool)
    case = ran(saved(now, {"outcome": expected}, arguments=arguments))
    assert case.outcome == outcome
    assert not gate.lines
    assert not ToolCall.objects.exists()


def test_a_dangerous_tool_asks_for_its_cases_too() -> None:
    now = gate.opened(requires_approval=True)
    case = ran(saved(now))
    assert (case.outcome, gate.lines) == ("open", [])
    question = ToolCall.objects.get(pk=case.call_id).approvals.get()
    again = ran(case)
    question.refresh_from_db()
    assert (question.status, again.call_id == case.call_id) == ("cancelled", False)
    asked = ToolCall.objects.get(pk=again.call_id)
    approvals.approve(asked.approvals.get(), digest=asked.approvals.get().digest, by=people.bob().identity)
    carried_out(asked)
    assert ToolCase.objects.get().outcome == "passed"
    denied = ToolCall.objects.get(pk=ran(case).call_id)
    question = denied.approvals.get()
    approvals.deny(question, digest=question.digest, by=people.bob().identity)
    cases.refresh(now.tool)
    assert "It should succeed, and was refused" in ToolCase.objects.get().explanation


def test_the_gate_may_be_asked_about_somebody_else(opened: Gate) -> None:
    catalog.update(opened.tool, {"required_permissions": ["catalog.change"]}, by=people.carol().identity)
    alice = people.alice().identity.user_id
    assert ran(saved(opened, {"outcome": "refused"}, user_id=alice)).outcome == "passed"
    with pytest.raises(InvalidCase) as refused:
        saved(opened, name="as Alice", user_id=alice)
    assert "user_id" in refused.value.details


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"arguments": []}, "arguments"),
        ({"arguments": {"line": "a\x00b"}}, "arguments"),
        ({"arguments": {"line": "x" * 70_000}}, "arguments"),
        ({"expectation": {"outcome": "wonderful"}}, "expectation"),
        ({"outcome": "passed"}, "outcome"),
    ],
)
def test_what_is_wrong_with_a_case_is_named(opened: Gate, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidCase) as refused:
        saved(opened, **{"expectation": SUCCEEDS} | fields)
    assert field in refused.value.details
    assert not ToolCase.objects.exists()


def test_a_name_is_taken_once(opened: Gate) -> None:
    saved(opened)
    with pytest.raises(CaseNameTaken):
        saved(opened)


@pytest.mark.parametrize(
    ("who", "error"), [(people.alice, NotAllowed), (people.bob, NotAllowed), (people.mallory, NotFound)]
)
def test_only_keepers_have_cases(opened: Gate, who: Any, error: type[Exception]) -> None:
    case = saved(opened)
    by = who().identity
    for attempt in (
        lambda: cases.add(opened.tool, {}, by=by),
        lambda: cases.change(case, {"name": "mine"}, by=by),
        lambda: cases.remove(case, by=by),
        lambda: cases.run(case, by=by),
    ):
        with pytest.raises(error):
            attempt()
    assert not gate.lines


def test_a_case_runs_against_the_draft_and_the_tool_stays_as_it_is(opened: Gate) -> None:
    by = people.carol().identity
    narrower = {"type": "object", "properties": {"number": {"type": "number"}}, "additionalProperties": False}
    draft = drafts.propose(opened.tool, {"input_schema": narrower}, by=by, source="person")
    case = saved(opened)
    assert ran(case).outcome == "passed"
    with pytest.raises(CasesNotPassed) as refused:
        drafts.publish(draft, by=by)
    assert refused.value.details["cases"][0]["outcome"] == "never"
    tried = ran(case, draft=versions.mark(draft))
    assert (tried.outcome, "It should succeed, and was refused" in tried.explanation) == ("failed", True)
    with pytest.raises(CasesNotPassed) as refused:
        drafts.publish(draft, by=by)
    assert refused.value.details["cases"][0]["outcome"] == "failed"
    drafts.publish(draft, by=by, override="The case is older than the rule.")
    entry = AuditEntry.objects.get(action="tool.published")
    assert (entry.facts["overridden"], entry.facts["override"]) == (
        ["writes"],
        "The case is older than the rule.",
    )


def test_a_draft_whose_cases_pass_is_published_without_a_word(opened: Gate) -> None:
    by = people.carol().identity
    draft = drafts.propose(opened.tool, {"description": "Writes a line down."}, by=by, source="person")
    tried = ran(saved(opened), draft=versions.mark(draft))
    assert (tried.outcome, tried.content_hash) == ("passed", drafts.applied(draft).content_hash())
    assert Tool.objects.get(pk=opened.tool.pk).description != "Writes a line down."
    assert drafts.publish(draft, by=by).description == "Writes a line down."


def test_what_is_held_back_is_judged_by_its_review(opened: Gate) -> None:
    """Its cases cannot run before: the record says which have not passed."""
    by = people.carol().identity
    draft = drafts.propose(opened.tool, {"description": "The server says."}, by=by, source="mcp")
    saved(opened)
    quarantine.hold_back(opened.tool, "It was changed.", by=by)
    drafts.publish(draft, by=by)
    assert AuditEntry.objects.get(action="tool.published").facts["unproven"] == ["writes"]


def test_a_draft_that_moved_on_is_not_what_was_asked_about(opened: Gate) -> None:
    """A question about a use that tries a draft is void as soon as the draft is another one."""
    by = people.carol().identity
    draft = drafts.propose(opened.tool, {"requires_approval": True}, by=by, source="person")
    call = cases.run(saved(opened), by=by, draft=versions.mark(draft)).call
    assert call is not None
    drafts.edit(draft, {"requires_approval": True, "description": "Other."}, by=by)
    question = call.approvals.get()
    with pytest.raises(DigestMismatch):
        approvals.approve(question, digest=question.digest, by=people.bob().identity)
    call.refresh_from_db()
    assert (call.status, gate.lines) == ("blocked", [])
    cases.refresh(opened.tool)
    assert ToolCase.objects.get().outcome == "failed"


def test_an_unpublished_tool_runs_its_cases_and_nothing_else(opened: Gate) -> None:
    by = people.carol().identity
    Tool.objects.filter(pk=opened.tool.pk).update(is_draft=True, enabled=False)
    opened.tool.refresh_from_db()
    assert (opened.ask({"line": "x"}).reason, gate.lines) == ("tool_draft", [])
    case = saved(opened)
    with pytest.raises(CasesNotPassed):
        drafts.publish_new(opened.tool, by=by)
    assert ran(case, draft=versions.NEW).outcome == "passed"
    assert drafts.publish_new(opened.tool, by=by).enabled
    assert ran(case, draft=versions.NEW).outcome == "failed", "it is no draft any more"


def test_changing_a_case_forgets_what_it_came_to(opened: Gate) -> None:
    case = cases.change(ran(saved(opened)), {"name": "writes well"}, by=people.carol().identity)
    assert (case.outcome, case.content_hash, case.call) == ("", "", None)
    cases.remove(case, by=people.carol().identity)
    assert not ToolCase.objects.exists()
    assert not ToolDraft.objects.exists()


def commanded(*said: str) -> tuple[str, str]:
    """What the command writes, and the words it fails with."""
    out = io.StringIO()
    try:
        call_command("run_tool_cases", *said, stdout=out)
    except CommandError as refused:
        return out.getvalue(), str(refused)
    return out.getvalue(), ""


def test_the_command_runs_cases_as_a_person(opened: Gate) -> None:
    catalog.update(opened.tool, {"requires_approval": True}, by=people.carol().identity)
    saved(opened, {"outcome": "asks"}, name="asks")
    assert commanded("carol") == ("ok       ledger / asks\n1 cases, all passed.\n", "")
    saved(opened, {"outcome": "refused"}, name="refused\N{CYRILLIC SMALL LETTER A}")
    told, refused = commanded("carol", "ledger")
    assert "FAILED   ledger / refused⟨U+0430⟩: It should be refused, and a person would be asked." in told
    assert refused == "1 of 2 cases have not passed."
    saved(opened, name="waits")
    told, refused = commanded("carol", "--wait", "0")
    assert "waiting  ledger / waits" in told
    assert commanded("carol", "--draft") == ("0 cases, all passed.\n", "")


def test_nobody_sits_before_the_command(opened: Gate) -> None:
    catalog.update(opened.tool, {"requires_approval": True}, by=people.carol().identity)
    AgentType.objects.filter(pk=opened.agent.pk).update(unattended="refuse")
    saved(opened, name="runs")
    told, _ = commanded("carol", "--wait", "0")
    assert "FAILED   ledger / runs" in told, "with a person it would wait for the answer"
    assert not ToolCall.objects.exclude(status="blocked").exists()


def test_the_command_is_refused_to_whoever_may_not(opened: Gate) -> None:
    saved(opened, {"outcome": "asks"})
    assert "permission" in commanded("alice")[1]
    assert "nobody" in commanded("zoe")[1]
    assert "No saved cases of: sky" in commanded("carol", "sky")[1]
    people.mallory()
    assert "No saved cases of: ledger" in commanded("mallory", "ledger")[1]
    assert not gate.lines
