"""The strict reader, defaults, reserved names, canonical form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tools_app import arguments
from tools_app.exceptions import InvalidArguments

LIMIT = 65_536


def nested(depth: int, inner: str = "1") -> str:
    return '{"a":' * depth + inner + "}" * depth


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", {}),
        (b"", {}),
        ("  \n", {}),
        ("{}", {}),
        ('{"a": 1}', {"a": 1}),
        (b'{"a": "\xc3\xbc"}', {"a": "ü"}),
        ('{"a": 9007199254740991, "b": -9007199254740991}', {"a": 2**53 - 1, "b": -(2**53) + 1}),
        ('{"a": 1e308, "b": 0.1, "c": -0.0}', {"a": 1e308, "b": 0.1, "c": -0.0}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": null, "b": [true, {"c": []}]}', {"a": None, "b": [True, {"c": []}]}),
        ('{"a": {"x": 1}, "b": {"x": 2}}', {"a": {"x": 1}, "b": {"x": 2}}),
    ],
)
def test_plain_json_is_read(raw: str | bytes, expected: dict[str, Any]) -> None:
    assert arguments.parse(raw, max_bytes=LIMIT) == expected


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a": "\xff"}', "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        ('{"a": "\ud800"}', "not_utf8"),
        ('{"a": "\\ud800"}', "invalid_character"),
        ('{"\\udc00": 1}', "invalid_character"),
        ('{"a": "\\u0000"}', "invalid_character"),
        ('{"a\\u0000": 1}', "invalid_character"),
        ('{"a": {"b": ["\\u0000"]}}', "invalid_character"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
        ('{"a": 1, "\\u0061": 2}', "duplicate_key"),
        ('{"x": {"a": 1, "a": 1}}', "duplicate_key"),
        ('{"a": NaN}', "invalid_number"),
        ('{"a": Infinity}', "invalid_number"),
        ('{"a": -Infinity}', "invalid_number"),
        ('{"a": 1e999}', "invalid_number"),
        ('{"a": -1e999}', "invalid_number"),
        ('{"a": 9007199254740992}', "invalid_number"),
        ('{"a": -9007199254740992}', "invalid_number"),
        ('{"a": ' + "9" * 5_000 + "}", "invalid_number"),
        ("[1]", "not_an_object"),
        ('"text"', "not_an_object"),
        ("null", "not_an_object"),
        ("1", "not_an_object"),
        ('{"a": 1', "invalid_json"),
        ('{"a": 1,}', "invalid_json"),
        ("{'a': 1}", "invalid_json"),
        ('{"a": 1} {"a": 2}', "invalid_json"),
        ('{"a": 1} // note', "invalid_json"),
        ('{"a": 01}', "invalid_json"),
        ('{"a": "line\nbreak"}', "invalid_json"),
        ("\ufeff{}", "invalid_json"),
        (nested(33), "too_deep"),
        ("[" * 60_000, "too_deep"),
        ('{"a":' * 10_000, "too_deep"),
        ('{"a": [' + ",".join("1" * 10_001) + "]}", "too_many_values"),
        ('{"a": "' + "x" * LIMIT + '"}', "too_large"),
        ('{"a": "' + "ü" * (LIMIT // 2) + '"}', "too_large"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(raw: str | bytes, code: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        arguments.parse(raw, max_bytes=LIMIT)
    assert refused.value.code == code
    assert refused.value.message.startswith("The arguments are ")
    assert len(refused.value.message) < 250


def test_thirty_two_levels_and_ten_thousand_values_are_accepted() -> None:
    assert arguments.parse(nested(31), max_bytes=LIMIT)
    assert arguments.parse('{"a": [' + ",".join("1" * 9_998) + "]}", max_bytes=LIMIT)


def test_the_message_tells_where_the_json_breaks() -> None:
    with pytest.raises(InvalidArguments, match="line 2, column"):
        arguments.parse('{"a": 1,\n "b" 2}', max_bytes=LIMIT)


json_values = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**53) + 1, 2**53 - 1)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda children: (
        some.lists(children, max_size=4) | some.dictionaries(some.text(max_size=5), children, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    some.dictionaries(
        some.text(some.characters(exclude_characters="\x00", exclude_categories=["Cs"])), json_values
    )
)
def test_canonical_form_is_stable_and_equal(value: dict[str, Any]) -> None:
    once = arguments.canonical(value)
    assert once == value
    assert arguments.canonical(once) == once
    assert json.dumps(arguments.canonical(once)) == json.dumps(once)


def test_numbers_have_one_spelling() -> None:
    found = arguments.canonical(
        {"a": 1.0, "b": -0.0, "c": 1.5, "d": True, "e": [2.0, {"f": 3.0}], "g": 1e300}
    )
    assert json.dumps(found) == '{"a": 1, "b": 0, "c": 1.5, "d": true, "e": [2, {"f": 3}], "g": 1e+300}'


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["path", "limit"], []),
        (["user_id"], ["user_id"]),
        (["userId", "x", "ctx"], ["ctx", "userId"]),
        (["__metadata", "auditingId", "session_id"], ["__metadata", "auditingId", "session_id"]),
        (["ｕser_id"], ["ｕser_id"]),
        (["user", "contexts", "tenant"], []),
    ],
)
def test_reserved_names_are_found(names: list[str], expected: list[str]) -> None:
    assert arguments.reserved(names) == expected
    assert arguments.reserved(dict.fromkeys(names)) == expected


def test_defaults_fill_absent_names_only_and_are_copied() -> None:
    defaults = {"limit": 5, "tags": ["a"], "mode": {"deep": True}}
    filled = arguments.fill({"limit": None, "mode": {}}, defaults)
    assert filled == {"limit": None, "mode": {}, "tags": ["a"]}
    filled["tags"].append("b")
    assert defaults["tags"] == ["a"]
    given_list = [1]
    arguments.fill({"x": given_list}, {})["x"].append(2)
    assert given_list == [1]


@pytest.mark.parametrize(
    ("raw", "accepted"),
    [
        (nested(32, "{}"), False),
        (nested(31, "{}"), True),
        (nested(30, "[1]"), True),
        (nested(30, "[[1]]"), False),
        (nested(31, "[]"), True),
        ('{"a": ' + "[" * 31 + "]" * 31 + "}", True),
        ('{"a": ' + "[" * 32 + "]" * 32 + "}", False),
        ('{"a": [' + ",".join("1" * 9_998) + "]}", True),
        ('{"a": [' + ",".join("1" * 9_999) + "]}", False),
    ],
)
def test_the_bounds_are_exactly_those(raw: str, accepted: bool) -> None:
    """32 levels and 10,000 values (`security.md` 2.1), the object itself counted with them."""
    if accepted:
        assert arguments.parse(raw, max_bytes=LIMIT) == json.loads(raw)
        return
    with pytest.raises(InvalidArguments) as refused:
        arguments.parse(raw, max_bytes=LIMIT)
    assert refused.value.code in ("too_deep", "too_many_values")


def test_as_many_bytes_as_may_be_are_accepted_and_no_more() -> None:
    raw = '{"a": "ü"}'
    size = len(raw.encode())
    assert arguments.parse(raw, max_bytes=size) == {"a": "ü"}
    with pytest.raises(InvalidArguments, match=f"{size} bytes long, and at most {size - 1}"):
        arguments.parse(raw, max_bytes=size - 1)


@pytest.mark.parametrize(
    "digits", ["99999999999999999", "-9999999999999999", "123456789012345678", "-" + "1" * 400]
)
def test_long_numbers_are_refused_by_their_value(digits: str) -> None:
    with pytest.raises(InvalidArguments, match="send it as text"):
        arguments.parse(f'{{"a": {digits}}}', max_bytes=LIMIT)


def test_small_numbers_with_a_sign_are_read() -> None:
    assert arguments.parse('{"a": -9007199254740991}', max_bytes=LIMIT) == {"a": -(2**53) + 1}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float(2**53 - 1), "9007199254740991"),
        (float(2**53), "9007199254740992.0"),
        (-float(2**53 - 1), "-9007199254740991"),
        (1e15, "1000000000000000"),
        (0.5, "0.5"),
    ],
)
def test_only_whole_numbers_that_are_exact_lose_their_point(value: float, written: str) -> None:
    assert json.dumps(arguments.canonical({"a": value})["a"]) == written


def test_the_name_that_is_given_twice_is_told_and_never_at_length() -> None:
    with pytest.raises(InvalidArguments, match='ambiguous: "ab" is given twice'):
        arguments.parse('{"a\\u0062": 1, "ab": 2}', max_bytes=LIMIT)
    name = "n" * 100
    for more in ("", "m", "m" * 900):
        with pytest.raises(InvalidArguments) as refused:
            arguments.parse(f'{{"{name}{more}": 1, "{name}{more}": 2}}', max_bytes=LIMIT)
        assert refused.value.message == f'The arguments are ambiguous: "{name}" is given twice.'
