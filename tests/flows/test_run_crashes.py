"""A worker of answers dies at each named point: the answer goes on with the next one, and nothing is lost."""

from __future__ import annotations

import time

import pytest

from agents_app.models import Message
from tests.flows import acting
from tests.live import Live, wait_for
from tests.people import alice
from tools_app.models import ToolCall

# Beside `test_crashes.py`, so that two processes of the suite share the waiting.
pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _seeded(live_app: Live) -> None:
    alice()
    acting.seeded()


def test_worker_dies_while_streaming_and_the_next_one_answers(live_app: Live) -> None:
    acting.dies(live_app, "runs", "mid-stream")
    run = acting.asked("Hello there")
    live_app.wait_until_ended("runs")
    live_app.start_again("runs")
    acting.until(run, "finished", seconds=40)
    endings = list(Message.objects.filter(steps__run=run).order_by("pk").values_list("ending", flat=True))
    assert endings == ["interrupted", "complete"]


def test_worker_killed_in_mid_stream_keeps_what_was_written(live_app: Live) -> None:
    run = acting.asked('```script\n[{"stamp": 300, "pace_ms": 15}]\n```')
    acting.until(run, "running")
    said = Message.objects.filter(steps__run=run)
    wait_for(said.exists, what="the answer to begin")
    time.sleep(1)
    live_app.kill("runs")
    live_app.start_again("runs")
    acting.until(run, "finished", seconds=40)
    first, second = said.order_by("pk")
    assert first.ending == "interrupted"
    assert first.text.startswith("1:")
    assert second.ending == "complete"
    assert len(second.text.split()) == 300


@pytest.mark.parametrize("point", ["after-run-claim", "after-stream-before-settle"])
def test_run_worker_dies_at(live_app: Live, point: str) -> None:
    acting.dies(live_app, "runs", point)
    run = acting.asked("What time is it in UTC?")
    live_app.wait_until_ended("runs")
    live_app.start_again("runs")
    acting.until(run, "finished", seconds=40)
    assert ToolCall.objects.filter(run_id=run.pk, status="succeeded").count() == 1
    assert Message.objects.filter(steps__run=run, ending="").count() == 0


def test_three_deaths_end_the_run(live_app: Live) -> None:
    acting.dies(live_app, "runs", "after-run-claim")
    run = acting.asked("Hello there")
    for _ in range(3):
        live_app.wait_until_ended("runs", seconds=40)
        live_app.start_again("runs", CRASH_AT="after-run-claim")
    acting.until(run, "failed", seconds=40)
    assert run.reason == "poison"
    live_app.kill("runs")
