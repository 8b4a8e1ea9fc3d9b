"""born() and move(): legal and illegal, recorded in the same transaction, and lost by whoever comes second."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from agents_app.models import Run
from audit_app.exceptions import IllegalMove, StaleState
from audit_app.models import AuditEntry
from audit_app.signals import status_changed
from audit_app.transitions import born, hold, move
from project.accounts import identity as identities
from tests import gate, people
from tools_app.models import Approval, ToolCall

pytestmark = pytest.mark.django_db

MODELS = (Run, ToolCall, Approval)
PAIRS = [
    (model, was, to)
    for model in MODELS
    for was in sorted(model.Status.values)
    for to in sorted(model.Status.values)
]


def house() -> Any:
    return identities.system(people.toolroom())


def a_call(status: str = "queued") -> ToolCall:
    at = gate.opened(requires_approval=status == "waiting")
    return ToolCall.objects.get(pk=at.ask({"line": "one"}).pk)


def entries(call: ToolCall) -> list[str]:
    rows = AuditEntry.objects.filter(subject_type="call", subject_id=str(call.pk)).order_by("seq")
    return list(rows.values_list("action", flat=True))


@pytest.mark.parametrize(("model", "was", "to"), PAIRS, ids=lambda each: getattr(each, "__name__", each))
def test_only_moves_of_the_table_are_legal(model: Any, was: str, to: str) -> None:
    """Decided before the database is asked: the row does not even exist."""
    row = model(pk=0, status=was, organization=people.toolroom())
    if to in model.MOVES.get(was, ()):
        assert not row.is_final
        return
    with pytest.raises(IllegalMove):
        move(row, to, by=house())


@pytest.mark.parametrize("model", MODELS)
def test_final_states_are_those_nothing_leads_out_of(model: Any) -> None:
    final = {status for status in model.Status.values if model(status=status).is_final}
    assert final == set(model.Status.values) - set(model.MOVES)
    assert not final & set(getattr(model, "OPEN", ())) | (final & set(getattr(model, "ACTIVE", ())))
    assert set(model.MOVES) | final == set(model.Status.values)
    reached = {to for moves in model.MOVES.values() for to in moves} | model.FIRST
    assert reached == set(model.Status.values), "a status nobody can reach"


@pytest.mark.parametrize("status", sorted(set(ToolCall.Status.values) - ToolCall.FIRST))
def test_no_row_is_born_in_a_later_state(status: str) -> None:
    call = a_call()
    call.pk, call.status, call.tool_use_id = None, status, ""
    with pytest.raises(IllegalMove):
        born(call, by=house())


def test_every_change_is_recorded_in_order() -> None:
    call = a_call()
    move(call, "running", by=house())
    move(call, "succeeded", by=house(), facts={"extra": 1})
    assert entries(call) == ["call.queued", "call.running", "call.succeeded"]
    last = AuditEntry.objects.get(action="call.succeeded")
    assert (last.facts["was"], last.facts["extra"], last.actor_name) == ("running", 1, "Toolroom")


def test_whoever_comes_second_is_told_and_records_nothing() -> None:
    call = a_call()
    other = ToolCall.objects.get(pk=call.pk)
    move(call, "running", by=house())
    with pytest.raises(StaleState) as told:
        move(other, "cancelled", by=house())
    assert told.value.status == 409
    assert other.status == "queued"
    assert entries(call) == ["call.queued", "call.running"]


def test_condition_is_asked_by_the_statement_that_moves() -> None:
    call = a_call()
    with pytest.raises(StaleState):
        move(call, "running", by=house(), only_if=Q(attempt=7))
    move(call, "running", by=house(), only_if=Q(attempt=0), attempt=1, lease_until=Now())
    assert (call.attempt, call.lease_until is not None) == (1, True)


def test_entry_and_change_stand_or_fall_together() -> None:
    call = a_call()
    before = AuditEntry.objects.count()

    def halfway() -> None:
        with transaction.atomic():
            move(call, "running", by=house())
            assert AuditEntry.objects.count() == before + 1
            raise InterruptedError

    with pytest.raises(InterruptedError):
        halfway()
    assert AuditEntry.objects.count() == before
    assert ToolCall.objects.get(pk=call.pk).status == "queued"


def test_row_does_not_move_when_the_record_cannot_be_written(monkeypatch: Any) -> None:
    """Promise 4: no audit, no tool. The name of the action is not registered, so nothing is written at all."""
    call = a_call()
    monkeypatch.setattr(ToolCall, "AUDIT_NAME", "unheard_of")
    with pytest.raises(Exception, match="name is not registered"), transaction.atomic():
        move(call, "running", by=house())
    assert ToolCall.objects.get(pk=call.pk).status == "queued"


def test_announcement_carries_what_happened() -> None:
    heard: list[dict[str, Any]] = []

    def listen(**told: Any) -> None:
        heard.append(told)

    status_changed.connect(listen, sender=ToolCall)
    try:
        call = a_call()
        move(call, "running", by=house())
    finally:
        status_changed.disconnect(listen, sender=ToolCall)
    assert [(each["was"], each["to"]) for each in heard] == [(None, "queued"), ("queued", "running")]
    assert heard[1]["seq"] > heard[0]["seq"]


def test_holding_a_row_tells_that_it_has_moved() -> None:
    call = a_call()
    stale = ToolCall.objects.get(pk=call.pk)
    hold(stale)
    move(call, "running", by=house())
    with pytest.raises(StaleState):
        hold(stale)
    with pytest.raises(StaleState):
        hold(call, only_if=Q(attempt=3))


FINALS = [
    ("tool_calls", ToolCall, status) for status in sorted(set(ToolCall.Status.values) - set(ToolCall.MOVES))
] + [("runs", Run, status) for status in sorted(Run.FINAL)]


@pytest.mark.parametrize(("table", "model", "final"), FINALS, ids=str)
@pytest.mark.parametrize("to", ["queued", "running", "waiting"])
def test_database_lets_nothing_out_of_a_final_state(table: str, model: Any, final: str, to: str) -> None:
    call = a_call()
    pk = call.pk if model is ToolCall else call.run_id
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET status = %s WHERE id = %s", [final, pk])
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET status = %s WHERE id = %s", [to, pk])
