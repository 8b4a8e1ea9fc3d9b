"""Everything that is wrong with a rule is told at once, each with its parameter and its matcher."""

import json

import pytest

from tools_app import rules
from tools_app.admin import rule_help
from tools_app.governing import faults
from tools_app.rules.matchers import OPERATORS


def test_each_mistake_is_named_with_parameter_and_matcher() -> None:
    told = faults.told({"expression": ["1", {"rnage": {"min": 1}}, {"regex": "("}], "unit": {"a": 1}})
    assert "expression, matcher 2: there is no operator 'rnage'" in told
    assert "expression, matcher 3: regex wants a pattern" in told
    assert "unit: the values of a parameter are a list" in told


def test_a_sound_rule_has_no_faults() -> None:
    assert faults.told({"city": ["Oslo", {"regex": "^B"}], "*": True}, allowing=True) == ""
    assert faults.told(None) == ""
    assert faults.told(["city"]) == ""


@pytest.mark.parametrize("rule", ["city", 5, {"kind:nothing": ["x"]}, {"a": [[1]]}, {1: ["x"]}])
def test_what_the_gate_cannot_read_is_never_told_as_sound(rule: object) -> None:
    assert not rules.is_sound(rule)
    assert faults.told(rule).startswith("This rule cannot be evaluated: ")


def test_there_is_an_end_to_what_is_told() -> None:
    told = faults.told({f"p{n}": [{"x": 1}] for n in range(50)})
    assert told.count("there is no operator") == 12
    assert told.endswith("and more.")


def test_every_matcher_has_an_example_that_can_be_evaluated() -> None:
    assert set(rule_help.MATCHERS) == set(OPERATORS)
    for example in rule_help.MATCHERS.values():
        rules.check({"any": [json.loads(example)]})
    for name in ("denied_parameters", "allowed_parameters", "ask_when"):
        for example in rule_help.EXAMPLES[name]:
            rules.check(json.loads(example), allowing=name == "allowed_parameters")
