"""What is told of a use that went on in another call: who changed what, and what nobody changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents_app import personas
from audit_app.exceptions import StaleState
from project.accounts import identity as identities
from project.accounts.models import Membership
from tests import gate, people
from tests.tools.asking import waiting, yes
from tools_app import facts, policy
from tools_app.approving import instead, questions, successors
from tools_app.approving.successors import ABSENT, Change
from tools_app.models import Approval, ToolCall


def used(arguments: dict[str, Any], before: ToolCall | None = None, editor: str = "") -> ToolCall:
    """A row in memory: nothing of it is asked of the database."""
    return ToolCall(
        arguments=arguments, replaces=before, edited_by_id=editor and "7", edited_by_name=editor, filled=[]
    )


def test_what_drift_brought_along_is_no_persons_change() -> None:
    later = used({"line": "one", "number": 5}, used({"line": "one"}))
    assert successors.changes(later) == []
    assert successors.told(later) == ""


def test_a_change_is_told_however_many_calls_later() -> None:
    edited = used({"line": "two"}, used({"line": "one"}), editor="Bob")
    assert successors.changes(used({"line": "two"}, edited)) == [Change("line", "one", "two")]


def test_the_model_reads_every_change_in_the_words_it_would_write() -> None:
    first = used({"line": "one", "number": 1})
    edited = used({"line": "Grüße", "path": "a.txt"}, first, editor="Bob")
    assert successors.told(edited) == (
        "[Bob changed the arguments of this use before it was approved. "
        'line became "Grüße". path was added: "a.txt". number was left out.]'
    )


def test_what_is_not_there_says_so_where_it_is_printed() -> None:
    assert repr(ABSENT) == "ABSENT"


@pytest.mark.django_db
def test_what_an_edit_leaves_out_may_be_filled_by_policy() -> None:
    grant = {"parameter_defaults": {"path": "a.txt"}}
    _, call = waiting({"line": "one", "path": "b.txt"}, grant)
    question = gate.question(call)
    by = people.bob().identity
    successor = instead.edit(question, digest=question.digest, arguments={"line": "one"}, by=by).call
    assert successor.arguments == {"line": "one", "path": "a.txt"}
    assert successors.provenance(successor) == {"line": "model", "path": "policy"}


@pytest.mark.django_db
def test_what_is_asked_anew_is_bound_to_the_persona_of_now() -> None:
    at, call = waiting({"line": "one"})
    personas.update(at.agent, {"system_prompt": "Keep it short."}, by=identities.system(people.toolroom()))
    Approval.objects.filter(call=call).update(status="superseded")
    call = ToolCall.objects.get(pk=call.pk)
    found = facts.regather(call)
    successor = successors.put_anew(call, found, policy.Allow(), by=people.bob().identity).call
    assert successor.agent_hash != call.agent_hash
    assert found.grant is not None
    assert successor.agent_hash == found.grant.agent_hash


@pytest.mark.django_db
def test_nobody_edits_what_has_expired_meanwhile() -> None:
    _, call = waiting({"line": "one"})
    question = gate.question(call)
    # The row that was read says otherwise; the database's clock and row decide.
    Approval.objects.filter(pk=question.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(StaleState):
        instead.edit(question, digest=question.digest, arguments={"line": "two"}, by=people.bob().identity)
    assert ToolCall.objects.count() == 1


@pytest.mark.django_db
def test_whether_one_may_withdraw_is_yes_or_no() -> None:
    _, call = waiting({"line": "one"})
    question = gate.question(call)
    assert instead.may_withdraw(question, people.alice().identity) is True
    assert instead.may_withdraw(question, people.mallory().identity) is False
    assert instead.may_withdraw(question, people.bob().identity) is False


@pytest.mark.django_db
def test_a_yes_to_one_question_does_not_hold_another_ones() -> None:
    at, bobs = waiting({"line": "one"})
    adams = at.ask({"line": "two"})
    yes(bobs, people.bob())
    yes(adams, people.adam())
    Membership.objects.filter(pk=people.bob().membership.pk).update(role=Membership.Role.MEMBER)
    found = {call.pk: Approval.objects.select_related("call").get(call=call) for call in (bobs, adams)}
    assert not questions.still_stands(found[bobs.pk])
    assert questions.still_stands(found[adams.pk])
