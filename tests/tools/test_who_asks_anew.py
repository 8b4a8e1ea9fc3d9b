"""Demands that were loosened while a question was open: it is void, and there is somebody who can find that out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents_app import inbox, personas
from audit_app.exceptions import StaleState
from audit_app.models import ToolUsage
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals, catalog
from tools_app.approving import groups
from tools_app.exceptions import DigestMismatch
from tools_app.governing import organization_policies
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db


def may(question: Approval, who: Person) -> bool:
    return approvals.may_decide(
        Approval.objects.select_related("call__tool").get(pk=question.pk), who.identity
    )


def nobody_is_left(name: str = "law") -> Any:
    """A group that is asked for, and has lost its last member since."""
    adam = people.adam().identity
    group = groups.make(name, members=[people.bob().membership], by=adam)
    return lambda: groups.change(group, members=[], by=adam)


def by_tool() -> tuple[ToolCall, Callable[[], Any]]:
    at, call = waiting({"line": "one"}, approver_groups=["law"])
    return call, lambda: catalog.update(at.tool, {"approver_groups": []}, by=people.adam().identity)


def by_grant() -> tuple[ToolCall, Callable[[], Any]]:
    at, call = waiting({"line": "one"}, {"approver_groups": ["law"]})
    keeper = people.carol().identity
    return call, lambda: personas.grant(at.agent, at.tool, {"approver_groups": []}, by=keeper)


def by_organization() -> tuple[ToolCall, Callable[[], Any]]:
    adam = people.adam().identity
    organization_policies.change({"approver_groups": ["law"]}, by=adam)
    _, call = waiting({"line": "one"})
    return call, lambda: organization_policies.change({"approver_groups": []}, by=adam)


@pytest.mark.parametrize("demanded", [by_tool, by_grant, by_organization])
def test_whoever_may_by_todays_rules_has_it_asked_anew(
    demanded: Callable[[], tuple[ToolCall, Callable[[], Any]]],
) -> None:
    leave = nobody_is_left()
    call, mend = demanded()
    question = gate.question(call)
    leave()
    everybody = (people.alice(), people.bob(), people.adam())
    assert not any(may(question, who) for who in everybody)
    mend()
    assert all(may(question, who) for who in everybody)
    assert inbox.count(people.bob().identity)["count"] == 1
    assert not any(may(question, who) for who in (people.mallory(), people.person("nobody", "none")))
    with pytest.raises(DigestMismatch):
        yes(call)
    fresh = ToolCall.objects.get(replaces=call)
    assert (ToolCall.objects.get(pk=call.pk).reason, gate.lines) == ("definition_changed", [])
    yes(fresh)
    assert run_it(fresh).status == "succeeded"


def test_what_is_demanded_still_is_nobody_elses_to_decide() -> None:
    """Another thing of the tool has changed: that alone makes nobody a decider."""
    groups.make("law", members=[people.bob().membership], by=people.adam().identity)
    at, call = waiting({"line": "one"}, approver_groups=["law"])
    catalog.update(at.tool, {"description": "Another."}, by=people.carol().identity)
    question = gate.question(call)
    assert [may(question, who()) for who in (people.alice, people.bob, people.adam)] == [False, True, False]


def test_what_is_demanded_besides_holds_by_todays_rules_too() -> None:
    leave = nobody_is_left()
    at, call = waiting({"line": "one"}, approver_groups=["law"])
    leave()
    catalog.update(at.tool, {"approver_groups": [], "approver": "other"}, by=people.adam().identity)
    question = gate.question(call)
    assert [may(question, who()) for who in (people.alice, people.bob)] == [False, True]


def test_to_look_whether_it_was_loosened_costs_nothing_where_it_was_not() -> None:
    groups.make("law", members=[people.bob().membership], by=people.adam().identity)
    _, call = waiting({"line": "one"}, approver_groups=["law"])
    question = gate.question(call)
    identity = people.adam().identity
    with CaptureQueriesContext(connection) as asked:
        assert not approvals.may_decide(question, identity)
    assert len(asked) == 1  # which groups they are in


def test_a_question_whose_time_is_over_is_not_revived_by_a_late_click() -> None:
    at, call = waiting()
    question = gate.question(call)
    Approval.objects.filter(pk=question.pk).update(expires_at=timezone.now() - timedelta(seconds=5))
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    with pytest.raises(StaleState):
        yes(call)
    question.refresh_from_db()
    assert (question.status, ToolCall.objects.count()) == ("pending", 1)


def lowered(at: Gate, **limit: Any) -> None:
    catalog.update(at.tool, limit, by=people.carol().identity)


@pytest.mark.parametrize("name", ["daily_limit", "person_daily_limit", "rate_limit", "concurrent_limit"])
def test_limits_of_the_tool_are_part_of_what_was_shown(name: str) -> None:
    at, call = waiting({"line": "one"})
    lowered(at, **{name: 5})
    with pytest.raises(DigestMismatch):
        yes(call)
    assert ToolCall.objects.get(pk=call.pk).reason == "definition_changed"


def test_the_book_of_use_names_everybody_whose_yes_it_took() -> None:
    _, call = waiting({"line": "one"}, approvals_needed=2)
    yes(call, people.bob())
    yes(call, people.adam())
    assert run_it(call).status == "succeeded"
    assert ToolUsage.objects.get(tool_call_id=call.pk).decided_by == "Bob, Adam"
