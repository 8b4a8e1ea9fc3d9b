"""The broker forgets everything, or hangs up on everybody, while an answer streams: the page misses nothing (G13)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis

from agents_app import events
from agents_app.models import Message, Run
from tests.flows import acting
from tests.live import Live, wait_for
from tests.people import alice

pytestmark = [pytest.mark.django_db(transaction=True)]
PIECES = 150


@pytest.fixture(autouse=True)
def _seeded(live_app: Live) -> None:
    alice()
    acting.seeded()


def _streaming() -> Run:
    who = alice().identity
    script = f'```script\n[{{"stamp": {PIECES}, "pace_ms": 20}}]\n```'
    run = acting.say(acting.begin(who), script, who)
    wait_for(lambda: _shown(run).startswith("1:"), what="the first piece to be shown")
    return run


def _shown(run: Run) -> str:
    """The text of the answer as a page that fetches now would draw it."""
    snapshot = events.snapshot(run.conversation, alice().identity)
    said = [message["text"] for message in snapshot["messages"] if message["role"] == "assistant"]
    return str(said[0]) if said else ""


def _shown_while(run: Run, disturb: Callable[[], object], *, times: int) -> list[str]:
    """Disturb the stream so many times, each time once it has gone on, and fetch in between."""
    shown: list[str] = []
    for _ in range(times):
        shown.append(_shown(run))
        disturb()
        wait_for(lambda: len(_shown(run)) > len(shown[-1]), what="the text to come back and go on")
    assert not _ended(run), "It was over before it could be disturbed."
    return shown


def _ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.status in Run.FINAL


def _assert_complete(run: Run, shown: list[str]) -> None:
    acting.until(run, "finished")
    said = Message.objects.get(steps__run=run)
    assert said.ending == "complete"
    assert _numbers(said.text) == list(range(1, PIECES + 1))
    assert _shown(run) == said.text
    assert all(said.text.startswith(earlier) for earlier in shown)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"(?:^|\s)(\d+):\d+", text)]


def test_flushed_server_costs_no_piece(valkey: redis.Redis) -> None:
    run = _streaming()
    shown = _shown_while(run, valkey.flushall, times=10)
    _assert_complete(run, shown)


def test_connections_that_are_cut_cost_no_piece(valkey: redis.Redis) -> None:
    def cut() -> None:
        valkey.client_kill_filter(_type="normal", skipme=True)
        valkey.client_kill_filter(_type="pubsub", skipme=True)

    run = _streaming()
    shown = _shown_while(run, cut, times=2)
    _assert_complete(run, shown)
