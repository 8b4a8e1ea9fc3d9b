"""ask_user: the use waits for the person who asked, and their answer, nobody else's, is what the model gets."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from audit_app.exceptions import StaleState
from audit_app.models import ToolUsage
from tests import gate, people
from tests.tools.asking import run_it, waiting
from tools_app import approvals, catalog, policy
from tools_app.builtin_tools import ask_user
from tools_app.calling import claims
from tools_app.exceptions import DigestMismatch, InvalidAnswer, MayNotDecide, NeedsAnswer, NotAQuestion
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db
BUILT: dict[str, Any] = {
    "name": "ask_user",
    "tool_type": "builtin",
    "executor": "builtin",
    "input_schema": ask_user.DEFINITION.input_schema,
}
COLOUR = {"question": "Which colour?", "options": ["red", "green"]}


def asked(arguments: dict[str, Any] = COLOUR, **tool: Any) -> tuple[gate.Gate, ToolCall, Approval]:
    at = gate.opened(None, **BUILT, **tool)
    call = at.ask(arguments)
    return at, call, gate.question(call)


def answer(question: Approval, given: dict[str, Any], who: people.Person | None = None) -> Approval:
    return approvals.answer(
        question, digest=question.digest, given=given, by=(who or people.alice()).identity
    )


def test_a_use_waits_for_the_person_and_ends_with_their_answer() -> None:
    _, call, question = asked()
    assert (call.status, question.about, question.reasons) == ("waiting", "answer", [policy.NEEDS_ANSWER])
    answer(question, {"answer": "green"})
    call = run_it(call)
    assert (call.status, call.result) == ("succeeded", {"answer": {"answer": "green"}})
    assert call.result_text == "The person answered:\n- Which colour?: green"
    question.refresh_from_db()
    assert (question.status, question.answer) == ("consumed", {"answer": "green"})
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.status, usage.decided_by, usage.approval_id) == ("success", "Alice", question.pk)


def test_an_answer_whose_fields_were_all_left_empty_is_one() -> None:
    note = {"name": "note", "label": "Note", "optional": True}
    _, call, question = asked({"question": "Anything else?", "fields": [note]})
    answer(question, {})
    call = run_it(call)
    assert (call.status, call.result) == ("succeeded", {"answer": {}})
    assert call.result_text == "The person answered:\n- Note: (left empty)"
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "success"


def test_a_token_that_may_answer_may_rather_not() -> None:
    _, _, question = asked()
    where, sent = f"/api/approvals/{question.pk}/decision", {"verdict": "deny", "digest": question.digest}
    assert people.bob().api("chat").post(where, sent, format="json").status_code == 404
    answered = people.alice().api("chat").post(where, sent, format="json")
    assert (answered.status_code, answered.json()["status"]) == (200, "denied")
    # About a use it still takes the right to decide.
    _, other = waiting(name="ledger")
    use = gate.question(other)
    told = (
        people.alice()
        .api("chat")
        .post(f"/api/approvals/{use.pk}/decision", {"verdict": "deny", "digest": use.digest}, format="json")
    )
    assert (told.status_code, gate.question(other).status) == (403, "pending")


@pytest.mark.parametrize("name", ["bob", "adam", "mallory"])
def test_nobody_answers_for_another_or_sees_what_they_are_asked(name: str) -> None:
    _, _, question = asked()
    other = getattr(people, name)()
    assert not approvals.may_decide(question, other.identity)
    assert not Approval.objects.visible_to(other.identity).exists()
    # Bob decides for the organization, and still sees nothing of what is put to Alice alone.
    assert name == "adam" or not ToolCall.objects.visible_to(other.identity).exists()
    with pytest.raises(MayNotDecide):
        answer(question, {"answer": "green"}, other)
    with pytest.raises(MayNotDecide):
        approvals.deny(question, digest=question.digest, by=other.identity)
    assert Approval.objects.visible_to(people.alice().identity).count() == 1


def test_a_wrong_answer_changes_nothing() -> None:
    _, call, question = asked()
    with pytest.raises(InvalidAnswer):
        answer(question, {"answer": "pink"})
    assert gate.question(call).status == "pending"
    answer(question, {"answer": "red"})
    assert run_it(call).status == "succeeded"


def test_a_yes_is_no_answer_and_an_answer_no_yes() -> None:
    _, _, question = asked()
    with pytest.raises(NeedsAnswer):
        approvals.approve(question, digest=question.digest, by=people.alice().identity)


def test_an_approval_is_not_given_by_a_form() -> None:
    _, call = waiting()
    with pytest.raises(NotAQuestion):
        answer(gate.question(call), {})
    assert gate.question(call).status == "pending"


def test_who_does_not_want_to_answer_says_so() -> None:
    _, call, question = asked()
    approvals.deny(question, digest=question.digest, by=people.alice().identity)
    call.refresh_from_db()
    assert (call.status, call.reason_text) == ("denied", "Alice did not want to answer.")


def test_the_question_that_was_shown_is_the_one_that_is_answered() -> None:
    at, call, question = asked()
    catalog.update(at.tool, {"description": at.tool.description + " Politely."}, by=people.adam().identity)
    with pytest.raises(DigestMismatch):
        answer(question, {"answer": "green"})
    call.refresh_from_db()
    assert (call.status, call.reason) == ("blocked", "definition_changed")


def test_it_is_answered_once() -> None:
    _, call, question = asked()
    late = gate.question(call)
    answer(question, {"answer": "green"})
    with pytest.raises(StaleState):
        answer(late, {"answer": "red"})
    assert run_it(call).result == {"answer": {"answer": "green"}}


def test_an_answer_outlives_a_worker_that_dies_before_it_starts() -> None:
    _, call, question = asked()
    answer(question, {"answer": "green"})
    call.refresh_from_db()
    found = claims.claim(call, by=people.alice().identity)
    assert found is not None
    assert found.answer == {"answer": "green"}
    ToolCall.objects.filter(pk=call.pk).update(status="queued", lease_until=None)
    assert run_it(call).result == {"answer": {"answer": "green"}}


def test_other_flags_of_the_row_do_not_let_others_answer() -> None:
    _, _, question = asked(requires_approval=True, is_dangerous=True, approver=Tool.Approver.OTHER)
    assert question.about == "answer"
    assert not approvals.may_decide(question, people.bob().identity)
    assert approvals.may_decide(question, people.alice().identity)


def test_it_is_answered_over_http() -> None:
    _, call, question = asked()
    alice = people.alice().api()
    shown = alice.get(f"/api/approvals/{question.pk}").json()
    assert shown["form"]["inputs"][0]["options"][1] == {"value": "green", "label": "green"}
    where, seen = f"/api/approvals/{question.pk}/answer", shown["digest"]
    wrong = alice.post(where, {"digest": seen, "answer": {"answer": "pink"}})
    assert (wrong.status_code, wrong.json()["error"]["details"]) == (
        400,
        {"fields": {"answer": "Choose one of the options."}},
    )
    assert alice.post(where, {"digest": "0" * 64, "answer": {"answer": "red"}}).status_code == 409
    right = alice.post(where, {"digest": seen, "answer": {"answer": "red"}})
    assert (right.status_code, right.json()["status"]) == (200, "approved")
    again = alice.post(where, {"digest": seen, "answer": {"answer": "red"}})
    assert (again.status_code, again.json()["error"]["details"]["approval"]["status"]) == (409, "approved")
    assert people.bob().api().post(where, {"digest": seen, "answer": {}}).status_code == 404
    assert run_it(call).status == "succeeded"


def test_what_is_asked_is_shown_with_nothing_invisible() -> None:
    trick = "pay\u202egpj.exe"
    _, _, question = asked({"question": trick, "options": [trick, "no"]})
    shown = people.alice().api().get(f"/api/approvals/{question.pk}").json()["form"]
    assert shown["question"] == "pay⟨U+202E⟩gpj.exe"
    assert shown["inputs"][0]["options"][0] == {"value": trick, "label": "pay⟨U+202E⟩gpj.exe"}


def test_it_is_answered_in_the_admin_too(client: Client) -> None:
    parts = [
        {"name": "colours", "label": "Colours", "options": ["red", "green"], "several": True},
        {"name": "bars", "label": "Bars", "type": "number"},
    ]
    at = gate.opened(None, **BUILT)
    call = at.ask({"question": "How shall it be?", "fields": parts}, identity=people.adam().identity)
    question = gate.question(call)
    page = f"/admin/tools_app/approval/{question.pk}/change/"
    client.force_login(people.adam().user)
    shown = client.get(page).content.decode()
    assert "How shall it be?" in shown
    assert 'name="some:colours:2"' in shown
    where = page.replace("change", "do/answer")
    given = {"digest": question.digest, "some:colours:2": "green", "one:bars": "12"}
    client.post(where, {**given, "one:bars": "many"})
    assert gate.question(call).status == "pending"
    client.post(where, given)
    assert run_it(call).result == {"answer": {"colours": ["green"], "bars": 12}}


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts() -> None:
    _, call, _ = asked()
    first, second = gate.question(call), gate.question(call)
    said = gate.at_once(
        lambda: answer(first, {"answer": "red"}),
        lambda: answer(second, {"answer": "green"}),
    )
    won = [each for each in said if isinstance(each, Approval)]
    lost = [each for each in said if not isinstance(each, Approval)]
    assert (len(won), [type(each) for each in lost]) == (1, [StaleState])
    assert run_it(call).result == {"answer": won[0].answer}
    assert ToolUsage.objects.filter(tool_call_id=call.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_answer_against_refusal_to_answer_has_one_winner() -> None:
    _, call, _ = asked()
    first, second = gate.question(call), gate.question(call)
    gate.at_once(
        lambda: answer(first, {"answer": "red"}),
        lambda: approvals.deny(second, digest=second.digest, by=people.alice().identity),
    )
    ended = run_it(call)
    assert (ended.status, ended.result) in [("succeeded", {"answer": {"answer": "red"}}), ("denied", None)]
