"""What holds for any tool, grant, layers, standing words and calls there may be: more rules never allow more. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tools_app import arguments, policy
from tools_app.policy import (
    Allow,
    AskApproval,
    Call,
    Facts,
    Grant,
    Layer,
    Refuse,
    Source,
    Standing,
    ToolFacts,
)
from tools_app.policy import standing as standings
from tools_app.policy.values import Used

# The same cases each time, and as many as a busy machine can bear.
MANY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
NAMES = some.sampled_from(["path", "url", "to", "n", "note"])
KINDS = {"path": "path", "url": "url", "to": "email", "note": "text"}
TEXTS = ["a", "A", "1", "/etc", "/etc/a", "https://a.example/x", "a.example", "ann@a.example", "sudo"]
VALUES: Any = some.none() | some.booleans() | some.integers(0, 3) | some.sampled_from(TEXTS)
GIVEN = some.dictionaries(NAMES, VALUES | some.floats(-4, 4) | some.lists(VALUES, max_size=2), max_size=3)
PLACES = NAMES | some.sampled_from(["*", "kind:url", "kind:path", "/n/*", "/**"])
MATCHERS = VALUES | some.sampled_from(
    [{"equals": "a"}, {"one_of": ["a", 1]}, {"range": {"min": 1}}, {"regex": "a.*"}, {"each": ["a"]}]
)
WANTED = some.just(True) | some.lists(MATCHERS, max_size=3)
RULES = some.none() | some.lists(NAMES, max_size=3) | some.dictionaries(PLACES, WANTED, max_size=3)
CONDITIONS = some.fixed_dictionaries(
    {
        "same": some.dictionaries(NAMES, VALUES, max_size=2),
        "match": some.dictionaries(NAMES, some.lists(MATCHERS, max_size=2), max_size=2),
        "open": some.lists(NAMES, max_size=2),
    }
)


@some.composite
def layers(draw: Any) -> Layer:
    return Layer(
        Source(draw(some.sampled_from(["installation", "organization", "tool"])), 1, "Row"),
        allowed=draw(RULES),
        denied=draw(RULES),
        ask_when=draw(RULES),
        requires_approval=draw(some.booleans()),
        forbids=draw(some.integers(0, 9)) == 0,
        fixed=draw(some.none() | some.dictionaries(NAMES, VALUES, max_size=1)),
    )


@some.composite
def standing_words(draw: Any) -> Standing:
    covers = draw(some.frozensets(some.sampled_from(sorted(standings.COVERABLE))))
    return Standing(draw(some.integers(1, 9)), draw(CONDITIONS), covers)


@some.composite
def cases(draw: Any) -> tuple[Call, Facts]:
    flags = some.booleans()
    tool = ToolFacts(
        1,
        "tool",
        "h",
        kinds=KINDS,
        is_dangerous=draw(flags),
        requires_approval=draw(flags),
        asks_person=False,
    )
    grant = Grant(
        1,
        1,
        "Ana",
        "h",
        forces_approval=draw(flags),
        waives_approval=draw(flags),
        usage_limit=draw(some.sampled_from([None, -1, 0, 1, 5])),
        allowed=draw(RULES),
        denied=draw(RULES),
        ask_when=draw(RULES),
        unattended=draw(some.sampled_from(["wait", "refuse", "standing", "?"])),
    )
    facts = Facts(
        tool,
        grant,
        uses=draw(some.integers(0, 2)),
        could_leak=draw(flags),
        attended=draw(flags),
        layers=tuple(draw(some.lists(layers(), max_size=2))),
        standing=tuple(draw(some.lists(standing_words(), max_size=2))),
    )
    given_now = draw(GIVEN)
    return Call(given_now, frozenset(given_now)), facts


def freedom(decision: policy.Decision) -> int:
    """0 refused, 1 asked, 2 allowed."""
    match decision:
        case Refuse():
            return 0
        case AskApproval():
            return 1
        case Allow():
            return 2


@MANY
@given(cases(), layers())
def test_one_more_layer_never_gives_more_freedom(case: tuple[Call, Facts], more: Layer) -> None:
    call, facts = case
    for wider in ((more, *facts.layers), (*facts.layers, more)):
        assert freedom(policy.decide(call, replace(facts, layers=wider))) <= freedom(
            policy.decide(call, facts)
        )


@MANY
@given(cases(), some.permutations(["a", "b", "c"]), layers(), layers())
def test_the_order_of_layers_decides_nothing(
    case: tuple[Call, Facts], order: list[str], one: Layer, other: Layer
) -> None:
    call, facts = case
    given_layers = {"a": one, "b": other, "c": facts.layers[0] if facts.layers else one}
    # What two layers fix for the same name depends on which is wider: that is an order on purpose.
    plain = {name: replace(layer, fixed=None) for name, layer in given_layers.items()}
    told = [
        freedom(policy.decide(call, replace(facts, layers=tuple(plain[name] for name in names))))
        for names in (order, sorted(order))
    ]
    assert told[0] == told[1]


@MANY
@given(cases(), PLACES, WANTED)
def test_one_more_denial_or_condition_never_gives_more_freedom(
    case: tuple[Call, Facts], place: str, wanted: Any
) -> None:
    call, facts = case
    assert facts.grant is not None
    more = Layer(Source("grant", 1, "Row"), denied={place: wanted})
    asked = Layer(Source("grant", 1, "Row"), ask_when={place: wanted})
    before = freedom(policy.decide(call, facts))
    for layer in (more, asked):
        after = policy.decide(call, replace(facts, layers=(*facts.layers, layer)))
        assert freedom(after) <= before


@MANY
@given(cases(), standing_words())
def test_a_standing_word_only_ever_spares_a_question(case: tuple[Call, Facts], more: Standing) -> None:
    call, facts = case
    before = policy.decide(call, facts)
    after = policy.decide(call, replace(facts, standing=(*facts.standing, more)))
    if freedom(before) == 0 and isinstance(before, Refuse) and before.code != "unattended":
        assert after == before
    if freedom(after) > freedom(before):
        assert isinstance(after, Allow)
        assert after.standing == more.id
        assert not facts.could_leak
        assert more.covers
    assert freedom(after) >= freedom(before)


@MANY
@given(cases())
def test_without_standing_words_nothing_is_allowed_in_their_name(case: tuple[Call, Facts]) -> None:
    call, facts = case
    decision = policy.decide(call, replace(facts, standing=()))
    assert decision == Allow() or not isinstance(decision, Allow)


@MANY
@given(cases())
def test_nobody_being_there_never_gives_more_freedom(case: tuple[Call, Facts]) -> None:
    call, facts = case
    alone, attended = (policy.decide(call, replace(facts, attended=there)) for there in (False, True))
    assert freedom(alone) <= freedom(attended)
    assert facts.grant is not None
    if facts.grant.unattended != "wait":
        assert not isinstance(alone, AskApproval)


@MANY
@given(cases())
def test_a_switch_and_a_spent_limit_stop_whatever_would_run(case: tuple[Call, Facts]) -> None:
    call, facts = case
    halted = policy.decide(call, replace(facts, halted="Everything is stopped."))
    assert isinstance(halted, Refuse)
    assert halted.code == "kill_switch"
    for most in (0, 3, -5):
        spent = Used("limit_day", "today", most, max(most, 0))
        assert freedom(policy.decide(call, replace(facts, used=(spent,)))) == 0
    left = Used("limit_day", "today", 3, 2)
    assert policy.decide(call, replace(facts, used=(left,))) == policy.decide(call, facts)


@MANY
@given(cases())
def test_the_canonical_form_is_judged_like_what_was_said(case: tuple[Call, Facts]) -> None:
    call, facts = case
    canonical = replace(call, arguments=arguments.canonical(call.arguments))
    assert policy.decide(canonical, facts) == policy.decide(call, facts)


@MANY
@given(cases())
def test_the_decision_is_the_same_each_time_and_agrees_with_its_explanation(case: tuple[Call, Facts]) -> None:
    call, facts = case
    decision = policy.decide(call, facts)
    assert policy.decide(call, facts) == decision
    refusals = [refusal for check in policy.checks(policy.judge(call, facts)) for refusal in check.refusals]
    if isinstance(decision, Allow | AskApproval):
        assert refusals == []
        reasons = policy.judge(call, facts).reasons
        assert isinstance(decision, Allow) or decision.reasons == tuple(reasons)
        assert reasons == () or decision != Allow()
    elif policy.judge(call, facts).broken is None and decision.code not in ("policy_error", "unattended"):
        assert refusals[0] == decision


@MANY
@given(
    some.recursive(
        VALUES, lambda each: some.lists(each) | some.dictionaries(some.text(), each), max_leaves=6
    ),
    some.sampled_from(["allowed", "denied", "ask_when", "fixed", "forbids", "message", "requires_approval"]),
)
def test_a_layer_of_anything_at_all_yields_a_decision(anything: Any, field: str) -> None:
    layer = Layer(Source("organization", 1, "Row"), **{field: anything})
    facts = Facts(ToolFacts(1, "tool", "h"), Grant(1, 1, "Ana", "h"), layers=(layer,))
    assert isinstance(policy.decide(Call({"n": 1}), facts), Allow | AskApproval | Refuse)


@pytest.mark.parametrize(
    "anything", [None, 1, "x", [], {}, {"same": 1}, {"same": {}, "match": {}, "open": {}}]
)
def test_a_standing_word_of_anything_at_all_spares_nothing(anything: Any) -> None:
    word = Standing(1, anything, standings.COVERABLE)
    facts = Facts(ToolFacts(1, "tool", "h", is_dangerous=True), Grant(1, 1, "Ana", "h"), standing=(word,))
    assert policy.decide(Call({"n": 1}), facts) == AskApproval(("dangerous",))


def conditions(same: Any = None, match: Any = None, left_open: Any = None) -> dict[str, Any]:
    parts = ("same", {} if same is None else same), ("match", {} if match is None else match)
    return {**dict(parts), "open": [] if left_open is None else left_open}


@pytest.mark.parametrize(
    ("said", "sound"),
    [
        (conditions(), True),
        (conditions({"n": 1}), True),
        (conditions(match={"n": [1]}), True),
        (conditions({"n": 1}, left_open=["to"]), True),
        (conditions({"n": 1}, {"n": [1], "to": ["a"]}, ["url"]), True),
        (conditions([]), False),
        (conditions(match=[]), False),
        (conditions(left_open={}), False),
        (conditions([], [], []), False),
        (conditions(left_open=["n"]), False),
        (conditions({"n": 1}, left_open=["n"]), False),
        (conditions(match={"n": []}), False),
        (conditions(match={"n": True}), False),
        (conditions(match={"/n/a": [1]}), False),
        (conditions({"to": 1}, {"/n/a": [1]}), False),
        (conditions(match={"n": [{"contains": "a"}]}), False),
        (conditions(match={"n": [{"like": "a"}]}), False),
        ({**conditions(), "more": []}, False),
        ({"same": {}, "match": {}}, False),
    ],
)
def test_which_conditions_can_be_read(said: Any, sound: bool) -> None:
    assert standings.is_sound(said) is sound


def test_a_word_that_covers_all_reasons_spares_all_of_them() -> None:
    tool = ToolFacts(1, "tool", "h", is_dangerous=True, requires_approval=True)
    grant = Grant(1, 1, "Ana", "h", forces_approval=True, ask_when=["n"])
    word = Standing(7, conditions({"n": 1}), standings.COVERABLE)
    above = ("installation", "organization", "tool")
    rows = tuple(Layer(Source(name, 1, "Row"), requires_approval=True, ask_when=["n"]) for name in above)
    facts = Facts(tool, grant, standing=(word,), layers=rows)
    asked = policy.decide(Call({"n": 1}), replace(facts, standing=()))
    assert isinstance(asked, AskApproval)
    assert frozenset(asked.reasons) == standings.COVERABLE
    assert policy.decide(Call({"n": 1}), facts) == Allow(standing=7)
    for fewer in standings.COVERABLE:
        less = replace(word, covers=standings.COVERABLE - {fewer})
        assert policy.decide(Call({"n": 1}), replace(facts, standing=(less,))) == asked


@pytest.mark.parametrize("given_now", [{}, {"n": 2}, {"n": 1, "to": "a"}])
def test_what_does_not_fit_is_false_and_nothing_else(given_now: dict[str, Any]) -> None:
    word = Standing(7, conditions({"n": 1}), standings.COVERABLE)
    tool: Any = ToolFacts(1, "tool", "h")
    assert standings.fits(word, Call(given_now), tool) is False
    assert standings.fits(replace(word, conditions={}), Call({"n": 1}), tool) is False
    # What cannot be read at all, too.
    assert standings.fits(word, Call({"n": 1}), replace(tool, kinds=["path"])) is False
