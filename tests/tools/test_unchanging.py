"""Decided rows are immutable in the database itself: every column of a question and of a vote, by raw SQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from tests import gate, people
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals
from tools_app.models import Approval, ApprovalVote

pytestmark = pytest.mark.django_db


def sql(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, list(values))


def refuses(statement: str, *values: Any) -> bool:
    try:
        sql(statement, *values)
    except DatabaseError as error:
        return "refused" in str(error)
    return False


def other(field: models.Field[Any, Any]) -> str:
    """SQL for a value that this column does not have."""
    column = str(field.column)
    if isinstance(field, models.JSONField):
        return """'{"another": 1}'"""
    if isinstance(field, models.DateTimeField):
        return "'2099-01-01 00:00:00+00:00'"
    if isinstance(field, models.BooleanField):
        return f"NOT {column}"
    if isinstance(field, models.CharField | models.TextField):
        return "'another'"
    return f"{column} + 1"


def setters(model: type[models.Model]) -> list[str]:
    fields = [each for each in model._meta.concrete_fields if each.name != "status"]
    return [f"{field.column} = {other(field)}" for field in fields]


def decided(used: bool) -> Approval:
    _, call = waiting()
    approval = yes(call)
    if used:
        run_it(call)
    return Approval.objects.get(pk=approval.pk)


@pytest.mark.parametrize("used", [False, True])
def test_every_column_of_a_decided_question_stays(used: bool) -> None:
    """Section 2.3. What is null is something too: a yes without an answer gets none afterwards."""
    approval = decided(used)
    nulls = ["use_until = NULL", "decided_at = NULL", "answer = '[]'"]
    let_through = [
        change
        for change in [*setters(Approval), *nulls]
        if not refuses(f"UPDATE approvals SET {change} WHERE id = %s", approval.pk)
    ]
    assert let_through == []
    assert Approval.objects.get(pk=approval.pk).use_until == approval.use_until


def test_every_column_of_a_vote_stays() -> None:
    approval = decided(used=False)
    vote = ApprovalVote.objects.get(approval=approval)
    statement = "UPDATE approval_votes SET {} WHERE id = %s"
    changes = [*setters(ApprovalVote), "verdict = 'deny'"]
    assert [each for each in changes if not refuses(statement.format(each), vote.pk)] == []


def test_a_yes_lapses_sooner_and_never_later() -> None:
    approval = decided(used=False)
    statement = "UPDATE approvals SET use_until = %s WHERE id = %s"
    sql(statement, "2020-01-01 00:00:00+00:00", approval.pk)
    assert refuses(statement, "2020-01-01 00:00:01+00:00", approval.pk)


def test_what_was_asked_stays_while_it_waits() -> None:
    _, call = waiting()
    question = gate.question(call)
    for column in ("flow", "approver", "requester_name", "demands", "covers", "id"):
        field = Approval._meta.get_field(column)
        change = f"{column} = {other(field)}"  # type: ignore[arg-type]
        assert refuses(f"UPDATE approvals SET {change} WHERE id = %s", question.pk), column


def test_every_illegal_move_is_refused() -> None:
    """G12: not only a way out of a final status. What is decided is not asked again, a yes becomes no no."""
    at, call = waiting()
    question = gate.question(call)
    statement = "UPDATE approvals SET status = %s WHERE id = %s"
    sql(statement, "approved", question.pk)
    for to in ("pending", "denied"):
        assert refuses(statement, to, question.pk), to
    sql(statement, "expired", question.pk)
    for to in set(Approval.Status.values) - {"expired"}:
        assert refuses(statement, to, question.pk), to
    second = gate.question(at.ask({"line": "two"}))
    assert refuses(statement, "consumed", second.pk)


@pytest.mark.parametrize("verdict", ["approve", "deny", ""])
def test_no_question_and_no_vote_ever_goes(verdict: str) -> None:
    _, call = waiting()
    question = gate.question(call)
    if verdict:
        who = gate.fresh(people.bob().identity)
        getattr(approvals, verdict)(question, digest=question.digest, by=who)
        assert refuses("DELETE FROM approval_votes WHERE approval_id = %s", question.pk)
    assert refuses("DELETE FROM approvals WHERE id = %s", question.pk)
