"""The sweeper: it needs no free worker and no broker, what fails costs nobody a turn, and bells do not pile up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.db import connection

from agents_app import tasks
from agents_app.models import Run
from project.celery import app
from project.schedule import Fixed
from tests import gate
from tests.conftest import with_this_database
from tests.live import wait_for
from tests.services import Child, Program
from tools_app import bell
from tools_app import tasks as tool_tasks
from tools_app.models import Approval

NOWHERE = "unix:///nowhere/valkey.sock"
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def beat(transactional_db: None) -> Iterator[Child]:
    """The process `beat` of the Procfile, with no worker beside it and no broker to be found."""
    words = ("-m", "celery", "-q", "-A", "project.celery", "beat", "-l", "warning")
    program = Program("beat", (sys.executable, *words), ready="pipe", variables=(("WORKER", "true"),))
    connection.close()
    started = Child(program, variables={**with_this_database(), "SWEEP_SECONDS": "1", "REDIS_URL": NOWHERE})
    yield started
    started.kill_group()
    started.close()


def test_sweeps_wait_for_no_worker_and_no_broker(beat: Child) -> None:
    at = gate.opened(requires_approval=True)
    asked = gate.question(at.ask({"line": "one"}))
    Approval.objects.filter(pk=asked.pk).update(expires_at=LONG_AGO)
    Run.objects.filter(pk=at.run.pk).update(status="running", attempt=1, lease_until=LONG_AGO)
    wait_for(
        lambda: (
            Approval.objects.get(pk=asked.pk).status == "expired"
            and Run.objects.get(pk=at.run.pk).status == "queued"
        ),
        seconds=60,
        what="both sweeps",
    )
    assert beat.exit_code is None


@pytest.mark.django_db
def test_sweep_that_fails_costs_no_other_its_turn(
    monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []

    def fails() -> None:
        raise OSError("The disk is full.")

    monkeypatch.setattr(tool_tasks.sweep_calls, "run", fails)
    monkeypatch.setattr(tool_tasks.expire_approvals, "run", lambda: ran.append("approvals"))
    monkeypatch.setattr(tasks.sweep_runs, "run", lambda: ran.append("runs"))
    scheduler: Any = Fixed(app)
    for _ in range(2):
        for entry in scheduler.schedule.values():
            entry.last_run_at -= timedelta(hours=1)
        scheduler.populate_heap()
        while scheduler.tick() == 0:
            pass
    assert sorted(ran) == ["approvals", "approvals", "runs", "runs"]
    assert caplog.text.count("sweep_calls failed") == 2
    assert not valkey.keys("toolroom:*")


@pytest.mark.django_db
def test_bells_of_the_sweeper_do_not_pile_up(monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis) -> None:
    monkeypatch.setattr(bell, "ENOUGH", 3)
    at = gate.opened()
    Run.objects.filter(pk=at.run.pk).update(created_at=LONG_AGO)
    for _ in range(5):
        tasks.sweep_runs.run()
    assert valkey.llen("toolroom:runs") == 3
    valkey.flushall()
    tasks.sweep_runs.run()
    assert valkey.llen("toolroom:runs") == 1, "after a loss the very next sweep rings"


def test_nobody_is_rung_for_while_the_broker_is_away(settings: Any) -> None:
    settings.REDIS_URL = NOWHERE
    asked = iter([1, 2, 3])
    bell.ring_again(tasks.advance_run, asked)
    assert list(asked) == [1, 2, 3]
