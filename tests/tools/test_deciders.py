"""Who may give a verdict, with which login, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from project.accounts import identity as identities
from project.accounts.identity import Identity
from project.accounts.models import ApiToken, Membership
from tests import gate, people
from tests.tools.asking import run_it, waiting, yes
from tests.tools.test_instead import edit
from tools_app import approvals
from tools_app.exceptions import DecidesForItself, MayNotDecide, NeedsFreshLogin
from tools_app.models import Tool

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("who", "approver", "may"),
    [
        (people.alice, "self", True),
        (people.bob, "self", True),
        (people.adam, "self", True),
        (people.carol, "self", False),
        (people.olga, "self", False),
        (people.mallory, "self", False),
        (people.alice, "other", False),
        (people.bob, "other", True),
        (people.adam, "other", True),
        (people.carol, "other", False),
        (people.mallory, "other", False),
    ],
)
def test_who_may_decide(who: Callable[[], people.Person], approver: str, may: bool) -> None:
    _, call = waiting(approver=approver)
    question = gate.question(call)
    identity = gate.fresh(who().identity)
    assert approvals.may_decide(question, identity) is may
    for verdict in (approvals.deny, approvals.approve):
        if not may:
            with pytest.raises(MayNotDecide):
                verdict(question, digest=question.digest, by=identity)
    question.refresh_from_db()
    assert question.status == "pending"
    if may:
        assert approvals.approve(question, digest=question.digest, by=identity).status == "approved"


def test_approver_who_asked_needs_another_person_where_the_tool_says_so() -> None:
    at = gate.opened(requires_approval=True, approver="other")
    call = at.ask({"line": "one"}, identity=people.bob().identity)
    question = gate.question(call)
    assert not approvals.may_decide(question, people.bob().identity)
    assert approvals.may_decide(question, people.adam().identity)


def test_rule_of_the_live_tool_counts_when_it_became_stricter() -> None:
    at, call = waiting()
    Tool.objects.filter(pk=at.tool.pk).update(approver="other")
    assert not approvals.may_decide(gate.question(call), people.alice().identity)


def test_nobody_and_the_house_itself_may_not_decide() -> None:
    _, call = waiting()
    question = gate.question(call)
    for identity in (identities.system(people.toolroom()), identities.system(None)):
        with pytest.raises(MayNotDecide):
            approvals.approve(question, digest=question.digest, by=identity)


@pytest.mark.parametrize(
    ("scopes", "may"), [(["chat"], False), (["approvals.decide_own"], True), (["approvals.decide"], False)]
)
def test_token_decides_only_with_the_explicit_scope(scopes: list[str], may: bool, rf: Any) -> None:
    """Alice's token; she may not decide for others, and a scope cannot give her what she has not."""
    _, call = waiting(is_dangerous=True)
    alice = people.alice()
    token, _ = ApiToken.objects.create(user=alice.user, organization=alice.organization, scopes=scopes)
    identity = identities.from_token(token, request=rf.post("/"))
    question = gate.question(call)
    if may:
        assert approvals.approve(question, digest=question.digest, by=identity).status == "approved"
    else:
        with pytest.raises(MayNotDecide):
            approvals.approve(question, digest=question.digest, by=identity)


@pytest.mark.parametrize(("minutes", "fresh"), [(None, False), (16, False), (14, True), (0, True)])
def test_dangerous_tool_needs_a_fresh_login_to_allow_and_none_to_refuse(
    minutes: int | None, fresh: bool
) -> None:
    _, call = waiting(is_dangerous=True)
    question = gate.question(call)
    signed_in = None if minutes is None else datetime.now(UTC) - timedelta(minutes=minutes)
    bob = replace(people.bob().identity, authenticated_at=signed_in)
    if fresh:
        assert approvals.approve(question, digest=question.digest, by=bob).status == "approved"
        return
    with pytest.raises(NeedsFreshLogin):
        approvals.approve(question, digest=question.digest, by=bob)
    assert approvals.deny(question, digest=question.digest, by=bob).status == "denied"


def test_harmless_tool_needs_no_fresh_login() -> None:
    _, call = waiting()
    question = gate.question(call)
    assert approvals.approve(question, digest=question.digest, by=people.bob().identity).status == "approved"


@pytest.mark.parametrize(
    "loss",
    [
        lambda: Membership.objects.filter(user=people.bob().user).update(active=False),
        lambda: Membership.objects.filter(user=people.bob().user).update(role="member"),
        lambda: type(people.bob().user).objects.filter(username="bob").update(is_active=False),
        lambda: Membership.objects.filter(user=people.bob().user).delete(),
    ],
    ids=["suspended", "no approver any more", "account closed", "removed"],
)
def test_verdict_does_not_outlive_the_right_to_give_it(loss: Callable[[], Any]) -> None:
    _, call = waiting()
    approval = yes(call)
    loss()
    call = run_it(call)
    approval.refresh_from_db()
    assert (approval.status, call.status, gate.lines) == ("superseded", "waiting", [])
    again = gate.question(call)
    assert again.pk != approval.pk
    approvals.approve(again, digest=again.digest, by=gate.fresh(people.adam().identity))
    assert run_it(call).status == "succeeded"


def by_token(person: people.Person) -> Identity:
    return replace(person.identity, via="token", session_id="token:one")


def test_no_token_decides_what_a_token_of_the_same_person_asked_for() -> None:
    at = gate.opened(is_dangerous=True)
    alice = people.alice().identity
    call = at.ask({"line": "one"}, identity=by_token(people.alice()))
    question, again = gate.question(call), replace(alice, via="token", session_id="token:another")
    assert not approvals.may_decide(question, again)
    for verdict in (approvals.deny, approvals.approve):
        with pytest.raises(DecidesForItself):
            verdict(question, digest=question.digest, by=again)
    assert approvals.may_decide(question, gate.fresh(alice))
    assert approvals.may_decide(question, replace(people.bob().identity, via="token"))
    yes(call, people.alice())
    assert run_it(call).status == "succeeded"


def test_a_token_decides_what_its_person_asked_for_in_the_chat() -> None:
    _, call = waiting()
    assert approvals.may_decide(gate.question(call), replace(people.alice().identity, via="token"))


def test_arguments_changed_through_a_token_are_not_decided_by_one_either() -> None:
    at = gate.opened(requires_approval=True)
    alice = by_token(people.alice())
    anew = edit(at.ask({"line": "one"}, identity=alice), {"line": "two"})
    assert not approvals.may_decide(anew, alice)
    assert approvals.may_decide(anew, people.alice().identity)
