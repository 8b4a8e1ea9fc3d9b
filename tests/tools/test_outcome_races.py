"""What is asked about a lost use, when several answer, stop or wake the answer at the same moment."""

from __future__ import annotations

import pytest

from agents_app import runs
from audit_app.exceptions import StaleState
from tests import gate, people
from tests.tools.losing import Verdict, again, asked, dangerous, decide, lose, lost, run_of, started
from tools_app import approvals, sweeps
from tools_app.models import ToolCall

pytestmark = pytest.mark.django_db(transaction=True)


def test_go_on_against_stop_here_has_one_winner() -> None:
    at = dangerous()
    bob, adam = gate.fresh(people.bob().identity), people.adam().identity
    for number in range(15):
        call = lost(at, {"line": str(number)})
        one, other = asked(call), asked(call)
        said = gate.at_once(
            lambda one=one: approvals.approve(one, digest=one.digest, by=bob),
            lambda other=other: approvals.deny(other, digest=other.digest, by=adam),
        )
        assert sorted(type(each).__name__ for each in said) == ["Approval", "StaleState"]
        assert (asked(call).status, run_of(call).status) in {("approved", "waiting"), ("denied", "cancelled")}
        at = again(at)


@pytest.mark.parametrize("verdict", [approvals.approve, approvals.deny])
def test_verdict_against_stop_has_one_winner(verdict: Verdict) -> None:
    at = dangerous()
    bob, alice = gate.fresh(people.bob().identity), people.alice().identity
    for number in range(10):
        call = lost(at, {"line": str(number)})
        question, run = asked(call), run_of(call)
        said = gate.at_once(
            lambda question=question: verdict(question, digest=question.digest, by=bob),
            lambda run=run: runs.stop(run, by=alice),
        )
        assert not [each for each in said if isinstance(each, Exception) and not isinstance(each, StaleState)]
        assert run_of(call).status == "cancelled"
        ended = "cancelled" if isinstance(said[0], StaleState) else said[0].status
        assert asked(call).status == ended
        at = again(at)


def test_answer_is_never_claimed_between_the_loss_and_the_question() -> None:
    at = dangerous()
    for number in range(15):
        call = started(at, {"line": str(number)})
        lose(call)
        row, run, same = ToolCall.objects.get(pk=call.pk), run_of(call), run_of(call)
        said = gate.at_once(
            lambda row=row: sweeps.give_up(row),
            lambda run=run: runs.claim(run),
            lambda same=same: runs.claim(same),
        )
        assert said == [None, False, False]
        assert (asked(call).status, run_of(call).status) == ("pending", "waiting")
        at = again(at)


def test_one_go_on_wakes_one_worker() -> None:
    at = dangerous()
    for number in range(10):
        call = lost(at, {"line": str(number)})
        decide(approvals.approve, asked(call))
        rows = [run_of(call) for _ in range(3)]
        claimed = gate.at_once(*[lambda row=row: runs.claim(row) for row in rows])
        assert sorted(claimed) == [False, False, True]
        at = again(at)
