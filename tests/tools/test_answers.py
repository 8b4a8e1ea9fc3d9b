"""What fits into a form: every kind of field, what is wrong with the rest, and how the answer is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools_app.approving import answers
from tools_app.approving.answers import Field, Form
from tools_app.builtin_tools import ask_user
from tools_app.exceptions import InvalidAnswer

COLOURS = ("red", "green", "blue")


def form(kind: str, *, required: bool = True) -> Form:
    options = COLOURS if kind in ("choice", "choices") else ()
    return Form("Well?", (Field("it", "It", kind, options, required),))


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("text", "  green  ", "green"),
        ("text", "a\x00b\ud800", "a\\u0000b\\ud800"),
        ("number", "17.50", 17.5),
        ("number", 3, 3),
        ("date", "2026-11-21", "2026-11-21"),
        ("yes_no", "yes", True),
        ("yes_no", False, False),
        ("choice", "green", "green"),
        ("choices", ["blue", "red", "blue"], ["red", "blue"]),
        ("choices", "red", ["red"]),
    ],
)
def test_what_fits_is_kept(kind: str, value: Any, kept: Any) -> None:
    assert answers.checked(form(kind), {"it": value}) == {"it": kept}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 7),
        ("text", ["a"]),
        ("text", "x" * 4001),
        ("number", "NaN"),
        ("number", "1e400"),
        ("number", "9" * 5000),
        ("number", True),
        ("number", [1]),
        ("number", "seven"),
        ("date", "21.11.2026"),
        ("date", "2026-02-30"),
        ("date", {"a": 1}),
        ("yes_no", "maybe"),
        ("yes_no", 2),
        ("choice", "pink"),
        ("choice", ["red"]),
        ("choice", {"a": 1}),
        ("choices", ["red", "pink"]),
        ("choices", [["red"]]),
        ("choices", ["red"] * 9),
        ("choices", {"red": 1}),
    ],
)
def test_what_does_not_fit_is_told_at_its_field(kind: str, value: Any) -> None:
    with pytest.raises(InvalidAnswer) as told:
        answers.checked(form(kind), {"it": value})
    assert list(told.value.details["fields"]) == ["it"]


def test_what_nobody_asked_is_refused_and_what_is_left_empty_only_where_it_may() -> None:
    with pytest.raises(InvalidAnswer) as told:
        answers.checked(form("text"), {"user_id": "7"})
    assert told.value.details["fields"] == {
        "user_id": "Nothing of this name is asked.",
        "it": "Please answer this.",
    }
    assert answers.checked(form("choices", required=False), {"it": []}) == {}


@given(
    st.sampled_from(["text", "number", "date", "yes_no", "choice", "choices"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=8,
    ),
)
@settings(max_examples=150, deadline=None)
def test_any_value_is_kept_or_refused_at_its_field(kind: str, value: Any) -> None:
    try:
        kept = answers.checked(form(kind, required=False), {"it": value})
    except InvalidAnswer as told:
        where = list(told.details["fields"])
    else:
        where = ["it"]
        assert answers.checked(form(kind, required=False), kept) == kept
    assert where == ["it"]


def test_the_form_of_a_single_question() -> None:
    assert ask_user.form({"question": "Which?", "options": ["a", "b"]}).fields[0].type == "choice"
    assert (
        ask_user.form({"question": "Which?", "options": ["a", "b"], "several": True}).fields[0].type
        == "choices"
    )
    assert ask_user.form({"question": "Which?"}).fields[0].type == "text"


def test_parts_of_one_name_are_told_apart() -> None:
    parts = [
        {"name": "size", "label": "Height"},
        {"name": "size", "label": "Width", "type": "number", "optional": True},
    ]
    asked = ask_user.form({"question": "How big?", "fields": parts})
    assert [(field.name, field.type, field.required) for field in asked.fields] == [
        ("size", "text", True),
        ("size_2", "number", False),
    ]
    assert (
        answers.told(asked, {"size": "tall"}) == "The person answered:\n- Height: tall\n- Width: (left empty)"
    )
