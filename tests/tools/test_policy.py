"""The gate as tables of cases: every refusal, their order, who is asked, limits, and that whatever breaks refuses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from tools_app import arguments, policy
from tools_app.policy import Allow, AskApproval, Call, Editor, Facts, Grant, Refuse, ToolFacts

TOOL = ToolFacts(id=1, name="tool", content_hash="t")
GRANT = Grant(id=1, agent_type_id=1, agent_name="Ana", agent_hash="a")
CALL = Call(arguments={"x": 1}, supplied=frozenset({"x"}))
FACTS = Facts(tool=TOOL, grant=GRANT)

Case = tuple[Call, Facts]
Change = Callable[[Call, Facts], Case]


def tool(**fields: Any) -> Change:
    def changed(call: Call, facts: Facts) -> Case:
        assert facts.tool is not None
        return call, replace(facts, tool=replace(facts.tool, **fields))

    return changed


def grant(**fields: Any) -> Change:
    def changed(call: Call, facts: Facts) -> Case:
        assert facts.grant is not None
        return call, replace(facts, grant=replace(facts.grant, **fields))

    return changed


def facts(**fields: Any) -> Change:
    return lambda call, known: (call, replace(known, **fields))


def said(**fields: Any) -> Change:
    return lambda call, known: (replace(call, **fields), known)


def decide(*changes: Change) -> policy.Decision:
    case: Case = CALL, FACTS
    for change in changes:
        case = change(*case)
    return policy.decide(*case)


def code(decision: policy.Decision) -> str:
    return decision.code if isinstance(decision, Refuse) else type(decision).__name__


# In the order of `security.md` 2.1. What stands earlier is told, whatever else is wrong.
REFUSALS: list[tuple[str, Change]] = [
    ("policy_error", facts(readable=False)),
    ("requester_gone", facts(requester_active=False)),
    ("unknown_tool", tool(same_organization=False)),
    ("agent_disabled", grant(agent_enabled=False)),
    ("quarantined", tool(quarantine="Its description changed.")),
    ("tool_disabled", tool(enabled=False)),
    ("tool_disabled", tool(archived=True)),
    ("executor_unavailable", tool(executor_ready=False)),
    ("not_offered", grant(offered=False)),
    ("use_not_allowed", grant(may_use=False)),
    ("requires_auth", lambda *case: facts(requester_signed_in=False)(*tool(requires_auth=True)(*case))),
    ("missing_permission", tool(required_permissions=("chat",))),
    ("editor_gone", facts(editors=(Editor("7", "Bob", may_decide=False),))),
    ("reserved_parameter", said(reserved=("user_id",))),
    ("fixed_parameter", grant(fixed={"x": 2})),
    ("invalid_arguments", said(problems=("x: not a number",))),
    ("hard_limit", said(beyond=("outside",))),
    ("secret_unusable", said(obstacles=("There is no secret 'key'.",))),
    ("denied_parameter", grant(denied=["x"])),
    ("parameter_not_allowed", grant(allowed=["y"])),
    ("limit", grant(usage_limit=0)),
]


@pytest.mark.parametrize(("refusal", "change"), REFUSALS, ids=[name for name, _ in REFUSALS])
def test_each_fact_refuses_by_its_own_code(refusal: str, change: Change) -> None:
    decision = decide(change)
    assert code(decision) == refusal
    assert isinstance(decision, Refuse)
    assert decision.message.endswith((".", "x: not a number", "outside"))


@pytest.mark.parametrize(
    ("first", "second"),
    list(itertools.combinations(range(len(REFUSALS)), 2)),
    ids=lambda index: REFUSALS[index][0],
)
def test_what_stands_earlier_is_told(first: int, second: int) -> None:
    (earlier, one), (_, other) = REFUSALS[first], REFUSALS[second]
    assert code(decide(one, other)) == earlier
    assert code(decide(other, one)) == earlier


@pytest.mark.parametrize(
    ("asker", "editors", "expected"),
    [
        (True, [True], "Allow"),
        (True, [], "Allow"),
        (True, [False], "editor_lacks_permission"),
        (True, [True, False], "editor_lacks_permission"),
        (False, [True], "missing_permission"),
        (False, [False], "missing_permission"),
    ],
)
def test_whoever_changed_it_needs_the_permissions_as_who_asked_does(
    asker: bool, editors: list[bool], expected: str
) -> None:
    def may(*, does: bool) -> frozenset[str]:
        return frozenset({"chat"} if does else {"audit.view"})

    hands = tuple(Editor(str(at), f"Bob {at}", permissions=may(does=each)) for at, each in enumerate(editors))
    who = facts(permissions=may(does=asker), editors=hands)
    assert code(decide(tool(required_permissions=("chat",)), who)) == expected


@pytest.mark.parametrize(("refusal", "change"), REFUSALS, ids=[name for name, _ in REFUSALS])
def test_nobody_is_asked_about_what_is_refused(refusal: str, change: Change) -> None:
    wanted = [tool(is_dangerous=True, requires_approval=True), grant(forces_approval=True)]
    assert code(decide(*wanted, change)) == refusal


def test_tool_nobody_knows_and_tool_nobody_granted() -> None:
    assert code(decide(facts(tool=None, grant=None))) == "unknown_tool"
    assert code(decide(facts(tool=None))) == "unknown_tool"
    assert code(decide(facts(grant=None))) == "not_granted"
    assert code(decide(facts(grant=None), tool(enabled=False))) == "not_granted"


# Each rule has a positive case: refusing everything is a failure too.
ALLOWED: dict[str, list[Change]] = {
    "nothing said": [],
    "permission held": [tool(required_permissions=("chat",)), facts(permissions=frozenset({"chat"}))],
    "signed in": [tool(requires_auth=True)],
    "fixed and filled": [grant(fixed={"y": 1}), said(arguments={"x": 1, "y": 1})],
    "fixed number in another spelling": [grant(fixed={"y": 1.0}), said(arguments={"x": 1, "y": 1})],
    "fixed list": [grant(fixed={"y": [1, "a"]}), said(arguments={"x": 1, "y": [1, "a"]})],
    "another name denied": [grant(denied=["y"])],
    "another value denied": [grant(denied={"x": [2]})],
    "name allowed": [grant(allowed=["x"])],
    "value allowed": [grant(allowed={"x": [1]})],
    "any value allowed": [grant(allowed={"x": True})],
    "no parameters at all": [grant(allowed=[]), said(arguments={}, supplied=frozenset())],
    "below the limit": [grant(usage_limit=2), facts(uses=1)],
    "unlimited": [grant(usage_limit=-1), facts(uses=9999)],
    "limit not set": [grant(usage_limit=None), facts(uses=9999)],
    "question waived": [tool(requires_approval=True), grant(waives_approval=True)],
    "other file": [
        tool(kinds={"x": "path"}),
        grant(denied={"x": ["/etc"]}),
        said(arguments={"x": "/srv/a"}),
    ],
}


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED)
def test_each_rule_lets_pass_what_it_should(changes: list[Change]) -> None:
    assert decide(*changes) == Allow()


@pytest.mark.parametrize(
    ("dangerous", "required", "forced", "waived"), list(itertools.product([False, True], repeat=4))
)
def test_the_strictest_wins(dangerous: bool, required: bool, forced: bool, waived: bool) -> None:
    """S4.226, S4.227: any reason asks; only the tool's own question can be waived, never a dangerous tool's."""
    decision = decide(
        tool(is_dangerous=dangerous, requires_approval=required),
        grant(forces_approval=forced, waives_approval=waived),
    )
    asks = dangerous or forced or (required and not waived)
    assert isinstance(decision, AskApproval if asks else Allow)
    if isinstance(decision, AskApproval):
        assert ("dangerous" in decision.reasons) is dangerous
        assert ("grant_requires_approval" in decision.reasons) is forced
        assert ("tool_requires_approval" in decision.reasons) is (required and (dangerous or not waived))


@pytest.mark.parametrize(
    ("limit", "uses", "refused"),
    [
        (None, 0, False),
        (None, 10**9, False),
        (-1, 0, False),
        (-1, 10**9, False),
        (0, 0, True),
        (1, 0, False),
        (1, 1, True),
        (1, 2, True),
        (50, 49, False),
        (50, 50, True),
        (-2, 0, True),
        (-50, 0, True),
    ],
)
def test_limits(limit: int | None, uses: int, refused: bool) -> None:
    assert code(decide(grant(usage_limit=limit), facts(uses=uses))) == ("limit" if refused else "Allow")


BROKEN: dict[str, Change] = {
    "deny is a text": grant(denied="x"),
    "deny is a number": grant(denied=1),
    "deny is true": grant(denied=True),
    "deny is false": grant(denied=False),
    "deny lists numbers": grant(denied=[1]),
    "deny values are a text": grant(denied={"x": "y"}),
    "deny of another language": grant(denied={"x": [{"like": ".*"}]}),
    "deny by a broken pointer": grant(denied=["/x//0"]),
    "deny about an absent name": grant(denied={"z": [{"like": ".*"}]}),
    "a condition is a text": grant(ask_when="x"),
    "a condition of another language": grant(ask_when={"z": [{"like": 1}]}),
    "allow is a text": grant(allowed="x"),
    "allow is false": grant(allowed=False),
    "allow values are null": grant(allowed={"x": None}),
    "allow of another language": grant(allowed={"x": [1, {"range": [1, 2]}]}),
    "allow about an absent name": grant(allowed={"x": True, "z": "?"}),
    "limit is a text": grant(usage_limit="5"),
    "limit is a list": grant(usage_limit=[]),
    "fixed is a list": grant(fixed=["y"]),
    "fixed is a number": grant(fixed=7),
    "permissions are a number": tool(required_permissions=7),
    "kinds are a list": tool(kinds=["path"]),
    "arguments are a text": said(arguments="x"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_whatever_cannot_be_evaluated_is_refused(change: Change) -> None:
    rule = grant(denied={"x": [2]}) if change is BROKEN["kinds are a list"] else said()
    assert code(decide(rule, change)) == "policy_error"


@pytest.mark.parametrize("other", ["secrets/x", "/srv/files/secrets/x"])
def test_deny_looks_at_what_the_file_is_really_called(other: str) -> None:
    link = said(arguments={"x": "harmless/link"}, also={"x": [other]})
    kinds = tool(kinds={"x": "path"})
    assert (
        code(decide(kinds, grant(denied={"x": ["secrets", "/srv/files/secrets"]}), link))
        == "denied_parameter"
    )
    assert decide(kinds, grant(denied={"x": ["private"]}), link) == Allow()
    # An allow rule is about the real file: what a harmless name leads to must be allowed itself.
    assert code(decide(kinds, grant(allowed={"x": ["harmless"]}), link)) == "parameter_not_allowed"
    assert decide(kinds, grant(allowed={"x": [other]}), link) == Allow()


@pytest.mark.parametrize(
    ("denied", "value", "refused"),
    [
        ({"path": ["/etc", "/root"]}, "/etc/passwd", True),
        ({"path": ["/etc", "/root"]}, "/x/../root", True),
        ({"path": ["/etc", "/root"]}, "/etcetera", False),
        ({"path": ["/etc", "/root"]}, "notes.txt", False),
        ({"command": ["rm -rf", "sudo"]}, "cd x && sudo rm -rf y", True),
        ({"command": ["rm -rf", "sudo"]}, "rm -fr y", False),
        ({"command": []}, "ls", True),
        ({"command": True}, "ls", True),
        (["command", "path"], "ls", True),
    ],
)
def test_rules_of_the_source_design(denied: Any, value: str, refused: bool) -> None:
    """S4.115, S4.118, S4.220, S4.221: its examples mean what they look like."""
    name = "path" if isinstance(denied, dict) and "path" in denied else "command"
    decision = decide(
        tool(kinds={"path": "path", "command": "command"}),
        grant(denied=denied),
        said(arguments={name: value}, supplied=frozenset({name})),
    )
    # A text in a command can be written otherwise: what such a rule lets pass is asked about.
    passed = "AskApproval" if name == "command" else "Allow"
    assert code(decision) == ("denied_parameter" if refused else passed)


def test_default_that_policy_fills_in_is_judged_like_any_value() -> None:
    filled = said(arguments={"x": 1, "read_length": 1000})
    assert (
        code(decide(filled, grant(defaults={"read_length": 1000}, allowed=["x"]))) == "parameter_not_allowed"
    )
    assert (
        code(decide(filled, grant(defaults={"read_length": 1000}, denied=["read_length"])))
        == "denied_parameter"
    )


NAMES = some.sampled_from(["x", "y", "z"])
VALUES = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(0, 3),
    some.sampled_from(["a", "A", "1", "/etc", "/etc/a", "1.0"]),
)
LEAVES = some.one_of(VALUES, some.floats(-4, 4), some.lists(VALUES, max_size=2))
LISTS = some.lists(NAMES, max_size=3)
MAPS = some.dictionaries(NAMES, some.just(True) | some.lists(VALUES, max_size=3), max_size=3)
RULES = some.one_of(some.none(), LISTS, MAPS)
GIVEN = some.dictionaries(NAMES, LEAVES, max_size=3)
KINDS = some.dictionaries(NAMES, some.sampled_from(["path", "command", "url", "text", ""]), max_size=3)
MANY = settings(max_examples=300, deadline=None)


def judged(given_now: dict[str, Any], kinds: dict[str, str], **fields: Any) -> policy.Decision:
    return decide(
        tool(kinds=kinds), grant(**fields), said(arguments=given_now, supplied=frozenset(given_now))
    )


@MANY
@given(GIVEN, KINDS, RULES, RULES, NAMES, VALUES)
def test_adding_a_deny_never_allows(  # noqa: PLR0917  (hypothesis fills them)
    values: dict[str, Any], kinds: dict[str, str], allowed: Any, denied: Any, name: str, more: Any
) -> None:
    before = judged(values, kinds, allowed=allowed, denied=denied)
    if isinstance(denied, list):
        wider: Any = [*denied, name]
    else:
        known = dict(denied or {})
        # An empty list forbids the name already: adding a value to it would narrow the rule.
        known[name] = True if known.get(name) in (True, []) else [*known.get(name, []), more]
        wider = known
    after = judged(values, kinds, allowed=allowed, denied=wider)
    assert before == Allow() or after != Allow()


@MANY
@given(GIVEN, KINDS, RULES, RULES, NAMES)
def test_narrowing_an_allow_never_widens(
    values: dict[str, Any], kinds: dict[str, str], allowed: Any, denied: Any, name: str
) -> None:
    before = judged(values, kinds, allowed=allowed, denied=denied)
    # A list nobody can evaluate refuses everything; one that names nothing in its place is mended, not narrowed.
    assume(not (isinstance(before, Refuse) and before.code == "policy_error"))
    if allowed is None:
        narrower: Any = []
    elif isinstance(allowed, list):
        narrower = [each for each in allowed if each != name]
    else:
        narrower = {each: [] if each == name else matchers for each, matchers in allowed.items()}
    after = judged(values, kinds, allowed=narrower, denied=denied)
    assert before == Allow() or after != Allow()


@MANY
@given(GIVEN, KINDS, RULES, RULES)
def test_canonical_arguments_are_judged_alike(
    values: dict[str, Any], kinds: dict[str, str], allowed: Any, denied: Any
) -> None:
    as_said = judged(values, kinds, allowed=allowed, denied=denied)
    assert judged(arguments.canonical(values), kinds, allowed=allowed, denied=denied) == as_said


@MANY
@given(some.lists(some.sampled_from(range(len(REFUSALS))), min_size=1, max_size=6, unique=True))
def test_no_number_of_troubles_adds_up_to_a_yes(indexes: list[int]) -> None:
    changes = [REFUSALS[index][1] for index in indexes]
    first = REFUSALS[min(indexes)][0]
    assert code(decide(*changes)) == first


@MANY
@given(
    some.recursive(VALUES, lambda each: some.lists(each) | some.dictionaries(some.text(), each), max_leaves=8)
)
def test_any_rule_at_all_yields_a_decision(rule: Any) -> None:
    for field in ("allowed", "denied", "fixed", "usage_limit"):
        assert isinstance(decide(grant(**{field: rule})), Allow | Refuse)


@pytest.mark.parametrize(
    ("condition", "arguments", "asks"),
    [
        (None, {"x": 500}, False),
        ({"x": [{"range": {"min": 100}}]}, {"x": 500}, True),
        ({"x": [{"range": {"min": 100}}]}, {"x": 5}, False),
        ({"x": [{"range": {"min": 100}}]}, {"x": "500"}, True),
        ({"x": True}, {"x": 5}, True),
        ({"x": []}, {"y": 5}, False),
        (["x"], {"x": 5}, True),
        ({"/x/*/to": [{"regex": "@other"}]}, {"x": [{"to": "a@other.org"}]}, True),
    ],
)
def test_a_person_is_asked_when_a_condition_is_met(
    condition: Any, arguments: dict[str, Any], asks: bool
) -> None:
    decision = decide(grant(ask_when=condition, waives_approval=True), said(arguments=arguments))
    assert decision == (AskApproval(("condition",)) if asks else Allow())
