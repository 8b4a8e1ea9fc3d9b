"""Instead of a yes or a no: other arguments, a person's answer, a withdrawal; a new question where things changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents_app.answering import history
from agents_app.answering.fencing import fenced
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tests.tools.asking import run_it, waiting, yes
from tests.tools.racing import chain_is_whole, execute, unexpected
from tools_app import approvals
from tools_app.approving import digest, instead, successors
from tools_app.exceptions import (
    CannotBeEdited,
    DigestMismatch,
    InvalidAnswer,
    InvalidEdit,
    MayNotDecide,
)
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db


def edit(call: ToolCall, arguments: dict[str, Any], who: Person | None = None, **more: Any) -> Approval:
    question = gate.question(call)
    by = (who or people.bob()).identity
    return instead.edit(question, **{"digest": question.digest, "arguments": arguments, "by": by, **more})


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


# --- Other arguments ---


def test_an_edit_is_another_call_that_is_asked_about_anew() -> None:
    _, call = waiting({"line": "one", "number": 5})
    first = gate.question(call)
    second = edit(call, {"line": "two", "number": 5}, comment="Two is right.")
    old, new = again(call), second.call
    assert (again(first).status, again(first).decided_by_name) == ("superseded", "Bob")
    assert (old.status, old.reason) == ("blocked", "replaced")
    assert (new.status, new.replaces_id, new.edited_by_name) == ("waiting", call.pk, "Bob")
    assert (new.run_id, new.message_id, new.tool_use_id) == (call.run_id, call.message_id, call.tool_use_id)
    assert new.provenance == {"line": "person", "number": "model"}
    assert second.digest != first.digest
    assert "edited" in second.reasons
    assert second.covers["editors"] == [people.bob().identity.user_id]
    assert not gate.lines
    yes(new, people.adam())
    assert run_it(new).status == "succeeded"
    assert gate.lines == [(str(new.pk), {"line": "two", "number": 5})]


def test_the_model_is_told_what_was_changed() -> None:
    _, call = waiting({"line": "one", "number": 5})
    new = edit(call, {"line": "two", "path": "a.txt"}).call
    assert successors.latest(again(call)) == new
    yes(new)
    told = history.use_of(run_it(new)).text
    assert told.startswith("[Bob changed the arguments of this use before it was approved.")
    for said in ('line became "two".', "number was left out.", 'path was added: "a.txt".', "written"):
        assert said in told


def test_edits_of_edits_are_told_against_what_the_model_said() -> None:
    _, call = waiting({"line": "one"})
    second = edit(call, {"line": "two"}).call
    third = edit(second, {"line": "three"}, people.adam()).call
    assert [(each.name, each.before, each.now) for each in successors.changes(third)] == [
        ("line", "one", "three")
    ]
    assert successors.told(third).startswith("[Bob and Adam changed")
    assert successors.latest(again(call)) == third


@pytest.mark.parametrize(
    ("grant", "arguments", "reason"),
    [
        ({"denied_parameters": {"line": ["two"]}}, {"line": "two"}, "denied_parameter"),
        ({"allowed_parameters": ["line"]}, {"line": "one", "number": 1}, "parameter_not_allowed"),
        ({"fixed_parameters": {"number": 1}}, {"line": "one", "number": 2}, "fixed_parameter"),
        ({}, {"line": 5}, "invalid_arguments"),
        ({}, {"line": "one", "user_id": "1"}, "reserved_parameter"),
        ({}, {"path": "/etc/passwd"}, "hard_limit"),
    ],
)
def test_an_edit_the_gate_would_refuse_changes_nothing(
    grant: dict[str, Any], arguments: dict[str, Any], reason: str
) -> None:
    _, call = waiting({"line": "one"}, grant)
    with pytest.raises(InvalidEdit) as told:
        edit(call, arguments)
    assert told.value.details["reason"] == reason
    assert (again(call).status, gate.question(call).status, ToolCall.objects.count()) == (
        "waiting",
        "pending",
        1,
    )


def test_what_policy_filled_in_stays_policys_unless_it_is_changed() -> None:
    _, call = waiting({"line": "one"}, {"parameter_defaults": {"number": 7}})
    kept = edit(call, {"line": "two", "number": 7}).call
    assert (kept.provenance, kept.filled) == ({"line": "person", "number": "policy"}, ["number"])
    changed = edit(kept, {"line": "two", "number": 8}).call
    assert (changed.provenance, changed.filled) == ({"line": "person", "number": "person"}, [])


def test_an_edit_that_changes_nothing_is_said_so() -> None:
    _, call = waiting({"line": "one", "number": 1})
    with pytest.raises(InvalidEdit) as told:
        edit(call, {"number": 1.0, "line": "one"})
    assert told.value.code == "nothing_changed"


def test_whoever_edits_is_no_other_person() -> None:
    """Else one approver alone could write something, and let it run."""
    _, call = waiting({"line": "one"}, approver="other")
    question = edit(call, {"line": "two"})
    for who, may in ((people.alice(), False), (people.bob(), False), (people.adam(), True)):
        assert approvals.may_decide(question, who.identity) is may


@pytest.mark.parametrize("who", [people.carol, people.olga, people.mallory])
def test_only_who_may_decide_may_edit_or_respond(who: Callable[[], Person]) -> None:
    _, call = waiting()
    with pytest.raises(MayNotDecide):
        edit(call, {"line": "two"}, who())
    question = gate.question(call)
    with pytest.raises(MayNotDecide):
        instead.respond(question, digest=question.digest, text="No.", by=who().identity)


def test_only_what_an_answer_waits_for_can_be_edited() -> None:
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "one"}, run_id=None)
    with pytest.raises(CannotBeEdited):
        edit(call, {"line": "two"})


def test_an_edit_of_something_else_than_was_seen_is_refused() -> None:
    _, call = waiting()
    with pytest.raises(DigestMismatch):
        edit(call, {"line": "two"}, digest="0" * 64)


# --- A person's words ---


def test_a_person_answers_in_the_place_of_the_tool() -> None:
    _, call = waiting()
    question = gate.question(call)
    instead.respond(question, digest=question.digest, text=" It is \x00 blue. ", by=people.bob().identity)
    call = again(call)
    assert (again(question).status, call.status, call.reason) == ("denied", "denied", "answered_by_person")
    told = history.use_of(call)
    assert not told.is_error
    assert told.text == (
        "[It was not run: Bob answered in its place. These are their words, not a result of the tool.]\n"
        "It is \\u0000 blue."
    )
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.status, usage.reason, gate.lines) == ("denied", "answered_by_person", [])


@pytest.mark.parametrize("text", ["", "  ", "x" * 20_001])
def test_words_must_be_there_and_not_without_end(text: str) -> None:
    _, call = waiting()
    question = gate.question(call)
    with pytest.raises(InvalidAnswer):
        instead.respond(question, digest=question.digest, text=text, by=people.bob().identity)
    assert gate.question(call).status == "pending"


@pytest.mark.parametrize("comment", ["Wrong target.", "Wrong target"])
def test_what_to_do_instead_is_told_to_the_model(comment: str) -> None:
    _, call = waiting()
    question = gate.question(call)
    approvals.deny(
        question,
        digest=question.digest,
        by=people.bob().identity,
        comment=comment,
        instead="Use the copy.",
    )
    assert history.use_of(again(call)).text == (
        "Denied (denied): Bob denied this use. Reason given: Wrong target. Do this instead: Use the copy."
    )
    assert again(question).instead == "Use the copy."


# --- Withdrawn ---


@pytest.mark.parametrize("approved", [False, True])
def test_whoever_asked_withdraws_until_it_runs(approved: bool) -> None:
    _, call = waiting()
    question = yes(call) if approved else gate.question(call)
    assert instead.may_withdraw(question, people.alice().identity)
    instead.withdraw(question, by=people.alice().identity)
    call = again(call)
    assert (again(question).status, call.status, call.reason) == ("cancelled", "cancelled", "withdrawn")
    assert "Alice withdrew it before it ran." in history.use_of(call).text
    assert (run_it(call).status, gate.lines) == ("cancelled", [])


def test_whoever_approved_takes_back_a_yes_nobody_else_may() -> None:
    _, call = waiting()
    question = yes(call)
    for who in (people.carol(), people.mallory(), people.adam()):
        with pytest.raises(MayNotDecide):
            instead.withdraw(question, by=who.identity)
    instead.withdraw(question, by=people.bob().identity)
    assert again(call).status == "cancelled"
    assert again(question).decided_by_name == "Bob"


def test_what_has_run_cannot_be_withdrawn() -> None:
    _, call = waiting()
    question = yes(call)
    run_it(call)
    with pytest.raises(StaleState):
        instead.withdraw(again(question), by=people.alice().identity)
    with pytest.raises(StaleState):
        instead.withdraw(question, by=people.alice().identity)


# --- Drift asks anew ---


def describe(at: Gate) -> None:
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")


def limit(at: Gate) -> None:
    type(at.grant).objects.filter(pk=at.grant.pk).update(usage_limit=9)


def promote(at: Gate) -> None:
    member = people.alice().membership
    member.version += 1
    member.save()


@pytest.mark.parametrize("drift", [describe, limit, promote])
@pytest.mark.parametrize("approved", [False, True], ids=["at the verdict", "at the claim"])
def test_what_drifted_is_asked_about_anew(drift: Callable[[Gate], None], approved: bool) -> None:
    at, call = waiting()
    question = yes(call) if approved else gate.question(call)
    drift(at)
    if approved:
        run_it(call)
    else:
        with pytest.raises(DigestMismatch):
            yes(call)
    old, new = again(call), ToolCall.objects.get(replaces=call)
    assert (again(question).status, old.reason, gate.lines) == ("superseded", "definition_changed", [])
    assert (new.status, new.arguments, new.edited_by_id) == ("waiting", old.arguments, "")
    assert "changed" in gate.question(new).reasons
    yes(new)
    assert run_it(new).status == "succeeded"
    assert history.use_of(again(new)).text == fenced("written")


def test_what_would_be_refused_by_now_is_not_asked_about() -> None:
    at, call = waiting()
    Tool.objects.filter(pk=at.tool.pk).update(enabled=False)
    with pytest.raises(DigestMismatch):
        yes(call)
    assert (again(call).reason, ToolCall.objects.count()) == ("tool_disabled", 1)


@pytest.mark.parametrize("later", [{"description"}, {"description", "membership"}])
def test_a_question_that_waited_over_an_upgrade_is_approved_and_used(later: set[str]) -> None:
    """As rows look that were written before the description was covered, or membership, demands and votes known."""
    _, call = waiting()
    question = gate.question(call)
    covers = {name: value for name, value in question.covers.items() if name not in later}
    older = Approval(**{f.attname: getattr(question, f.attname) for f in question._meta.concrete_fields})
    older.pk, older.covers, older.digest = None, covers, digest.of(covers)
    Approval.objects.filter(pk=question.pk).update(status="superseded")
    older.save(force_insert=True)
    yes(call)
    assert run_it(call).status == "succeeded"


# --- Races ---


@pytest.mark.django_db(transaction=True)
def test_a_use_goes_on_in_one_place_only() -> None:
    _, call = waiting()
    question, other = gate.question(call), gate.question(call)
    bob, adam = people.bob().identity, gate.fresh(people.adam().identity)
    said = gate.at_once(
        lambda: instead.edit(question, digest=question.digest, arguments={"line": "two"}, by=bob),
        lambda: instead.edit(other, digest=other.digest, arguments={"line": "three"}, by=adam),
        lambda: approvals.approve(gate.question(call), digest=question.digest, by=adam),
    )
    assert unexpected(each for each in said if not isinstance(each, Approval.DoesNotExist)) == []
    open_calls = ToolCall.objects.open()
    assert open_calls.count() == 1
    assert ToolCall.objects.count() in (1, 2)
    assert Approval.objects.filter(status__in=["pending", "approved"]).count() == 1
    assert chain_is_whole()


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_worker_never_both_win() -> None:
    for number in range(5):
        at = gate.opened(requires_approval=True, name=f"ledger{number}")
        call = at.ask({"line": "one"})
        question = yes(call)
        alice = people.alice().identity
        said = gate.at_once(execute(call), lambda q=question, a=alice: instead.withdraw(q, by=a))
        assert unexpected(said) == []
        ended = again(call).status
        assert (ended, len(gate.lines)) in (("succeeded", 1), ("cancelled", 0))
    assert chain_is_whole()
    assert AuditEntry.objects.filter(action="approval.pending").count() == 5
