"""Parts of the gate asked by themselves, where who asks them today would hide what they say."""

from __future__ import annotations

from typing import Any

import pytest

from tools_app import rules
from tools_app.policy import Call, Facts, Grant, Layer, Refuse, Source, Standing, ToolFacts, asking, layering
from tools_app.policy import standing as standings
from tools_app.rules import matchers, offering, values
from tools_app.rules.matchers import Seen

TOOL = ToolFacts(id=7, name="fetch", content_hash="t", kinds={"url": "url", "x": "text"})
GRANT = Grant(id=9, agent_type_id=1, agent_name="Ana", agent_hash="a")


@pytest.mark.parametrize("facts", [Facts(TOOL, None), Facts(None, GRANT), Facts(None, None)])
def test_nobody_is_spared_a_question_without_a_tool_and_a_grant(facts: Facts) -> None:
    """No reason to ask would mean that it may run."""
    with pytest.raises(ValueError, match="without a tool and a grant"):
        asking.reasons(facts, ())


@pytest.mark.parametrize("said", [{"denied": {"url": ["10.1.2.3"]}}, {"ask_when": {"url": ["10.1.2.3"]}}])
def test_a_refusal_of_what_a_host_stands_for_says_what_it_is(said: dict[str, Any]) -> None:
    layer = Layer(Source("organization", 3), **said)
    call = Call({"url": "https://inside.example/"})
    refused = list(layering.denied_address("url", "10.1.2.3", call, TOOL, (layer,)))
    assert [(each.code, each.rule) for each in refused] == [("denied_parameter", layer.source)]


def test_a_refusal_of_what_nobody_can_be_asked_any_more_says_what_it_is() -> None:
    layer = Layer(Source("organization", 3), ask_when={"x": ["a"]})
    refused = list(layering.unasked(layering.subject_of(Call({"x": "a"}), TOOL), (layer,)))
    assert [(type(each), each.code, each.rule) for each in refused] == [
        (Refuse, "denied_parameter", layer.source)
    ]


@pytest.mark.parametrize("kind", ["path", "folder"])
def test_what_came_to_be_where_nothing_was_has_to_be_looked_at(kind: str) -> None:
    tool = ToolFacts(id=7, name="list", content_hash="t", kinds={"at": kind})
    given = Standing(7, {"same": {"at": "notes"}, "match": {}, "open": []})
    assert standings.fits(given, Call({"at": "notes"}), tool)
    assert not standings.fits(given, Call({"at": "notes"}, also={"at": ["notes", "/srv/notes"]}), tool)


@pytest.mark.parametrize(
    ("matcher", "kind", "means"),
    [
        ("https://a.example/x", "url", ("host", "https://a.example/x")),
        ("a.example", "host", ("host", "a.example")),
        ("sudo", "command", ("contains", "sudo")),
        ("notes", "folder", ("path_under", "notes")),
        ({"url": "https://a.example/"}, "text", ("url", "https://a.example/")),
        (7, "url", ("equals", 7)),
    ],
)
def test_what_a_matcher_means_where_it_denies(matcher: object, kind: str, means: tuple[str, object]) -> None:
    assert matchers.meaning(matcher, kind) == means


def test_a_statement_nobody_has_read_is_unreadable() -> None:
    assert Seen("select 1").sql == "unreadable"


@pytest.mark.parametrize(
    ("rule", "spoken_of"),
    [
        (None, []),
        ([], []),
        (["x"], [("x", "")]),
        (["*"], [("url", ""), ("x", "")]),
        (["/x/a"], [("x", "")]),
        (["/*/a"], [("url", ""), ("x", "")]),
        (["y"], []),
        ({"x": True}, [("x", "")]),
        ({"x": []}, [("x", "")]),
        # By name, and read as a text: as another kind it would mean something else.
        ({"x": ["a"]}, [("x", "text")]),
        ({"url": ["a.example"]}, [("url", "url")]),
        # By its kind: another kind takes it out of the rule, whatever the rule says.
        ({"kind:url": True}, [("url", "url")]),
        (["kind:url"], [("url", "url")]),
        ({"kind:url": [], "x": True}, [("url", "url"), ("x", "")]),
        ({"kind:path": True}, []),
    ],
)
def test_which_parameters_a_rule_takes_hold_of(rule: object, spoken_of: list[tuple[str, str]]) -> None:
    assert sorted(rules.taken_hold_of(rule, {"url": "url", "x": "text"})) == spoken_of


@pytest.mark.parametrize(
    ("denied", "is_refused"),
    [
        (None, False),
        ([], False),
        (["x"], True),
        (["y"], False),
        (["*"], True),
        (["kind:url"], True),
        ({"x": True}, True),
        ({"x": []}, True),
        ({"x": ["a"]}, False),
        ({"x": ["a"], "kind:url": True}, True),
        ({"/x/a": True}, False),
    ],
)
def test_which_deny_rule_leaves_no_value(denied: object, is_refused: bool) -> None:
    assert offering.is_refused_whole(denied, "x", "url") is is_refused


@pytest.mark.parametrize(
    ("allowed", "may"),
    [
        (None, True),
        ([], False),
        (["x"], True),
        (["y"], False),
        ({"x": True, "kind:url": []}, False),
        ({"x": [], "kind:url": True}, False),
        ({"x": ["a"], "kind:url": True}, True),
        ({"*": []}, False),
        ({"/x/a": True}, True),
        ({"/y/a": True}, False),
    ],
)
def test_which_allow_rule_leaves_any_value(allowed: object, may: bool) -> None:
    """What a parameter's name and its kind say holds together: one that leaves nothing leaves nothing."""
    assert offering.may_be_given(allowed, "x", "url") is may


def test_long_texts_do_not_fill_the_memory_of_short_ones() -> None:
    before = values._remembered.cache_info()
    for number in range(50):
        values.loosened(f"{number}" + "x" * 10_000)
    assert values._remembered.cache_info().currsize == before.currsize
    assert values._just_now.cache_info().currsize < 50, "a text may be as long as all arguments together"


def test_the_values_of_a_long_rule_are_read_once() -> None:
    listed = [f"value {number}" for number in range(matchers.MOST_MATCHERS)]
    assert [values.loosened(each) for each in listed] == listed
    before = values._remembered.cache_info().misses
    assert [values.loosened(each) for each in listed] == listed
    assert values._remembered.cache_info().misses == before
