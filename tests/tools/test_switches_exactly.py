"""Kill switches to the letter: what a row and its record say, what is told where one is refused, and who is cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from audit_app.models import AuditEntry
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed
from tests import people
from tools_app import doors
from tools_app.exceptions import InvalidSwitch, SwitchThrown
from tools_app.governing import switches
from tools_app.governing.switches import Target
from tools_app.models import KillSwitch

pytestmark = pytest.mark.django_db


def here(scope: str = "tool", pk: int = 7, name: str = "ledger") -> Target:
    return Target(scope, people.toolroom().pk, pk, name)


def throw(target: Target, who: Any = None, reason: str = "Broken.") -> KillSwitch:
    return switches.throw(target, reason=reason, by=who or people.adam().identity)


def test_an_organization_is_called_by_its_own_name() -> None:
    ours, theirs = people.toolroom(), people.elsewhere()
    for each in (ours, theirs):
        assert switches.of_organization(each.pk) == Target("organization", each.pk, 0, each.name)
    assert switches.of_organization(0).name == ""
    assert Target("installation", None) == Target("installation", None, 0, "") == switches.INSTALLATION


def test_a_row_and_the_record_say_what_was_stopped_and_by_whom() -> None:
    row = throw(here(name="x" * 300))
    row.refresh_from_db()
    assert (row.subject_id, row.subject_name, row.reason) == (7, "x" * 255, "Broken.")
    assert (row.thrown_by, row.lifted_reason) == ("Adam", "")
    switches.lift(row, by=people.adam().identity)
    row.refresh_from_db()
    assert (row.lifted_by, row.lifted_reason) == ("Adam", "")
    told = [each.facts for each in AuditEntry.objects.filter(subject_type="switch").order_by("pk")]
    common = {"scope": "tool", "through": "person", "of": 7}
    assert told == [{**common, "reason": "Broken."}, {**common, "thrown_by": "Adam"}]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", ["Say why: people read it where they are stopped."]),
        ("x" * 301, ["At most 300 characters."]),
        ("x" * 300, None),
    ],
)
def test_what_is_wrong_with_a_reason_is_said(reason: str, said: list[str] | None) -> None:
    if said is None:
        assert throw(here(), reason=reason).reason == reason
        return
    for verb in (switches.throw, switches.require_possible):
        with pytest.raises(InvalidSwitch) as wrong:
            verb(here(), reason=reason, by=people.adam().identity)
        assert wrong.value.details == {"reason": said}


def test_what_could_not_be_thrown_is_said_before() -> None:
    who = people.carol().identity
    switches.require_possible(here(), reason="x", by=who)
    assert not KillSwitch.objects.exists()
    with pytest.raises(NotAllowed):
        switches.require_possible(here("organization", 0), reason="x", by=who)
    throw(here())
    with pytest.raises(SwitchThrown):
        switches.require_possible(here(), reason="x", by=who)
    switches.require_possible(here(pk=8), reason="x", by=who)


def test_a_refusal_names_the_right_that_is_missing() -> None:
    refused = []
    for target in (here(), here("organization", 0), switches.INSTALLATION):
        with pytest.raises(NotAllowed) as told:
            throw(target, people.alice().identity)
        refused.append(told.value.details)
    assert refused == [
        {"permission": "catalog.change"},
        {"permission": "members.manage"},
        {"permission": "operator"},
    ]
    house = identities.system(people.toolroom())
    rows = [
        throw(here()),
        switches.throw(here(pk=8), reason="x", by=house, through=KillSwitch.Through.COMMAND),
    ]
    lifting = []
    for row in rows:
        with pytest.raises(NotAllowed) as told:
            switches.lift(row, by=people.carol().identity)
        lifting.append(told.value.details)
    assert lifting == [{"permission": "members.manage"}, {"permission": "operator"}]


def test_somebody_elses_switch_is_operated_by_nobody_else() -> None:
    adam, there = people.adam().identity, people.elsewhere().pk
    assert switches.may_operate("tool", adam.organization_id, adam)
    assert not switches.may_operate("tool", there, adam)
    assert not switches.may_operate("tool", None, adam)


@pytest.mark.parametrize(
    ("scope", "cut"),
    [
        ("tool", []),
        ("persona", [("ours", 7)]),
        ("organization", [("ours", None)]),
        ("installation", [(None, None)]),
    ],
)
def test_answers_are_cut_off_where_more_than_a_tool_is_stopped(
    scope: str, cut: list[Any], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(
        doors,
        "interrupt_answers",
        lambda *, organization_id, agent_type_id: told.append((organization_id, agent_type_id)),
    )
    target = switches.INSTALLATION if scope == "installation" else here(scope, 7 * (scope != "organization"))
    with django_capture_on_commit_callbacks(execute=True):
        throw(target, identities.system(None))
    ours = people.toolroom().pk
    assert told == [(ours if whose else None, persona) for whose, persona in cut]


def test_the_operators_file_is_lifted_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    settings.KILL_SWITCH_FILE = tmp_path / "stop"
    people.toolroom()
    switches.heed_file()
    assert not KillSwitch.objects.exists()
    settings.KILL_SWITCH_FILE.write_text("Leak.")
    switches.heed_file()
    settings.KILL_SWITCH_FILE.unlink()
    switches.heed_file()
    row = KillSwitch.objects.get()
    assert (row.reason, row.lifted_reason) == ("Leak.", "The file is gone.")
