"""What one decision may cost: steps that cost the same, counted over all rules together, and a clock handed in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests import gate
from tools_app import policy, rules
from tools_app.facts import Gathered
from tools_app.policy import Call, Facts, Grant, Layer, Source, ToolFacts
from tools_app.rules import Budget, Subject
from tools_app.rules.budget import MOST_SECONDS, MOST_STEPS, UNTIMED

URLS = {"urls": "url"}
GRANT = Grant(id=1, agent_type_id=1, agent_name="Ana", agent_hash="a")


def nested(count: int, depth: int) -> Any:
    value: Any = [1] * count
    for _ in range(depth):
        value = [value]
    return value


def cost(judge: Callable[[Subject], object], arguments: dict[str, Any], **kinds: str) -> float:
    subject = Subject(arguments, kinds)
    judge(subject)
    return MOST_STEPS - subject.budget.left


def denying(rule: Any) -> Callable[[Subject], object]:
    return lambda subject: list(rules.denied(rule, subject))


def facts(*layers: Layer, kinds: dict[str, str] | None = None, **grant: Any) -> Facts:
    tool = ToolFacts(id=1, name="tool", content_hash="t", kinds=kinds or {})
    return Facts(tool=tool, grant=replace(GRANT, **grant), layers=layers)


def test_places_are_looked_for_together() -> None:
    """Sixty-four places in nine thousand values cost as much as one, however deep they lie."""
    arguments = {"filter": nested(9_000, 26)}
    one, many = [
        cost(denying({f"/filter/**/z{number}": ["x"] for number in range(count)}), arguments)
        for count in (1, 60)
    ]
    assert 9_000 < one < many < 2 * one


def test_a_place_that_lies_in_itself_is_looked_at_once() -> None:
    inner: dict[str, Any] = {}
    for _ in range(60):
        inner = {"k": inner, "l": [0] * 500}
    deep = cost(denying({"/**": ["b"]}), {"a": inner})
    flat = cost(denying({"/**": ["b"]}), {"a": [0] * 30_000})
    assert deep < 1.2 * flat


@pytest.mark.parametrize(
    ("rule", "arguments", "kinds"),
    [
        ({"x": list(range(1000))}, {"x": list(range(1000, 2000))}, {}),
        ({"urls": [f"h{n}.org" for n in range(8)]}, {"urls": [f"é{n}" for n in range(6000)]}, URLS),
        ({"*": [{"regex": "(?s).*(a.{500}){1}b"}]}, {"x": "abcxyz é" * 20_000}, {}),
        ({"*": [{"one_of": list(range(900))}]}, {"x": list(range(1000, 2000))}, {}),
        ({"*": [{"each": [{"each": list(range(900))}]}]}, {"x": list(range(1000, 2000))}, {}),
        ({"x": [{"equals": "y" * 300}, {"equals": "z" * 300}]}, {"x": ["é" * 30_000] * 20}, {}),
    ],
)
def test_what_would_take_long_is_refused(rule: Any, arguments: Any, kinds: dict[str, str]) -> None:
    with pytest.raises(rules.TooMuch, match="good time"):
        list(rules.denied(rule, Subject(arguments, kinds)))
    assert policy.decide(Call(arguments), facts(kinds=kinds, denied=rule)) == policy.TOO_MUCH


@pytest.mark.parametrize(
    "wanted", [list(range(1000)), [{"each": list(range(1000))}], [{"regex": "(?s).*(a.{500}){1}b"}] * 9]
)
def test_what_is_allowed_is_paid_for_as_well(wanted: Any) -> None:
    values = ["abcxyz é" * 10] * 2_000
    with pytest.raises(rules.TooMuch):
        list(rules.not_allowed({"x": wanted}, Subject({"x": values})))
    with pytest.raises(rules.TooMuch):
        list(rules.not_allowed({"/x": wanted, "/x/*": [{"regex": ".*"}]}, Subject({"x": values})))


def test_all_layers_are_paid_from_one_budget() -> None:
    """No rule is too much by itself; two hundred of them are."""
    call = Call({"x": [f"value {number}" for number in range(400)]})
    layers = [
        Layer(Source("organization", n, "Rule"), denied={"/**/url": ["a"], "x": ["y"]}) for n in range(200)
    ]
    assert isinstance(policy.decide(call, facts(*layers[:20])), policy.Allow)
    assert policy.decide(call, facts(*layers)) == policy.TOO_MUCH


def test_the_clock_refuses_what_counting_does_not() -> None:
    ticks = itertools.count()
    slow = Budget(lambda: next(ticks) * MOST_SECONDS)
    call, rule = Call({"x": ["a"] * UNTIMED}), {"x": ["b"]}
    assert (
        policy.decide(call, facts(denied=rule), policy.judge(call, facts(denied=rule), slow))
        == policy.TOO_MUCH
    )
    assert isinstance(policy.decide(call, facts(denied=rule)), policy.Allow)


def test_ordinary_decisions_never_look_at_the_clock() -> None:
    """However busy the machine is: a decision that had to wait for its turn is none that took long."""
    read: list[int] = []

    def clock() -> float:
        read.append(1)
        return len(read) * 1e9

    call = Call({"to": "ann@x.org", "body": "Dear customer, " * 40})
    known = facts(allowed={"to": ["x.org"], "body": True}, denied={"body": ["iban"]}, kinds={"to": "email"})
    assert isinstance(policy.decide(call, known, policy.judge(call, known, Budget(clock))), policy.Allow)
    assert len(read) == 1


def test_what_refuses_before_the_budget_is_used_up_is_told() -> None:
    layers = (
        Layer(Source("installation", 1, "File"), denied=["x"]),
        Layer(Source("organization", 1, "Rule"), denied={"x": list(range(1000))}),
    )
    decision = policy.decide(Call({"x": list(range(1000, 2000))}), facts(*layers))
    assert isinstance(decision, policy.Refuse)
    assert decision.code == "denied_parameter"


def test_values_that_turn_up_while_it_runs_have_a_budget_too() -> None:
    rule = {"urls": [{"regex": f"(?s).*(a.{{500}}){{1}}{number}"} for number in range(9)]}
    tool = ToolFacts(id=1, name="tool", content_hash="t", kinds=URLS)
    further = policy.Further(tool, (Layer(Source("grant", 1, "Ana"), denied=rule),))
    assert further("urls", "https://x.example/" + "abcxyz é" * 5_000) == policy.UNREADABLE.message
    assert further("urls", "https://x.example/") == ""


@pytest.mark.django_db
def test_one_request_evaluates_each_rule_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deciding, finding what was allowed from now on and telling why are about the same judgement."""
    seen: list[Any] = []
    real = rules.denied

    def denied(rule: Any, subject: Subject) -> Any:
        seen.append(rule)
        return real(rule, subject)

    monkeypatch.setattr(rules, "denied", denied)
    ask = {"line": [{"contains": "x"}]}
    door = gate.opened({"denied_parameters": {"line": ["y"]}, "ask_when": ask}, is_dangerous=True)
    seen.clear()
    assert door.ask({"line": "xx"}).status == "waiting"
    assert seen.count({"line": ["y"]}) == seen.count(ask) == 1


@pytest.mark.django_db
def test_a_call_that_brings_too_much_is_told_so() -> None:
    door = gate.opened(
        {
            "denied_parameters": {f"/line/**/z{n}/**": ["x"] for n in range(60)},
            "ask_when": {"*": list(range(900))},
        },
        input_schema={"type": "object", "properties": {"line": {"type": "array"}}},
    )
    call = door.ask({"line": [["a b c d"]] * 4_000})
    assert (call.status, call.reason, call.reason_text) == (
        "blocked",
        "policy_error",
        policy.TOO_MUCH.message,
    )
    assert call.explanation[0]["chain"][0][2] == policy.TOO_MUCH.message


def test_what_was_never_judged_is_refused() -> None:
    found = Gathered(None, None, Facts(tool=None, grant=None, readable=False), Call({}), None)  # type: ignore[arg-type]
    assert found.decision() == policy.UNREADABLE
