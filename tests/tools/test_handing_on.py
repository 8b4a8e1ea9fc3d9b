"""Handing a question on: to a named group, whose members may then speak for the groups it asks for, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail

from agents_app import inbox
from agents_app.showing import cards
from project.accounts.models import Membership
from tests import gate, people
from tests.people import Person
from tests.tools import told
from tests.tools.allowing import allowed
from tests.tools.asking import run_it, waiting
from tools_app import approvals, catalog
from tools_app.approving import groups, lasting
from tools_app.exceptions import AlreadyVoted, GroupInUse, InvalidPolicy, MayNotDecide, NotFromNowOn
from tools_app.governing import organization_policies
from tools_app.models import Approval, ApproverGroup, Delivery, QuestionClock, Tool
from tools_app.notices import audience, sending

pytestmark = pytest.mark.django_db


def dora() -> Person:
    """Directs: an approver whom no tool names."""
    return people.person("dora", Membership.Role.APPROVER)


def group(name: str, *members: Person) -> ApproverGroup:
    return groups.make(name, members=[each.membership for each in members], by=people.adam().identity)


@pytest.fixture
def question() -> Approval:
    """A tool that asks for the yes of Bob's group; the organization hands on to Dora's after half an hour."""
    group("desk", people.bob())
    group("directors", dora())
    told.rules(
        escalate_after_minutes=30, escalate_to="directors", notify_by_mail=True, tell_after_minutes=900
    )
    at = gate.opened(requires_approval=True)
    catalog.update(at.tool, {"approver_groups": ["desk"]}, by=people.carol().identity)
    told.with_address(dora())
    return told.asked(at=at)


def yes(approval: Approval, who: Person) -> Any:
    fresh = Approval.objects.select_related("call__tool").get(pk=approval.pk)
    return approvals.approve(fresh, digest=fresh.digest, by=gate.fresh(who.identity))


def may(approval: Approval, who: Person) -> bool:
    return approvals.may_decide(
        Approval.objects.select_related("call__tool").get(pk=approval.pk), who.identity
    )


def test_the_second_group_may_speak_once_it_was_handed_on_and_not_before(question: Approval) -> None:
    told.tick()
    assert [may(question, who) for who in (people.bob(), dora(), people.adam())] == [True, False, False]
    with pytest.raises(MayNotDecide):
        yes(question, dora())
    told.later(31)
    told.tick()
    assert told.told() == [("escalated", "mail", "Dora")]
    # Adam administers, and is in neither group.
    assert [may(question, who) for who in (people.bob(), dora(), people.adam())] == [True, True, False]
    yes(question, dora())
    question.refresh_from_db()
    assert question.status == "approved"
    # It is asked again at the claim: who said yes still may.
    assert run_it(question.call).status == "succeeded"


def test_where_two_groups_have_to_agree_two_people_do(question: Approval) -> None:
    """One head alone would have been both groups, by letting half an hour pass."""
    erin = people.person("erin", Membership.Role.APPROVER)
    heads = ApproverGroup.objects.get(name="directors")
    groups.change(heads, members=[dora().membership, erin.membership], by=people.adam().identity)
    group("vault", people.adam())
    catalog.update(
        Tool.objects.get(name="ledger"), {"approver_groups": ["desk", "vault"]}, by=people.carol().identity
    )
    both = told.asked(at=gate.opened_for(Tool.objects.get(name="ledger")))
    told.later(31)
    told.tick()
    yes(both, dora())
    both.refresh_from_db()
    assert (both.status, may(both, erin), may(both, people.adam())) == ("pending", True, True)
    with pytest.raises(AlreadyVoted):
        yes(both, dora())
    yes(both, erin)
    both.refresh_from_db()
    assert both.status == "approved"
    assert run_it(both.call).status == "succeeded"


def test_who_leaves_the_second_group_has_said_nothing(question: Approval) -> None:
    told.later(31)
    told.tick()
    yes(question, dora())
    groups.change(ApproverGroup.objects.get(name="directors"), members=[], by=people.adam().identity)
    assert run_it(question.call).status != "succeeded"


def test_a_group_named_later_gets_nothing_that_was_handed_on_before(question: Approval) -> None:
    told.later(31)
    told.tick()
    group("others", people.adam())
    told.rules(escalate_to="others")
    told.tick()
    assert may(question, people.adam()) is False
    assert may(question, dora()) is True


def test_what_was_handed_on_is_one_question_from_that_moment() -> None:
    group("desk", people.bob())
    group("directors", people.adam())
    calls = [waiting(approver_groups=["desk"], name=name)[1] for name in ("one", "two")]
    first, second = map(gate.question, calls)
    row = {"organization_id": first.organization_id, "escalated_to": "directors"}
    clock, _ = QuestionClock.objects.update_or_create(approval=first, defaults=row)
    for escalated_at, may in ((None, False), (datetime.now(UTC), True)):
        QuestionClock.objects.filter(pk=clock.pk).update(escalated_at=escalated_at)
        assert approvals.may_decide(first, people.adam().identity) is may
        assert not approvals.may_decide(second, people.adam().identity)


def test_whoever_asked_does_not_approve_their_own_by_being_handed_it(question: Approval) -> None:
    catalog.update(Tool.objects.get(name="ledger"), {"approver": "other"}, by=people.carol().identity)
    Membership.objects.filter(user=people.alice().user).update(role=Membership.Role.APPROVER)
    groups.change(
        ApproverGroup.objects.get(name="directors"),
        members=[dora().membership, Membership.objects.get(user=people.alice().user)],
        by=people.adam().identity,
    )
    told.later(31)
    told.tick()
    assert may(question, people.alice()) is False


def test_nobody_hears_of_it_who_may_not_decide_it(question: Approval) -> None:
    """A group keeps its members whatever their role is by now: at the handing on, and when the mail is sent."""
    ida = told.with_address(people.person("ida", Membership.Role.APPROVER))
    groups.change(
        ApproverGroup.objects.get(name="directors"),
        members=[dora().membership, ida.membership],
        by=people.adam().identity,
    )
    Membership.objects.filter(user=ida.user).update(role=Membership.Role.MEMBER)
    told.later(31)
    told.tick()
    assert told.told() == [("escalated", "mail", "Dora")]
    Membership.objects.filter(user=dora().user).update(role=Membership.Role.MEMBER)
    mail_of = Delivery.objects.get()
    sending.send(mail_of.pk)
    mail_of.refresh_from_db()
    assert (mail_of.outcome, mail.outbox) == ("dropped", [])


def test_who_stands_in_decides_about_one_use_and_allows_none_from_now_on(question: Approval) -> None:
    """Else letting one question time out would give the second group what the first one has to say about the rest."""
    told.later(31)
    told.tick()
    bob, head = people.bob().identity, dora().identity
    card = cards.approval(question, question.call, head)
    assert (card["may_decide"], card["from_now_on"]) == (True, False)
    assert card["needs"].endswith("It was handed on to you: you stand in for one of them, in this use alone.")
    with pytest.raises(NotFromNowOn, match="handed on to you"):
        allowed(question.call, dora())
    assert gate.question(question.call).status == "pending"
    # Whoever is in the group that is asked for may: for them nothing has changed.
    own = cards.approval(question, question.call, bob)
    assert (own["from_now_on"], own["needs"]) == (True, "1 person of desk has to approve it.")


def test_what_was_allowed_ends_where_whoever_gave_it_only_stands_in() -> None:
    desk = group("desk", people.bob(), dora())
    group("directors", dora())
    told.rules(escalate_after_minutes=30, escalate_to="directors")
    at = gate.opened(requires_approval=True, approver_groups=["desk"])
    question = told.asked(at=at)
    told.later(31)
    told.tick()
    row = allowed(question.call, dora())
    arguments = question.call.arguments
    assert run_it(at.ask(arguments)).status == "succeeded"
    groups.change(desk, members=[people.bob().membership], by=people.adam().identity)
    row.refresh_from_db()
    assert not lasting.fits_today(row)
    assert run_it(at.ask(arguments)).status == "waiting"


def test_who_has_spoken_is_neither_told_nor_counted_again() -> None:
    group("pair", people.bob(), people.adam())
    at = gate.opened(requires_approval=True)
    catalog.update(at.tool, {"approver_groups": ["pair"], "approvals_needed": 2}, by=people.carol().identity)
    approval = told.asked(at=at)
    assert {each.user.username for each in audience.deciders(approval)} == {"bob", "adam"}
    yes(approval, people.bob())
    approval.refresh_from_db()
    assert approval.status == "pending"
    assert [each.user.username for each in audience.deciders(approval)] == ["adam"]
    assert [inbox.count(who.identity)["count"] for who in (people.bob(), people.adam())] == [0, 1]


def test_only_a_group_that_is_there_can_be_named_and_it_stays_while_it_is() -> None:
    adam = people.adam().identity
    with pytest.raises(InvalidPolicy) as wrong:
        organization_policies.change({"escalate_to": "nobody"}, by=adam)
    assert list(wrong.value.details) == ["escalate_to"]
    directors = group("directors", dora())
    organization_policies.change({"escalate_to": "directors"}, by=adam)
    with pytest.raises(GroupInUse):
        groups.remove(directors, by=adam)
    organization_policies.change({"escalate_to": ""}, by=adam)
    groups.remove(directors, by=adam)
