"""The record's pages: who did what, and for whom."""

import pytest

from audit_app.models import AuditEntry
from tests import people
from tests.flows.admin_world import address, made_world, staff
from tools_app import approvals

pytestmark = pytest.mark.django_db


def test_whoever_denied_did_it_and_the_person_is_told_beside() -> None:
    now = made_world()
    approvals.deny(now.approval, by=now.bob.identity, digest=now.approval.digest)
    listed = f"{address(AuditEntry, 'changelist')}?action=call.denied"
    page = staff(people.olga()).get(listed)
    (entry,) = page.context["cl"].result_list
    assert str(entry).startswith("Bob denied a tool use")
    assert entry.for_whom == "Alice"
    verdict = staff(people.olga()).get(listed.replace("call.denied", "approval.denied"))
    assert [each.for_whom for each in verdict.context["cl"].result_list] == ["Alice"]
    assert "was denied" not in page.content.decode()
