"""What a transaction tells a group goes out once, in order, and only what was committed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from agents_app.live import news

pytestmark = pytest.mark.django_db(transaction=True)
Sent = list[tuple[str, list[str]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    seen: Sent = []

    def send(group: str, *events: dict[str, Any]) -> None:
        seen.append((group, [event["type"] for event in events]))

    monkeypatch.setattr(news, "send", send)
    return seen


def tell(*types: str, group: str = "here") -> None:
    news.after_commit(group, lambda: [{"type": each} for each in types])


class Undone(Exception):
    pass


@transaction.atomic
def _undo(*types: str) -> None:
    tell(*types)
    raise Undone


def undone(*types: str) -> None:
    with pytest.raises(Undone):
        _undo(*types)


def test_outside_of_a_transaction_it_goes_at_once(sent: Sent) -> None:
    tell("one")
    tell("two")
    assert sent == [("here", ["one"]), ("here", ["two"])]


def test_one_transaction_is_one_round_trip_for_each_group(sent: Sent) -> None:
    with transaction.atomic():
        tell("one")
        tell("elsewhere", group="there")
        with transaction.atomic(savepoint=False):
            tell("two", "three")
        tell("four")
        assert sent == []
    assert sent == [("here", ["one", "two", "three", "four"]), ("there", ["elsewhere"])]


def test_what_was_undone_is_not_told(sent: Sent) -> None:
    with transaction.atomic():
        tell("one")
        undone("two")
        tell("three")
        with transaction.atomic():
            tell("four")
            undone("five")
        tell("six")
    assert [type_ for _, types in sent for type_ in types] == ["one", "three", "four", "six"]


def test_a_transaction_that_failed_tells_nothing_and_leaves_nothing(sent: Sent) -> None:
    undone("one")
    with transaction.atomic():
        tell("two")
    assert sent == [("here", ["two"])]


def test_what_cannot_be_told_takes_nothing_along(sent: Sent) -> None:
    rung: list[str] = []
    with transaction.atomic():
        tell("one")
        transaction.on_commit(lambda: rung.append("bell"))
        news.after_commit("here", lambda: [{"type": str(1 // 0)}])
        tell("three")
    assert sent == [("here", ["one", "three"])]
    assert rung == ["bell"]


def test_what_is_told_is_read_after_the_commit(sent: Sent) -> None:
    seen: list[bool] = []

    def told() -> list[dict[str, Any]]:
        seen.append(transaction.get_connection().in_atomic_block)
        return []

    with transaction.atomic():
        news.after_commit("here", told)
    assert seen == [False]
