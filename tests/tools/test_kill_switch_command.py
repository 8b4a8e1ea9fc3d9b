"""manage.py kill_switch: what the operator does without any page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from audit_app.models import AuditEntry
from tests import gate, people
from tools_app.models import KillSwitch

pytestmark = pytest.mark.django_db


def said(*words: str) -> str:
    out = io.StringIO()
    call_command("kill_switch", *words, stdout=out)
    return out.getvalue()


def test_everything_is_stopped_listed_and_let_go_again() -> None:
    at = gate.opened()
    assert "Stopped." in said("on", "--reason", "Keys leaked")
    assert "Keys leaked" in at.ask({"line": "one"}).reason_text
    assert "The whole installation" in said("status")
    assert "The operator): Keys leaked" in said("status")
    assert "may act again" in said("off", "--reason", "New keys")
    assert at.ask({"line": "one"}).status == "queued"
    assert (said("status"), said("off")) == ("Nothing is stopped.\n", "It was not stopped.\n")
    entry = AuditEntry.objects.get(action="switch.lifted")
    assert (entry.facts["reason"], entry.facts["through"]) == ("New keys", "command")


def test_one_organization_is_stopped_by_its_short_name() -> None:
    at, elsewhere = gate.opened(), people.elsewhere()
    said("on", "--organization", elsewhere.slug, "--reason", "Unpaid.")
    assert at.ask({"line": "one"}).status == "queued"
    said("on", "--organization", people.toolroom().slug, "--reason", "Moving.")
    assert at.ask({"line": "one"}).reason == "kill_switch"
    assert KillSwitch.objects.thrown().count() == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("on",), "Say why"),
        (("on", "--organization", "nobody", "--reason", "x"), "no organization called 'nobody'"),
    ],
)
def test_what_is_missing_or_wrong_is_said(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        said(*words)
    assert not KillSwitch.objects.exists()


def test_it_says_when_it_is_stopped_already_and_when_the_file_still_stops_it(
    settings: Settings, tmp_path: Path
) -> None:
    said("on", "--reason", "x")
    with pytest.raises(CommandError, match="stopped already"):
        said("on", "--reason", "x")
    settings.KILL_SWITCH_FILE = tmp_path / "stop"
    settings.KILL_SWITCH_FILE.write_text("By file.")
    assert "by the file: By file." in said("status")
    with pytest.raises(CommandError, match="remove it"):
        said("off")
