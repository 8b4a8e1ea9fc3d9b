"""What stands around a question: what stops it, who signed it, why somebody may not decide it, how it was void."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.live import inbox_news, news
from agents_app.showing import cards
from project.accounts import identity as identities
from project.accounts.identity import Identity
from tests import gate, people, world
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals, catalog
from tools_app.exceptions import DigestMismatch
from tools_app.governing import switches
from tools_app.governing.switches import Target
from tools_app.models import Approval, ToolCall

pytestmark = pytest.mark.django_db
OPERATOR = identities.system(None)


def card(call: ToolCall, who: Identity | None = None) -> dict[str, Any]:
    question = Approval.objects.select_related("call__tool").filter(call=call).latest("pk")
    return cards.approval(question, question.call, who)


def test_a_switch_thrown_and_lifted_is_told_where_a_question_waits(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    now = world.made()
    told: list[tuple[Any, ...]] = []
    # The transaction around a test never ends: what would be told after it is told at once.
    at_once = lambda group, events: told.extend((group, event) for event in events())  # noqa: E731
    monkeypatch.setattr(news, "after_commit", at_once)
    monkeypatch.setattr(news, "tell", lambda groups, event: told.extend((each, event) for each in groups))
    with django_capture_on_commit_callbacks(execute=True):
        row = switches.throw(switches.of_tool(now.tool), reason="It lies.", by=people.adam().identity)
    [shown] = [event for group, event in told if group == now.conversation.group]
    assert (shown["type"], shown["seq"], shown["item"]["id"]) == ("approval", None, now.approval.pk)
    assert shown["item"]["halted"] == "Adam has stopped the tool calculate: It lies."
    organization = now.tool.organization_id
    inboxes = {inbox_news.group(organization), inbox_news.group(organization, now.approval.requester_id)}
    assert inboxes == {group for group, event in told if event["type"] == "inbox"}
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        switches.lift(row, by=people.adam().identity)
    [shown] = [event for group, event in told if group == now.conversation.group]
    assert (shown["item"]["halted"], shown["item"]["status"]) == ("", "pending")


def test_a_switch_of_something_else_stops_no_question() -> None:
    at, call = waiting()
    organization = at.tool.organization_id
    others = Target("tool", organization, at.tool.pk + 1), Target("persona", organization, at.agent.pk + 1)
    for target in others:
        switches.throw(target, reason="x", by=people.adam().identity)
    switches.throw(switches.of_organization(people.mallory().organization.pk), reason="x", by=OPERATOR)
    assert card(call)["halted"] == ""


def test_what_was_stopped_after_the_yes_is_stamped_so() -> None:
    at, call = waiting()
    yes(call)
    switches.throw(switches.of_tool(at.tool), reason="It lies.", by=people.adam().identity)
    run_it(call)
    shown = card(call)
    assert (shown["status"], shown["void"], shown["halted"]) == ("superseded", "Stopped", "")


def test_everybody_who_approved_signs_and_is_named_while_it_waits() -> None:
    _, call = waiting(approver="other", approvals_needed=2)
    question = Approval.objects.prefetch_related("votes").get(call=call)
    # As a page has it that was drawn before: the votes are fetched already.
    assert list(question.votes.all()) == []
    approvals.approve(question, digest=question.digest, by=gate.fresh(people.bob().identity))
    assert [vote["by"] for vote in cards.approval(question, question.call)["votes"]] == ["Bob"]
    yes(call, people.adam())
    assert card(call)["decided_by"] == "Bob and Adam"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (people.alice, "Whoever asked cannot approve this one."),
        (people.carol, "Your role cannot decide this one."),
        (people.bob, ""),
    ],
)
def test_who_may_not_decide_is_told_why(who: Any, why: str) -> None:
    _, call = waiting(approver="other")
    assert card(call, who().identity)["why_not"] == why


def test_a_question_asked_anew_says_what_had_changed_and_whose_yes_was_lost() -> None:
    # Only what an answer waits for goes on in another call.
    now = world.made()
    call = now.call
    catalog.update(now.tool, {"description": "Calculates sums."}, by=people.carol().identity)
    with pytest.raises(DigestMismatch):
        yes(call)
    call.refresh_from_db()
    assert "waited for a yes" in call.reason_text
    successor = ToolCall.objects.get(replaces=call)
    assert card(successor)["anew"] == "Asked anew: the tool was changed by Carol."
    assert card(call)["anew"] == ""


def test_a_change_of_who_decides_is_told_with_the_yes_it_made_void() -> None:
    now = world.made()
    catalog.update(now.tool, {"approver": "other", "approvals_needed": 2}, by=people.carol().identity)
    with pytest.raises(DigestMismatch):
        yes(now.call)
    second = ToolCall.objects.get(replaces=now.call)
    yes(second)
    catalog.update(now.tool, {"approvals_needed": 1}, by=people.adam().identity)
    with pytest.raises(DigestMismatch):
        yes(second, people.adam())
    third = ToolCall.objects.get(replaces=second)
    told = card(third)["anew"]
    assert "who has to approve it was changed" in told
    assert told.endswith("The yes of Bob was about the one before.")
