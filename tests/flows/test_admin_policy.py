"""The pages of what an organization says about all its tools, and rules typed on the pages of personas and tools."""

from __future__ import annotations

import json

import pytest

from agents_app.models import AgentToolConfig, AgentType
from audit_app.models import AuditEntry
from tests import gate, people
from tests.flows.admin_world import address, filled, staff, told
from tools_app.governing import policy_rules
from tools_app.models import OrganizationPolicy, PolicyRule, Tool

pytestmark = pytest.mark.django_db

RULE = {"name": "Quiet lines", "denied_parameters": {"line": ["loud"]}, "for_tools": ["led*"]}


def test_a_rule_is_added_changed_and_removed() -> None:
    gate.opened()
    adam, add = staff(people.adam()), address(PolicyRule, "add")
    sent = filled(adam, add, name="Quiet lines", for_tools="led*\nother", for_flags=["dangerous"])
    refused = adam.post(add, sent | {"denied_parameters": '{"line": [{"like": 1}]}'})
    assert "cannot be evaluated" in refused.content.decode()
    assert not PolicyRule.objects.exists()
    adam.post(add, sent | {"denied_parameters": '{"line": ["loud"]}'})
    rule = PolicyRule.objects.get()
    assert (rule.for_tools, rule.for_flags) == (["led*", "other"], ["dangerous"])
    page = address(PolicyRule, "change", rule.pk)
    assert "no tool that is there now" in adam.get(page).content.decode()
    changed = filled(adam, page, for_flags=[])
    adam.post(page, changed)
    assert "<code>ledger</code>" in adam.get(page).content.decode()
    assert "led* or other" in adam.get(address(PolicyRule, "changelist")).content.decode()
    adam.post(f"{page.removesuffix('change/')}do/remove/")
    assert not PolicyRule.objects.exists()
    actions = (
        AuditEntry.objects.filter(subject_type="policy_rule").order_by("pk").values_list("action", flat=True)
    )
    assert [each.partition(".")[2] for each in actions] == ["rule_added", "rule_changed", "rule_removed"]


def test_who_keeps_the_catalog_reads_rules_and_changes_none() -> None:
    rule = policy_rules.add(RULE, by=people.adam().identity)
    carol, page = staff(people.carol()), address(PolicyRule, "change", rule.pk)
    assert "Quiet lines" in carol.get(page).content.decode()
    assert carol.post(page, {"name": "Loud lines"}).status_code == 403
    assert carol.get(address(PolicyRule, "add")).status_code == 403
    assert staff(people.alice()).get(page).status_code == 403
    assert staff(people.mallory()).get(page).status_code in (302, 404)
    assert PolicyRule.objects.get().name == "Quiet lines"


def test_the_settings_of_an_organization_have_one_page() -> None:
    adam = staff(people.adam())
    page = adam.get(address(OrganizationPolicy, "changelist")).headers["Location"]
    shown = adam.get(page).content.decode()
    # Whoever looks at it writes nothing; the first change makes the row.
    assert not OrganizationPolicy.objects.exists()
    assert "Settings of the gate of" in shown
    assert 'href="/admin/tools_app/approvergroup/"' in shown
    answer = adam.post(
        page, filled(adam, page, standing_uses=7, deny_reasons="Too much.\nNot now."), follow=True
    )
    assert "changed successfully" in told(answer)
    row = OrganizationPolicy.objects.get()
    kept = address(OrganizationPolicy, "change", row.pk)
    assert adam.get(address(OrganizationPolicy, "changelist")).headers["Location"] == kept
    assert filled(adam, kept)["standing_uses"] == 7
    assert (row.standing_uses, row.deny_reasons) == (7, ["Too much.", "Not now."])
    entry = AuditEntry.objects.get(action="policy.changed")
    assert entry.facts["settings"] == {"deny_reasons": ["Too much.", "Not now."], "standing_uses": 7}
    assert staff(people.carol()).post(page, {"standing_uses": 9}).status_code == 403
    assert staff(people.mallory()).get(kept).status_code in (302, 404)
    strangers = staff(people.mallory()).get(page).content.decode()
    assert "Too much." not in strangers


def test_how_long_from_now_on_may_last_is_said_in_hours() -> None:
    adam = staff(people.adam())
    page = adam.get(address(OrganizationPolicy, "changelist")).headers["Location"]
    assert filled(adam, page)["standing_seconds"] == "8"
    told(adam.post(page, filled(adam, page, standing_seconds="1.5"), follow=True))
    assert OrganizationPolicy.objects.get().standing_seconds == 5_400
    for wrong in ("-1", "1e308", "nan", "soon"):
        answer = adam.post(page, filled(adam, page, standing_seconds=wrong))
        assert answer.status_code == 200
    assert OrganizationPolicy.objects.get().standing_seconds == 5_400


def test_a_rule_that_is_typed_says_of_what_kind_its_values_are() -> None:
    door = gate.opened()
    carol, page = staff(people.carol()), address(AgentType, "change", door.agent.pk)
    bare = filled(carol, page) | {"grants-0-denied_parameters": json.dumps({"line": ["loud"]})}
    assert "Say what kind of value this is: line." in carol.post(page, bare).content.decode()
    said = bare | {"grants-0-denied_parameters": json.dumps({"line": [{"equals": "loud"}]})}
    assert carol.post(page, said).status_code == 302
    tool = address(Tool, "change", door.tool.pk)
    kinds = filled(carol, tool, parameter_kinds='{"line": "text", "path": "path"}')
    assert "says its kind already" in carol.post(tool, kinds).content.decode()
    assert carol.post(tool, kinds | {"parameter_kinds": '{"line": "text"}'}).status_code == 302
    again = filled(carol, page) | {"grants-0-denied_parameters": json.dumps({"line": ["loud"]})}
    assert carol.post(page, again).status_code == 302
    assert AgentToolConfig.objects.get().denied_parameters == {"line": ["loud"]}
    # As free text it is looked for anywhere in it now.
    assert door.ask({"line": "rather LOUD"}).reason == "denied_parameter"
