"""What is hidden before anything is stored, and what stays readable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from audit_app.redaction import HIDDEN, plain, redact, storable

HIDDEN_NAMES = [
    *("password", "Password", "PASSWD", "db_password", "passphrase", "secret", "client_secret", "token"),
    *("access_token", "refreshToken", "api_key", "apiKey", "API-KEY", "x-api-key", "authorization"),
    *("Authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "credential", "credentials"),
    *("private_key", "privateKey", "auth_claims", "csrf_token", "tokens"),
]
SHOWN_NAMES = [
    *("max_tokens", "input_tokens", "output_tokens", "tokens_used", "token_count", "max_output_tokens"),
    *("query", "path", "url", "author", "key", "keyboard", "session", "username", "pass", "compass"),
]


@pytest.mark.parametrize("name", HIDDEN_NAMES)
@pytest.mark.parametrize("value", ["x", 7, ["x"], {"deep": "x"}, 0.5], ids=repr)
def test_value_of_a_secret_name_is_hidden_at_any_depth(name: str, value: Any) -> None:
    assert redact({name: value}) == {name: HIDDEN}
    assert redact([{"deep": [{name: value}]}]) == [{"deep": [{name: HIDDEN}]}]


@pytest.mark.parametrize("name", HIDDEN_NAMES)
@pytest.mark.parametrize("value", [None, "", True, False], ids=repr)
def test_that_there_is_none_stays_readable(name: str, value: Any) -> None:
    assert redact({name: value}) == {name: value}


@pytest.mark.parametrize("name", SHOWN_NAMES)
def test_ordinary_names_stay_readable(name: str) -> None:
    assert redact({name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Bearer abcdefgh12345678", HIDDEN),
        ("Authorization: Bearer abc.def-ghi_jkl", f"Authorization: {HIDDEN}"),
        ("my key is sk-ant-api03-abcdefghijklmnop!", f"my key is {HIDDEN}!"),
        ("ghp_abcdefghijklmnopqrstuvwxyz012345", HIDDEN),
        ("glpat-abcdefghijklmnopqrst", HIDDEN),
        ("xoxb-123456789012-abcdefghijkl", HIDDEN),
        ("AKIAIOSFODNN7EXAMPLE", HIDDEN),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig_nature", HIDDEN),
        ("https://user:pass@host/x", f"https://{HIDDEN}@host/x"),
        ("postgres://u:p@db/x", f"postgres://{HIDDEN}@db/x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", HIDDEN),
        ("-----BEGIN PRIVATE KEY-----\nMII", HIDDEN),
        ("two: sk-aaaaaaaaaaaaaaaaaaaa sk-bbbbbbbbbbbbbbbbbbbb", f"two: {HIDDEN} {HIDDEN}"),
        ("a bearer of news", "a bearer of news"),
        ("task-force and sk-short", "task-force and sk-short"),
        ("https://host/x?y=1", "https://host/x?y=1"),
        ("mail me at user@host", "mail me at user@host"),
        ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
        ("", ""),
    ],
)
def test_values_that_look_like_secrets_are_hidden(text: str, kept: str) -> None:
    assert redact(text) == kept
    assert redact({"a": [text]}) == {"a": [kept]}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain", "plain"),
        ("\x00", "\\u0000"),
        ("a\x00b", "a\\u0000b"),
        ("\ud800", "\\ud800"),
        ("ä\udfffz", "ä\\udfffz"),
        ("𝄞\n\t", "𝄞\n\t"),
    ],
)
def test_text_is_written_as_both_databases_take_it(text: str, kept: str) -> None:
    assert storable(text) == kept
    assert storable(kept) == kept


@given(
    some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats() | some.text() | some.binary(),
        lambda each: some.lists(each) | some.dictionaries(some.text() | some.integers(), each),
        max_leaves=10,
    )
)
def test_everything_can_be_stored_and_repeated(value: Any) -> None:
    for written in (redact(value), plain(value)):
        text = json.dumps(written, allow_nan=False)
        text.encode()
        assert "\\u0000" not in text.replace("\\\\u0000", "")
    assert redact(redact(value)) == redact(value)
    assert plain(plain(value)) == plain(value)


def test_what_is_given_is_not_changed() -> None:
    given_now = {"token": "x", "list": [{"password": "y"}]}
    redact(given_now)
    assert given_now == {"token": "x", "list": [{"password": "y"}]}
