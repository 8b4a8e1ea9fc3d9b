"""Whoever changes somebody else's use: let to both of them, and never alone the one who lets it run as that person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents_app import inbox
from agents_app.showing import cards
from project.accounts import roles
from project.accounts.identity import Identity
from project.accounts.models import Membership
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tests.tools.asking import run_it, unguarded, waiting, yes
from tools_app import approvals, executors, sweeps
from tools_app.approving import groups, instead
from tools_app.calling import claims
from tools_app.exceptions import DigestMismatch, InvalidEdit, MayNotDecide
from tools_app.explain import explanations
from tools_app.models import Approval, ToolCall

pytestmark = pytest.mark.django_db

FOR_AUDITORS: dict[str, Any] = {"required_permissions": ["audit.view"], "requires_approval": True}


class OwnLedger(gate.Ledger):
    """A ledger of each person's own."""

    def acts_for_person(self, name: str, settings: Any) -> bool:
        return True


def edit(call: ToolCall, by: Identity, line: str = "two") -> Approval:
    question = gate.question(call)
    made = instead.edit(question, digest=question.digest, arguments={"line": line}, by=by)
    return Approval.objects.select_related("call__tool").get(pk=made.pk)


def may(question: Approval, who: Person) -> bool:
    return approvals.may_decide(
        Approval.objects.select_related("call__tool").get(pk=question.pk), who.identity
    )


def of_olga(**tool: Any) -> tuple[Gate, ToolCall]:
    """A use that only auditors may ask for waits: Olga's, who is one. Adam is another, Bob is none."""
    at = gate.opened(None, **FOR_AUDITORS, **tool)
    return at, at.ask({"line": "one"}, identity=people.olga().identity)


def of_each_person(**tool: Any) -> tuple[Gate, ToolCall]:
    at, call = waiting({"line": "one"}, **tool)
    executors.register("python", f"{__name__}.OwnLedger")
    return at, call


# --- Let to both ---


def test_nobody_writes_for_another_what_they_may_not_ask_for_themselves() -> None:
    at, call = of_olga()
    bob = people.bob().identity
    assert at.ask({"line": "two"}, identity=bob).reason == "missing_permission"
    with pytest.raises(InvalidEdit) as told:
        edit(call, bob)
    assert told.value.details["reason"] == "editor_lacks_permission"
    assert (
        told.value.message == "Bob, who changed the arguments, lacks the permission for ledger: audit.view."
    )
    assert (gate.question(call).status, ToolCall.objects.filter(replaces__isnull=False).count()) == (
        "pending",
        0,
    )
    # As it is he may let it run: he has looked at it, and written nothing.
    yes(call)
    assert run_it(call).status == "succeeded"


def test_a_token_writes_no_more_than_its_scopes_allow() -> None:
    _, call = of_olga()
    narrow = replace(people.adam().identity, permissions=frozenset({roles.DECIDE}))
    with pytest.raises(InvalidEdit):
        edit(call, narrow)


def test_who_may_do_it_themselves_changes_it_and_lets_it_run() -> None:
    _, call = of_olga()
    new = edit(call, people.adam().identity).call
    yes(new, people.adam())
    done = run_it(new)
    assert (done.status, done.user_name, gate.lines) == (
        "succeeded",
        "Olga",
        [(str(new.pk), {"line": "two"})],
    )
    lines = {line.check: line.text for line in explanations.of(done).then[0].lines}
    assert lines["editors"] == "Adam may use it too, and may still change it."


def no_auditor() -> None:
    Membership.objects.filter(user=people.adam().user).update(role="approver")


def no_approver() -> None:
    Membership.objects.filter(user=people.adam().user).update(role="auditor")


def gone() -> None:
    Membership.objects.filter(user=people.adam().user).update(active=False)


@pytest.mark.parametrize(
    ("lost", "reason"),
    [(no_auditor, "editor_lacks_permission"), (no_approver, "editor_gone"), (gone, "editor_gone")],
)
@pytest.mark.parametrize("at_claim", [False, True], ids=["at the verdict", "at the claim"])
def test_an_edit_does_not_outlive_the_right_to_make_it(
    lost: Callable[[], None], reason: str, at_claim: bool
) -> None:
    _, call = of_olga()
    question = edit(call, people.adam().identity)
    if at_claim:
        yes(question.call, people.bob())
    lost()
    if at_claim:
        run_it(question.call)
    else:
        with pytest.raises(DigestMismatch):
            yes(question.call, people.bob())
    ended = ToolCall.objects.get(pk=question.call_id)
    assert (ended.status, ended.reason, gate.lines) == ("blocked", reason, [])
    question.refresh_from_db()
    assert question.status == "superseded"
    assert explanations.of(ended).then[-1].code == reason


def test_what_was_asked_with_then_is_all_that_counts_later() -> None:
    """A token may have been narrower than the person is."""
    at, call = waiting({"line": "one"})
    narrow = replace(people.adam().identity, permissions=frozenset({roles.DECIDE}))
    question = edit(call, narrow)
    type(at.tool).objects.filter(pk=at.tool.pk).update(required_permissions=["chat"])
    with pytest.raises(DigestMismatch):
        yes(question.call, people.bob())
    assert ToolCall.objects.get(pk=question.call_id).reason == "editor_lacks_permission"


