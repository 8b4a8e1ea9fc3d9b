"""Uses a day, of one person and of everybody: counted at the claim, in the organization's own day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agents_app import personas
from agents_app.models import AgentToolConfig
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tests.tools.racing import again, execute, unexpected
from tools_app import calls, catalog
from tools_app.calling import days
from tools_app.exceptions import InvalidTool
from tools_app.governing import organization_policies
from tools_app.models import OrganizationPolicy, ToolCall, UsageCounter

pytestmark = pytest.mark.django_db(transaction=True)


def done(at: Gate, **about: Any) -> ToolCall:
    call = at.ask({"line": "x"}, **about)
    calls.execute(again(call))
    return again(call)


@pytest.fixture(autouse=True)
def _noon() -> None:
    """The organization's clock stands at about noon, so that its day never ends during a test."""
    hours = datetime.now(UTC).hour - 12
    zone = f"Etc/GMT{hours:+d}" if hours else "Etc/GMT"
    OrganizationPolicy.objects.create(organization=people.toolroom(), time_zone=zone)


def yesterday() -> None:
    """Move what was counted into another day, as if it were past midnight."""
    for row in UsageCounter.objects.filter(scope__in=["user-day", "organization-day"]):
        UsageCounter.objects.filter(pk=row.pk).update(scope_key="2020-01-01" + row.scope_key[10:])


@pytest.mark.parametrize("place", ["grant", "tool"])
@pytest.mark.parametrize("name", ["person_daily_limit", "daily_limit"])
def test_the_day_ends_and_the_next_one_begins_anew(name: str, place: str) -> None:
    limit: dict[str, Any] = {name: 2}
    at = gate.opened(limit) if place == "grant" else gate.opened(**limit)
    assert [done(at).status for _ in range(2)] == ["succeeded"] * 2
    refused = at.ask({"line": "x"})
    assert (refused.status, refused.reason) == ("blocked", "daily_limit")
    assert "2 uses" in refused.reason_text
    assert "today" in refused.reason_text
    yesterday()
    assert done(at).status == "succeeded"


def test_counters_of_long_ago_are_not_kept() -> None:
    at = gate.opened({"person_daily_limit": 2, "daily_limit": 2})
    assert done(at).status == "succeeded"
    yesterday()
    assert done(at).status == "succeeded"
    kept = UsageCounter.objects.exclude(scope="conversation").values_list("scope_key", flat=True)
    assert not [key for key in kept if key.startswith("2020")]


def test_a_day_of_one_person_is_not_that_of_another() -> None:
    at = gate.opened({"person_daily_limit": 1})
    assert done(at).status == "succeeded"
    assert done(at, identity=people.bob().identity).status == "succeeded"
    assert done(at).reason == "daily_limit"


def test_a_limit_of_the_tool_is_shared_by_personas_and_one_of_the_grant_is_not() -> None:
    at = gate.opened({"daily_limit": 1}, person_daily_limit=3)
    by = identities.system(people.toolroom())
    other = personas.register({"name": "other", "model": "claude-sonnet-5-5", "system_prompt": "x"}, by=by)
    personas.grant(other, at.tool, {}, by=by)
    assert [done(at).status, done(at).reason] == ["succeeded", "daily_limit"]
    there = [done(at, agent_type_id=other.pk) for _ in range(3)]
    assert [call.status for call in there] == ["succeeded", "succeeded", "blocked"]
    assert there[2].reason == "daily_limit"


def test_giving_a_tool_anew_does_not_begin_the_day_anew() -> None:
    at = gate.opened({"daily_limit": 1})
    assert done(at).status == "succeeded"
    AgentToolConfig.objects.all().delete()
    by = identities.system(people.toolroom())
    personas.grant(at.agent, at.tool, {"daily_limit": 1}, by=by)
    assert done(at).reason == "daily_limit"


def test_parallel_calls_never_overshoot_the_day_and_refusals_count_against_nothing() -> None:
    at = gate.opened({"usage_limit": 20, "person_daily_limit": 3, "daily_limit": 10})
    asked = [at.ask({"line": "x"}) for _ in range(6)]
    assert unexpected(gate.at_once(*[execute(call) for call in asked])) == []
    assert sorted(again(call).status for call in asked) == ["blocked"] * 3 + ["succeeded"] * 3
    assert len(gate.lines) == 3
    assert {row.scope: row.used for row in UsageCounter.objects.all()} == {
        "conversation": 3,
        "user-day": 3,
        "organization-day": 3,
    }


def test_what_is_left_is_kept_with_the_call() -> None:
    at = gate.opened({"usage_limit": 5, "person_daily_limit": 2})
    assert done(at).remainder == [
        {"where": "in this conversation", "most": 5, "left": 4},
        {"where": "for one person today", "most": 2, "left": 1},
    ]
    assert done(gate.opened_for(at.tool)).remainder == []


def test_a_day_is_the_organizations_own() -> None:
    here = people.toolroom()
    policy = OrganizationPolicy.objects.get(organization=here)
    policy.time_zone = "Pacific/Kiritimati"
    policy.save()
    there = datetime.now(UTC).astimezone(ZoneInfo("Pacific/Kiritimati")).date().isoformat()
    first = days.today(here.pk)
    policy.time_zone = "Pacific/Pago_Pago"
    policy.save()
    # The two are 25 hours apart: never the same day, whenever this runs.
    assert first >= there
    assert days.today(here.pk) < first


@pytest.mark.parametrize("zones", [["Pacific/Pago_Pago"], ["Pacific/Kiritimati", "Pacific/Pago_Pago"]])
def test_no_day_begins_by_moving_to_another_time_zone(zones: list[str]) -> None:
    at = gate.opened({"daily_limit": 1, "person_daily_limit": 1})
    here, began = people.toolroom().pk, days.today(people.toolroom().pk)
    assert done(at).status == "succeeded"
    for zone in zones:
        organization_policies.change({"time_zone": zone}, by=identities.system(people.toolroom()))
        assert at.ask({"line": "x"}).reason == "daily_limit"
        day = days.read(here)
        # The 25 hours between the two zones are never both today: the day lasts until it is over in the new one.
        assert (day.key, day.ends) == (began, day.kept_until)
        assert day.ends.astimezone(ZoneInfo(zone)).date().isoformat() > began
        assert day.month_ends >= day.ends


def test_a_day_that_was_kept_ends_like_any_other() -> None:
    here = people.toolroom().pk
    organization_policies.change({"time_zone": "Pacific/Kiritimati"}, by=identities.system(people.toolroom()))
    row = OrganizationPolicy.objects.get(organization_id=here)
    assert row.day_kept_until is not None
    assert days.today(here) == row.day_kept
    OrganizationPolicy.objects.update(day_kept_until=datetime.now(UTC))
    there = datetime.now(UTC).astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert days.read(here).kept_until is None
    assert days.today(here) >= there.date().isoformat()


def test_a_limit_below_never_cannot_be_saved() -> None:
    at = gate.opened()
    for name in ("person_daily_limit", "daily_limit"):
        with pytest.raises(InvalidTool):
            catalog.update(at.tool, {name: -2}, by=identities.system(people.toolroom()))
