"""A tool that is held back is refused at birth, at the claim and in the offer, until somebody has reviewed it."""

import pytest

from agents_app import toolset
from audit_app.models import AuditEntry
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed, NotFound
from tests import gate, people
from tools_app import quarantine
from tools_app.models import Tool

pytestmark = pytest.mark.django_db

WHY = "The server changed its description."


def held(at: gate.Gate) -> Tool:
    quarantine.hold_back(at.tool, WHY, by=identities.system(at.tool.organization_id))
    return at.tool


def test_a_tool_that_is_held_back_is_neither_offered_nor_run() -> None:
    at = gate.opened()
    assert [each.tool for each in toolset.of(at.agent)] == [at.tool]
    held(at)
    call = at.ask({"line": "one"})
    assert (call.status, call.reason) == ("blocked", "quarantined")
    assert WHY in call.reason_text
    assert toolset.of(at.agent) == []


def test_it_is_recorded_once_and_ended_by_a_review() -> None:
    at = gate.opened()
    held(at)
    held(at)
    quarantine.release(at.tool, by=people.carol().identity)
    quarantine.release(at.tool, by=people.carol().identity)
    entries = AuditEntry.objects.filter(action__in=["tool.quarantined", "tool.reviewed"]).order_by("pk")
    assert [(entry.action, entry.facts["reason"]) for entry in entries] == [
        ("tool.quarantined", WHY),
        ("tool.reviewed", WHY),
    ]
    assert at.ask({"line": "one"}).status == "queued"


def test_strangers_and_those_without_the_right_release_nothing() -> None:
    at = gate.opened()
    tool = held(at)
    with pytest.raises(NotFound):
        quarantine.release(tool, by=people.mallory().identity)
    with pytest.raises(NotAllowed):
        quarantine.release(tool, by=people.alice().identity)
    assert Tool.objects.get(pk=tool.pk).quarantine == WHY
