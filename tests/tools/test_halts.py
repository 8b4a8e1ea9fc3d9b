"""What stops something, as it is read: for one use, for many at once, for pages, and out of the operator's file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests import people
from tools_app.calling import interrupts
from tools_app.calling.settling import Failed
from tools_app.executors import stopping
from tools_app.governing import halts
from tools_app.governing.halts import Halt
from tools_app.models import KillSwitch, ToolCall


@pytest.fixture
def file(settings: Settings, tmp_path: Path) -> Path:
    settings.KILL_SWITCH_FILE = tmp_path / "stop"
    return tmp_path / "stop"


def stop(scope: str, subject: int = 0, name: str = "", organization: int | None = None) -> None:
    mine = None if scope == "installation" else organization or people.toolroom().pk
    KillSwitch.objects.create(
        scope=scope,
        organization_id=mine,
        subject_id=subject,
        subject_name=name,
        reason=f"The {scope}",
        thrown_by="Adam",
        thrown_by_id="1",
    )


@pytest.mark.parametrize(
    ("halt", "told"),
    [
        (Halt("tool", "ledger", "Broken", "Adam"), "Adam has stopped the tool ledger: Broken."),
        (Halt("tool", "ledger", "Broken.", "Adam"), "Adam has stopped the tool ledger: Broken."),
        (Halt("persona", "Ana", "Why not?", "Adam"), "Adam has stopped the persona Ana: Why not?"),
        (
            Halt("organization", "x", "Stop!", "Adam"),
            "Adam has stopped all tools and answers of the organization: Stop!",
        ),
        (
            Halt("installation", "", "x", halts.OPERATOR),
            "The operator has stopped all tools and answers of this installation: x.",
        ),
    ],
)
def test_what_people_are_told(halt: Halt, told: str) -> None:
    assert halt.told == told


@pytest.mark.django_db
def test_a_switch_stops_what_it_names_and_no_other(file: Path) -> None:
    here, there = people.toolroom().pk, people.elsewhere().pk
    stop("tool", 1, "ledger")
    stop("persona", 1, "Ana")
    assert halts.halting(here) is None
    assert halts.halting(here, agent_type_id=7, tool_id=8) is None
    assert halts.halting(there, agent_type_id=1, tool_id=1) is None
    assert halts.halting(here, tool_id=1) == Halt("tool", "ledger", "The tool", "Adam")
    assert halts.halting(here, agent_type_id=1, tool_id=1) == Halt("persona", "Ana", "The persona", "Adam")


@pytest.mark.django_db
def test_of_many_tools_those_that_are_stopped(file: Path) -> None:
    here = people.toolroom().pk
    assert halts.stopped(here, 5, [1, 2]) == {}
    stop("tool", 1, "ledger")
    told = "Adam has stopped the tool ledger: The tool."
    assert halts.stopped(here, 5, [1, 2, 1]) == {1: told}
    assert halts.tools(here) == {1: told}
    stop("persona", 5, "Ana")
    assert set(halts.stopped(here, 5, [1, 2])) == {1, 2}
    assert set(halts.stopped(here, 6, [1, 2])) == {1}
    assert halts.tools(here) == {1: told}, "the persona is no tool"
    file.write_text("Everything.")
    everything = "The operator has stopped all tools and answers of this installation: Everything."
    assert halts.stopped(here, 6, [1, 2]) == {1: everything, 2: everything}


@pytest.mark.django_db
def test_all_that_is_stopped_the_widest_first(file: Path) -> None:
    here = people.toolroom().pk
    assert halts.thrown(here) == []
    stop("tool", 3, "ledger")
    stop("persona", 3, "Ana")
    stop("organization")
    assert [each.scope for each in halts.thrown(here)] == ["organization", "persona", "tool"]
    file.write_text("Everything.")
    told = halts.thrown(here)
    assert told[0] == Halt("installation", "", "Everything.", halts.OPERATOR)
    assert len(told) == 4
    # Once it stands in the table it is told by that row alone.
    stop("installation")
    assert [each.reason for each in halts.thrown(here)][:2] == ["The installation", "The organization"]


def test_the_file_is_read_whatever_lies_there(file: Path) -> None:
    """A pipe that nobody writes to must not hold whoever asks."""
    os.mkfifo(file)
    assert halts.reason_in_file() == "No reason was given."
    file.unlink()
    file.mkdir()
    assert halts.reason_in_file() == "No reason was given."
    file.rmdir()
    file.write_bytes(b"\xff leak\0ing \n now")
    assert halts.reason_in_file() == "\ufffd leak ing now"


def test_a_file_that_cannot_be_opened_stops_all_the_same(file: Path, settings: Settings) -> None:
    file.write_text("x")
    settings.KILL_SWITCH_FILE = file / "below"
    assert halts.reason_in_file() == "The file that says so cannot be read."


@pytest.mark.django_db
def test_the_file_stops_everything_and_has_no_name_of_its_own(file: Path) -> None:
    file.write_text("Everything.")
    everything = Halt("installation", "", "Everything.", halts.OPERATOR)
    assert halts.halting(people.toolroom().pk) == everything
    assert halts.halting(people.elsewhere().pk, agent_type_id=1, tool_id=1) == everything


def test_a_file_that_is_asked_for_every_second_is_not_left_open(file: Path) -> None:
    file.write_text("Everything.")
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(200):
        assert halts.reason_in_file() == "Everything."
    assert len(list(Path("/dev/fd").iterdir())) < before + 100


def test_the_file_ends_what_runs_while_the_database_is_away(file: Path) -> None:
    """This test has no database: a statement would raise."""
    file.write_text("Fire.")
    watch = interrupts.Watch(ToolCall(organization_id=1, run_id=1), is_lost=lambda: False)
    assert watch()
    ended = watch.explained(Failed(stopping.Stopped.code, "Stopped.", 1))
    assert isinstance(ended, Failed)
    assert (ended.reason, "Fire." in ended.message) == ("kill_switch", True)