def test_who_left_the_group_by_which_they_might_change_it_has_changed_nothing() -> None:
    group = groups.make(
        "law", members=[people.bob().membership, people.adam().membership], by=people.adam().identity
    )
    _, call = waiting({"line": "one"}, approver_groups=["law"])
    question = edit(call, people.bob().identity)
    groups.change(group, members=[people.adam().membership], by=people.adam().identity)
    with pytest.raises(DigestMismatch):
        yes(question.call, people.adam())
    assert ToolCall.objects.get(pk=question.call_id).reason == "editor_gone"


def test_everybody_who_had_a_hand_in_it_is_asked_for() -> None:
    _, call = of_olga()
    second = edit(call, people.adam().identity)
    third = edit(second.call, people.olga().identity, "three")
    gone()
    with pytest.raises(DigestMismatch):
        yes(third.call, people.bob())
    assert ToolCall.objects.get(pk=third.call_id).reason == "editor_gone"


def test_a_change_from_before_rights_were_kept_is_judged_by_those_of_today() -> None:
    _, call = of_olga()
    question = edit(call, people.adam().identity)
    stored = {key: said for key, said in question.call.asked_through.items() if key != "editors"}
    ToolCall.objects.filter(pk=question.call_id).update(asked_through=stored)
    yes(question.call, people.bob())
    no_auditor()
    assert run_it(question.call).reason == "editor_lacks_permission"


def test_a_limit_counts_the_use_once_for_who_asked() -> None:
    at = gate.opened(None, requires_approval=True, person_daily_limit=1)
    own = at.ask({"line": "bob"}, identity=people.bob().identity)
    yes(own, people.adam())
    assert run_it(own).status == "succeeded"
    new = edit(at.ask({"line": "one"}), people.bob().identity).call
    yes(new)
    assert run_it(new).status == "succeeded"


# --- What acts for the person who asked ---


def test_what_acts_for_somebody_is_not_let_run_by_who_wrote_it() -> None:
    _, call = of_each_person()
    question = edit(call, people.bob().identity)
    assert [may(question, who()) for who in (people.bob, people.alice, people.adam)] == [False, True, True]
    with pytest.raises(MayNotDecide):
        yes(question.call, people.bob())
    assert inbox.count(people.bob().identity)["count"] == 0
    card = cards.approval(question, question.call, people.bob().identity)
    assert card["may_decide"] is False
    assert card["needs"] == (
        "It acts for who asked, so who changed it cannot approve it: who asked can, or somebody else."
    )
    yes(question.call, people.alice())
    assert run_it(question.call).status == "succeeded"


def test_another_approver_may_let_it_run_too() -> None:
    _, call = of_each_person()
    question = edit(call, people.bob().identity)
    yes(question.call, people.adam())
    assert run_it(question.call).status == "succeeded"


def test_who_changes_their_own_use_may_approve_it() -> None:
    _, call = of_each_person()
    question = edit(call, people.alice().identity)
    assert "needs" not in {name for name, said in cards.approval(question, question.call).items() if said}
    yes(question.call, people.alice())
    assert run_it(question.call).status == "succeeded"


def test_who_asked_may_take_up_what_another_wrote() -> None:
    _, call = of_each_person()
    second = edit(call, people.bob().identity)
    third = edit(second.call, people.alice().identity, "three")
    assert [may(third, who()) for who in (people.bob, people.alice)] == [False, True]


def test_where_another_person_has_to_who_asked_is_none_either() -> None:
    _, call = of_each_person(approver="other")
    question = edit(call, people.bob().identity)
    assert [may(question, who()) for who in (people.bob, people.alice, people.adam)] == [False, False, True]
    needs = cards.approval(question, question.call)["needs"]
    assert needs == "Another person than who asked has to approve it."


def test_a_tool_that_acts_for_a_person_by_now_is_asked_about_anew_by_others() -> None:
    """The question says who decides it as it was put; what the tool is now voids it where that is another thing."""
    at, call = waiting({"line": "one"})
    question = edit(call, people.bob().identity)
    executors.register("python", f"{__name__}.OwnLedger")
    type(at.tool).objects.filter(pk=at.tool.pk).update(description="Now each person's own.")
    with pytest.raises(DigestMismatch):
        yes(question.call, people.bob())
    fresh = gate.question(ToolCall.objects.get(replaces=question.call))
    assert [may(fresh, who()) for who in (people.bob, people.alice)] == [False, True]


# --- A slot that was taken already ---


def test_a_use_that_holds_its_slot_can_be_changed() -> None:
    _, call = waiting({"line": "one"}, {"usage_limit": 1, "person_daily_limit": 1})
    question = yes(call)
    claims.claim(ToolCall.objects.get(pk=call.pk), by=people.adam().identity)
    long_ago = timezone.now() - timedelta(hours=1)
    ToolCall.objects.filter(pk=call.pk).update(lease_until=long_ago)
    sweeps.give_up(ToolCall.objects.get(pk=call.pk))
    with unguarded():
        Approval.objects.filter(pk=question.pk).update(use_until=long_ago)
    run_it(call)
    assert ToolCall.objects.get(pk=call.pk).status == "waiting"
    new = edit(call, people.bob().identity).call
    yes(new)
    assert (run_it(new).status, gate.lines) == ("succeeded", [(str(new.pk), {"line": "two"})])
