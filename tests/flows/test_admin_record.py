"""The record's pages: who did what, and for whom."""

import pytest

from audit_app.models import AuditEntry
from tests import people
from tests.flows.admin_world import address, filled, made_world, staff
from tools_app import approvals
from tools_app.models import Tool

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


def test_a_refused_rule_leads_into_its_field_and_names_each_mistake() -> None:
    now = made_world()
    carol, path = staff(now.carol), address(Tool, "change", now.tool.pk)
    shown = carol.get(path).content.decode()
    assert "<code>expression</code> (" in shown
    assert "<summary>Matchers</summary>" in shown
    wrong = '{"expression": [{"rnage": {"min": 1}}, {"regex": "("}]}'
    told = carol.post(path, filled(carol, path, denied_parameters=wrong)).content.decode()
    summary = told.partition("error-summary")[2].partition("</div>")[0]
    assert '<a href="#id_denied_parameters">' in summary
    assert "expression, matcher 1" in summary
    assert "expression, matcher 2" in summary
