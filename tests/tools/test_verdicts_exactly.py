"""Verdicts to the letter: what is kept of them, what is told, and to whom, where a small slip would go unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from agents_app import runs
from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry
from project.accounts.models import Membership
from tests import gate, people
from tests.people import Person
from tests.tools import losing
from tests.tools.asking import run_it, waiting, yes
from tests.tools.test_ask_user import asked as asked_person
from tools_app import approvals
from tools_app.approving import deciders, groups, votes
from tools_app.approving.deciders import Demand, Voice
from tools_app.exceptions import DigestMismatch, NotAQuestion
from tools_app.explain import decided
from tools_app.models import Approval, ApprovalVote, Tool, ToolCall

pytestmark = pytest.mark.django_db
LONG = "n" * 300


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def denied(comment: str = "", do_this: str = "", by: Any = None) -> tuple[Approval, ToolCall]:
    call, who = waiting()[1], by or people.bob().identity
    question = gate.question(call)
    approvals.deny(question, digest=question.digest, by=who, comment=comment, instead=do_this)
    return again(question), again(call)


# --- What is kept ---


def test_what_people_write_is_kept_up_to_a_length_in_every_place() -> None:
    question, call = denied("c" * 2500, " " + "i" * 2500)
    assert (len(question.comment), len(question.instead)) == (2000, 2000)
    assert len(question.votes.get().comment) == 2000
    assert call.reason == "denied"


def test_a_vote_says_who_in_which_groups_and_why() -> None:
    both = [people.bob().membership, people.adam().membership]
    groups.make("money", members=both, by=people.adam().identity)
    _, call = waiting(approver_groups=["money"], approvals_needed=2)
    question = gate.question(call)
    by = replace(gate.fresh(people.bob().identity), display_name=LONG)
    approvals.approve(question, digest=question.digest, by=by, comment="Go \x00 on.")
    vote = ApprovalVote.objects.get()
    assert (vote.voter_id, vote.voter_name, vote.groups) == (by.user_id, LONG[:255], ["money"])
    assert (vote.comment, vote.organization_id, vote.verdict) == (
        "Go \\u0000 on.",
        by.organization_id,
        "approve",
    )


def test_a_name_as_long_as_first_and_last_name_may_be_keeps_nobody_from_acting() -> None:
    call = gate.opened(requires_approval=True).ask(
        identity=replace(people.alice().identity, display_name=LONG)
    )
    question = gate.question(call)
    assert (call.user_name, question.requester_name) == (LONG[:255], LONG[:255])
    by = replace(people.bob().identity, display_name=LONG)
    assert approvals.approve(question, digest=question.digest, by=by).decided_by_name == LONG[:255]


def test_a_yes_without_words_keeps_none_and_says_when(settings: Any) -> None:
    settings.APPROVAL_UNUSED_SECONDS = 3_000
    _, call = waiting()
    approval = again(yes(call))
    assert (approval.comment, approval.votes.get().comment, approval.instead) == ("", "", "")
    assert datetime.now(UTC) - approval.decided_at < timedelta(minutes=5)
    left = approval.use_until - datetime.now(UTC)
    assert timedelta(seconds=2_700) < left <= timedelta(seconds=3_000)


def test_an_answer_stays_good_as_long_as_a_question_and_carries_no_words() -> None:
    _, _, question = asked_person()
    approvals.answer(question, digest=question.digest, given={"answer": "red"}, by=people.alice().identity)
    kept = again(question)
    left = kept.use_until - datetime.now(UTC)
    assert timedelta(seconds=settings.APPROVAL_UNUSED_SECONDS) < left
    assert left <= timedelta(seconds=settings.APPROVAL_PENDING_SECONDS)
    assert (kept.comment, kept.decided_by_name) == ("", "Alice")


# --- What is told ---


@pytest.mark.parametrize(
    ("comment", "do_this", "told"),
    [
        ("", "", "Bob denied this use."),
        ("No!", "Ask me", "Bob denied this use. Reason given: No! Do this instead: Ask me"),
        ("Why?", "Ask me", "Bob denied this use. Reason given: Why? Do this instead: Ask me"),
        ("Well…", "Ask me", "Bob denied this use. Reason given: Well… Do this instead: Ask me"),
        ("Well…", "  ", "Bob denied this use. Reason given: Well…"),
        ("No", "Ask me", "Bob denied this use. Reason given: No. Do this instead: Ask me"),
        ("", "Ask me", "Bob denied this use. Do this instead: Ask me"),
    ],
)
def test_the_model_reads_who_said_no_and_why(comment: str, do_this: str, told: str) -> None:
    assert denied(comment, do_this)[1].reason_text == told


def test_whoever_has_no_name_is_a_person() -> None:
    nameless = replace(people.bob().identity, display_name="")
    assert denied(by=nameless)[1].reason_text == "A person denied this use."


def test_who_does_not_want_to_answer_is_told_as_such() -> None:
    _, call, question = asked_person()
    approvals.deny(question, digest=question.digest, by=people.alice().identity)
    assert again(call).reason_text == "Alice did not want to answer."


def test_whoever_is_too_late_is_told_what_it_is_by_now() -> None:
    _, call = waiting()
    question = yes(call)
    with pytest.raises(StaleState) as late:
        approvals.deny(again(question), digest=question.digest, by=people.bob().identity)
    assert late.value.details == {"status": "approved"}


def test_who_votes_on_a_reading_that_has_aged_is_told_which_row_was_lost() -> None:
    """Their page still says pending, and so does the row: only its time is over."""
    _, call = waiting()
    question = gate.question(call)
    Approval.objects.filter(pk=question.pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(StaleState) as late:
        votes.cast(question, digest=question.digest, verdict="approve", by=people.bob().identity, comment="")
    assert late.value.details == {"row": "approval", "id": question.pk}
    assert not ApprovalVote.objects.exists()


def test_a_word_counts_for_one_question_and_for_what_was_seen_of_it() -> None:
    """Also where another row has the same digest, which the call in it keeps from happening."""
    at, call = waiting(approvals_needed=2)
    question, by = gate.question(call), people.bob().identity
    row = {f.attname: getattr(question, f.attname) for f in question._meta.concrete_fields if f.name != "id"}
    twin = Approval.objects.create(**row | {"call_id": at.ask({"line": "one"}, name="unknown").pk})
    said: dict[str, Any] = {"verdict": "approve", "by": by, "comment": ""}
    with pytest.raises(StaleState):
        votes.cast(question, digest="another card", **said)
    votes.cast(question, digest=question.digest, **said)
    assert (again(question).votes_given, again(twin).votes_given) == (1, 0)


def test_the_reader_of_a_changed_card_is_told_why_and_the_house_asks_anew() -> None:
    at, call = waiting()
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    question = gate.question(call)
    with pytest.raises(DigestMismatch) as changed:
        yes(call)
    assert changed.value.details == {"reason": "definition_changed"}
    assert [(each.stage, each.code) for each in decided.read(again(call))][1:] == [
        ("verdict", "definition_changed")
    ]
    assert ToolCall.objects.get(replaces=call).status == "waiting"
    told = AuditEntry.objects.filter(action="approval.pending").latest("pk")
    assert (again(question).decided_by_name, told.actor_name) == (
        "",
        AuditEntry.objects.filter(action="approval.pending").earliest("pk").actor_name,
    )


def test_what_is_refused_by_now_is_told_by_its_own_reason() -> None:
    at, call = waiting()
    Tool.objects.filter(pk=at.tool.pk).update(enabled=False)
    with pytest.raises(DigestMismatch) as changed:
        yes(call)
    assert (changed.value.code, changed.value.details) == ("definition_changed", {"reason": "tool_disabled"})


def test_a_use_outside_of_an_answer_is_not_asked_about_anew() -> None:
    at = gate.opened(requires_approval=True)
    call = at.ask({"line": "one"}, run_id=None)
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    with pytest.raises(DigestMismatch):
        yes(call)
    assert (ToolCall.objects.count(), again(call).reason) == (1, "definition_changed")


def test_an_answer_that_is_over_asks_nothing_anew() -> None:
    at, call = waiting()
    question = gate.question(call)
    runs.cancel(losing.run_of(call), by=people.alice().identity)
    Tool.objects.filter(pk=at.tool.pk).update(description="Another.")
    with pytest.raises(StaleState):
        approvals.approve(again(question), digest=question.digest, by=gate.fresh(people.bob().identity))
    assert ToolCall.objects.count() == 1


# --- A reading that is not the row ---


@pytest.mark.parametrize("verb", ["approve", "deny", "answer", "go on"])
def test_a_verdict_is_about_the_row_and_not_about_what_somebody_holds(verb: str) -> None:
    """Whatever digest an object in memory has: the statement that writes asks for the one in the database."""
    if verb == "answer":
        question = asked_person()[2]
    elif verb == "go on":
        question = losing.asked(losing.lost(losing.dangerous()))
    else:
        question = gate.question(waiting()[1])
    question.digest = "another card"
    asker = people.alice() if verb == "answer" else people.bob()
    more: dict[str, Any] = {"given": {"answer": "red"}} if verb == "answer" else {}
    verbs: dict[str, Any] = {"deny": approvals.deny, "answer": approvals.answer}
    with pytest.raises((StaleState, DigestMismatch)):
        verbs.get(verb, approvals.approve)(
            question, digest="another card", by=gate.fresh(asker.identity), **more
        )
    assert again(question).status == ("superseded" if verb in ("approve", "answer") else "pending")


def test_an_answer_after_the_time_is_over_counts_for_nothing() -> None:
    _, call, question = asked_person()
    Approval.objects.filter(pk=question.pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(StaleState):
        approvals.answer(
            question, digest=question.digest, given={"answer": "red"}, by=people.alice().identity
        )
    assert (again(question).status, again(call).status) == ("pending", "waiting")


# --- Time ---


def test_nothing_expires_before_its_time() -> None:
    """Whoever calls `expire` by mistake, or too early by their own clock, changes nothing."""
    _, call = waiting()
    with pytest.raises(StaleState):
        approvals.expire(gate.question(call))
    assert gate.question(call).status == "pending"
    yes(call)
    with pytest.raises(StaleState):
        approvals.expire(gate.question(call))
    assert (gate.question(call).status, again(call).status) == ("approved", "queued")


def test_what_expired_is_told_and_asked_anew() -> None:
    _, call = waiting()
    question = gate.question(call)
    past = datetime.now(UTC) - timedelta(seconds=1)
    Approval.objects.filter(pk=question.pk).update(expires_at=past)
    approvals.expire(gate.question(call))
    assert again(call).reason_text == "Nobody decided in time, so it was not run."
    _, other = waiting(name="other")
    approval = yes(other)
    Approval.objects.filter(pk=approval.pk).update(use_until=past)
    approvals.expire(gate.question(other))
    assert gate.question(other).reasons == [*approval.reasons, "ran_out"]


# --- Whose word counts ---


def test_a_use_whose_tool_is_gone_needs_another_person() -> None:
    """Nobody can say any more what it asked of those who decide: so the most careful answer."""
    _, call = waiting()
    question = gate.question(call)
    question.demands, question.call.tool = [Demand("grant", count=2).as_json()], None
    assert votes.demands_of(question) == (Demand("grant", count=2), Demand("tool", other=True))


def test_what_was_demanded_then_and_what_is_by_now_are_both_asked() -> None:
    _, call = waiting(approver="other", approvals_needed=3)
    Tool.objects.update(approver="self", approvals_needed=2)
    then = Demand("tool", other=True, count=3)
    assert votes.demands_of(gate.question(call)) == (
        then,
        Demand("tool", other=True),
        Demand("tool", count=2),
    )


def test_whoever_shaped_a_use_is_known_by_id() -> None:
    _, call = waiting()
    question = gate.question(call)
    assert votes.shapers(question) == {people.alice().identity.user_id}
    question.covers = {"editors": ["7", "8"]}
    assert votes.shapers(question) == {people.alice().identity.user_id, "7", "8"}


def test_no_groups_are_looked_up_where_none_is_named(django_assert_num_queries: Any) -> None:
    _, call = waiting()
    bob, question = people.bob().identity, gate.question(call)
    groups.make("money", members=[people.bob().membership], by=people.adam().identity)
    with django_assert_num_queries(0):
        assert votes.voice_of(bob.user_id, question, [Demand("tool")]) == Voice(bob.user_id)
    named = [Demand("tool", groups=("money",))]
    assert votes.voice_of(bob.user_id, question, named) == Voice(bob.user_id, frozenset({"money"}))


@pytest.mark.parametrize(("lost", "counts"), [("", True), ("role", False), ("membership", False)])
def test_the_own_yes_of_who_asked_counts_while_they_may_give_it(lost: str, counts: bool) -> None:
    _, call = waiting(approvals_needed=2)
    question = gate.question(call)
    approvals.approve(question, digest=question.digest, by=people.alice().identity)
    mine = Membership.objects.filter(user=people.alice().user)
    if lost == "role":
        mine.update(role="none")
    elif lost:
        mine.update(active=False)
    asked = votes.demands_of(question)
    assert [voice.user_id for voice in votes.said_yes(question, asked)] == (
        [people.alice().identity.user_id] if counts else []
    )


def test_a_no_is_nobodys_yes() -> None:
    _, call = waiting(approvals_needed=2)
    question = gate.question(call)
    approvals.approve(question, digest=question.digest, by=people.bob().identity)
    adam = people.adam().identity
    ApprovalVote.objects.create(
        organization_id=question.organization_id,
        approval=question,
        verdict="deny",
        voter_id=adam.user_id,
        digest=question.digest,
    )
    asked = votes.demands_of(question)
    assert deciders.missing(asked, votes.said_yes(question, asked)) == {"": 1}


# --- What is no such question ---


def test_only_what_is_asked_can_be_answered() -> None:
    _, call = waiting()
    question = gate.question(call)
    with pytest.raises(NotAQuestion):
        approvals.answer(question, digest=question.digest, given={}, by=people.bob().identity)


def test_what_is_asked_by_a_tool_that_is_gone_cannot_be_answered() -> None:
    _, _, asked = asked_person()
    asked.call.tool = None
    with pytest.raises(NotAQuestion):
        approvals.answer(asked, digest=asked.digest, given={"answer": "red"}, by=people.alice().identity)


def test_going_on_after_a_loss_keeps_who_said_so() -> None:
    call = losing.lost(losing.dangerous())
    question = losing.decide(approvals.approve, losing.asked(call), "All there.")
    kept = again(question)
    assert (kept.decided_by_id, kept.comment, kept.use_until) == (
        people.bob().identity.user_id,
        "All there.",
        None,
    )


def test_going_on_after_the_time_is_over_counts_for_nothing() -> None:
    question = losing.asked(losing.lost(losing.dangerous()))
    Approval.objects.filter(pk=question.pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(StaleState):
        losing.decide(approvals.approve, question)
    approvals.expire(again(question))
    run = losing.run_of(question.call)
    assert (again(question).status, run.status, run.reason) == ("expired", "failed", "outcome_unanswered")
    assert again(question.call).status == "failed"


def test_stopping_after_a_loss_ends_the_answer_and_gives_the_question_back() -> None:
    question = losing.asked(losing.lost(losing.dangerous()))
    assert losing.decide(approvals.deny, question, "Gone.") is question
    assert losing.run_of(question.call).reason == "outcome_stopped"
    assert AuditEntry.objects.get(action="run.cancelled").actor_name == named(people.bob())


def named(who: Person) -> str:
    return str(who.identity.display_name)


def test_the_record_names_who_voted_and_who_superseded() -> None:
    at, call = waiting(approvals_needed=2)
    yes(call)
    voted = AuditEntry.objects.get(action="approval.voted")
    assert (voted.actor_name, voted.facts["voted"]) == (named(people.bob()), named(people.bob()))
    Tool.objects.filter(pk=at.tool.pk).update(enabled=False)
    with pytest.raises(DigestMismatch):
        yes(call, people.adam())
    ended = AuditEntry.objects.get(action="approval.superseded")
    assert ended.actor_name == named(people.adam())
    assert run_it(call).reason == "tool_disabled"
