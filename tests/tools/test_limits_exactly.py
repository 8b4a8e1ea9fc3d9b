"""Limits to the letter: which counter each of them takes, what is told, and that a refusal takes nothing elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tools_app import facts
from tools_app.calling import claims, days, endings, limits, quotas
from tools_app.calling.quotas import Quotas
from tools_app.models import OrganizationPolicy, Tool, ToolCall, UsageCounter
from tools_app.policy.values import Source, Used

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon() -> None:
    """The organization's clock stands at about noon, so that its day never ends during a test."""
    hours = datetime.now(UTC).hour - 12
    zone = f"Etc/GMT{hours:+d}" if hours else "Etc/GMT"
    OrganizationPolicy.objects.create(organization=people.toolroom(), time_zone=zone)


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def claim(call: ToolCall) -> Any:
    return claims.claim(again(call), by=identities.system(people.toolroom().pk))


def counted() -> dict[tuple[str, str, int], int]:
    rows = UsageCounter.objects.exclude(used=0)
    return {(row.scope, row.scope_key, row.agent_type_id): row.used for row in rows}


def wanted(at: Gate, call: ToolCall) -> Any:
    found = facts.regather(again(call))
    assert found.tool is not None
    assert found.grant is not None
    return Quotas(found.tool, found.grant, found.asked)


# --- Which counters ---


def test_each_limit_has_a_counter_of_its_own_and_says_whose_it_is() -> None:
    at = gate.opened(
        {"usage_limit": 9, "person_daily_limit": 8, "daily_limit": 7}, person_daily_limit=6, daily_limit=5
    )
    call = at.ask({"line": "one"})
    assert claim(call) is not None
    day, alice = days.today(people.toolroom().pk), people.alice().identity.user_id
    assert counted() == {
        ("conversation", call.session_id, at.agent.pk): 1,
        ("user-day", f"{day}|{alice}", at.agent.pk): 1,
        ("user-day", f"{day}|{alice}", 0): 1,
        ("organization-day", day, at.agent.pk): 1,
        ("organization-day", day, 0): 1,
    }
    assert set(UsageCounter.objects.values_list("tool_id", "organization_id")) == {
        (at.tool.pk, people.toolroom().pk)
    }
    by_grant, by_tool = (
        Source("grant", at.grant.pk, "Clerk"),
        Source("tool", at.tool.pk, "ledger"),
    )
    assert [(each.code, each.where, each.most, each.source) for each in wanted(at, call).all()] == [
        ("limit", "in this conversation", 9, by_grant),
        ("daily_limit", "for one person today", 8, by_grant),
        ("daily_limit", "for one person today", 6, by_tool),
        ("daily_limit", "for everybody together today", 7, by_grant),
        ("daily_limit", "for everybody together today", 5, by_tool),
    ]
    assert again(call).remainder == [
        {"where": "in this conversation", "most": 9, "left": 8},
        {"where": "for one person today", "most": 8, "left": 7},
        {"where": "for one person today", "most": 6, "left": 5},
        {"where": "for everybody together today", "most": 7, "left": 6},
        {"where": "for everybody together today", "most": 5, "left": 4},
    ]


@pytest.mark.parametrize(("limit", "limits"), [(None, False), (-1, False), (0, True), (1, True), (-2, True)])
def test_only_none_and_minus_one_are_no_limit(limit: int | None, limits: bool) -> None:
    assert quotas.is_limit(limit) is limits


def test_no_limit_takes_no_counter() -> None:
    at = gate.opened({"usage_limit": -1, "daily_limit": None}, person_daily_limit=-1)
    assert wanted(at, at.ask({"line": "one"})).all() == []
    assert claim(at.ask({"line": "two"})) is not None
    assert not UsageCounter.objects.exists()


def test_what_is_never_allowed_is_a_limit_of_none() -> None:
    at = gate.opened({"usage_limit": 1, "person_daily_limit": 1, "daily_limit": 1})
    call = at.ask({"line": "one"})
    type(at.grant).objects.update(usage_limit=0, person_daily_limit=0, daily_limit=0)
    assert [each.most for each in wanted(at, call).all()] == [0, 0, 0]
    assert (at.ask({"line": "two"}).status, at.ask({"line": "two"}).reason) == ("blocked", "limit")


