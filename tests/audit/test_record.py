"""The record: one gap-free chain per stream, whoever writes at once; usages close once; no event is ever lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from audit_app import chain, records
from audit_app.exceptions import RecordIsPermanent, StaleState, UnknownAction
from audit_app.models import AuditEntry, AuditStream, ToolUsage
from project.accounts.identity import Identity
from tests import gate, people

SUBJECT = records.Subject("row", "1", "A row")


def wrote(
    facts: dict[str, Any] | None = None, *, by: Identity | None = None, stream: str = "s"
) -> AuditEntry:
    who = by or people.alice().identity
    return records.record(
        "row.changed", by=who, subject=SUBJECT, facts=facts or {}, stream=(who.organization_id, stream)
    )


def read(stream: str = "s") -> list[tuple[Any, int, str, str]]:
    rows = AuditEntry.objects.filter(stream=stream).order_by("seq")
    return [(row.body(), row.seq, row.prev_hash, row.hash) for row in rows]


@pytest.mark.django_db(transaction=True)
def test_eight_threads_leave_no_gap_and_no_fork() -> None:
    who = people.alice().identity

    def write() -> None:
        for number in range(10):
            wrote({"number": number}, by=who)

    assert gate.at_once(*[write] * 8) == [None] * 8
    assert [seq for _, seq, _, _ in read()] == list(range(1, 81))
    assert chain.first_break(read()) is None
    head = AuditStream.objects.get(name="s")
    assert (head.seq, head.hash) == (80, read()[-1][3])


@pytest.mark.django_db(transaction=True)
def test_first_entries_of_new_streams_at_once() -> None:
    who = people.alice().identity
    for number in range(10):
        said = gate.at_once(*[lambda number=number: wrote(by=who, stream=f"new {number}")] * 4)
        assert not [each for each in said if isinstance(each, Exception)]
        assert [seq for _, seq, _, _ in read(f"new {number}")] == [1, 2, 3, 4]


ODD = [
    "\x00",
    "\ud800",
    "\udfff tail",
    "ÿ\x00ÿ",
    "\u2028",
    "𝄞",
    float("nan"),
    float("inf"),
    -float("inf"),
    -0.0,
    1e300,
    1e16,
    0.1,
    5e-324,
    2**53 - 1,
    2**53,
    -(2**63),
    2**200,
    True,
    None,
    [],
    {},
    {"\x00": "\x00"},
    {"\ud800": 1},
    {1: {2: 3}},
    [["\x00", {"deep": "\ud800"}]],
    ("tuple", 1),
    {1, 2},
    b"bytes",
    people.PASSWORD,
]


@pytest.mark.django_db
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:24])
def test_no_value_loses_an_event_or_breaks_the_chain(value: Any) -> None:
    wrote({"value": value, str(value)[:20]: 1})
    wrote({"after": 1})
    assert len(read()) == 2
    assert chain.first_break(read()) is None
    ToolUsage.objects.count()
    usage = records.open_tool_usage(
        records.Usage(people.toolroom().pk, "tool", parameters={"value": value}), by=people.alice().identity
    )
    records.close_tool_usage(usage.pk, status="success", result={"value": value}, error_message=str(value))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unix:", None),
        ("unknown", None),
        ("10.0.0.1:5000", None),
        ("", None),
        (None, None),
    ],
)
def test_address_is_kept_as_it_is_read_back(given: str | None, kept: str | None) -> None:
    who = replace(people.alice().identity, ip_address=given)
    wrote(by=who)
    assert AuditEntry.objects.get(stream="s").ip_address == kept
    assert chain.first_break(read()) is None
    usage = records.open_tool_usage(records.Usage(who.organization_id, "tool"), by=who)
    assert ToolUsage.objects.get(pk=usage.pk).ip_address == kept


@pytest.mark.django_db
def test_very_long_names_are_cut_and_not_refused() -> None:
    who = replace(people.alice().identity, display_name="ä" * 301)
    subject = records.Subject("row", "1", "ö" * 999)
    records.record("row.changed", by=who, subject=subject, facts={}, stream=(who.organization_id, "s"))
    usage = records.open_tool_usage(records.Usage(who.organization_id, "tool"), by=who)
    assert len(usage.user_name) == 255
    assert chain.first_break(read()) is None


@pytest.mark.django_db
def test_unregistered_action_is_refused() -> None:
    with pytest.raises(UnknownAction), transaction.atomic():
        records.record("row.eaten", by=people.alice().identity, subject=SUBJECT, facts={})
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_default_stream_is_the_administration_of_the_organization() -> None:
    who = people.alice().identity
    records.record("row.changed", by=who, subject=SUBJECT, facts={})
    assert AuditEntry.objects.get().stream == f"admin:{who.organization_id}"


@pytest.mark.django_db
def test_usage_closes_once() -> None:
    who = people.alice().identity
    usage = records.open_tool_usage(records.Usage(who.organization_id, "tool"), by=who)
    records.close_tool_usage(usage.pk, status="success", result={"text": "first"})
    with pytest.raises(StaleState):
        records.close_tool_usage(usage.pk, status="failed", result={"text": "second"})
    usage.refresh_from_db()
    assert (usage.status, usage.result) == ("success", {"text": "first"})


@pytest.mark.django_db(transaction=True)
def test_usage_closed_by_many_at_once_has_one_ending() -> None:
    who = people.alice().identity
    for _ in range(5):
        usage = records.open_tool_usage(records.Usage(who.organization_id, "tool"), by=who)
        close = lambda usage=usage: records.close_tool_usage(usage.pk, status="success")  # noqa: E731
        said = gate.at_once(*[close] * 4)
        assert sorted(type(each).__name__ for each in said) == ["NoneType"] + ["StaleState"] * 3


@pytest.mark.django_db
def test_models_themselves_refuse_to_forget() -> None:
    who = people.alice().identity
    entry, usage = wrote(), records.open_tool_usage(records.Usage(who.organization_id, "tool"), by=who)
    for forget in (
        entry.delete,
        usage.delete,
        AuditEntry.objects.all().delete,
        ToolUsage.objects.all().delete,
        lambda: AuditEntry.objects.update(action="x"),
        lambda: ToolUsage.objects.update(status="success"),
    ):
        with pytest.raises(RecordIsPermanent):
            forget()


@pytest.mark.django_db
def test_mallory_reads_nothing_of_it() -> None:
    wrote()
    records.open_tool_usage(records.Usage(people.toolroom().pk, "tool"), by=people.alice().identity)
    mallory = people.mallory().identity
    assert not AuditEntry.objects.visible_to(mallory).exists()
    assert not ToolUsage.objects.visible_to(mallory).exists()
    assert AuditEntry.objects.visible_to(people.olga().identity).exists()


@pytest.mark.django_db
def test_usages_of_a_session_come_newest_first() -> None:
    who = people.alice().identity
    for number in range(3):
        copied = {"session_id": "s" if number != 1 else "other"}
        records.open_tool_usage(records.Usage(who.organization_id, f"tool{number}", copied=copied), by=who)
    assert [row.tool_name for row in ToolUsage.objects.of_session("s")] == ["tool2", "tool0"]
