"""Two people at the same moment: neither loses what the other has set, and a name is given once."""

from __future__ import annotations

import pytest

from tests import people
from tests.gate import at_once
from tools_app.exceptions import RuleNameTaken
from tools_app.governing import organization_policies, policy_rules
from tools_app.models import OrganizationPolicy, PolicyRule

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_who_set_different_things_both_have_set_them() -> None:
    adam = people.adam().identity
    said = at_once(
        lambda: organization_policies.change({"standing_uses": 3}, by=adam),
        lambda: organization_policies.change({"standing_seconds": 60}, by=adam),
    )
    assert not [each for each in said if isinstance(each, Exception)]
    row = OrganizationPolicy.objects.get()
    assert (row.standing_uses, row.standing_seconds) == (3, 60)


def test_a_name_is_given_once_and_a_rule_keeps_both_changes() -> None:
    adam = people.adam().identity
    fields = {"name": "Closed", "forbids": True}
    said = at_once(*[lambda: policy_rules.add(fields, by=adam)] * 2)
    assert [type(each) for each in said if isinstance(each, Exception)] == [RuleNameTaken]
    rule = PolicyRule.objects.get()
    at_once(
        lambda: policy_rules.change(rule, {"enabled": False}, by=adam),
        lambda: policy_rules.change(rule, {"message": "Go on without it."}, by=adam),
    )
    rule.refresh_from_db()
    assert (rule.enabled, rule.message) == (False, "Go on without it.")
