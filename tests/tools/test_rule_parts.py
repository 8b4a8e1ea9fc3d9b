"""The parts rules are made of, each as a table: places, numbers, loose spellings, real files, hosts and addresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.test_rules import denied
from tools_app.rules import hosts, paths, places, values


@pytest.mark.parametrize(
    ("place", "name", "kind", "speaks"),
    [
        ("x", "x", "", True),
        ("x", "y", "", False),
        ("kind:url", "x", "url", True),
        ("kind:url", "x", "host", False),
        ("kind:url", "x", "", False),
        ("kind:url", "kind:url", "", False),
        ("kind:path", "x", "path", True),
        ("kind:path", "x", "folder", True),
        ("kind:folder", "x", "folder", False),
        ("url", "url", "host", True),
    ],
)
def test_which_parameter_a_place_means(place: str, name: str, kind: str, speaks: bool) -> None:
    assert places.speaks_of(place, name, kind) is speaks


@pytest.mark.parametrize(
    ("name", "plain", "kind"),
    [("x", True, ""), ("*", False, ""), ("/x", False, ""), ("kind:url", False, "url"), ("kind", True, "")],
)
def test_which_names_are_plain(name: str, plain: bool, kind: str) -> None:
    assert (places.is_plain(name), places.of_kind(name)) == (plain, kind)


@pytest.mark.parametrize(
    ("pattern", "path", "means", "contains"),
    [
        ("/x", "x", True, True),
        ("/x", "x/a", False, True),
        ("/x/a", "x", False, False),
        ("/x/*", "x/a", True, True),
        ("/x/*", "x", False, False),
        ("/x/*", "x/a/b", False, True),
        ("/x/**", "x", True, True),
        ("/x/**", "x/a/b", True, True),
        ("/x/**/b", "x/b", True, True),
        ("/x/**/b", "x/a/a/b", True, True),
        ("/x/**/b", "x/a/a", False, False),
        ("/x/**/b", "x/b/c", False, True),
        ("/**/b/**/c", "a/b/c", True, True),
        ("/**/b/**/c", "a/c/b", False, False),
        ("/*/a", "x/a", True, True),
        ("/*/a", "x/b", False, False),
        ("/**", "anything/at/all", True, True),
        ("/x/a~1b", "x/a|b", False, False),
    ],
)
def test_places_within_parameters(pattern: str, path: str, means: bool, contains: bool) -> None:
    assert (ends(pattern, path)[-1], any(ends(pattern, path))) == (means, contains)


def ends(pattern: str, path: str) -> list[bool]:
    """Whether the pattern means what lies at each step of a path."""
    chart, said = places.Map((places.steps(pattern),)), []
    state = chart.start
    for step in path.split("/"):
        state = chart.after(state, step, lambda steps: None)
        said.append(bool(chart.ends(state)))
    return said


def test_names_with_slashes_and_tildes_are_written_as_in_json_pointers() -> None:
    assert places.steps("/a~1b/c~0d/~01") == ("a/b", "c~d", "~1")
    assert denied({"/x/a~1b": True}, {"x": {"a/b": 1}}) == ["x"]
    assert denied({"/x/a~0b": True}, {"x": {"a~b": 1}}) == ["x"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (1.5, 1.5),
        ("1.50", 1.5),
        (" 7 ", 7.0),
        ("1e3", 1000.0),
        ("\uff11", 1.0),
        (True, None),
        (None, None),
        ("true", None),
        ("one", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_the_number_a_value_is(value: Any, number: float | None) -> None:
    assert values.as_number(value) == number


@pytest.mark.parametrize(
    ("value", "loose"),
    [
        ("A", "a"),
        (" a ", "a"),
        ("a\tb", "a\tb"),
        ("a\nb", "a\nb"),
        ("a\rb", "ab"),
        *((f"a{chr(code)}b", "ab") for code in (*range(9), *range(11, 32), 127)),
        ("a ~b", "a ~b"),
        ("1.0", "1"),
        (1.0, "1"),
        ("0.10", "0.1"),
        (-0.0, "0"),
        (True, "true"),
        (None, "null"),
        (1e300, str(int(1e300))),
        ("x" * 300 + "A", "x" * 300 + "a"),
        ("ﬁ", "fi"),
        ("\u115fa", "a"),
        ("ü\x07b", "üb"),
        ("ü\tb\nc", "ü\tb\nc"),
    ],
)
def test_one_spelling_for_many(value: Any, loose: str) -> None:
    assert values.loosened(value) == loose


@pytest.mark.parametrize(
    ("rule", "real", "allowed"),
    [
        ("notes", ["notes/a", "/srv/notes/a"], True),
        ("notes", ["notes"], True),
        ("notes", ["notes/../secret"], False),
        ("notes", ["notesX/a"], False),
        ("notes/", ["notes/a"], True),
        ("./notes", ["notes/a"], True),
        (".", ["anything"], True),
        (".", ["/anything"], False),
        ("/", ["/srv/a"], True),
        ("/srv", ["notes/a", "/srv/notes/a"], True),
        ("/srv/", ["/srv/notes"], True),
        ("/srv", ["/srvX"], False),
        ("/srv", ["/srv/../etc/passwd"], False),
        ("notes", [], False),
        ("notes", ["/srv/notes/a"], False),
    ],
)
def test_the_real_file_is_what_is_allowed(rule: str, real: list[str], allowed: bool) -> None:
    assert paths.allows(rule, real) is allowed


@pytest.mark.parametrize(
    ("rule", "value", "hit"),
    [
        ("a.example", "https://a.example", True),
        ("a.example", "a.example:80", True),
        ("a.example", "x.a.example", True),
        ("a.example", "https://user@a.example:1/", True),
        ("a.example", "https://b.example#@a.example", False),
        ("a.example", "https://b.example?@a.example", False),
        ("a.example", "https://b.example/@a.example", False),
        ("a.example", "https://b.example\\@c.example", True),
        ("a.example", "//a.example/", True),
        ("a.example", "https://[::1]/", False),
        ("::1", "https://[::1]/", True),
        ("::1", "https://[0:0:0:0:0:0:0:1]:8080/", True),
        ("::1", "::1", True),
        ("::2", "https://[::1]/", False),
        ("[::1]", "::1", True),
        ("127.0.0.1", "https://[::ffff:127.0.0.1]/", True),
        ("127.0.0.1", "https://127.0.0.1:80/", True),
        ("127.0.0.1", "https://127.0.0.2/", False),
        ("fe80::1", "https://[fe80::1%eth0]/", True),
        ("[::1]:8080", "https://[::1]:9/", True),
        ("*.a.example", "https://a.example", True),
        ("a.example", "https://*.a.example", True),
        ("a.example", ".a.example.", True),
        ("x" * 64 + ".example", "https://" + "x" * 64 + ".example/", True),
        ("b.example", "https://" + "x" * 64 + ".example/", True),
    ],
)
def test_hosts_that_are_hit(rule: str, value: str, hit: bool) -> None:
    assert hosts.denies(rule, value) is hit


@pytest.mark.parametrize(
    ("rule", "value", "allowed"),
    [
        ("https://a.example", "https://a.example/x", True),
        ("https://a.example/", "https://a.example", True),
        ("https://a.example/v1", "https://a.example/v1", True),
        ("https://a.example/v1/", "https://a.example/v1/x", True),
        ("https://a.example/v1", "https://a.example/v1x", False),
        ("https://a.example/v1", "https://a.example/v1/../v2", False),
        ("https://a.example/v1", "https://a.example/v1/%2e%2e/v2", False),
        ("https://a.example/v1", "https://a.example/v1/%252e%252e/v2", False),
        ("https://a.example/v1", "https://a.example/v1/..;/v2", False),
        ("https://a.example/v1", "https://a.example/v1/a%2fb", False),
        ("https://a.example/v1", "https://a.example/v1/a%5cb", False),
        ("https://a.example/v1", "https://a.example/v1//b", False),
        ("https://a.example/v1", "https://a.example/v1/a..b", True),
        ("https://a.example/v1", "https://a.example/v1?q=..%2f", True),
        ("https://a.example/v1?q=1", "https://a.example/v1?q=1", True),
        ("https://a.example/v1?q=1", "https://a.example/v1?q=2", False),
        ("https://a.example/v1?q=1", "https://a.example/v1", False),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:444", False),
        ("https://a.example:443", "https://a.example", True),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "not an address", False),
        ("not an address", "https://a.example", False),
    ],
)
def test_addresses_that_are_allowed(rule: str, value: str, allowed: bool) -> None:
    assert hosts.allows_url(rule, value) is allowed
