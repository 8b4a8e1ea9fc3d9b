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
