"""What a question covers, to the letter: pending ones survive an upgrade only while every name in it stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from agents_app import conversations
from agents_app.models import AgentToolConfig
from audit_app.models import AuditEntry
from project.accounts.models import Membership
from tests import gate, people
from tests.tools import losing
from tests.tools.asking import waiting, yes
from tests.tools.test_ask_user import asked as asked_person
from tests.tools.test_file_changes import EDIT, granted
from tests.tools.test_instead import edit
from tools_app import approvals, facts
from tools_app.approving import digest, questions
from tools_app.models import Approval, ApprovalVote, OrganizationPolicy, PolicyRule, Tool, ToolCall

pytestmark = pytest.mark.django_db
ALWAYS = {
    "organization",
    "conversation",
    "run",
    "call",
    "tool_use_id",
    "requester",
    "membership",
    "limits",
    "agent",
    "tool",
    "description",
    "grant",
    "arguments",
    "targets",
    "tainted",
    "expires_at",
}


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def covered(call: ToolCall, **more: Any) -> dict[str, Any]:
    row = again(call)
    return questions.covered(row, replace(facts.regather(row), **more), expires_at="then")


# --- What is covered ---


def test_what_a_question_covers_goes_by_these_names_for_good() -> None:
    at, call = waiting({"line": "one"})
    found = gate.question(call).covers
    assert set(found) == ALWAYS
    assert (found["organization"], found["conversation"]) == (people.toolroom().pk, call.session_id)
    assert (found["run"], found["call"], found["tool_use_id"]) == (call.run_id, call.pk, call.tool_use_id)
    assert (found["requester"], found["tainted"]) == (people.alice().identity.user_id, False)
    assert found["membership"] == people.alice().identity.membership_version
    assert (found["agent"], found["tool"][0]) == ([at.agent.pk, call.agent_hash], at.tool.pk)
    assert found["description"] == "Writes a line."
    assert len(found["tool"][1]) == len(found["grant"]) == 64
    assert gate.question(call).digest == digest.of(found)


def test_what_only_some_uses_have_is_covered_where_they_have_it() -> None:
    at, call = waiting({"line": "one"})
    ToolCall.objects.filter(pk=call.pk).update(tool_context={"desk": "3"})
    AgentToolConfig.objects.filter(pk=at.grant.pk).update(approvals_needed=2)
    OrganizationPolicy.objects.create(organization=people.toolroom(), approvals_needed=2)
    found = covered(call)
    assert set(found) == ALWAYS | {"context", "deciders"}
    assert (found["context"], found["deciders"]["count"]) == ({"desk": "3"}, 2)
    grant = facts.regather(call).grant
    assert grant is not None
    acting = replace(grant, acts_as={"user_id": "7"})
    found = covered(call, grant=acting, reach={"hosts": ["a.example"]})
    assert (found["acts_as"], found["reach"]) == ({"user_id": "7"}, {"hosts": ["a.example"]})
    nobody = covered(call, grant=None)
    assert (nobody["agent"], nobody["grant"]) == ([at.agent.pk, ""], "")


def test_a_changed_file_is_covered_as_it_is_shown(settings: Any, tmp_path: Any) -> None:
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [tmp_path]
    (tmp_path / "plan.txt").write_text("Meet on Monday.\n")
    found = covered(granted("edit_file").ask(EDIT))
    assert set(found) == ALWAYS | {"preview"}
    assert "+Meet on Tuesday." in found["preview"]


def test_the_rules_above_a_grant_are_covered_by_what_they_do() -> None:
    _, call = waiting({"line": "one"})
    rule = PolicyRule.objects.create(
        organization=people.toolroom(),
        name="Look first",
        ask_when={"line": ["one"]},
        denied_parameters={"number": [7]},
    )
    [[source, said]] = covered(call)["layers"]
    assert source == f"organization:{rule.pk}"
    assert said == digest.of_rules(
        {
            "allowed": None,
            "denied": {"number": [7]},
            "ask_when": {"line": ["one"]},
            "ask": False,
            "forbids": False,
        }
    )
    PolicyRule.objects.filter(pk=rule.pk).update(name="Look twice", message="Ask the desk.")
    assert covered(call)["layers"] == [[source, said]]


def test_a_rule_of_the_tool_itself_is_covered_by_its_hash_alone() -> None:
    _, call = waiting({"line": "one"}, denied_parameters={"number": [7]})
    assert "layers" not in gate.question(call).covers


def test_those_who_edited_are_covered_oldest_first() -> None:
    _, call = waiting({"line": "one"})
    second = edit(call, {"line": "two"})
    third = edit(second.call, {"line": "three"}, people.adam())
    ids = [who().identity.user_id for who in (people.bob, people.adam)]
    assert third.covers["editors"] == questions.editors_of(third.call) == ids
    assert questions.editors_of(call) == []


# --- The row ---


def test_a_question_says_what_was_asked_of_whom_and_until_when() -> None:
    _, call = waiting(approver="other", approvals_needed=2)
    question = gate.question(call)
    assert (question.approver, question.requester_name, question.about) == ("other", "Alice", "use")
    assert question.demands == [{"layer": "tool", "other": True, "count": 2, "groups": []}]
    assert question.covers["expires_at"] == question.expires_at.isoformat()
    left = question.expires_at - datetime.now(UTC)
    assert timedelta(seconds=settings.APPROVAL_PENDING_SECONDS - 300) < left
    asked = AuditEntry.objects.get(action="approval.pending")
    assert asked.facts["reasons"] == question.reasons == ["tool_requires_approval"]


def test_each_layer_is_named_with_what_it_demands() -> None:
    OrganizationPolicy.objects.create(organization=people.toolroom(), approvals_needed=2)
    _, call = waiting(grant={"approver": "other"})
    assert [(each["layer"], each["count"], each["other"]) for each in gate.question(call).demands] == [
        ("organization", 2, False),
        ("grant", 1, True),
    ]


def test_a_dangerous_tool_is_said_to_be_and_what_flows_is_kept() -> None:
    _, call = waiting(is_dangerous=True)
    assert (gate.question(call).is_dangerous, gate.question(call).flow) == (True, {})
    read = [{"tool": "web_fetch", "of": "https://example.org"}]
    at = gate.opened(is_open_world=True, privacy="private", name="other")
    asked = gate.question(at.ask({"line": "one"}, tainted=True, read_outside=tuple(read)))
    assert (asked.flow["read"], asked.is_dangerous, asked.covers["tainted"]) == (read, False, True)


def test_nothing_is_asked_about_a_tool_that_nobody_knows() -> None:
    _, call = waiting()
    nothing = replace(facts.regather(call), tool=None)
    with pytest.raises(ValueError, match="known tool"):
        questions.ask(call, nothing, reasons=("x",), by=people.bob().identity)


# --- Whether it still stands ---


def test_a_yes_of_one_stands_beside_a_no_that_was_said_after() -> None:
    _, call = waiting(approvals_needed=2)
    yes(call)
    question = gate.question(call)
    adam = people.adam().identity
    vote = {"organization_id": question.organization_id, "digest": question.digest, "approval": question}
    said = ApprovalVote.objects.create(verdict="deny", voter_id=adam.user_id, **vote)
    assert not questions.still_stands(question)
    assert said.verdict == "deny"


def test_a_yes_stands_while_each_who_gave_it_may_and_no_longer() -> None:
    _, call = waiting(approvals_needed=2)
    for who in (people.bob(), people.adam()):
        yes(call, who)
    question = Approval.objects.select_related("call__tool").get(call=call)
    assert (question.status, questions.still_stands(question)) == ("approved", True)
    Membership.objects.filter(user=people.adam().user).delete()
    assert not questions.still_stands(question)


def test_an_answer_stands_while_who_gave_it_may_chat() -> None:
    _, call, question = asked_person()
    alice = people.alice()
    approvals.answer(question, digest=question.digest, given={"answer": "red"}, by=alice.identity)
    answered = Approval.objects.select_related("call__tool").get(call=call)
    assert questions.still_stands(answered)
    Membership.objects.filter(user=alice.user).update(active=False)
    assert not questions.still_stands(answered)


def test_only_who_asked_answers_and_only_here() -> None:
    _, _, question = asked_person()
    alice = people.alice().identity
    assert questions.may_decide(question, alice)
    assert not questions.may_decide(question, replace(alice, permissions=frozenset()))
    assert not questions.may_decide(question, replace(alice, organization_id=people.elsewhere().pk))
    assert not questions.may_decide(question, people.adam().identity)


def test_who_decides_their_own_decides_nobody_elses() -> None:
    _, call = waiting()
    question, alice = gate.question(call), people.alice().identity
    assert questions.may_decide(question, alice)
    assert not questions.may_decide(question, replace(alice, permissions=frozenset({"chat"})))
    assert not questions.may_decide(question, replace(alice, user_id="0"))


def fits(question: Approval, call: ToolCall) -> bool:
    found = facts.regather(call)
    return questions.still_fits(question, call, found, found.decision())


def test_a_question_fits_as_long_as_nothing_it_covers_has_changed() -> None:
    at, call = waiting()
    question = gate.question(call)
    assert fits(question, call)
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    assert not fits(question, call)


# --- What is alike ---


def test_two_uses_of_the_same_are_alike_wherever_and_whenever_they_were_asked() -> None:
    at, call = waiting({"line": "one"})
    talk = conversations.start(at.agent, by=people.alice().identity)
    run = conversations.post_message(talk, "Again.", client_id=None, by=people.alice().identity).run
    there = at.ask({"line": "one"}, session_id=talk.session_id, run_id=run.pk, message_id=run.message_id)
    ToolCall.objects.filter(pk=there.pk).update(tool_use_id="toolu_9")
    one, same = gate.question(call), gate.question(there)
    same.covers = {**same.covers, "tool_use_id": "toolu_9"}
    assert one.covers["conversation"] != same.covers["conversation"]
    assert questions.likeness(one) == questions.likeness(same)
    other = gate.question(at.ask({"line": "two"}))
    assert questions.likeness(one) != questions.likeness(other)
    for what in ({"about": "outcome"}, {"is_dangerous": True}):
        changed = gate.question(call)
        for name, value in what.items():
            setattr(changed, name, value)
        assert questions.likeness(changed) != questions.likeness(one)


def test_two_losses_of_the_same_are_alike() -> None:
    at = losing.dangerous()
    one, same = losing.asked(losing.lost(at)), losing.asked(losing.lost(at))
    assert one.covers["usage"] != same.covers["usage"]
    same.covers = {**same.covers, "attempt": 2}
    assert questions.likeness(one) == questions.likeness(same)
    other = losing.asked(losing.lost(at, {"line": "two"}))
    assert questions.likeness(one) != questions.likeness(other)


def test_a_file_with_a_very_large_number_is_asked_about_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some file systems number their files with 64 bits, more than the canonical form can say exactly."""
    real = facts.gather

    def far(*told: Any, **named: Any) -> Any:
        return replace(real(*told, **named), targets={"path": ["a.txt", 43, 2**60 + 5, "hash"]})

    monkeypatch.setattr(facts, "gather", far)
    question = gate.question(gate.opened(requires_approval=True).ask({"line": "one"}))
    assert question.covers["targets"] == {"path": ["a.txt", 43, str(2**60 + 5), "hash"]}
