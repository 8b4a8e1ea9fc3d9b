"""What the gate takes for granted where nothing is said: what is left out refuses nothing and asks nobody."""

from __future__ import annotations

from typing import Any

import pytest

from tools_app import policy
from tools_app.policy import Allow, AskApproval, Call, Facts, Grant, Refuse, Source, Standing, ToolFacts, Used


def tool(**said: Any) -> ToolFacts:
    return ToolFacts(1, "ledger", "h", **said)


def grant(**said: Any) -> Grant:
    return Grant(1, 1, "Clerk", "h", **said)


def test_nothing_said_is_nothing_refused() -> None:
    assert policy.decide(Call({}), Facts(tool(), grant())) == Allow()
    assert policy.decide(Call({}), Facts(tool(), grant(), requester_signed_in=False)) == Allow()
    assert policy.decide(Call({}), Facts(tool(requires_auth=True), grant())) == Allow()
    assert policy.decide(Call({}), Facts(tool(), grant(), used=(Used("limit_day", "today", 1),))) == Allow()


def test_who_is_asked_where_nothing_is_said_of_it() -> None:
    asked = AskApproval(("tool_requires_approval",))
    asks = tool(requires_approval=True)
    assert policy.decide(Call({}), Facts(asks, grant(unattended="refuse"))) == asked, "somebody is there"
    assert policy.decide(Call({}), Facts(asks, grant(), attended=False)) == asked, "it waits"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"enabled": False}, "ledger is switched off."),
        ({"executor_ready": False}, "ledger cannot be carried out here."),
    ],
)
def test_a_refusal_without_a_reason_gives_none(said: dict[str, Any], told: str) -> None:
    refused = policy.decide(Call({}), Facts(tool(**said), grant()))
    assert isinstance(refused, Refuse)
    assert refused.message == told


def test_the_words_that_are_kept_with_a_question() -> None:
    """They stand in rows of years ago."""
    command = tool(kinds={"x": "command"})
    advised = Facts(command, grant(denied={"x": ["sudo"]}))
    assert policy.decide(Call({"x": "ls"}), advised) == AskApproval(("only_advised",))
    assert policy.decide(Call({}), Facts(tool(asks_person=True), grant())) == AskApproval(("needs_answer",))


def test_what_has_no_row_and_no_name() -> None:
    source, standing = Source("installation"), Standing(7, {})
    assert (str(source), source.name) == ("installation:0", "")
    assert (standing.by, standing.until, grant().grant_hash) == ("", "", "")
