"""What the database itself refuses, by raw SQL, on SQLite and PostgreSQL alike; and that damage without it shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit_app import chain, records, triggers
from audit_app.models import AuditEntry, AuditStream, ToolUsage
from tests import people

pytestmark = pytest.mark.django_db


def sql(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, list(values))


@pytest.fixture
def stream() -> str:
    who = people.alice().identity
    for number in range(5):
        subject = records.Subject("row", str(number))
        at = (who.organization_id, "s")
        records.record("row.changed", by=who, subject=subject, facts={"number": number}, stream=at)
    return "s"


@pytest.fixture
def usage() -> ToolUsage:
    who = people.alice().identity
    return records.open_tool_usage(records.Usage(who.organization_id, "tool", {"a": 1}), by=who)


def broken_at(name: str) -> int | None:
    rows = AuditEntry.objects.filter(stream=name).order_by("seq")
    return chain.first_break((row.body(), row.seq, row.prev_hash, row.hash) for row in rows)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'x'",
        "UPDATE audit_entries SET facts = '{}' WHERE seq = 3",
        "UPDATE audit_entries SET hash = hash",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE seq = 5",
    ],
)
def test_entries_never_change_or_go(stream: str, statement: str) -> None:
    with pytest.raises(DatabaseError, match="refused"):
        sql(statement)
    assert (AuditEntry.objects.count(), broken_at(stream)) == (5, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tool_usage_audit SET parameters = '{}'",
        "UPDATE tool_usage_audit SET tool_name = 'other'",
        "UPDATE tool_usage_audit SET status = NULL",
        "DELETE FROM tool_usage_audit",
    ],
)
@pytest.mark.parametrize("closed", [False, True])
def test_usage_changes_only_by_closing_it(usage: ToolUsage, statement: str, closed: bool) -> None:
    if closed:
        records.close_tool_usage(usage.pk, status="success")
    with pytest.raises(DatabaseError, match="refused"):
        sql(statement)


def test_closed_usage_is_not_closed_again(usage: ToolUsage) -> None:
    sql("UPDATE tool_usage_audit SET status = 'failed' WHERE id = %s", usage.pk)
    with pytest.raises(DatabaseError, match="refused"):
        sql("UPDATE tool_usage_audit SET status = 'success' WHERE id = %s", usage.pk)


def test_usage_has_a_known_status(usage: ToolUsage) -> None:
    with pytest.raises(DatabaseError):
        sql("UPDATE tool_usage_audit SET status = 'splendid' WHERE id = %s", usage.pk)


def test_stream_has_no_forks(stream: str) -> None:
    entry = AuditEntry.objects.get(stream=stream, seq=3)
    entry.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save(force_insert=True)


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE audit_entries SET actor_name = 'Mallory' WHERE seq = 3", 3),
        ("UPDATE audit_entries SET facts = '{\"number\": 7}' WHERE seq = 1", 1),
        ("UPDATE audit_entries SET at = '2020-01-01 00:00:00+00:00' WHERE seq = 4", 4),
        ("UPDATE audit_entries SET ip_address = '10.0.0.9' WHERE seq = 2", 2),
        ("DELETE FROM audit_entries WHERE seq = 1", 2),
        ("DELETE FROM audit_entries WHERE seq = 3", 4),
        ("UPDATE audit_entries SET seq = seq + 10 WHERE seq = 5", 15),
    ],
)
def test_damage_done_without_the_triggers_shows(stream: str, statement: str, first: int) -> None:
    triggers.remove(connection)
    try:
        sql(statement)
    finally:
        triggers.install(connection)
    assert broken_at(stream) == first


def test_cut_tail_differs_from_the_head(stream: str) -> None:
    triggers.remove(connection)
    try:
        sql("DELETE FROM audit_entries WHERE seq > 3")
    finally:
        triggers.install(connection)
    head = AuditStream.objects.get(name=stream)
    last = AuditEntry.objects.filter(stream=stream).order_by("seq").last()
    assert last is not None
    assert broken_at(stream) is None
    assert (head.seq, head.hash) != (last.seq, last.hash)


def test_triggers_can_be_laid_again_and_again(stream: str) -> None:
    triggers.install(connection)
    triggers.install(connection)
    with pytest.raises(DatabaseError, match="refused"):
        sql("DELETE FROM audit_entries")
