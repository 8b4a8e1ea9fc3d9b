"""Who lifts a kill switch: nobody undoes the stop of somebody above them."""

from __future__ import annotations

import pytest

from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed
from project.accounts.models import Membership
from tests import gate, people
from tests.gate import Gate
from tools_app.governing import switches
from tools_app.governing.switches import Target
from tools_app.models import KillSwitch

pytestmark = pytest.mark.django_db


def targets(at: Gate) -> list[Target]:
    org = at.tool.organization_id
    return [switches.of_tool(at.tool), Target("persona", org, at.agent.pk, at.agent.display_name)]


def refused(row: KillSwitch, who: people.Person) -> bool:
    """By the verb, and said before by what pages and API ask."""
    with pytest.raises(NotAllowed):
        switches.lift(row, by=who.identity)
    path = f"/api/kill-switches/{row.pk}"
    assert who.api().post(f"{path}/lift", {}, format="json").status_code == 403
    assert who.api().get(path).json()["may_lift"] is False
    row.refresh_from_db()
    return row.lifted_at is None


def test_what_the_command_stopped_is_the_operators_to_lift() -> None:
    at, house = gate.opened(), identities.system(people.toolroom())
    for target in (switches.of_organization(at.tool.organization_id), *targets(at)):
        row = switches.throw(target, reason="incident", by=house, through=KillSwitch.Through.COMMAND)
        assert refused(row, people.adam())
        switches.lift(row, by=house)


def test_what_an_administrator_stopped_no_keeper_lets_go() -> None:
    at = gate.opened()
    for target in targets(at):
        row = switches.throw(target, reason="incident", by=people.adam().identity)
        assert refused(row, people.carol())
        assert people.adam().api().get(f"/api/kill-switches/{row.pk}").json()["may_lift"]
        switches.lift(row, by=people.person("ada", Membership.Role.ADMIN).identity)


def test_keepers_lift_what_keepers_stopped_and_administrators_everything() -> None:
    at, other = gate.opened(), people.person("otto", Membership.Role.KEEPER)
    for who in (people.carol(), other, people.adam()):
        row = switches.throw(switches.of_tool(at.tool), reason="x", by=people.carol().identity)
        assert who.api().get(f"/api/kill-switches/{row.pk}").json()["may_lift"]
        switches.lift(row, by=who.identity)


def test_what_somebody_stopped_who_has_left_is_the_administrators() -> None:
    at, other = gate.opened(), people.person("otto", Membership.Role.KEEPER)
    row = switches.throw(switches.of_tool(at.tool), reason="x", by=other.identity)
    other.membership.delete()
    assert refused(row, people.carol())
    switches.lift(row, by=people.adam().identity)


def test_the_admin_offers_lifting_to_who_may_alone() -> None:
    at = gate.opened()
    row = switches.throw(
        switches.of_organization(at.tool.organization_id),
        reason="incident",
        by=identities.system(people.toolroom()),
        through=KillSwitch.Through.COMMAND,
    )
    page = people.adam().browser().get(f"/admin/tools_app/killswitch/{row.pk}/change/")
    assert page.status_code == 200
    assert "Let it act again" not in page.content.decode()