def test_ids_that_are_too_long_for_a_key_are_kept_apart() -> None:
    assert quotas._short("x" * 60) == "x" * 60
    one, other = quotas._short("x" * 61), quotas._short("x" * 60 + "y")
    assert (len(one), one != other, "x" in one) == (60, True, False)


def test_all_personas_share_what_a_tool_takes() -> None:
    at = gate.opened()
    shared = {
        "organization_id": people.toolroom().pk,
        "scope_key": "",
        "agent_type_id": 0,
        "tool_id": at.tool.pk,
    }
    assert quotas.rate_key(at.tool) == {**shared, "scope": "tool-minute"}
    assert quotas.now_key(at.tool) == {**shared, "scope": "tool-now"}


# --- What the gate is told before anybody is asked ---


def test_what_is_used_of_each_day_is_told_to_the_gate_with_its_source() -> None:
    at = gate.opened({"daily_limit": 3}, person_daily_limit=2)
    assert claim(at.ask({"line": "one"})) is not None
    found = facts.regather(again(at.ask({"line": "two"})))
    assert found.tool is not None
    assert found.grant is not None
    told = [
        (each.code, each.where, each.most, each.uses, str(each.source))
        for each in quotas.used(found.tool, found.grant, found.asked)
    ]
    assert told == [
        ("daily_limit", "for one person today", 2, 1, f"tool:{at.tool.pk}"),
        ("daily_limit", "for everybody together today", 3, 1, f"grant:{at.grant.pk}"),
    ]


@pytest.mark.parametrize(("most", "blocked"), [(0, True), (1, False), (None, False)])
def test_a_tool_that_never_runs_asks_nobody(most: int | None, blocked: bool) -> None:
    at = gate.opened(requires_approval=True, concurrent_limit=most)
    call = at.ask({"line": "one"})
    assert (call.status == "blocked") is blocked
    if blocked:
        assert call.reason == "concurrent_limit"
        found = facts.regather(call)
        [told] = found.facts.used
        assert (told.where, told.most, str(told.source)) == ("at once", 0, f"tool:{at.tool.pk}")
        assert told.uses >= told.most


@pytest.mark.parametrize(("most", "never"), [(0, True), (1, False), (-1, False), (None, False)])
def test_only_what_allows_nothing_at_all_is_told_without_a_count(most: int | None, never: bool) -> None:
    """What a replay of a policy goes by: no counter of the past can be asked, but of nothing nothing is left."""
    at = gate.opened({"person_daily_limit": 2, "daily_limit": 2}, person_daily_limit=2, daily_limit=2)
    found = facts.regather(at.ask({"line": "one"}))
    assert found.tool is not None
    assert found.grant is not None
    assert list(quotas.never(found.tool, found.grant)) == []
    for name in ("person_daily_limit", "daily_limit", "concurrent_limit"):
        setattr(found.tool, name, most)
    grant = replace(found.grant, person_daily_limit=most, daily_limit=most)
    by_tool, by_grant = (
        Source("tool", at.tool.pk, "ledger"),
        Source("grant", at.grant.pk, "Clerk"),
    )
    told = [
        Used("concurrent_limit", "at once", 0, source=by_tool),
        Used("daily_limit", "for one person today", 0, source=by_grant),
        Used("daily_limit", "for everybody together today", 0, source=by_grant),
        Used("daily_limit", "for one person today", 0, source=by_tool),
        Used("daily_limit", "for everybody together today", 0, source=by_tool),
    ]
    assert list(quotas.never(found.tool, grant)) == (told if never else [])


# --- Reserving ---


def reserve(call: ToolCall, **more: Any) -> limits.Reserved:
    row = again(call)
    return limits.reserve(row, replace(facts.regather(row), **more))


def test_what_one_limit_refuses_counts_against_no_other() -> None:
    at = gate.opened({"usage_limit": 5, "daily_limit": 5}, rate_limit=1)
    first, second = at.ask({"line": "one"}), at.ask({"line": "two"})
    assert claim(first) is not None
    before = counted()
    said = reserve(second)
    assert said.refused is not None
    assert (said.refused.code, said.waits, said.remainder, said.observed) == ("rate_limit", False, (), {})
    assert said.refused == endings.over_rate(1)
    assert counted() == before


