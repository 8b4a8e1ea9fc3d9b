"""Who audits reads every question, and what was allowed from now on, and decides nothing; reading leaves an entry."""

from typing import Any

import pytest

from audit_app.models import AuditEntry
from tests import people
from tests.flows.admin_world import address, made_world, staff
from tests.world import World
from tools_app.models import Approval, StandingApproval, ToolCall

pytestmark = pytest.mark.django_db
BODIES: dict[str, Any] = {
    "decision": {"verdict": "approve", "comment": ""},
    "edit": {"arguments": {"expression": "1"}},
    "response": {"text": "Six."},
    "withdrawal": None,
    "standing": {"choices": {}, "seconds": 60, "uses": 1},
    "answer": {"answer": {}},
}


@pytest.fixture
def now() -> World:
    return made_world()


def read() -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(action="record.read").order_by("pk")
    return [(row.actor_name, row.subject_type) for row in rows]


def test_an_auditor_reads_every_question_and_it_is_recorded(now: World) -> None:
    olga = people.olga().api()
    assert olga.get(f"/api/approvals/{now.approval.pk}").json()["may_decide"] is False
    assert olga.get("/api/approvals").json()["count"] == Approval.objects.count()
    assert olga.get(f"/api/standing-approvals/{StandingApproval.objects.get().pk}").status_code == 200
    assert read() == [("Olga", "approval"), ("Olga", "approvals"), ("Olga", "standing")]


def test_who_asked_and_who_decides_read_it_without_an_entry(now: World) -> None:
    for who in (now.alice, now.bob):
        assert who.api().get(f"/api/approvals/{now.approval.pk}").status_code == 200
        assert who.api().get("/api/approvals").status_code == 200
    assert read() == []


@pytest.mark.parametrize("verb", BODIES)
def test_an_auditor_decides_nothing(verb: str, now: World) -> None:
    body = BODIES[verb]
    sent = {} if body is None else {"digest": now.approval.digest, **body}
    answer = people.olga().api().post(f"/api/approvals/{now.approval.pk}/{verb}", sent, format="json")
    assert answer.status_code in (403, 409), answer.json()
    now.approval.refresh_from_db()
    assert (now.approval.status, ToolCall.objects.get(pk=now.call.pk).status) == ("pending", "waiting")


def test_an_auditor_takes_nothing_back(now: World) -> None:
    row = StandingApproval.objects.get()
    answer = people.olga().api().post(f"/api/standing-approvals/{row.pk}/revocation", {}, format="json")
    assert answer.status_code == 403
    row.refresh_from_db()
    assert row.revoked_at is None


def test_nothing_waits_for_an_auditor(now: World) -> None:
    olga = people.olga()
    assert olga.api().get("/api/approvals/waiting").json()["count"] == 0
    assert olga.api().get("/api/approvals?asked=true").json()["count"] == 0
    assert f'data-item="{now.approval.pk}"' not in olga.browser().get("/inbox/").content.decode()


def test_the_pages_of_the_administration_show_it_and_have_no_buttons(now: World) -> None:
    olga = staff(people.olga())
    page = olga.get(address(Approval, "change", now.approval.pk)).content.decode()
    assert "You may look at this question but not decide it." in page
    assert ">Approve<" not in page
    assert "Asked whether it may run" in olga.get(address(ToolCall, "change", now.call.pk)).content.decode()
    row = StandingApproval.objects.get()
    assert "Take back" not in olga.get(address(StandingApproval, "change", row.pk)).content.decode()
    for verb in ("approve", "deny", "edit", "respond", "withdraw", "allow"):
        olga.post(address(Approval, "verb", now.approval.pk, verb), {"digest": now.approval.digest})
    olga.post(address(StandingApproval, "verb", row.pk, "revoke"))
    now.approval.refresh_from_db()
    row.refresh_from_db()
    assert (now.approval.status, row.revoked_at) == ("pending", None)
    assert ("Olga", "approval") in read()


def test_an_empty_list_says_that_only_the_own_are_listed(now: World) -> None:
    carol = staff(now.carol)
    page = carol.get(address(Approval, "changelist")).content.decode()
    assert "Only questions that you asked" in page
    page = carol.get(address(StandingApproval, "changelist")).content.decode()
    assert "Only what you allowed" in page
