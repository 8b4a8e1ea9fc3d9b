"""Other arguments, a person's answer, a withdrawal, to the letter: what goes on, what is told, who may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from agents_app import runs
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry
from project.accounts.models import Membership
from tests import gate, people
from tests.tools import losing
from tests.tools.asking import run_it, waiting, yes
from tests.tools.test_ask_user import asked as asked_person
from tests.tools.test_file_changes import EDIT, granted
from tests.tools.test_instead import edit
from tools_app import facts, policy
from tools_app.approving import instead, successors
from tools_app.approving.successors import ABSENT, Change
from tools_app.exceptions import CannotBeEdited, DigestMismatch, InvalidAnswer, InvalidEdit, MayNotDecide
from tools_app.models import Approval, ApprovalVote, Tool, ToolCall

pytestmark = pytest.mark.django_db
READ = [{"tool": "web_fetch", "of": "https://example.org"}]


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


# --- What goes on in another call ---


def test_an_edited_call_is_the_same_use_in_everything_else() -> None:
    at, call = waiting({"line": "one"})
    ToolCall.objects.filter(pk=call.pk).update(
        tool_use_id="toolu_7",
        agent_name="Clerk",
        user_name="Alice of the desk",
        tool_context={"desk": "3"},
        tainted=True,
        read_outside=READ,
        limit_reserved=True,
        remainder=[{"where": "in this conversation", "most": 5, "left": 4}],
        asked_through={**call.asked_through, "door": "chat"},
    )
    Approval.objects.filter(call=call).update(status="superseded")
    call = again(call)
    found = facts.regather(call)
    # Written down here, and not read from the code: what is forgotten there has to be missed.
    same = (
        "organization_id",
        "session_id",
        "run_id",
        "message_id",
        "agent_type_id",
        "user_id",
        "asked_through",
    )
    old = {name: getattr(call, name) for name in same}
    successor = successors.put_anew(call, found, policy.Allow(), by=people.bob().identity).call
    kept = again(successor)
    assert {name: getattr(kept, name) for name in same} == old
    assert old["asked_through"]["door"] == "chat"
    assert all(old[name] for name in ("organization_id", "run_id", "agent_type_id", "user_id"))
    assert (kept.tool_use_id, kept.agent_name, kept.user_name) == ("toolu_7", "Clerk", "Alice of the desk")
    assert (kept.tool_context, kept.tainted, kept.read_outside) == ({"desk": "3"}, True, READ)
    assert (kept.limit_reserved, kept.remainder[0]["left"]) == (True, 4)
    assert gate.question(kept).requester_name == "Alice of the desk"
    assert (successor.agent_hash, successor.tool_hash) == (call.agent_hash, call.tool_hash)
    assert (successor.tool_id, successor.tool_name) == (at.tool.pk, "ledger")
    assert (successor.edited_by_id, successor.edited_by_name, successor.filled) == ("", "", [])


def test_what_was_read_outside_is_still_said_after_two_edits() -> None:
    """A suspicion that nobody can explain is clicked away: each card names what it comes from."""
    at = gate.opened(requires_approval=True, is_open_world=True, privacy="private")
    call = at.ask({"line": "one"}, tainted=True, read_outside=tuple(READ))
    assert gate.question(call).flow["read"] == READ
    second = edit(call, {"line": "two"})
    third = edit(second.call, {"line": "three"}, people.adam())
    assert (second.flow["read"], third.flow["read"]) == (READ, READ)
    assert third.reasons.count("tainted") == 1


def test_a_successor_carries_what_was_decided_of_it_and_of_which_version() -> None:
    at, call = waiting({"line": "one"})
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    found = facts.regather(again(call))
    decision = policy.decide(found.call, found.facts)
    Approval.objects.filter(call=call).update(status="superseded")
    question = successors.put_anew(again(call), found, decision, by=people.bob().identity)
    assert question.reasons == ["tool_requires_approval", "changed"]
    assert question.call.tool_hash != call.tool_hash
    assert found.facts.tool is not None
    assert question.call.tool_hash == found.facts.tool.content_hash
    assert [each["stage"] for each in again(question.call).explanation]


def test_an_editor_is_named_up_to_a_length_and_in_order() -> None:
    _, call = waiting({"line": "one", "number": 1})
    question = gate.question(call)
    nameless = replace(people.bob().identity, display_name="n" * 300)
    first = instead.edit(question, digest=question.digest, arguments={"line": "two"}, by=nameless).call
    assert again(first).edited_by_name == "n" * 255
    second = edit(first, {"line": "three"}, people.adam()).call
    third = edit(second, {"line": "four"}, people.alice()).call
    fourth = edit(third, {"line": "five"}, people.adam()).call
    assert successors.editors(fourth) == ["n" * 255, "Alice", "Adam"]
    ids = [who().identity.user_id for who in (people.bob, people.adam, people.alice, people.adam)]
    assert gate.question(fourth).covers["editors"] == ids
    assert successors.original(fourth) == call
    assert successors.changes(fourth) == [
        Change("line", "one", "five"),
        Change("number", 1, ABSENT),
    ]
    ToolCall.objects.filter(pk=first.pk).update(edited_by_name="")
    ToolCall.objects.filter(pk=second.pk).update(edited_by_name="")
    assert successors.told(again(second)).startswith("[A person changed the arguments of this use before")


def test_a_long_value_is_told_up_to_a_length() -> None:
    _, call = waiting({"line": "one"})
    whole, longer = "x" * 498, "y" * 499
    new = edit(call, {"line": whole}).call
    assert f'line became "{whole}".]' in successors.told(new)
    newer = edit(new, {"line": longer}).call
    assert f'line became "{"y" * 499}… (501 characters).]' in successors.told(newer)


def test_where_nobody_changed_anything_nothing_is_told() -> None:
    at, call = waiting({"line": "one"})
    assert (successors.changes(call), successors.told(call), successors.editors(call)) == ([], "", [])
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    with pytest.raises(DigestMismatch):
        yes(call)
    new = ToolCall.objects.get(replaces=call)
    assert (successors.changes(new), successors.told(new)) == ([], "")
    assert successors.latest(again(call)) == new


def test_what_ended_otherwise_went_on_nowhere() -> None:
    _, call = waiting({"line": "one"})
    new = edit(call, {"line": "two"}).call
    ToolCall.objects.filter(pk=call.pk).update(reason="denied")
    assert successors.latest(again(call)) == call
    ToolCall.objects.filter(pk=call.pk).update(reason="definition_changed")
    assert successors.latest(again(call)) == new
    ToolCall.objects.filter(pk=new.pk).update(reason="replaced")
    assert successors.latest(again(call)) == new


def test_where_an_argument_comes_from_is_known_without_an_edit() -> None:
    _, call = waiting({"line": "one"}, {"parameter_defaults": {"number": 7}})
    assert successors.provenance(call) == {"line": "model", "number": "policy"}
    new = edit(call, {"line": "one", "number": 7, "path": "a.txt"}).call
    assert new.provenance == {"line": "model", "number": "policy", "path": "person"}
    back = edit(new, {"line": "one", "number": 7}).call
    assert (back.provenance, successors.changes(back)) == ({"line": "model", "number": "policy"}, [])


def test_an_answer_that_is_over_goes_on_in_no_other_call() -> None:
    at, call = waiting()
    alone = at.ask({"line": "two"}, run_id=None)
    assert (successors.may_have(call), successors.may_have(alone)) == (True, False)
    runs.cancel(losing.run_of(call), by=people.alice().identity)
    assert not successors.may_have(again(call))


# --- An edit ---


def test_an_edit_says_who_and_why_on_both_rows() -> None:
    _, call = waiting({"line": "one"})
    first = gate.question(call)
    edit(call, {"line": "two"}, comment="Two \x00 is right." + "c" * 2500)
    kept = again(first)
    assert (kept.decided_by_id, len(kept.comment)) == (people.bob().identity.user_id, 2000)
    assert kept.comment.startswith("Two \\u0000 is right.")
    assert again(call).reason_text == "Bob changed the arguments; the use goes on as changed."
    actors = AuditEntry.objects.filter(action__in=["approval.superseded", "call.blocked", "call.waiting"])
    assert list(actors.order_by("pk").values_list("actor_name", flat=True)[1:]) == ["Bob", "Bob", "Bob"]


def test_an_edit_without_a_word_keeps_none() -> None:
    _, call = waiting({"line": "one"})
    first = gate.question(call)
    nameless = replace(people.bob().identity, display_name="")
    instead.edit(first, digest=first.digest, arguments={"line": "two"}, by=nameless)
    assert (again(first).comment, again(call).reason_text) == (
        "",
        "A person changed the arguments; the use goes on as changed.",
    )


def test_why_an_edit_is_refused_is_told_in_the_words_of_the_gate() -> None:
    _, call = waiting({"line": "one"}, {"denied_parameters": {"line": ["two"]}})
    with pytest.raises(InvalidEdit) as told:
        edit(call, {"line": "two"})
    assert (told.value.code, told.value.details) == ("invalid_edit", {"reason": "denied_parameter"})
    assert "line" in str(told.value)


@pytest.fixture
def files(tmp_path: Path, settings: Settings) -> Path:
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [tmp_path]
    for name in ("plan.txt", "other.txt"):
        (tmp_path / name).write_text("Meet on Monday.\n")
    return tmp_path


def test_only_who_asked_chooses_another_file_and_whoever_edits_may_change_the_rest(files: Path) -> None:
    call = granted("edit_file").ask(EDIT)
    with pytest.raises(InvalidEdit) as told:
        edit(call, {**EDIT, "path": "other.txt"})
    assert told.value.code == "other_file"
    question = edit(call, {**EDIT, "new_text": "Friday"})
    assert "Friday" in question.covers["preview"]
    mine = edit(question.call, {**EDIT, "path": "other.txt"}, people.alice())
    assert mine.covers["arguments"]["path"] == "other.txt"


def test_another_path_of_a_tool_that_shows_no_file_is_anybodys_to_change() -> None:
    _, call = waiting({"line": "one", "path": "plan.txt"})
    assert edit(call, {"line": "one", "path": "other.txt"}).covers["arguments"]["path"] == "other.txt"


def test_what_asks_a_person_and_what_was_lost_cannot_be_edited() -> None:
    _, _, question = asked_person()
    with pytest.raises(CannotBeEdited):
        instead.edit(question, digest=question.digest, arguments={}, by=people.alice().identity)
    lost = losing.asked(losing.lost(losing.dangerous()))
    for act in ({"arguments": {"line": "two"}}, {"text": "No."}):
        verb: Any = instead.edit if "arguments" in act else instead.respond
        with pytest.raises(CannotBeEdited):
            verb(lost, digest=lost.digest, by=people.bob().identity, **act)


# --- A person's words ---


def test_words_may_be_as_long_as_they_may_and_leave_no_comment() -> None:
    _, call = waiting()
    question = gate.question(call)
    text = "x" * instead.RESPONSE_CHARS
    nameless = replace(people.bob().identity, display_name="")
    told = instead.respond(question, digest=question.digest, text=text, by=nameless)
    kept = again(question)
    assert (told.pk, kept.response, kept.comment) == (question.pk, text, "")
    vote = ApprovalVote.objects.get()
    assert (vote.verdict, vote.comment) == ("deny", "")
    assert again(call).reason_text == "It was not run: A person answered in its place."
    assert (again(call).result_text, kept.decided_by_id) == (text, people.bob().identity.user_id)


def test_what_is_wrong_with_words_is_told_by_field() -> None:
    _, call = waiting()
    question = gate.question(call)
    with pytest.raises(InvalidAnswer) as told:
        instead.respond(question, digest=question.digest, text=" ", by=people.bob().identity)
    assert told.value.details == {"fields": {"text": "Write between 1 and 20000 characters."}}


# --- Withdrawn ---


def test_a_withdrawal_says_who_where_nobody_had_decided() -> None:
    _, call = waiting()
    question = gate.question(call)
    nameless = replace(people.alice().identity, display_name="")
    assert instead.withdraw(question, by=nameless) is question
    kept = again(question)
    assert (kept.status, kept.decided_by_id, kept.comment) == ("cancelled", nameless.user_id, "")
    assert again(call).reason_text == "A person withdrew it before it ran."
    ended = AuditEntry.objects.get(action="approval.cancelled")
    assert ended.actor_id == nameless.user_id


def test_who_approved_but_not_who_may_only_approve_takes_a_yes_back() -> None:
    _, call = waiting()
    question = gate.question(call)
    assert not instead.may_withdraw(question, people.bob().identity)
    question = yes(call)
    bob = people.bob().identity
    assert instead.may_withdraw(question, bob)
    assert not instead.may_withdraw(question, people.adam().identity)
    assert not instead.may_withdraw(question, replace(bob, organization_id=people.elsewhere().pk))
    Membership.objects.filter(user=people.bob().user).update(role="member")
    assert not instead.may_withdraw(question, people.bob().identity)


def test_who_asked_takes_back_only_their_own_and_while_they_may_chat() -> None:
    _, call = waiting()
    question, alice = gate.question(call), people.alice().identity
    assert instead.may_withdraw(question, alice)
    assert not instead.may_withdraw(question, replace(alice, permissions=frozenset()))
    assert not instead.may_withdraw(question, replace(alice, organization_id=people.elsewhere().pk))
    with pytest.raises(MayNotDecide):
        instead.withdraw(question, by=people.bob().identity)


def test_neither_a_persons_answer_nor_a_loss_is_withdrawn() -> None:
    _, _, question = asked_person()
    assert not instead.may_withdraw(question, people.alice().identity)
    lost = losing.asked(losing.lost(losing.dangerous()))
    assert not instead.may_withdraw(lost, people.alice().identity)


def test_who_comes_too_late_is_told_what_it_is_by_now() -> None:
    _, call = waiting()
    question = yes(call)
    run_it(call)
    with pytest.raises(StaleState) as ended:
        instead.withdraw(again(question), by=people.alice().identity)
    assert ended.value.details == {"status": "consumed"}
    with pytest.raises(MayNotDecide):
        instead.withdraw(again(question), by=people.bob().identity)


def test_a_use_that_a_worker_has_begun_is_told_by_its_own_status() -> None:
    """The question still says approved on this reading; the call says what is so."""
    _, call = waiting()
    question = yes(call)
    ToolCall.objects.filter(pk=call.pk).update(status="running")
    with pytest.raises(StaleState) as ended:
        instead.withdraw(question, by=people.alice().identity)
    assert ended.value.details == {"status": "running"}
    assert again(question).status == "approved"
