"""What may be told to tools beside who asks: plain, small, and nobody's identity; whatever else is sent."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.exceptions import InvalidContext
from agents_app.granted import background


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "sent",
    [
        {"a": "\x00"},
        {"a": "\ud800"},
        {"a": "x" * 10_000_000},
        {"a": float("nan")},
        {"a": 2**60},
        {"a": object()},
        nested(100),
        nested(10_000),
        {str(number): number for number in range(20_000)},
        {"user_id": "1"},
        {"\uff55ser_id": "1"},  # A wide letter that folds into a plain one.
        {"metadata": {}},
    ],
)
def test_what_is_no_plain_value_is_refused(sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidContext):
        background.of_run(sent)


def test_what_is_plain_is_taken_as_it_is() -> None:
    sent = {"project": "apollo", "labels": ["a", {"b": [1, 2.5, None, True]}], "größe": "ü"}
    assert background.of_run(sent) == sent
    assert background.of_run(None) == {}
    assert background.written({}) == b""
    assert background.written({"a": 1, "b": 2}) == background.written({"b": 2, "a": 1})
