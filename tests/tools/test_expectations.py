"""What a saved case may expect, and when that is met: a table of cases without a database."""

from __future__ import annotations

from typing import Any

import pytest

from tools_app.cataloging import expectations
from tools_app.cataloging.expectations import Happened

RAIN = Happened("succeeded", "Rain in Oslo, 3 degrees.", {"days": [{"t": 3}, {"t": 1.5}], "none": None})


@pytest.mark.parametrize(
    "expectation",
    [
        {"outcome": "succeeded"},
        {"outcome": "succeeded", "text": {"contains": "Oslo"}},
        {"outcome": "succeeded", "text": {"contains": ["Oslo", "3"]}},
        {"outcome": "succeeded", "text": {"matches": "[0-9]+ degrees"}},
        {"outcome": "succeeded", "text": {"equals": "Rain in Oslo, 3 degrees."}},
        {"outcome": "succeeded", "data": [{"pointer": "/days/0/t", "equals": 3}]},
        {"outcome": "succeeded", "data": [{"pointer": "/days/1", "exists": True}]},
        {"outcome": "succeeded", "data": [{"pointer": "/days/2", "exists": False}]},
        {
            "outcome": "succeeded",
            "data": [{"pointer": "/none", "equals": None}, {"pointer": "", "exists": True}],
        },
    ],
)
def test_what_is_met(expectation: dict[str, Any]) -> None:
    assert expectations.problems(expectation) == []
    assert expectations.unmet(expectation, RAIN) == []


@pytest.mark.parametrize(
    ("expectation", "words"),
    [
        ({"outcome": "failed"}, "It should fail, and succeeded: Rain in Oslo"),
        ({"outcome": "refused"}, "It should be refused, and succeeded"),
        ({"outcome": "asks"}, "It should ask a person, and succeeded"),
        ({"outcome": "succeeded", "text": {"contains": ["Oslo", "snow"]}}, "does not contain 'snow'"),
        ({"outcome": "succeeded", "text": {"matches": "^snow"}}, "does not match"),
        ({"outcome": "succeeded", "text": {"equals": "Rain"}}, "is not 'Rain', it is 'Rain in Oslo"),
        (
            {"outcome": "succeeded", "data": [{"pointer": "/days/0/t", "equals": "3"}]},
            '/days/0/t is 3, not "3"',
        ),
        ({"outcome": "succeeded", "data": [{"pointer": "/days/0/t", "equals": True}]}, "is 3, not true"),
        ({"outcome": "succeeded", "data": [{"pointer": "/days/2", "exists": True}]}, "There is no /days/2"),
        ({"outcome": "succeeded", "data": [{"pointer": "/days", "exists": False}]}, "There is a /days"),
    ],
)
def test_what_is_not_met_is_said(expectation: dict[str, Any], words: str) -> None:
    assert expectations.problems(expectation) == []
    assert words in " ".join(expectations.unmet(expectation, RAIN))


@pytest.mark.parametrize(
    "expectation",
    [
        None,
        [],
        {},
        {"outcome": "wonderful"},
        {"outcome": "succeeded", "milliseconds": 5},
        {"outcome": "asks", "text": {"contains": "x"}},
        {"outcome": "succeeded", "text": "x"},
        {"outcome": "succeeded", "text": {"startswith": "x"}},
        {"outcome": "succeeded", "text": {"contains": 5}},
        {"outcome": "succeeded", "text": {"equals": ["x"]}},
        {"outcome": "succeeded", "text": {"contains": "x" * 20_000}},
        {"outcome": "succeeded", "text": {"contains": ["x"] * 21}},
        {"outcome": "succeeded", "text": {"matches": "(?=x)"}},
        {"outcome": "succeeded", "text": {"matches": "("}},
        {"outcome": "succeeded", "text": {"matches": "\ud800"}},
        {"outcome": "succeeded", "data": {"pointer": ""}},
        {"outcome": "succeeded", "data": [{"pointer": "days", "exists": True}]},
        {"outcome": "succeeded", "data": [{"pointer": "/days"}]},
        {"outcome": "succeeded", "data": [{"pointer": "/days", "equals": 1, "exists": True}]},
        {"outcome": "succeeded", "data": [{"pointer": "/days", "exists": "yes"}]},
        {"outcome": "succeeded", "data": [{"pointer": "/days", "equals": 1, "within": 5}]},
        {"outcome": "succeeded", "data": [{"pointer": "/a", "exists": True}] * 21},
    ],
)
def test_what_cannot_be_expected_is_named(expectation: Any) -> None:
    assert expectations.problems(expectation)


def test_a_catastrophic_pattern_is_quick_on_a_large_result() -> None:
    expectation = {"outcome": "succeeded", "text": {"matches": "(a+)+$"}}
    assert expectations.problems(expectation) == []
    assert expectations.unmet(expectation, Happened("succeeded", "a" * 250_000 + "b"))


def test_a_result_without_structure_has_no_parts() -> None:
    expectation = {"outcome": "succeeded", "data": [{"pointer": "/a", "exists": True}]}
    assert expectations.unmet(expectation, Happened("succeeded", "text alone"))
