"""A rule of the organization that was torn by hand: the gate refuses, and who saves a grant is told what to mend."""

from __future__ import annotations

import pytest

from agents_app import personas
from agents_app.exceptions import InvalidGrant
from tests import gate, people
from tools_app.models import PolicyRule

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("torn", [{"line": [{"nonsense": 1}]}, 7, {"line": 5}, [[]]])
def test_a_torn_rule_is_named_where_a_grant_is_saved(torn: object) -> None:
    door = gate.opened()
    PolicyRule.objects.create(
        organization=door.tool.organization,
        name="Torn by hand",
        denied_parameters=torn,
        allowed_parameters=torn,
    )
    assert door.ask({"line": "one"}).reason == "policy_error"
    with pytest.raises(InvalidGrant) as refused:
        personas.grant(
            door.agent, door.tool, {"parameter_defaults": {"line": "x"}}, by=people.carol().identity
        )
    assert "cannot be read" in str(refused.value.details)


def test_the_pages_on_which_it_can_be_mended_stay_there() -> None:
    door = gate.opened()
    rule = PolicyRule.objects.create(
        organization=door.tool.organization, name="Torn", denied_parameters={"line": [{"nonsense": 1}]}
    )
    browser, api = people.adam().browser(), people.adam().api()
    for address in ("", f"{rule.pk}/change/"):
        page = browser.get(f"/admin/tools_app/policyrule/{address}")
        assert page.status_code == 200
        assert "annot be read" in page.content.decode()
    listed = api.get("/api/policy/rules").json()["results"][0]
    assert "nonsense" in listed["problem"]
    assert api.get(f"/api/policy/rules/{rule.pk}").json()["problem"] == listed["problem"]
    mended = api.patch(
        f"/api/policy/rules/{rule.pk}", {"denied_parameters": {"line": ["loud"]}}, format="json"
    )
    assert (mended.status_code, mended.json().get("problem")) == (200, ""), mended.content
    assert door.ask({"line": "one"}).status == "queued"
