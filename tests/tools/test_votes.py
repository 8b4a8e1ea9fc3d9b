"""Several people decide: votes are counted once each, every demand is met, and nobody loses by being quick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry
from project.accounts import identity as identities
from project.accounts.models import ApiToken, Membership
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tests.tools.asking import run_it, unguarded, waiting
from tests.tools.racing import ROUNDS, chain_is_whole, unexpected
from tools_app import approvals
from tools_app.approving import groups, questions
from tools_app.exceptions import AlreadyVoted, MayNotDecide
from tools_app.models import Approval, ApprovalVote, ApproverGroup, OrganizationPolicy, Tool, ToolCall

pytestmark = pytest.mark.django_db
APPROVER = Membership.Role.APPROVER


def dora() -> Person:
    return people.person("dora", APPROVER)


def group(name: str, *members: Person) -> ApproverGroup:
    return groups.make(name, members=[each.membership for each in members], by=people.adam().identity)


def says(verdict: Callable[..., Any], call: ToolCall, who: Person) -> Approval:
    question = gate.question(call)
    verdict(question, digest=question.digest, by=gate.fresh(who.identity))
    return question


def of_organization(**demand: Any) -> None:
    OrganizationPolicy.objects.create(organization=people.toolroom(), **demand)


def test_it_runs_once_the_second_person_has_said_yes() -> None:
    _, call = waiting(approvals_needed=2)
    question = says(approvals.approve, call, people.bob())
    assert (question.status, question.votes_given, ToolCall.objects.get(pk=call.pk).status) == (
        "pending",
        1,
        "waiting",
    )
    with pytest.raises(AlreadyVoted):
        says(approvals.approve, call, people.bob())
    assert ApprovalVote.objects.count() == 1
    assert says(approvals.approve, call, people.adam()).status == "approved"
    assert run_it(call).status == "succeeded"
    votes = ApprovalVote.objects.order_by("pk")
    assert [(vote.voter_name, vote.verdict, vote.digest) for vote in votes] == [
        ("Bob", "approve", question.digest),
        ("Adam", "approve", question.digest),
    ]
    told = AuditEntry.objects.get(action="approval.voted").facts
    assert (told["voted"], told["missing"]) == ("Bob", {"": 1})


def test_one_no_suffices_and_whoever_said_yes_may_still_say_it() -> None:
    _, call = waiting(approvals_needed=3)
    says(approvals.approve, call, people.bob())
    assert says(approvals.deny, call, people.bob()).status == "denied"
    assert ToolCall.objects.get(pk=call.pk).status == "denied"


def test_one_person_with_two_tokens_is_one_person(rf: Any) -> None:
    _, call = waiting(approvals_needed=2)
    question = gate.question(call)
    bob = people.bob()
    for number in range(2):
        token, _ = ApiToken.objects.create(
            user=bob.user, organization=bob.organization, scopes=["approvals.decide"]
        )
        by = identities.from_token(token, request=rf.post("/"))
        if number == 0:
            approvals.approve(question, digest=question.digest, by=by)
        else:
            with pytest.raises(AlreadyVoted):
                approvals.approve(question, digest=question.digest, by=by)
    assert gate.question(call).status == "pending"


def test_every_group_that_any_layer_names_must_agree() -> None:
    group("money", people.bob())
    group("law", people.adam())
    group("safety", dora())
    of_organization(approver_groups=["law"])
    _, call = waiting(grant={"approver_groups": ["money"]}, approver_groups=["safety"])
    assert {each["layer"] for each in gate.question(call).demands} == {"organization", "tool", "grant"}
    erik = people.person("erik", APPROVER)
    with pytest.raises(MayNotDecide):
        says(approvals.approve, call, erik)
    assert says(approvals.approve, call, people.bob()).status == "pending"
    assert says(approvals.approve, call, dora()).status == "pending"
    assert says(approvals.approve, call, people.adam()).status == "approved"
    assert run_it(call).status == "succeeded"


@pytest.mark.parametrize("layer", ["organization", "tool", "grant"])
def test_another_person_may_be_demanded_by_each_layer(layer: str) -> None:
    if layer == "organization":
        of_organization(approver="other")
    tool = {"approver": "other"} if layer == "tool" else {}
    grant = {"approver": "other"} if layer == "grant" else None
    _, call = waiting(grant=grant, **tool)
    question = gate.question(call)
    assert not approvals.may_decide(question, people.alice().identity)
    assert approvals.may_decide(question, people.bob().identity)


def test_a_member_without_the_right_counts_for_nothing() -> None:
    money = group("money", people.bob(), dora())
    _, call = waiting(approver_groups=["money"])
    Membership.objects.filter(user=people.bob().user).update(role="member")
    assert money.members.count() == 2
    assert not approvals.may_decide(gate.question(call), people.bob().identity)
    Membership.objects.filter(user=dora().user).update(active=False)
    assert ApproverGroup.objects.names_of(str(dora().user.pk), people.toolroom().pk) == frozenset()


def test_a_group_of_another_organization_is_none() -> None:
    mallory = people.mallory()
    groups.make("money", members=[mallory.membership], by=mallory.identity)
    group("money", people.bob())
    _, call = waiting(approver_groups=["money"])
    question = gate.question(call)
    assert not approvals.may_decide(question, mallory.identity)
    inside = replace(mallory.identity, organization_id=people.toolroom().pk)
    assert not approvals.may_decide(question, inside)


def leave_group() -> None:
    found = ApproverGroup.objects.get(name="money")
    groups.change(found, members=[dora().membership], by=people.adam().identity)


def lose_role() -> None:
    Membership.objects.filter(user=people.bob().user).update(role="member")


@pytest.mark.parametrize("loss", [leave_group, lose_role])
def test_votes_do_not_outlive_the_right_to_give_them(loss: Callable[[], None]) -> None:
    group("money", people.bob(), dora())
    _, call = waiting(approver_groups=["money"])
    approval = says(approvals.approve, call, people.bob())
    assert approval.status == "approved"
    loss()
    call = run_it(call)
    approval.refresh_from_db()
    assert (approval.status, call.status, gate.lines) == ("superseded", "waiting", [])
    says(approvals.approve, call, dora())
    assert run_it(call).status == "succeeded"


def suspended() -> None:
    Membership.objects.filter(user=people.bob().user).update(active=False)


@pytest.mark.parametrize("loss", [lose_role, suspended])
def test_a_yes_of_whoever_may_not_any_more_completes_nothing(loss: Callable[[], None]) -> None:
    group("money", people.bob(), people.adam(), dora())
    _, call = waiting(approvals_needed=2, approver_groups=["money"])
    says(approvals.approve, call, people.bob())
    loss()
    assert says(approvals.approve, call, people.adam()).status == "pending"
    assert says(approvals.approve, call, dora()).status == "approved"
    assert run_it(call).status == "succeeded"


def demand_more(at: Gate) -> None:
    Tool.objects.filter(pk=at.tool.pk).update(approvals_needed=2)


def demand_of_organization(at: Gate) -> None:
    of_organization(approvals_needed=2)


def demand_of_grant(at: Gate) -> None:
    type(at.grant).objects.filter(pk=at.grant.pk).update(approver="other")


@pytest.mark.parametrize("change", [demand_more, demand_of_organization, demand_of_grant])
def test_a_demand_that_changes_voids_the_yes(change: Callable[[Gate], None]) -> None:
    at, call = waiting()
    approval = says(approvals.approve, call, people.bob())
    change(at)
    run_it(call)
    approval.refresh_from_db()
    assert (approval.status, gate.lines) == ("superseded", [])


def test_a_yes_from_before_votes_were_kept_is_used() -> None:
    """As the rows of an installation look that was upgraded while a worker was about to take them."""
    _, call = waiting()
    approval = says(approvals.approve, call, people.bob())
    with unguarded():
        ApprovalVote.objects.all().delete()
    assert questions.still_stands(approval)
    assert run_it(call).status == "succeeded"


def test_the_database_refuses_to_rewrite_a_vote() -> None:
    _, call = waiting()
    says(approvals.approve, call, people.bob())
    for change in ("voter_id = '0'", "verdict = 'deny'", "digest = 'x'", "approval_id = approval_id + 1"):
        with (
            pytest.raises(DatabaseError, match="refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE approval_votes SET {change}")


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_are_both_counted() -> None:
    for _ in range(ROUNDS // 3):
        at = gate.opened(requires_approval=True, approvals_needed=2, name=f"ledger{ToolCall.objects.count()}")
        call = at.ask({"line": "one"})
        acts = [vote_of(call, who) for who in (people.bob(), people.adam())]
        assert unexpected(gate.at_once(*acts)) == []
        question = Approval.objects.get(call=call)
        assert (question.status, question.votes_given) == ("approved", 2)
    assert chain_is_whole()


@pytest.mark.django_db(transaction=True)
def test_the_same_person_in_two_windows_is_counted_once() -> None:
    _, call = waiting(approvals_needed=2)
    said = gate.at_once(vote_of(call, people.bob()), vote_of(call, people.bob()))
    assert sum(isinstance(each, AlreadyVoted | StaleState) for each in said) == 1
    question = gate.question(call)
    assert (question.status, question.votes_given, ApprovalVote.objects.count()) == ("pending", 1, 1)


def vote_of(call: ToolCall, who: Person) -> Callable[[], Any]:
    question, by = gate.question(call), gate.fresh(who.identity)
    return lambda: approvals.approve(question, digest=question.digest, by=by)
