"""The record's pages: who did what, and for whom."""

import pytest

from audit_app.models import AuditEntry, ToolUsage
from tests import people
from tests.flows.admin_world import address, filled, made_world, staff
from tools_app import approvals
from tools_app.models import OrganizationPolicy, Tool, ToolCall

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


def test_pages_that_are_only_read_show_words_and_links() -> None:
    now = made_world()
    approvals.deny(now.approval, by=now.bob.identity, digest=now.approval.digest)
    olga, usage = staff(people.olga()), ToolUsage.objects.get(tool_call_id=now.call.pk)
    page = olga.get(address(ToolUsage, "change", usage.pk)).content.decode()
    for model, row in ((ToolCall, now.call), (Tool, now.tool)):
        assert f'href="{address(model, "change", row.pk)}"' in page
    tool = olga.get(address(Tool, "change", now.tool.pk)).content.decode()
    assert "&quot;type&quot;: &quot;object&quot;" in tool
    assert "&#x27;type&#x27;" not in tool
    assert "nothing" in tool.partition("Rules for every persona")[2].partition("On or off")[0]
    gate = olga.get(address(OrganizationPolicy, "changelist"), follow=True).content.decode()
    assert "28800" not in gate


def test_who_is_signed_in_and_may_not_open_it_is_told_so() -> None:
    page = people.bob().browser().get("/admin/", follow=True).content.decode()
    assert "this account may not open the administration" in page
