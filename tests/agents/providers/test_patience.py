"""When a model is asked again, how long that is waited for, and what keeps a thousand workers from storming it."""

from email.utils import formatdate
from typing import Any

import pytest

from agents_app.providers.errors import ProviderUnavailable
from agents_app.providers.failures import seconds_told
from agents_app.providers.patience import Budget, Failure, seconds_before


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def failure(**fields: Any) -> Failure:
    return Failure(**{"error": ProviderUnavailable(), "reason": "overloaded", "again": True, **fields})


def plenty() -> Budget:
    return Budget(size=1000, per_second=1, clock=Clock())


def test_waits_grow_with_some_disorder_and_stay_bounded() -> None:
    for attempt, longest in ((2, 0.5), (3, 1.0), (4, 2.0), (5, 4.0)):
        waits = {seconds_before(attempt, failure(), tries=5, budget=plenty()) for _ in range(50)}
        assert longest / 2 <= min(waits)
        assert max(waits) <= longest
        assert len(waits) > 10


@pytest.mark.parametrize(
    ("told", "waited"), [(0.0, 0.0), (-5.0, 0.0), (7.5, 7.5), (300.0, 300.0), (86_400.0, 300.0)]
)
def test_a_told_wait_is_kept_up_to_five_minutes(told: float, waited: float) -> None:
    assert seconds_before(2, failure(told_seconds=told), tries=5, budget=plenty()) == waited


@pytest.mark.parametrize(
    ("attempt", "tries", "again"), [(6, 50, True), (3, 2, True), (2, 1, True), (2, 0, True), (2, 5, False)]
)
def test_there_is_an_end_to_it(attempt: int, tries: int, *, again: bool) -> None:
    with pytest.raises(ProviderUnavailable):
        seconds_before(attempt, failure(again=again), tries=tries, budget=plenty())


def test_the_process_shares_one_budget_that_refills() -> None:
    clock = Clock()
    budget = Budget(size=3, per_second=0.5, clock=clock)
    assert [budget.take() for _ in range(4)] == [True, True, True, False]
    with pytest.raises(ProviderUnavailable):
        seconds_before(2, failure(), tries=5, budget=budget)
    clock.now += 2
    assert [budget.take(), budget.take()] == [True, False]
    clock.now += 1_000_000
    assert [budget.take() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_the_wait_a_server_asks_for_is_read_as_the_sdk_reads_it(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert seconds_told(headers) == seconds


def test_a_date_to_come_back_at_is_understood() -> None:
    told = seconds_told({"retry-after": formatdate(__import__("time").time() + 30, usegmt=True)})
    assert told is not None
    assert 28 < told <= 30
