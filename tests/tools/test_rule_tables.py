"""What is asked of rules besides "may this pass": what they leave, what only advises, which places they speak of.

And the bounds of what one rule may cost, each met exactly: one less passes, one more is refused.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.test_rules import denied, not_allowed
from tools_app import rules
from tools_app.rules import Subject, UnknownRule

KINDS = {"url": "url", "path": "path", "tree": "folder", "command": "command", "code": "code", "note": "text"}


@pytest.mark.parametrize(
    ("rule", "name", "left"),
    [
        (None, "x", None),
        (["x"], "x", None),
        ({}, "x", None),
        ({"x": True}, "x", None),
        ({"x": []}, "x", None),
        ({"x": ["a"]}, "x", ["a"]),
        ({"x": ["a", "b", 1, None, True]}, "x", ["a", "b", 1, None, True]),
        ({"x": [{"equals": "a"}]}, "x", ["a"]),
        ({"x": [{"one_of": ["a", 2]}, "c"]}, "x", ["a", 2, "c"]),
        ({"x": [{"one_of": ["a"]}, {"regex": "b"}]}, "x", None),
        ({"x": [{"range": {"min": 1, "max": 2}}]}, "x", None),
        ({"x": ["a"]}, "y", None),
        ({"*": ["a"]}, "x", ["a"]),
        ({"*": ["a"], "x": ["b"]}, "x", ["b"]),
        ({"*": ["a"], "x": True}, "x", None),
        ({"*": ["a"], "/x/to": ["b"]}, "x", None),
        ({"*": ["a"], "/y/to": ["b"]}, "x", ["a"]),
        ({"*": ["a"], "/*/to": ["b"]}, "x", ["a"]),
        ({"kind:text": ["a", "b"], "note": ["b", "c"]}, "note", ["b"]),
        ({"kind:text": ["a"], "note": ["c"]}, "note", []),
        ({"kind:text": True, "note": ["c"]}, "note", ["c"]),
        ({"path": ["notes"]}, "path", None),
        ({"url": ["https://a.example/"]}, "url", None),
        ({"url": [{"equals": "https://a.example/"}]}, "url", ["https://a.example/"]),
        ({"command": ["ls"]}, "command", ["ls"]),
        ("broken", "x", None),
        ({"x": "broken"}, "x", None),
        ({"x": ["a"], "y": [{"contains": "b"}]}, "x", None),
        ({"x": ["a"], "y": [{"like": "b"}]}, "x", None),
    ],
)
def test_the_values_an_allow_rule_leaves(rule: Any, name: str, left: Any) -> None:
    assert rules.values_allowed(rule, name, KINDS) == left


@pytest.mark.parametrize(
    ("forbidden", "allowed", "name", "out"),
    [
        (None, None, "x", False),
        (["x"], None, "x", True),
        (["x"], None, "y", False),
        (["*"], None, "x", True),
        (["kind:url"], None, "url", True),
        (["kind:url"], None, "x", False),
        (["kind:path"], None, "tree", True),
        ({"x": True}, None, "x", True),
        ({"x": []}, None, "x", True),
        ({"x": ["a"]}, None, "x", False),
        ({"x": ["a"], "*": True}, None, "x", True),
        ({"/x/a": True}, None, "x", False),
        ("broken", None, "x", False),
        (None, ["x"], "x", False),
        (None, ["y"], "x", True),
        (None, [], "x", True),
        (None, {}, "x", True),
        (None, {"x": True}, "x", False),
        (None, {"x": []}, "x", True),
        (None, {"x": ["a"]}, "x", False),
        (None, {"*": True}, "x", False),
        (None, {"*": []}, "x", True),
        (None, {"*": True, "x": []}, "x", True),
        (None, {"kind:url": ["a.example"]}, "url", False),
        (None, {"kind:url": ["a.example"]}, "x", True),
        (None, {"/x/a": ["b"]}, "x", False),
        (None, {"/*/a": ["b"]}, "x", False),
        (None, {"/**": ["b"]}, "x", False),
        (None, {"/y/a": ["b"]}, "x", True),
        (None, {"/x/a": ["b"], "y": True}, "x", False),
        (None, {"/x//": ["b"]}, "x", False),
        (None, "broken", "x", False),
        (["y"], ["x"], "x", False),
    ],
)
def test_which_parameters_rules_leave_out(forbidden: Any, allowed: Any, name: str, out: bool) -> None:
    assert rules.leaves_out(forbidden, allowed, name, KINDS.get(name, "")) is out


@pytest.mark.parametrize(
    ("rule", "advised"),
    [
        (None, []),
        (["command"], []),
        ({"command": True}, []),
        ({"command": []}, []),
        ({"command": ["sudo"]}, ["command"]),
        ({"command": [{"contains": "sudo"}]}, ["command"]),
        ({"command": [{"regex": "su.o"}]}, ["command"]),
        ({"command": [{"equals": "sudo"}]}, ["command"]),
        ({"command": [{"one_of": ["sudo"]}]}, ["command"]),
        ({"command": [{"range": {"min": 1}}]}, ["command"]),
        ({"command": [{"host": "a.example"}]}, ["command"]),
        ({"command": [{"host": "a.example"}, "sudo"]}, ["command"]),
        ({"code": ["import os"]}, ["code"]),
        ({"note": ["sudo"]}, []),
        ({"path": ["/etc"]}, []),
        ({"url": ["a.example"]}, []),
        ({"x": ["sudo"]}, []),
        ({"kind:command": ["sudo"]}, ["kind:command"]),
        ({"kind:url": ["a.example"]}, []),
        ({"*": ["sudo"]}, ["*"]),
        ({"/command/0": ["sudo"]}, ["/command/0"]),
        ({"/*/0": ["sudo"]}, ["/*/0"]),
        ({"/x/0": ["sudo"]}, []),
        ({"command": ["sudo"], "path": ["/etc"], "code": ["os"]}, ["command", "code"]),
    ],
)
def test_which_rules_only_advise(rule: Any, advised: list[str]) -> None:
    assert rules.advisory(rule, KINDS) == advised


def test_a_rule_over_all_others_advises_only_where_there_is_something_to_write_freely() -> None:
    assert rules.advisory({"*": ["sudo"]}, {"path": "path"}) == []
    assert rules.advisory({"*": ["sudo"]}, {}) == []


@pytest.mark.parametrize(
    ("rule", "operator", "used"),
    [
        (None, "sql_read_only", False),
        (["x"], "sql_read_only", False),
        ({"x": True}, "sql_read_only", False),
        ({"x": ["a", {"sql_read_only": True}]}, "sql_read_only", True),
        ({"x": [{"equals": "sql_read_only"}]}, "sql_read_only", False),
        ({"x": [{"each": [{"regex": "a"}]}], "y": ["b"]}, "regex", True),
        ({"x": [{"argv": {"program": "/bin/ls", "args": [{"regex": "a"}]}}]}, "regex", True),
        ({"x": [{"regex": "a"}, "b"]}, "regex", True),
        ({"x": ["b", {"regex": "a"}]}, "regex", True),
        ({"x": ["b"], "y": [{"regex": "a"}]}, "regex", True),
        ({"x": [{"regex": "a"}]}, "equals", False),
        ("regex", "regex", False),
    ],
)
def test_which_operators_a_rule_uses(rule: Any, operator: str, used: bool) -> None:
    assert rules.uses(rule, operator) is used


@pytest.mark.parametrize(
    ("rule", "name", "speaks"),
    [
        (None, "x", False),
        ([], "x", False),
        (["x"], "x", False),
        (["/x/a"], "x", True),
        (["/y/a"], "x", False),
        (["/*/a"], "x", True),
        (["/**"], "x", True),
        (["x", "/y/a"], "x", False),
        (["y", "/x/a"], "x", True),
        ({"/x/a": ["b"]}, "x", True),
        ({"x": ["b"]}, "x", False),
        ("broken", "x", False),
        (["/x//"], "x", False),
    ],
)
def test_which_rules_speak_of_parts(rule: Any, name: str, speaks: bool) -> None:
    assert rules.speaks_of_parts(rule, name) is speaks


def passes(rule: Any, value: Any) -> bool:
    try:
        denied(rule, {"x": value})
    except UnknownRule:
        return False
    return True


def test_what_rules_may_cost_is_met_exactly() -> None:
    """64 places and 200,000 steps: a short text costs 10 and a 25th of each letter, a matcher of it 2.

    Each a literal here, so that nobody moves one unseen.
    """
    assert passes({"x": [5]}, [7] * 100_000)
    assert not passes({"x": [5]}, [7] * 100_001)
    assert passes({"x": [5, 6]}, [7] * 50_000)
    assert passes({"x": ["b"]}, ["a"] * 99_994)
    assert not passes({"x": ["b"]}, ["a"] * 99_995)
    assert passes({"x": [5], "/x/y": [6]}, [7] * 66_665)
    assert not passes({"x": [5], "/x/y": [6]}, [7] * 66_667)
    assert passes([f"/x/{n}" for n in range(64)], "a")
    assert not passes([f"/x/{n}" for n in range(65)], "a")
    assert passes(["x", *(f"/x/{n}" for n in range(64))], "a")


def test_what_many_matchers_and_deep_ones_may_be_is_met_exactly() -> None:
    assert rules.is_sound({"x": list(range(1_000))})
    assert not rules.is_sound({"x": list(range(1_001))})
    four: Any = ["a"]
    for _ in range(4):
        four = [{"each": four}]
    assert rules.is_sound({"x": four})
    assert not rules.is_sound({"x": [{"each": four}]})
    three = four[0]["each"]
    for part in ("args", "rest"):
        argv = {"program": "/bin/ls"}
        assert rules.is_sound({"x": [{"argv": {**argv, part: three}}]})
        assert not rules.is_sound({"x": [{"argv": {**argv, part: four}}]})
    assert rules.is_sound({"x": [{"regex": "a" * 1_000}]})
    assert not rules.is_sound({"x": [{"regex": "a" * 1_001}]})
    assert rules.is_sound(["/" + "/".join("a" * 16)])
    assert not rules.is_sound(["/" + "/".join("a" * 17)])


def test_a_pattern_reads_values_of_up_to_four_kilobytes() -> None:
    rule = {"x": [{"regex": ".*"}]}
    assert not_allowed(rule, {"x": "x" * 4_096}) == []
    assert not_allowed(rule, {"x": "x" * 4_097}) == ["x"]
    assert not_allowed(rule, {"x": "ü" * 2_048}) == []
    assert not_allowed(rule, {"x": "ü" * 2_049}) == ["x"]


@pytest.mark.parametrize(
    ("rule", "allowing", "words"),
    [
        ("x", False, "a rule is a list of names or a mapping"),
        ([1], False, "called by their names"),
        ({"kind:shape": ["a"]}, False, "no kind 'shape'"),
        (["kind:"], False, "wants the name of a kind"),
        (["/x//"], False, "is not a place"),
        (["/x/a"], True, "a list allows whole parameters"),
        ({"x": "a"}, False, "are a list, or true"),
        ({"x": [["a"]]}, False, "cannot be a value"),
        ({"x": [{"equals": 1, "one_of": [1]}]}, False, "exactly one operator"),
        ({"x": [{"like": 1}]}, False, "no operator 'like'; there are equals, one_of"),
        ({"x": [{"contains": "a"}]}, True, "can only deny"),
        ({"x": [{"equals": []}]}, False, "equals wants a text, a number"),
        ({"x": [{"range": {"min": 2, "max": 1}}]}, False, "range wants min, max"),
        ({"x": [{"argv": {"program": "ls"}}]}, False, "by its absolute path"),
        ({"x": [{"argv": {"program": "/bin/ls", "args": "a"}}]}, False, "one matcher for each argument"),
        ({"x": [{"argv": {}}]}, False, "argv wants a program"),
        ({"x": [{"sql_read_only": False}]}, False, "sql_read_only wants true$"),
        ({"x": list(range(1_001))}, False, "too many values"),
    ],
)
def test_who_writes_a_rule_is_told_what_is_wrong_with_it(rule: Any, allowing: bool, words: str) -> None:
    with pytest.raises(UnknownRule, match=words):
        rules.check(rule, allowing=allowing)


@pytest.mark.parametrize(
    ("given", "kinds"), [("x", {}), ([], {}), (None, {}), ({}, []), ({}, "x"), ({}, None), ([], [])]
)
def test_what_is_no_subject_is_refused(given: Any, kinds: Any) -> None:
    with pytest.raises(UnknownRule, match="are mappings by name"):
        Subject(given, kinds)


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        (None, False),
        (["to"], False),
        ({"to": True}, False),
        ({"to": ["10.0.0.1"]}, True),
        ({"to": ["a.example", "10.0.0.1"]}, True),
        ({"to": ["10.0.0.2"]}, False),
        ({"other": ["10.0.0.1"]}, False),
        ({"*": ["10.0.0.1"]}, True),
        ({"kind:url": ["10.0.0.1"]}, True),
        ({"kind:host": ["10.0.0.1"]}, False),
        ({"/to/0": ["10.0.0.1"]}, True),
        ({"/*/0": ["10.0.0.1"]}, True),
        ({"/other/0": ["10.0.0.1"]}, False),
        ({"to": [{"host": "10.0.0.1"}]}, True),
        ({"to": [{"url": "https://10.0.0.1/"}]}, True),
        ({"to": [{"equals": "10.0.0.1"}]}, False),
        ({"to": [{"regex": "10"}]}, False),
    ],
)
def test_which_rules_deny_the_address_a_host_stands_for(rule: Any, hit: bool) -> None:
    assert rules.denies_address(rule, "to", "url", "10.0.0.1") is hit


def test_all_that_a_rule_says_of_a_parameter_must_allow_it() -> None:
    """By its kind and by its name; the star is for what neither speaks of."""
    rule = {"kind:text": ["a", "b"], "note": ["b", "c"], "*": ["d"]}
    told = {value: not_allowed(rule, {"note": value}, KINDS) for value in "abcd"}
    assert told == {"a": ["note"], "b": [], "c": ["note"], "d": ["note"]}


@pytest.mark.parametrize(
    ("value", "other", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": [1, {"b": None}]}, {"a": [1.0, {"b": None}]}, True),
        ([1, 2], [2, 1], False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": "1"}, False),
        (1.5, 1.5, True),
    ],
)
def test_the_same_json_value(value: Any, other: Any, same: bool) -> None:
    assert rules.is_same(value, other) is same
