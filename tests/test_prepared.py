"""Prepared queries give what the ORM gives: the same rows, the same types, the same refusals, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.transaction import TransactionManagementError

from agents_app.models import Conversation, Message, Run
from audit_app.clock import from_now
from audit_app.models import AuditStream
from project.accounts import prepared
from project.accounts.models import Organization
from project.accounts.prepared import Given, Less, More, Prepared
from tests import world
from tests.world import World
from tools_app.models import ToolCall

pytestmark = pytest.mark.django_db(transaction=True)

BY_ID = Prepared(
    lambda: Run.objects.select_related("conversation", "agent_type__endpoint").filter(pk=Given("pk"))
)


def values_of(row: models.Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def made() -> World:
    return world.made()


def test_a_prepared_row_equals_the_orms_with_what_it_joins(made: World) -> None:
    usual = Run.objects.select_related("conversation", "agent_type").get(pk=made.run.pk)
    for _ in range(2):
        found = BY_ID.first(pk=made.run.pk)
        assert found is not None
        assert values_of(found) == values_of(usual)
        assert values_of(found.conversation) == values_of(usual.conversation)
        assert values_of(found.agent_type) == values_of(usual.agent_type)
        assert isinstance(found.created_at, datetime)
        assert found.agent_type.endpoint is None


def test_what_is_joined_costs_no_further_query(made: World) -> None:
    found = BY_ID.first(pk=made.run.pk)
    assert found is not None
    with connection.execute_wrapper(refuse):
        assert found.conversation.agent_type_id == found.agent_type.pk


def refuse(*_: object) -> None:
    raise AssertionError("another query was made")


def test_nothing_found_is_none() -> None:
    assert BY_ID.first(pk=0) is None
    assert BY_ID.all(pk=0) == []


def test_moments_and_uuids_are_found_by_their_field(made: World) -> None:
    by_uuid = Prepared(
        lambda: Conversation.objects.filter(public_id=Given("id", Conversation._meta.get_field("public_id")))
    )
    assert by_uuid.first(id=made.conversation.public_id) == made.conversation
    assert by_uuid.first(id=UUID(int=0)) is None
    since = Prepared(
        lambda: Conversation.objects.filter(
            created_at__gte=Given("since", Conversation._meta.get_field("created_at"))
        )
    )
    assert since.all(since=datetime(2020, 1, 1, tzinfo=UTC)) == [made.conversation]
    assert since.all(since=datetime(2999, 1, 1, tzinfo=UTC)) == []


def test_a_moment_without_its_field_is_refused(made: World) -> None:
    since = Prepared(lambda: Conversation.objects.filter(created_at__gte=Given("since")))
    with pytest.raises(TypeError):
        since.all(since=datetime.now(UTC))


def test_tuples_come_where_values_are_asked_for(made: World) -> None:
    titles = Prepared(lambda: Conversation.objects.filter(pk=Given("pk")).values_list("title", "public_id"))
    assert titles.all(pk=made.conversation.pk) == [(made.conversation.title, made.conversation.public_id)]


def test_an_update_binds_each_value_to_its_own_place(made: World) -> None:
    for attempt in (4, 7):
        where = Q(attempt=made.run.attempt) & Q(pk=made.run.pk, status=made.run.status)
        assert prepared.update(Run, where, {"attempt": attempt, "reason": f"r{attempt}"}) == 1
        assert prepared.update(Run, where, {"attempt": 99, "reason": "late"}) == 0
        made.run.refresh_from_db()
        assert (made.run.attempt, made.run.reason) == (attempt, f"r{attempt}")


def test_an_update_takes_expressions_negations_and_none(made: World) -> None:
    younger = Exists(Run.objects.filter(conversation_id=OuterRef("conversation_id"), pk__gt=OuterRef("pk")))
    where = Q(pk=made.run.pk) & ~Q(younger) & Q(lease_until__isnull=True)
    assert prepared.update(Run, where, {"attempt": F("attempt") + 1, "lease_until": from_now(60)}) == 1
    made.run.refresh_from_db()
    assert made.run.attempt == 1
    assert made.run.lease_until is not None
    assert prepared.update(Run, Q(pk=made.run.pk, lease_until=None), {"attempt": 5}) == 0
    assert prepared.update(Run, Q(pk=made.run.pk), {"lease_until": None}) == 1
    made.run.refresh_from_db()
    assert [made.run.attempt, made.run.lease_until] == [1, None]


def test_an_update_stores_json_whole(made: World) -> None:
    told: Any
    for told in ({"a": [1, {"b": None}]}, [], None):
        assert prepared.update(ToolCall, Q(pk=made.call.pk), {"progress": told, "filled": ["x"]}) == 1
        made.call.refresh_from_db()
        assert (made.call.progress, made.call.filled) == (told, ["x"])


def test_alternatives_are_not_taken_for_each_other(made: World) -> None:
    both = Q(pk=made.run.pk) & Q(attempt=7)
    either = Q(pk=made.run.pk) | Q(attempt=7)
    assert prepared.update(Run, both, {"reason": "x"}) == 0
    assert prepared.update(Run, either, {"reason": "x"}) == 1
    assert prepared.update(Run, ~either, {"reason": "x"}) == 0


def test_an_insert_stores_what_save_would(made: World) -> None:
    facts = {
        "organization_id": made.conversation.organization_id,
        "conversation": made.conversation,
        "role": Message.Role.ASSISTANT,
        "text": "Ü 🦔 'quoted' %s",
    }
    usual, row = Message(**facts), Message(**facts)
    usual.save(force_insert=True)
    prepared.insert(row)
    assert row.pk == usual.pk + 1
    assert not row._state.adding
    stored = values_of(Message.objects.get(pk=row.pk))
    expected = values_of(Message.objects.get(pk=usual.pk))
    for name in ("id", "created_at"):
        assert type(stored.pop(name)) is type(expected.pop(name))
    assert stored == expected
    row.text = "changed"
    row.save()
    assert Message.objects.get(pk=row.pk).text == "changed"


def test_an_insert_meets_the_same_constraints() -> None:
    organization = Organization.objects.create(name="Twice", slug="twice")
    prepared.insert(AuditStream(organization=organization, name="one", hash="0"))
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.insert(AuditStream(organization=organization, name="one", hash="0"))


def test_what_one_thread_compiled_others_use(made: World) -> None:
    found: list[Run | None] = []

    def look() -> None:
        found.append(BY_ID.first(pk=made.run.pk))
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [made.run] * 4


def test_what_cannot_be_prepared_is_refused(made: World) -> None:
    with pytest.raises(TypeError, match="pk__in"):
        prepared.update(Run, Q(pk__in=[made.run.pk]), {"reason": "x"})
    with pytest.raises(TypeError, match="created_at__lt"):
        prepared.exists(Run, Q(created_at__lt=datetime.now(UTC)))
    with pytest.raises(TypeError, match="computed"):
        Prepared(lambda: Run.objects.annotate(more=F("attempt") + 1)).all()
    with pytest.raises(TypeError, match="prefetched"):
        Prepared(lambda: Conversation.objects.prefetch_related("runs")).all()
    with pytest.raises(KeyError):
        BY_ID.all()


def test_a_locking_query_wants_a_transaction_every_time(made: World) -> None:
    head = Prepared(lambda: AuditStream.objects.select_for_update().filter(name=Given("name")))
    with transaction.atomic():
        assert head.first(name=made.conversation.stream) is not None
    with pytest.raises(TransactionManagementError):
        head.first(name=made.conversation.stream)


def test_a_locking_query_locks_inside_a_transaction(made: World) -> None:
    head = Prepared(lambda: AuditStream.objects.select_for_update().filter(name=Given("name")))
    with transaction.atomic():
        assert head.first(name=made.conversation.stream) is not None


def test_more_and_less_are_counted_by_the_database(made: World) -> None:
    """Two who add at once both count, so the sum is the statement's and never the reader's."""
    mine = Q(pk=made.run.pk)
    for amount in (5, 7):
        assert prepared.update(Run, mine, {"input_tokens": More(amount), "pauses": 3}) == 1
    assert prepared.update(Run, mine, {"input_tokens": Less(2), "output_tokens": Less(4)}) == 1
    now = Run.objects.get(pk=made.run.pk)
    assert (now.input_tokens, now.output_tokens, now.pauses) == (10, 0, 3)
    # The same names with plain values are another statement.
    prepared.update(Run, mine, {"input_tokens": 1, "pauses": More(1)})
    now = Run.objects.get(pk=made.run.pk)
    assert (now.input_tokens, now.pauses) == (1, 4)
