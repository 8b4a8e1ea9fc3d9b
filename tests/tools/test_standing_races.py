"""The last use of what was allowed is taken once, and taking it back stands in line with taking it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents_app import decisions
from audit_app.exceptions import StaleState
from tests import gate, people
from tests.tools import racing
from tests.tools.allowing import WISH, allowed, opened, ruled, used
from tests.tools.asking import waiting
from tools_app.approving import standing
from tools_app.exceptions import NotFromNowOn
from tools_app.models import StandingApproval, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)
ONE = {"line": "one"}
ROUNDS = 5


def statuses(*calls: ToolCall) -> list[str]:
    return sorted(racing.again(call).status for call in calls)


def revoking(row: StandingApproval, who: people.Person) -> Callable[[], None]:
    by = who.identity
    return lambda: standing.revoke(row, by=by)


def test_two_calls_of_two_conversations_and_one_use() -> None:
    at, _ = waiting()
    for count in range(1, ROUNDS + 1):
        row = _allowed_once(at)
        calls = [at.ask(ONE), at.ask(ONE, session_id=f"elsewhere-{count}")]
        before = len(gate.lines)
        said = gate.at_once(*(racing.execute(call) for call in calls))
        assert racing.unexpected(said) == []
        assert (statuses(*calls), used(row), len(gate.lines) - before) == (["succeeded", "waiting"], 1, 1)
    assert racing.chain_is_whole()


def test_two_calls_and_one_use_the_organization_leaves() -> None:
    """What may be used at most is lowered after both were let through."""
    at, _ = waiting()
    row = allowed(at.ask(ONE), uses=5, everywhere=True)
    calls = [at.ask(ONE), at.ask(ONE, session_id="elsewhere")]
    ruled(standing_uses=1)
    assert racing.unexpected(gate.at_once(*(racing.execute(call) for call in calls))) == []
    assert (statuses(*calls), used(row)) == (["succeeded", "waiting"], 1)
    assert (standing.take(row.pk), used(row)) == (False, 1)


def test_taking_back_and_using_at_once() -> None:
    """Either it was used before it was taken back, or it asks: nothing runs after the revocation was first."""
    at, _ = waiting()
    for _ in range(ROUNDS):
        row, call = _allowed_once(at), at.ask(ONE)
        said = gate.at_once(
            racing.execute(call), lambda row=row: standing.revoke(row, by=people.bob().identity)
        )
        assert racing.unexpected(said) == []
        assert (statuses(call), used(row)) in ((["succeeded"], 1), (["waiting"], 0))
        assert at.ask(ONE).status == "waiting"
    assert racing.chain_is_whole()


def test_two_people_take_it_back() -> None:
    _, row = opened()
    said = gate.at_once(revoking(row, people.bob()), revoking(row, people.alice()))
    assert [type(each) for each in said if each is not None] == [StaleState]


def test_two_people_allow_at_once() -> None:
    at, _ = waiting()
    for count in range(1, ROUNDS + 1):
        call = at.ask({"line": f"line {count}"})
        acts = [allowing_by(call, who) for who in (people.bob(), people.adam())]
        said = gate.at_once(*acts)
        assert sum(isinstance(each, StandingApproval) for each in said) == 1
        assert [type(each) for each in said if isinstance(each, Exception)] in ([StaleState], [NotFromNowOn])
        assert StandingApproval.objects.count() == count
    assert racing.chain_is_whole()


def allowing_by(call: ToolCall, who: people.Person) -> Callable[[], StandingApproval]:
    question, by = gate.question(call), gate.fresh(who.identity)
    return lambda: decisions.approve_from_now_on(question, WISH, digest=question.digest, by=by)


def _allowed_once(at: gate.Gate) -> StandingApproval:
    return allowed(at.ask({"line": "one"}), uses=1, everywhere=True)
