"""Old deliveries go; what is under way, what is young and what is sent again stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import people
from tests.tools import told
from tools_app.models import Approval, Delivery, Webhook
from tools_app.notices import hooks, pruning, sending

pytestmark = pytest.mark.django_db


def delivery(days_ago: float | None, **fields: Any) -> Delivery:
    row = hooks.test(Webhook.objects.first() or told.webhook(), by=people.carol().identity)
    ended = None if days_ago is None else datetime.now(UTC) - timedelta(days=days_ago)
    Delivery.objects.filter(pk=row.pk).update(ended_at=ended, outcome="sent" if ended else "", **fields)
    return Delivery.objects.get(pk=row.pk)


def left() -> list[int]:
    return list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


def test_what_ended_long_ago_goes_and_nothing_else(settings: Any) -> None:
    settings.DELIVERY_DAYS = 30
    old, young, waiting = delivery(31), delivery(29), delivery(None)
    again = sending.again(delivery(40), by=people.carol().identity)
    assert pruning.prune() == 1
    assert left() == [young.pk, waiting.pk, again.pk]
    assert pruning.prune() == 0
    assert old.pk not in left()


def test_only_so_many_go_in_one_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    rows = [delivery(1_000) for _ in range(3)]
    assert (pruning.prune(), left()) == (2, [rows[2].pk])
    assert (pruning.prune(), left()) == (1, [])


def test_the_question_it_was_about_stays(settings: Any) -> None:
    question = told.asked()
    delivery(1_000, approval=question)
    assert pruning.prune() == 1
    assert Approval.objects.filter(pk=question.pk).exists()
