"""Stop reaches the vendor: whoever cancels the reading task closes the connection at once."""

import time
from concurrent.futures import CancelledError

import pytest

from agents_app import providers
from agents_app.providers.base import Endpoint
from tests.agents.providers.conftest import collected, request_to
from tests.fake_model import Asked, FakeModel
from tools_app import bridge


def gone(asked: Asked) -> float:
    deadline = time.monotonic() + 20
    while asked.gone_at is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert asked.gone_at is not None, "the server never saw the connection close"
    return asked.gone_at


def first_request(fake_model: FakeModel) -> Asked:
    deadline = time.monotonic() + 20
    while not fake_model.requests and time.monotonic() < deadline:
        time.sleep(0.002)
    return fake_model.requests[0]


@pytest.mark.parametrize(
    "turn",
    [
        {"say": "word " * 3_000, "pace_ms": 10},
        {"say": "a b", "fail": "stall", "after": 1},
        {"wait_ms": 30_000},
    ],
    ids=["streaming", "stalled", "before the first byte"],
)
def test_cancelling_closes_the_connection_long_before_the_answer_ends(
    fake_model: FakeModel, endpoint: Endpoint, turn: dict[str, object]
) -> None:
    fake_model.play(turn)
    future = bridge.start(collected(request_to(endpoint)))
    asked = first_request(fake_model)
    time.sleep(0.08)
    stopped = time.monotonic()
    future.cancel()
    assert gone(asked) - stopped < 3  # a busy machine is slow; none of the three turns is over by then
    with pytest.raises(CancelledError):
        future.result(20)


def test_cancelling_ends_a_wait_for_the_next_try(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"status": 429, "headers": {"retry-after": "60"}})
    future = bridge.start(collected(request_to(endpoint, tries=3)))
    first_request(fake_model)
    time.sleep(0.05)
    began = time.monotonic()
    future.cancel()
    with pytest.raises(CancelledError):
        future.result(20)
    assert time.monotonic() - began < 30
    assert len(fake_model.requests) == 1


def test_a_reader_that_leaves_early_closes_the_connection(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"say": "word " * 3_000, "pace_ms": 10})

    async def leave_after_one() -> float:
        events = providers.of("direct").stream(request_to(endpoint))
        await anext(events)
        await events.aclose()
        return time.monotonic()

    left = bridge.run(leave_after_one(), timeout=5)
    assert gone(fake_model.requests[0]) - left < 0.1