def test_a_limit_that_is_only_watched_is_noted() -> None:
    at = gate.opened(rate_limit=1, rate_limit_observed=True)
    assert reserve(at.ask({"line": "one"})).observed == {}
    over = reserve(at.ask({"line": "two"}))
    assert (over.refused, dict(over.observed)) == (None, {"over_rate_limit": 1})


def test_the_minute_is_a_minute() -> None:
    at = gate.opened(rate_limit=1)
    assert reserve(at.ask({"line": "one"})).refused is None
    minute = UsageCounter.objects.filter(scope="tool-minute")
    minute.update(since=datetime.now(UTC) - timedelta(seconds=30))
    assert reserve(at.ask({"line": "two"})).refused is not None
    minute.update(since=datetime.now(UTC) - timedelta(seconds=60, milliseconds=200))
    assert reserve(at.ask({"line": "three"})).refused is None


def test_the_words_of_a_limit_are_those_of_the_gate() -> None:
    at = gate.opened({"daily_limit": 1})
    first, second = at.ask({"line": "one"}), at.ask({"line": "two"})
    assert claim(first) is not None
    refused = reserve(second).refused
    assert refused == endings.over(1, "for everybody together today", "daily_limit")
    assert at.ask({"line": "three"}).reason_text == refused.message


def test_a_tool_that_is_gone_takes_nothing_and_one_without_a_grant_gets_nothing() -> None:
    at = gate.opened({"usage_limit": 5})
    call = at.ask({"line": "one"})
    assert reserve(call, tool=None) == limits.Reserved()
    refused = reserve(call, grant=None).refused
    assert refused == endings.over(0, "in this conversation", "limit")
    assert not UsageCounter.objects.filter(used__gt=0).exists()


def test_a_place_is_not_kept_for_a_call_that_has_its_uses_already() -> None:
    at = gate.opened({"usage_limit": 5}, concurrent_limit=1)
    running, other = at.ask({"line": "one"}), at.ask({"line": "two"})
    assert claim(running) is not None
    kept = [{"where": "in this conversation", "most": 5, "left": 3}]
    ToolCall.objects.filter(pk=other.pk).update(limit_reserved=True, remainder=kept)
    assert reserve(other) == limits.Reserved(waits=True)
    Tool.objects.filter(pk=at.tool.pk).update(concurrent_limit=2)
    assert reserve(other) == limits.Reserved(remainder=kept)


def test_a_place_is_taken_by_calls_of_the_same_tool_alone() -> None:
    other, at = gate.opened(name="other"), gate.opened(concurrent_limit=1)
    assert claim(other.ask({"line": "one"})) is not None
    assert not reserve(at.ask({"line": "one"})).waits
    assert claim(at.ask({"line": "two"})) is not None
    assert reserve(at.ask({"line": "three"})).waits


def test_the_last_use_leaves_none() -> None:
    at = gate.opened({"usage_limit": 1})
    call = at.ask({"line": "one"})
    assert claim(call) is not None
    assert again(call).remainder == [{"where": "in this conversation", "most": 1, "left": 0}]


def test_days_of_a_week_ago_are_forgotten_with_the_first_use_of_a_day() -> None:
    at = gate.opened({"daily_limit": 5, "usage_limit": 5})
    key = {"organization_id": people.toolroom().pk, "agent_type_id": at.agent.pk, "tool_id": at.tool.pk}
    today = datetime.fromisoformat(days.today(people.toolroom().pk))
    old, kept = [(today - timedelta(days=ago)).date().isoformat() for ago in (9, 5)]
    for day in (old, kept):
        UsageCounter.objects.create(scope="organization-day", scope_key=day, used=1, **key)
    UsageCounter.objects.create(scope="conversation", scope_key="2020-01-01", used=1, **key)

    def left() -> set[str]:
        return set(UsageCounter.objects.values_list("scope_key", flat=True)) & {old, kept, "2020-01-01"}

    assert reserve(at.ask({"line": "one"})).refused is None
    assert left() == {kept, "2020-01-01"}
    UsageCounter.objects.create(scope="organization-day", scope_key=old, used=1, **key)
    assert reserve(at.ask({"line": "two"})).refused is None
    assert left() == {old, kept, "2020-01-01"}
