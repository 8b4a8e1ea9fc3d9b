"""The number beside the inbox: of all questions that wait for this person's word, whatever stands before them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from agents_app import inbox
from project.accounts.models import Membership
from tests import gate, people
from tests.people import Person
from tests.tools import told
from tests.tools.asking import waiting
from tools_app import approvals, catalog
from tools_app.approving import groups, instead
from tools_app.models import Approval, ApprovalVote, QuestionClock, ToolCall

pytestmark = pytest.mark.django_db


def copies(question: Approval, number: int, **fields: Any) -> list[Approval]:
    """As many more questions about the same, each of a use of its own."""
    uses, rows = [], []
    for at in range(number):
        use = ToolCall.objects.get(pk=question.call_id)
        use.pk, use.tool_use_id = None, f"{use.tool_use_id}-{question.pk}-{at}"
        uses.append(use)
    for use in ToolCall.objects.bulk_create(uses):
        row = Approval.objects.get(pk=question.pk)
        row.pk, row.call = None, use
        row.created_at = timezone.now()
        for name, value in fields.items():
            setattr(row, name, value)
        rows.append(row)
    return Approval.objects.bulk_create(rows)


def dora() -> Person:
    return people.person("dora", Membership.Role.APPROVER)


def of_group(name: str, *members: Person) -> Approval:
    groups.make(name, members=[each.membership for each in members], by=people.adam().identity)
    at = gate.opened(name=f"of_{name}", requires_approval=True)
    catalog.update(at.tool, {"approver_groups": [name]}, by=people.carol().identity)
    return told.asked(at=at)


def test_questions_of_others_hide_none_of_mine(django_assert_max_num_queries: Any) -> None:
    copies(of_group("desk", people.bob()), 230)
    told.asked(at=gate.opened(requires_approval=True))
    assert inbox.count(people.bob().identity)["count"] == 100
    who = dora().identity
    # As many statements as there are kinds of questions, and not one more for each that is not hers.
    with django_assert_max_num_queries(12):
        found = inbox.count(who)
    assert (found["count"], found["more"], found["latest"][0]["tool"]) == (1, False, "ledger")


def test_of_very_many_the_oldest_and_the_newest_are_told() -> None:
    first = told.asked(minutes_ago=90)
    rows = copies(first, 120)
    found = inbox.count(people.bob().identity)
    assert (found["count"], found["more"]) == (100, True)
    assert found["oldest"] == Approval.objects.get(pk=first.pk).created_at.isoformat()
    assert [each["id"] for each in found["latest"]] == [row.pk for row in rows[-5:]]


def every_kind() -> list[Approval]:
    """Questions that differ in all that decides about who may: whose, about what, who demands whom, what was done."""
    desk = of_group("desk", people.bob())
    handed = copies(desk, 2)
    groups.make("directors", members=[dora().membership], by=people.adam().identity)
    now = timezone.now()
    QuestionClock.objects.create(
        approval=handed[0], organization=people.toolroom(), escalated_at=now, escalated_to="directors"
    )
    plain = gate.opened(requires_approval=True)
    mine = gate.question(plain.ask({"line": "own"}, identity=people.bob().identity))
    four_eyes = told.asked(at=gate.opened(name="eyes", requires_approval=True, approver="other"))
    answer = copies(told.asked(at=plain), 1, about="answer")[0]
    _, call = waiting({"line": "one"}, name="edited", approver="other")
    question = gate.question(call)
    made = instead.edit(question, digest=question.digest, arguments={"line": "two"}, by=people.bob().identity)
    return [desk, *handed, mine, four_eyes, answer, made]


def test_it_counts_exactly_those_that_may_be_decided() -> None:
    every_kind()
    voted = told.asked(at=gate.opened(name="two", requires_approval=True, approvals_needed=2))
    approvals.approve(voted, digest=voted.digest, by=people.bob().identity)
    asked = Approval.objects.filter(status="pending").select_related("call__tool")
    numbers = []
    for who in (people.alice(), people.bob(), people.carol(), people.adam(), dora(), people.mallory()):
        me = who.identity
        said = ApprovalVote.objects.filter(voter_id=me.user_id).values_list("approval_id", flat=True)
        due = [row.pk for row in asked if row.pk not in set(said) and approvals.may_decide(row, me)]
        assert inbox.count(me)["count"] == len(due), who.user
        numbers.append(len(due))
    assert numbers[-1] == 0
    assert len(set(numbers)) > 3


def test_a_question_leads_to_its_conversation_for_who_may_open_it() -> None:
    at = gate.opened(requires_approval=True)
    question = told.asked(at=at)
    at.conversation.title = "Quarterly <b>figures</b>"
    at.conversation.save(update_fields=["title"])

    def item(who: Person) -> dict[str, Any]:
        listed: dict[str, Any] = who.api().get("/api/approvals").json()["results"][0]
        alone = who.api().get(f"/api/approvals/{question.pk}").json()
        assert alone["conversation_title"] == listed["conversation_title"]
        return listed

    own = item(people.alice())
    assert own["conversation_title"] == "Quarterly <b>figures</b>"
    assert own["conversation"] == at.conversation.session_id
    # A conversation is its owner's: whoever only decides is told nothing of it.
    assert item(people.bob())["conversation_title"] is None
    page = people.alice().browser().get("/inbox/").content.decode()
    assert f'href="/c/{at.conversation.session_id}/">Quarterly &lt;b&gt;figures' in page
    assert "figures" not in people.bob().browser().get("/inbox/").content.decode()
    at.conversation.deleted_at = timezone.now()
    at.conversation.save(update_fields=["deleted_at"])
    assert item(people.alice())["conversation_title"] is None


def test_no_more_is_looked_at_than_can_be_done_at_every_news(monkeypatch: pytest.MonkeyPatch) -> None:
    copies(of_group("desk", people.bob()), 30)
    told.asked(at=gate.opened(requires_approval=True))
    monkeypatch.setattr(inbox, "LOOKED_AT", 20)
    found = inbox.count(dora().identity)
    assert (found["count"], found["more"], found["oldest"]) == (0, True, None)
    monkeypatch.setattr(inbox, "LOOKED_AT", 32)
    found = inbox.count(dora().identity)
    assert (found["count"], found["more"]) == (1, False)
