"""Rows become messages for a provider: order, merging, results, cuts; valid for the provider whatever happened."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents_app.transcript import Exchange, Turn, Use, build

PLENTY = 1_000_000


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(key: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": key, "name": "tool", "input": {}}


def result(key: str, words: str, *, is_error: bool = False) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": key, "content": [text(words)]}
    return {**block, "is_error": True} if is_error else block


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


CANCELLED = "This was cancelled before it ran."
THINKING = {"type": "thinking", "thinking": "hm", "signature": "s"}

CASES: dict[str, tuple[list[Exchange], list[dict[str, Any]]]] = {
    "nothing": ([], []),
    "first message": ([Exchange("Hi")], [user(text("Hi"))]),
    "answered": (
        [Exchange("Hi", [Turn([text("Hello")])]), Exchange("And?")],
        [user(text("Hi")), assistant(text("Hello")), user(text("And?"))],
    ),
    "unanswered messages merge": (
        [Exchange("One"), Exchange("Two"), Exchange("Three")],
        [user(text("One"), text("Two"), text("Three"))],
    ),
    "tool used": (
        [
            Exchange(
                "Time?",
                [Turn([text("Let me see"), use("a")], uses={"a": Use("noon")}), Turn([text("Noon.")])],
            )
        ],
        [
            user(text("Time?")),
            assistant(text("Let me see"), use("a")),
            user(result("a", "noon")),
            assistant(text("Noon.")),
        ],
    ),
    "several uses keep their order": (
        [Exchange("Q", [Turn([use("b"), use("a")], uses={"a": Use("A"), "b": Use("B", is_error=True)})])],
        [
            user(text("Q")),
            assistant(use("b"), use("a")),
            user(result("b", "B", is_error=True), result("a", "A")),
        ],
    ),
    "use nobody answered": (
        [Exchange("Q", [Turn([use("a"), use("b")], uses={"a": Use("A")})])],
        [
            user(text("Q")),
            assistant(use("a"), use("b")),
            user(result("a", "A"), result("b", CANCELLED, is_error=True)),
        ],
    ),
    "result of nothing is left out": (
        [Exchange("Q", [Turn([text("A")], uses={"x": Use("never asked")})])],
        [user(text("Q")), assistant(text("A"))],
    ),
    "empty result": (
        [Exchange("Q", [Turn([use("a")], uses={"a": Use("")})])],
        [user(text("Q")), assistant(use("a")), user(result("a", "(no output)"))],
    ),
    "results and the next question merge": (
        [Exchange("Q", [Turn([use("a")], uses={"a": Use("A")})]), Exchange("Next")],
        [user(text("Q")), assistant(use("a")), user(result("a", "A"), text("Next"))],
    ),
    "same id in two turns": (
        [Exchange("Q", [Turn([use("a")], uses={"a": Use("1")}), Turn([use("a")], uses={"a": Use("2")})])],
        [
            user(text("Q")),
            assistant(use("a")),
            user(result("a", "1")),
            assistant(use("a")),
            user(result("a", "2")),
        ],
    ),
    "turns without a result between them merge": (
        [Exchange("Q", [Turn([text("One")]), Turn([text("Two")])])],
        [user(text("Q")), assistant(text("One"), text("Two"))],
    ),
    "thinking is repeated as it was": (
        [Exchange("Q", [Turn([THINKING, use("a")], uses={"a": Use("A")})])],
        [user(text("Q")), assistant(THINKING, use("a")), user(result("a", "A"))],
    ),
    "blank text is left out": (
        [Exchange("Q", [Turn([text(" \n"), use("a")], uses={"a": Use("A")})])],
        [user(text("Q")), assistant(use("a")), user(result("a", "A"))],
    ),
    "turn of blanks only": (
        [Exchange("Q", [Turn([text("  ")])]), Exchange("R")],
        [user(text("Q"), text("R"))],
    ),
    "partial text": (
        [Exchange("Q", [Turn(partial="Half an ans ")]), Exchange("R")],
        [user(text("Q")), assistant(text("Half an ans")), user(text("R"))],
    ),
    "partial of nothing": (
        [Exchange("Q", [Turn(partial=" ")]), Exchange("R")],
        [user(text("Q"), text("R"))],
    ),
    "refused": (
        [Exchange("Bad", [Turn([text("No")])], refused=True), Exchange("Good")],
        [user(text("Good"))],
    ),
    "refused in the middle": (
        [Exchange("One", [Turn([text("1")])]), Exchange("Bad", refused=True), Exchange("Two")],
        [user(text("One")), assistant(text("1")), user(text("Two"))],
    ),
}


@pytest.mark.parametrize(("said", "messages"), CASES.values(), ids=CASES)
def test_what_was_said_becomes_messages(said: list[Exchange], messages: list[dict[str, Any]]) -> None:
    assert build(said, budget_tokens=PLENTY) == messages


LEFT_OUT = "[Earlier parts of this conversation are left out.]"
LONG = [Exchange(f"{number}" * 400, [Turn([text("x" * 400)])]) for number in range(1, 6)]


@pytest.mark.parametrize(
    ("budget", "kept"), [(PLENTY, 5), (1100, 5), (900, 4), (700, 3), (450, 2), (220, 1), (1, 1), (0, 1)]
)
def test_oldest_exchanges_are_left_out_beyond_the_budget(budget: int, kept: int) -> None:
    messages = build(LONG, budget_tokens=budget)
    first = messages[0]["content"]
    assert (first[0] == text(LEFT_OUT)) is (kept < 5)
    assert first[-1] == text(f"{6 - kept}" * 400)
    assert sum(message["role"] == "assistant" for message in messages) == kept


def test_refused_exchanges_are_not_announced_as_left_out() -> None:
    messages = build([Exchange("Bad", refused=True), Exchange("Good")], budget_tokens=PLENTY)
    assert messages == [user(text("Good"))]


KEYS = some.sampled_from(["a", "b", "c"])
BLOCKS = some.lists(
    some.one_of(some.builds(text, some.text(max_size=5)), some.builds(use, KEYS), some.just(THINKING)),
    max_size=4,
).map(lambda blocks: [block for at, block in enumerate(blocks) if block not in blocks[:at]])
USES = some.dictionaries(KEYS, some.builds(Use, some.text(max_size=5), some.booleans()), max_size=3)
TURNS = some.lists(some.builds(Turn, BLOCKS, some.text(max_size=5), USES), max_size=4)
SAID = some.lists(
    some.builds(Exchange, some.text(min_size=1, max_size=9), TURNS, some.booleans()), max_size=5
)


@given(SAID, some.integers(0, 50))
def test_messages_are_always_valid_for_the_provider(said: list[Exchange], budget: int) -> None:
    """G8: roles alternate from the person on, and each use has exactly one result, in the very next message."""
    messages = build(said, budget_tokens=budget)
    assert [message["role"] for message in messages] == [
        "user" if index % 2 == 0 else "assistant" for index in range(len(messages))
    ]
    for index, message in enumerate(messages):
        assert message["content"]
        asked = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        told = messages[index + 1]["content"] if asked else []
        answered = [block["tool_use_id"] for block in told if block["type"] == "tool_result"]
        assert answered == asked
        assert all(block["content"][0]["text"] for block in told if block["type"] == "tool_result")
        given_back = [block for block in message["content"] if block["type"] == "tool_result"]
        assert not given_back or message["role"] == "user"
