"""Kill switches with real workers: a model that speaks is cut off, a file of the operator stops all, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from agents_app.live import remembered
from agents_app.models import Message, Run
from project.accounts import identity as identities
from tests import gate, people
from tests.flows import acting
from tests.live import Live, wait_for
from tools_app.governing import switches
from tools_app.models import KillSwitch, ToolCall

OPERATOR = identities.system(None)
pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _seeded(live_app: Live) -> None:
    people.alice()
    acting.seeded()


@pytest.fixture
def file() -> Iterator[Path]:
    """Where the workers look too; whatever happens, it is gone before the next test."""
    yield settings.KILL_SWITCH_FILE
    settings.KILL_SWITCH_FILE.unlink(missing_ok=True)


def test_a_model_that_speaks_is_cut_off_and_what_it_said_is_kept() -> None:
    run = acting.asked('```script\n[{"stamp": 2000, "pace_ms": 20}]\n```')
    acting.until(run, "running")
    said = Message.objects.filter(steps__run=run)
    wait_for(lambda: said.exists() and remembered.text_of(said.get()), what="the answer to begin")
    ours = switches.of_organization(people.toolroom().pk)
    row = switches.throw(ours, reason="It promises refunds.", by=people.adam().identity)
    # Of its own it would take 40 s.
    acting.until(run, "failed", seconds=25)
    assert (run.reason, said.get().ending) == ("kill_switch", "interrupted")
    assert "It promises refunds." in run.reason_text
    assert said.get().text.startswith("1:")
    assert " 2000:" not in said.get().text
    begun = acting.asked("What time is it in UTC?")
    acting.until(begun, "failed")
    assert (begun.reason, ToolCall.objects.filter(run_id=begun.pk).exists()) == ("kill_switch", False)
    switches.lift(row, by=people.adam().identity)
    acting.until(acting.asked("What time is it in UTC?"), "finished")


def test_the_operators_file_stops_everybody_and_is_in_the_record_within_a_sweep(file: Path) -> None:
    file.write_text("The keys have leaked.")
    run = acting.asked("Hello there")
    acting.until(run, "failed")
    assert (run.reason, "The keys have leaked." in run.reason_text) == ("kill_switch", True)
    thrown = KillSwitch.objects.thrown().filter(through="file")
    wait_for(thrown.exists, what="the sweeper to bring it into the table")
    file.unlink()
    wait_for(lambda: not thrown.exists(), what="the sweeper to take it out again")
    acting.until(acting.asked("Hello there"), "finished")


def test_a_question_that_waits_outlives_the_switch() -> None:
    who = people.alice().identity
    (settings.FILE_ROOTS[0]).mkdir(parents=True, exist_ok=True)
    (settings.FILE_ROOTS[0] / "stopped.txt").write_text("The gate is green.")
    run: Run = acting.asked("Please read the file stopped.txt")
    question = acting.question(run)
    acting.until(run, "waiting")
    switches.lift(switches.throw(switches.INSTALLATION, reason="A drill.", by=OPERATOR), by=OPERATOR)
    acting.approve(question, gate.fresh(who))
    acting.until(run, "finished")
    assert "green" in acting.answer(run)
