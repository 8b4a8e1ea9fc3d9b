"""The keeper of leases: what fails for one lease costs no other lease its renewal."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import InterfaceError, connection
from django.test.utils import CaptureQueriesContext

from tools_app.calling.leases import Holder, Keeper, Lease
from tools_app.models import ToolCall

pytestmark = pytest.mark.django_db(transaction=True)


class Watched(Keeper):
    """Renews by a table of answers instead of rows, and only when it is told to."""

    def __init__(self, answers: dict[int, Any]) -> None:
        super().__init__()
        self.answers = answers

    def _ensure_thread(self) -> None:
        pass

    def _renewed(self, lease: Lease) -> bool:
        answer = self.answers[lease.pk]
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)


def _lease(pk: int) -> Lease:
    return Lease(ToolCall, pk, 1, 30)


def test_broken_connection_and_broken_beat_cost_nobody_else_a_renewal() -> None:
    told: list[str] = []
    keeper = Watched({1: InterfaceError("connection already closed"), 2: True, 3: True, 4: False})

    def breaks() -> None:
        raise ValueError("no text to keep")

    with (
        keeper.holding(_lease(1), Holder(lost=lambda: told.append("1 lost"))),
        keeper.holding(_lease(2), Holder(lost=lambda: told.append("2 lost"), beat=breaks)),
        keeper.holding(
            _lease(3), Holder(lost=lambda: told.append("3 lost"), beat=lambda: told.append("3 beat"))
        ),
        keeper.holding(_lease(4), Holder(lost=lambda: told.append("4 lost"))),
    ):
        keeper.renew()
        keeper.renew()
    assert told == ["4 lost", "3 beat", "3 beat"]


def test_keeper_of_nothing_leaves_the_database_alone() -> None:
    with CaptureQueriesContext(connection) as statements:
        Watched({}).renew()
    assert list(statements) == []
    with CaptureQueriesContext(connection) as statements:
        keeper = Watched({1: True})
        with keeper.holding(_lease(1), Holder(lost=print)):
            keeper.renew()
    assert list(statements)
