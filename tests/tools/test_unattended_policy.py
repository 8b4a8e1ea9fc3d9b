"""Where nobody is there to be asked: the decision, as a table. It never allows what would have been asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools_app import policy
from tools_app.explain import explaining
from tools_app.policy import Call, Facts, Grant, Standing, ToolFacts

PLAIN = ToolFacts(1, "ledger", "h")
ASKS = replace(PLAIN, requires_approval=True)
CALL = Call({"line": "one"})
FITS = Standing(7, {"same": {"line": "one"}, "match": {}, "open": []}, frozenset({"tool_requires_approval"}))
ELSE = replace(FITS, conditions={"same": {"line": "two"}, "match": {}, "open": []})


def decided(
    mode: str, tool: ToolFacts = ASKS, *standing: Standing, attended: bool = False, tainted: bool = False
) -> str:
    grant = Grant(1, 1, "Clerk", "h", unattended=mode)
    facts = Facts(tool, grant, attended=attended, standing=standing, tainted=tainted, could_leak=tainted)
    decision = policy.decide(CALL, facts)
    return decision.code if isinstance(decision, policy.Refuse) else type(decision).__name__


@pytest.mark.parametrize(
    ("mode", "tool", "standing", "decision"),
    [
        ("wait", PLAIN, (), "Allow"),
        ("refuse", PLAIN, (), "Allow"),
        ("standing", PLAIN, (), "Allow"),
        ("wait", ASKS, (), "AskApproval"),
        ("refuse", ASKS, (), "unattended"),
        ("standing", ASKS, (), "unattended"),
        ("wait", ASKS, (FITS,), "Allow"),
        ("refuse", ASKS, (FITS,), "unattended"),
        ("standing", ASKS, (FITS,), "Allow"),
        ("standing", ASKS, (ELSE,), "unattended"),
        ("standing", ASKS, (ELSE, FITS), "Allow"),
        ("standing", replace(ASKS, is_dangerous=True), (FITS,), "unattended"),
        ("wait", replace(PLAIN, asks_person=True), (), "AskApproval"),
        ("refuse", replace(PLAIN, asks_person=True), (), "unattended"),
        ("standing", replace(PLAIN, asks_person=True), (FITS,), "unattended"),
        ("a word of tomorrow", ASKS, (FITS,), "unattended"),
        ("", ASKS, (), "unattended"),
        ("refuse", replace(ASKS, enabled=False), (), "tool_disabled"),
    ],
)
def test_what_becomes_of_a_question_nobody_would_answer(
    mode: str, tool: ToolFacts, standing: tuple[Standing, ...], decision: str
) -> None:
    assert decided(mode, tool, *standing) == decision


@pytest.mark.parametrize("mode", ["wait", "refuse", "standing"])
def test_where_a_person_is_there_it_changes_nothing(mode: str) -> None:
    assert decided(mode, attended=True) == "AskApproval"
    assert decided(mode, ASKS, FITS, attended=True) == "Allow"


@pytest.mark.parametrize("mode", ["refuse", "standing"])
def test_what_was_read_outside_is_never_covered(mode: str) -> None:
    assert decided(mode, ASKS, FITS, tainted=True) == "unattended"


def test_the_model_is_told_and_the_chain_names_it() -> None:
    grant = Grant(1, 1, "Clerk", "h", unattended="standing")
    facts = Facts(ASKS, grant, attended=False)
    refused = policy.decide(CALL, facts)
    assert isinstance(refused, policy.Refuse)
    assert "nobody is there" in refused.message
    assert "allowed from now on" in refused.message
    line = explaining.lines(CALL, facts)[-1]
    assert (line.check, line.outcome, line.text) == ("unattended", "refuse", refused.message)
    assert "unattended" not in {each.check for each in explaining.lines(CALL, replace(facts, attended=True))}
