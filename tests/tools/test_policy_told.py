"""What the gate says beside its decision: every step with what it found, why it would ask, and its words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.test_policy import ALLOWED, BROKEN, CALL, FACTS, REFUSALS, Change, facts, grant, said, tool
from tools_app import policy
from tools_app.policy import Call, Check, Facts, Further, Grant, Layer, Refuse, Source, ToolFacts
from tools_app.policy.values import Used

STEPS = ["person", "tool", "arguments", "installation", "denied", "allowed", "limit"]
STEP_OF = {
    "kill_switch": "switches",
    "requester_gone": "person",
    "unknown_tool": "tool",
    "not_granted": "tool",
    "agent_disabled": "tool",
    "quarantined": "tool",
    "tool_draft": "tool",
    "tool_disabled": "tool",
    "executor_unavailable": "tool",
    "not_offered": "tool",
    "use_not_allowed": "tool",
    "requires_auth": "tool",
    "missing_permission": "tool",
    "editor_gone": "editors",
    "reserved_parameter": "arguments",
    "fixed_parameter": "arguments",
    "invalid_arguments": "arguments",
    "hard_limit": "installation",
    "secret_unusable": "secrets",
    "denied_parameter": "denied",
    "parameter_not_allowed": "allowed",
    "limit": "limit",
}


def case(*changes: Change) -> tuple[Call, Facts]:
    found = CALL, FACTS
    for change in changes:
        found = change(*found)
    return found


def found_by(*changes: Change) -> dict[str, list[str]]:
    """The codes of the refusals, by the step that found them."""
    return {
        check.name: [refusal.code for refusal in check.refusals]
        for check in policy.checks(policy.judge(*case(*changes)))
        if check.refusals
    }


def test_all_steps_are_shown_in_their_order_where_nothing_is_wrong() -> None:
    shown = policy.checks(policy.judge(*case()))
    names = [check.name for check in shown]
    assert [name for name in names if name in STEPS] == STEPS
    assert all(check == Check(check.name, ()) for check in shown)


@pytest.mark.parametrize(("refusal", "change"), REFUSALS[1:], ids=[name for name, _ in REFUSALS[1:]])
def test_what_refuses_is_shown_at_its_step(refusal: str, change: Change) -> None:
    assert set(found_by(change)[STEP_OF[refusal]]) == {refusal}


def test_all_that_is_wrong_is_shown_and_not_only_the_first() -> None:
    wrong = [tool(enabled=False, draft=True, quarantine="It drifted."), grant(offered=False, may_use=False)]
    values = [
        grant(denied=["x"], allowed=["y"], usage_limit=0),
        said(beyond=("outside",), problems=("x: bad",)),
    ]
    found = found_by(facts(requester_active=False), *wrong, *values)
    assert found["person"] == ["requester_gone"]
    assert found["tool"] == ["tool_draft", "quarantined", "tool_disabled", "not_offered", "use_not_allowed"]
    assert [found[name] for name in STEPS[2:]] == [
        ["invalid_arguments"],
        ["hard_limit"],
        ["denied_parameter"],
        ["parameter_not_allowed"],
        ["limit"],
    ]


@pytest.mark.parametrize("missing", [facts(tool=None), facts(grant=None)], ids=["tool", "grant"])
def test_without_a_tool_or_a_grant_no_rules_are_shown(missing: Change) -> None:
    shown = policy.checks(policy.judge(*case(missing, said(beyond=("outside",)))))
    assert [check.name for check in shown if check.name in STEPS] == ["person", "tool"]
    assert shown[-1].refusals


def test_where_nothing_can_be_read_no_step_is_shown_and_no_reason() -> None:
    unread = case(facts(readable=False), tool(is_dangerous=True))
    assert (policy.checks(policy.judge(*unread)), policy.judge(*unread).reasons) == ((), ())


@pytest.mark.parametrize("change", [BROKEN["deny is a text"], BROKEN["allow is a text"]])
def test_where_a_rule_breaks_no_step_is_shown(change: Change) -> None:
    assert policy.checks(policy.judge(*case(change))) == ()


@pytest.mark.parametrize("missing", [facts(tool=None), facts(grant=None)], ids=["tool", "grant"])
def test_nobody_is_asked_about_a_tool_that_is_not_there(missing: Change) -> None:
    assert policy.judge(*case(tool(is_dangerous=True), missing)).reasons == ()


def test_a_condition_that_breaks_is_told_as_such() -> None:
    assert policy.judge(*case(BROKEN["a condition is a text"])).reasons == ("policy_error",)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ([], []),
        ([tool(is_dangerous=True)], ["dangerous"]),
        ([tool(requires_approval=True)], ["tool_requires_approval"]),
        ([tool(requires_approval=True), grant(waives_approval=True)], []),
        ([tool(is_dangerous=True, requires_approval=True)], ["dangerous", "tool_requires_approval"]),
        (
            [tool(is_dangerous=True, requires_approval=True), grant(waives_approval=True)],
            ["dangerous", "tool_requires_approval"],
        ),
        ([grant(forces_approval=True)], ["grant_requires_approval"]),
        ([grant(forces_approval=True, waives_approval=True)], ["grant_requires_approval"]),
        ([grant(ask_when={"x": [1]})], ["condition"]),
        ([grant(ask_when={"x": [1]}, waives_approval=True)], ["condition"]),
        ([grant(ask_when={"x": [2]})], []),
        ([facts(could_leak=True)], ["tainted"]),
        ([facts(could_leak=True), grant(waives_approval=True)], ["tainted"]),
        ([facts(tainted=True)], []),
        ([tool(asks_person=True)], ["needs_answer"]),
        ([tool(asks_person=True), grant(waives_approval=True)], ["needs_answer"]),
    ],
)
def test_reasons_to_ask(changes: list[Change], reasons: list[str]) -> None:
    asked = case(*changes)
    assert list(policy.judge(*asked).reasons) == reasons
    decision = policy.decide(*asked)
    assert decision == (policy.AskApproval(tuple(reasons)) if reasons else policy.Allow())


@pytest.mark.parametrize("change", [change for _, change in REFUSALS[1:]], ids=lambda _: "")
def test_a_refusal_keeps_its_reasons_to_ask(change: Change) -> None:
    """Whoever mends what refuses is told beforehand that a person will be asked then."""
    if case(change)[1].grant is not None:
        assert "dangerous" in policy.judge(*case(tool(is_dangerous=True), change)).reasons


def first(*changes: Change) -> str:
    decision = policy.decide(*case(*changes))
    assert isinstance(decision, Refuse)
    return decision.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (tool(enabled=False), "tool is switched off."),
        (tool(enabled=False, unready_reason="Its server is gone."), "switched off. Its server is gone."),
        (tool(executor_ready=False, unready_reason="No key."), "cannot be carried out here. No key."),
        (tool(executor_ready=False), "tool cannot be carried out here."),
        (tool(quarantine="Its text changed."), "reviewed it. Its text changed."),
        (tool(required_permissions=("b", "a")), "lacks the permission for tool: a, b."),
        (said(reserved=("ctx", "user_id")), "may not be passed: ctx, user_id."),
        (said(problems=("x: bad", "y: worse")), "the schema: x: bad; y: worse"),
        (said(beyond=("One.", "Two.")), "One. Two."),
        (grant(denied=["x"]), "use of the parameter x."),
        (grant(allowed=["y"]), "not allow the parameter x with"),
        (grant(usage_limit=0), "limit of 0 uses"),
        (grant(usage_limit=-7), "limit of 0 uses"),
        (grant(fixed={"x": 1, "w": 2}), "leave them out: x."),
        (grant(fixed={"z": 1, "w": 2}), "other values by now for: w, z."),
    ],
)
def test_the_model_is_told_what_is_wrong(change: Change, words: str) -> None:
    assert words in first(change)


def test_the_limit_that_is_reached_is_named() -> None:
    assert "limit of 3 uses" in first(grant(usage_limit=3), facts(uses=3))


def test_facts_nobody_stated_let_nothing_pass_that_a_fact_would_stop() -> None:
    """What a writer of facts leaves out must be the harmless answer, and the tool must still be usable."""
    bare_tool, bare_grant = ToolFacts(1, "t", "h"), Grant(1, 1, "Ana", "h")
    known = Facts(tool=bare_tool, grant=bare_grant)
    assert (known.permissions, known.uses, known.tainted, known.could_leak) == (frozenset(), 0, False, False)
    assert (bare_tool.required_permissions, bare_tool.kinds, bare_tool.draft) == ((), {}, False)
    assert (bare_grant.waives_approval, bare_grant.forces_approval, bare_grant.context) == (False, False, {})
    assert (Call({}).supplied, Call({}).reserved, Call({}).beyond, Call({}).sql) == (frozenset(), (), (), {})


def further(**rules: Any) -> Further:
    fetch, grant = ToolFacts(1, "fetch", "h", kinds={"to": "url"}), Grant(1, 1, "Ana", "h", **rules)
    return Further(fetch, policy.layers_of(Facts(tool=fetch, grant=grant)))


@pytest.mark.parametrize(
    ("rules", "value", "told"),
    [
        ({}, "https://a.example/", ""),
        ({"denied": {"to": ["b.example"]}}, "https://a.example/", ""),
        ({"denied": {"to": ["a.example"]}}, "https://a.example/", "Policy forbids"),
        ({"denied": ["to"]}, "https://a.example/", "Policy forbids"),
        ({"allowed": {"to": ["a.example"]}}, "https://a.example/", ""),
        ({"allowed": {"to": ["b.example"]}}, "https://a.example/", "Policy does not allow"),
        ({"allowed": ["other"]}, "https://a.example/", "Policy does not allow"),
        (
            {"denied": {"to": ["a.example"]}, "allowed": {"to": ["b.example"]}},
            "https://a.example/",
            "Policy forbids",
        ),
        ({"denied": "broken"}, "https://a.example/", "cannot be evaluated"),
        ({"allowed": "broken"}, "https://a.example/", "cannot be evaluated"),
    ],
)
def test_a_value_that_turns_up_later_is_judged_alike(rules: Any, value: str, told: str) -> None:
    message = further(**rules)("to", value)
    assert (told in message) if told else (message == "")


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed_shows_no_refusal_and_no_reason(changes: list[Change]) -> None:
    assert found_by(*changes) == {}
    assert policy.judge(*case(*changes)).reasons == ()


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_whatever_is_broken_can_still_be_asked_about(change: Change) -> None:
    refusal = policy.judge(*case(change)).refusal
    assert refusal is None or isinstance(refusal, Refuse)


TOOL_ROW, GRANT_ROW = Source("tool", 1, "tool"), Source("grant", 1, "Ana")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ([tool(draft=True)], TOOL_ROW),
        ([tool(quarantine="It drifted.")], TOOL_ROW),
        ([tool(enabled=False)], TOOL_ROW),
        ([tool(executor_ready=False)], TOOL_ROW),
        ([tool(requires_auth=True), facts(requester_signed_in=False)], TOOL_ROW),
        ([tool(required_permissions=("a",))], TOOL_ROW),
        ([grant(offered=False)], GRANT_ROW),
        ([grant(may_use=False)], GRANT_ROW),
        ([grant(fixed={"x": 1})], GRANT_ROW),
        ([grant(fixed={"z": 1})], GRANT_ROW),
        ([grant(denied=["x"])], GRANT_ROW),
        ([grant(allowed=[])], GRANT_ROW),
        ([grant(usage_limit=0)], GRANT_ROW),
        ([facts(used=(Used("limit_day", "today", 3, 3, TOOL_ROW),))], TOOL_ROW),
        ([facts(layers=(Layer(TOOL_ROW, fixed={"y": 1}),)), grant(fixed={"x": 1})], GRANT_ROW),
        ([facts(layers=(Layer(TOOL_ROW, fixed={"x": 2}),)), grant(fixed={"y": 1})], TOOL_ROW),
        ([facts(layers=(Layer(TOOL_ROW, denied=["x"]),)), grant(denied=["x"])], TOOL_ROW),
    ],
)
def test_every_refusal_names_the_row_it_rests_on(changes: list[Change], rule: Source) -> None:
    decision = policy.decide(*case(*changes))
    assert isinstance(decision, Refuse)
    assert decision.rule == rule


def test_a_kill_switch_is_told_before_all_else_and_shown_first() -> None:
    stopped = [facts(halted="Everything is stopped."), facts(requester_active=False), tool(enabled=False)]
    decision = policy.decide(*case(*stopped))
    assert isinstance(decision, Refuse)
    assert (decision.code, decision.message.split(".")[0]) == ("kill_switch", "Everything is stopped")
    assert policy.checks(policy.judge(*case(*stopped)))[0] == Check("switches", (decision,))
    assert policy.checks(policy.judge(*case(facts(halted="Stopped."), facts(tool=None))))[0].refusals


@pytest.mark.parametrize(
    ("most", "uses", "passes"), [(3, 2, True), (3, 3, False), (0, 0, False), (-5, 0, False)]
)
def test_other_limits_are_met_exactly(most: int, uses: int, passes: bool) -> None:
    limited = case(facts(used=(Used("limit_day", "today", 9, 0), Used("limit_day", "today", most, uses))))
    decision = policy.decide(*limited)
    assert isinstance(decision, policy.Allow) is passes
    if isinstance(decision, Refuse):
        assert (decision.code, f"limit of {max(most, 0)} uses today" in decision.message) == (
            "limit_day",
            True,
        )


@pytest.mark.parametrize(
    ("rules", "address", "told"),
    [
        ({}, "10.0.0.1", ""),
        ({"denied": {"to": ["10.0.0.2"]}}, "10.0.0.1", ""),
        ({"denied": {"to": ["10.0.0.1"]}}, "10.0.0.1", "Policy forbids what the host of to stands for."),
        (
            {"denied": {"kind:url": ["10.0.0.1"]}},
            "10.0.0.1",
            "Policy forbids what the host of to stands for.",
        ),
        (
            {"ask_when": {"to": ["10.0.0.1"]}},
            "10.0.0.1",
            "Policy has a person asked about what the host of to stands for.",
        ),
        # About the name itself a person was asked.
        ({"ask_when": {"to": ["10.0.0.1", "a.example"]}}, "10.0.0.1", ""),
        # Names are what is allowed, and no name is an address.
        ({"allowed": {"to": ["a.example"]}}, "10.0.0.1", ""),
        ({"denied": "broken"}, "10.0.0.1", policy.UNREADABLE.message),
    ],
)
def test_the_address_a_host_stands_for_is_judged_by_what_is_denied(
    rules: Any, address: str, told: str
) -> None:
    assert further(**rules).address("to", address, "https://a.example/") == told


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, ""),
        ({"ask_when": {"to": ["b.example"]}}, ""),
        (
            {"ask_when": {"to": ["a.example"]}},
            "Policy has a person asked about this value of the parameter to. Ask for it itself.",
        ),
        ({"denied": {"to": ["a.example"]}}, "Policy forbids this value or use of the parameter to."),
        ({"allowed": {"to": ["b.example"]}}, "Policy does not allow the parameter to with this value."),
        ({"ask_when": "broken"}, policy.UNREADABLE.message),
    ],
)
def test_what_turns_up_while_a_call_runs_is_judged_like_the_call(rules: Any, told: str) -> None:
    assert further(**rules)("to", "https://a.example/") == told


def test_what_a_layer_says_besides_is_told_there_too() -> None:
    fetch, rule = ToolFacts(1, "fetch", "h", kinds={"to": "url"}), {"to": ["a.example", "10.0.0.1"]}
    cases: list[dict[str, Any]] = [{"ask_when": rule}, {"denied": rule}]
    for each in cases:
        judge = Further(fetch, (Layer(Source("organization", 1), message="Ask Ann.", **each),))
        assert judge("to", "https://a.example/").endswith(" Ask Ann.")
        assert judge.address("to", "10.0.0.1", "https://b.example/").endswith(" Ask Ann.")
