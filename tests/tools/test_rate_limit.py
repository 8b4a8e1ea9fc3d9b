"""Calls per minute (S2.19, S2.83): enforced at the claim, across personas and workers, or only observed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents_app import personas
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tests.tools.racing import ROUNDS, again, execute, unexpected
from tools_app import calls, catalog
from tools_app.models import ToolCall, UsageCounter

pytestmark = pytest.mark.django_db(transaction=True)


def done(at: Gate, **about: Any) -> ToolCall:
    call = at.ask({"line": "x"}, **about)
    calls.execute(again(call))
    return again(call)


def minute_ago() -> None:
    UsageCounter.objects.filter(scope="tool-minute").update(since=datetime.now(UTC) - timedelta(seconds=61))


def test_calls_beyond_the_minute_are_refused_and_the_next_minute_is_free() -> None:
    at = gate.opened(rate_limit=2)
    assert [done(at).status for _ in range(3)] == ["succeeded", "succeeded", "blocked"]
    last = done(at)
    assert (last.reason, len(gate.lines)) == ("rate_limit", 2)
    assert "2 times a minute" in last.reason_text
    assert ToolUsage.objects.get(tool_call_id=last.pk).status == "blocked"
    minute_ago()
    assert [done(at).status for _ in range(3)] == ["succeeded", "succeeded", "blocked"]


@pytest.mark.parametrize("limit", [1, 3])
def test_parallel_calls_never_overshoot_the_minute(limit: int) -> None:
    at = gate.opened(rate_limit=limit)
    for _ in range(3):
        asked = [at.ask({"line": "x"}) for _ in range(2 * limit + 1)]
        before = len(gate.lines)
        assert unexpected(gate.at_once(*[execute(call) for call in asked])) == []
        assert len(gate.lines) - before == limit
        assert UsageCounter.objects.get(scope="tool-minute").used == limit
        minute_ago()


def test_a_window_that_is_over_is_begun_once() -> None:
    """Both see that it is over; the second one must not throw away what the first has counted."""
    at = gate.opened(rate_limit=100)
    done(at)
    for _ in range(ROUNDS):
        minute_ago()
        asked = [at.ask({"line": "x"}) for _ in range(3)]
        assert unexpected(gate.at_once(*[execute(call) for call in asked])) == []
        assert UsageCounter.objects.get(scope="tool-minute").used == 3


def test_all_personas_share_the_minute_of_a_tool() -> None:
    at = gate.opened(rate_limit=1)
    by = identities.system(people.toolroom())
    other = personas.register({"name": "other", "model": "claude-sonnet-5-5", "system_prompt": "x"}, by=by)
    personas.grant(other, at.tool, {}, by=by)
    assert done(at).status == "succeeded"
    assert done(at, agent_type_id=other.pk).reason == "rate_limit"


def test_observing_refuses_nothing_and_notes_what_it_would_have_refused() -> None:
    at = gate.opened(rate_limit=1, rate_limit_observed=True)
    assert [done(at).status for _ in range(3)] == ["succeeded"] * 3
    started = AuditEntry.objects.filter(action="call.running").order_by("pk")
    assert [entry.facts.get("over_rate_limit") for entry in started] == [None, 1, 1]


def test_what_one_limit_refuses_does_not_count_against_the_other() -> None:
    at = gate.opened({"usage_limit": 2}, rate_limit=1)
    assert [done(at).reason for _ in range(3)] == ["", "rate_limit", "rate_limit"]
    assert UsageCounter.objects.get(scope="conversation").used == 1
    minute_ago()
    assert done(at).status == "succeeded"
    minute_ago()
    assert done(at).reason == "limit"
    assert UsageCounter.objects.get(scope="conversation").used == 2


def test_no_limit_counts_nothing_and_zero_is_never() -> None:
    at = gate.opened()
    assert done(at).status == "succeeded"
    assert not UsageCounter.objects.filter(scope="tool-minute").exists()
    catalog.update(at.tool, {"rate_limit": 0}, by=identities.system(people.toolroom()))
    refused = done(at)
    assert (refused.reason, len(gate.lines)) == ("rate_limit", 1)
    assert "not at all" in refused.reason_text


def test_a_call_that_never_started_keeps_its_place() -> None:
    at = gate.opened(rate_limit=1)
    call = at.ask({"line": "x"})
    ToolCall.objects.filter(pk=call.pk).update(limit_reserved=True)
    calls.execute(again(call))
    assert again(call).status == "succeeded"
    assert not UsageCounter.objects.filter(scope="tool-minute").exists()
