"""The rule language as tables: allow matches strictly, deny matches loosely, whatever cannot be read raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tools_app import rules
from tools_app.rules import Subject

PATH, COMMAND, URL = {"x": "path"}, {"x": "command"}, {"x": "url"}


def denied(rule: Any, arguments: dict[str, Any], kinds: dict[str, str] | None = None) -> list[str]:
    return list(rules.denied(rule, Subject(arguments, kinds or {})))


def not_allowed(rule: Any, arguments: dict[str, Any], kinds: dict[str, str] | None = None) -> list[str]:
    return list(rules.not_allowed(rule, Subject(arguments, kinds or {})))


@pytest.mark.parametrize(
    ("rule", "arguments", "refused"),
    [
        (None, {"x": 1, "y": 2}, []),
        ([], {}, []),
        ([], {"x": 1}, ["x"]),
        ([], {"x": None}, ["x"]),
        (["x"], {"x": 1}, []),
        (["x"], {}, []),
        (["x"], {"x": 1, "y": 2}, ["y"]),
        (["x", "y"], {"y": [1]}, []),
        (["X"], {"x": 1}, ["x"]),
        ({}, {}, []),
        ({}, {"x": 1}, ["x"]),
        ({"x": True}, {"x": {"deep": [1]}}, []),
        ({"x": []}, {"x": 1}, ["x"]),
        ({"x": []}, {}, []),
        ({"x": [1]}, {"x": 1}, []),
        ({"x": [1.0]}, {"x": 1}, []),
        ({"x": [1]}, {"x": 1.0}, []),
        ({"x": [1]}, {"x": True}, ["x"]),
        ({"x": [True]}, {"x": 1}, ["x"]),
        ({"x": [0]}, {"x": False}, ["x"]),
        ({"x": [1]}, {"x": "1"}, ["x"]),
        ({"x": ["1"]}, {"x": 1}, ["x"]),
        ({"x": [None]}, {"x": None}, []),
        ({"x": [None]}, {"x": "null"}, ["x"]),
        ({"x": [""]}, {"x": ""}, []),
        ({"x": ["a", "b"]}, {"x": "b"}, []),
        ({"x": ["a"]}, {"x": "A"}, ["x"]),
        ({"x": ["a"]}, {"x": "a "}, ["x"]),
        ({"x": ["é"]}, {"x": "e\u0301"}, ["x"]),
        ({"x": ["a"]}, {"x": "\uff41"}, ["x"]),
        ({"x": ["a"]}, {"x": ["a"]}, ["x"]),
        ({"x": ["a"]}, {"x": {"a": "a"}}, ["x"]),
        ({"x": ["/etc"]}, {"x": "/etc/passwd"}, ["x"]),
        ({"x": ["a"], "y": True}, {"x": "a", "y": 0, "z": 1}, ["z"]),
    ],
)
def test_allow_is_strict(rule: Any, arguments: dict[str, Any], refused: list[str]) -> None:
    assert not_allowed(rule, arguments) == refused


@pytest.mark.parametrize(
    ("rule", "arguments", "hit"),
    [
        (None, {"x": 1}, []),
        ([], {"x": 1}, []),
        (["x"], {"x": None}, ["x"]),
        (["x"], {"y": 1}, []),
        ({}, {"x": 1}, []),
        ({"x": True}, {"x": 1}, ["x"]),
        ({"x": []}, {"x": 1}, ["x"]),
        ({"x": []}, {"y": 1}, []),
        ({"x": [1]}, {"x": 1}, ["x"]),
        ({"x": [1]}, {"x": 1.0}, ["x"]),
        ({"x": [1]}, {"x": "1"}, ["x"]),
        ({"x": [1]}, {"x": "1.0"}, ["x"]),
        ({"x": [1]}, {"x": " 1 "}, ["x"]),
        ({"x": [1000]}, {"x": "1e3"}, ["x"]),
        ({"x": ["1"]}, {"x": 1}, ["x"]),
        ({"x": [0]}, {"x": -0.0}, ["x"]),
        ({"x": [1]}, {"x": "\uff11"}, ["x"]),
        ({"x": [1]}, {"x": "\u0661"}, ["x"]),
        ({"x": [0.1]}, {"x": "0.10"}, ["x"]),
        ({"x": [1]}, {"x": 2}, []),
        ({"x": [1]}, {"x": "11"}, []),
        ({"x": [True]}, {"x": "true"}, ["x"]),
        ({"x": [True]}, {"x": "TRUE"}, ["x"]),
        ({"x": [False]}, {"x": False}, ["x"]),
        ({"x": [None]}, {"x": None}, ["x"]),
        ({"x": [None]}, {"x": "null"}, ["x"]),
        ({"x": ["none"]}, {"x": None}, []),
        ({"x": ["root"]}, {"x": "ROOT"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\u200bot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\u00adot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\u202eot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\ufe0fot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\u034fot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\u3164ot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\U000e0101ot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\U000e0041ot"}, ["x"]),
        ({"x": ["root"]}, {"x": "ro\x07ot"}, ["x"]),
        ({"x": ["root"]}, {"x": "\uff52\uff4f\uff4f\uff54"}, ["x"]),
        ({"x": ["strasse"]}, {"x": "straße"}, ["x"]),
        ({"x": ["é"]}, {"x": "e\u0301"}, ["x"]),
        ({"x": ["root"]}, {"x": "rooted"}, []),
        ({"x": ["root"]}, {"x": ["a", ["root"]]}, ["x"]),
        ({"x": ["root"]}, {"x": {"who": "root"}}, ["x"]),
        ({"x": ["root"]}, {"x": {"root": 1}}, ["x"]),
        ({"x": ["root"]}, {"x": [{"a": [{"b": "Root"}]}]}, ["x"]),
        ({"x": ["root"]}, {"x": []}, []),
        ({"x": ["a"], "y": [1]}, {"x": "b", "y": "1"}, ["y"]),
    ],
)
def test_deny_is_loose(rule: Any, arguments: dict[str, Any], hit: list[str]) -> None:
    assert denied(rule, arguments) == hit


@pytest.mark.parametrize(
    ("path", "is_hit"),
    [
        ("/etc", True),
        ("/etc/", True),
        ("/etc/passwd", True),
        ("/ETC/passwd", True),
        ("//etc//passwd", True),
        ("/etc/./passwd", True),
        ("/x/../etc/passwd", True),
        ("/etc/x/../passwd", True),
        ("file:///etc/passwd", True),
        ("FILE:///etc/passwd", True),
        ("\\etc\\passwd", True),
        ("/e\u200btc/passwd", True),
        ("/\uff45tc/passwd", True),
        ("/etcetera", False),
        ("/etc.d/x", False),
        ("/etc/../home/me", False),
        ("/home/etc", False),
        ("etc/passwd", False),
        ("", False),
        (["/home/me", "/etc/passwd"], True),
        ({"from": "/etc/passwd"}, True),
        ({"/etc/passwd": 1}, True),
    ],
)
def test_path_is_denied_by_whole_segments(path: Any, is_hit: bool) -> None:
    assert denied({"x": ["/etc"]}, {"x": path}, PATH) == (["x"] if is_hit else [])


@pytest.mark.parametrize("path", ["/", "/a", "/etc/passwd"])
def test_denying_the_root_denies_every_absolute_path(path: str) -> None:
    assert denied({"x": ["/"]}, {"x": path}, PATH) == ["x"]


@pytest.mark.parametrize("path", ["secrets", "secrets/x", "./secrets/x", "a/../secrets/x", "Secrets/x"])
def test_relative_path_is_denied_by_whole_segments(path: str) -> None:
    assert denied({"x": ["secrets"]}, {"x": path}, PATH) == ["x"]
    assert denied({"x": ["secret"]}, {"x": path}, PATH) == []


@pytest.mark.parametrize("kind", ["command", "code", "text"])
@pytest.mark.parametrize(
    ("value", "is_hit"),
    [
        ("rm -rf /", True),
        ("cd / && rm -rf .", True),
        ("RM -RF /", True),
        ("rm\u200b -rf /", True),
        ("\uff52\uff4d -rf /", True),
        ("rm  -rf /", False),
        ("rm -fr /", False),
        ("ls", False),
        (["ls", "rm -rf x"], True),
    ],
)
def test_text_is_denied_anywhere_inside(kind: str, value: Any, is_hit: bool) -> None:
    assert denied({"x": ["rm -rf"]}, {"x": value}, {"x": kind}) == (["x"] if is_hit else [])


@pytest.mark.parametrize(
    ("rule", "value", "is_hit"),
    [
        ("evil.org", "https://evil.org/x", True),
        ("evil.org", "http://evil.org:8080", True),
        ("evil.org", "https://a.b.evil.org/", True),
        ("evil.org", "https://EVIL.org./", True),
        ("evil.org", "https://user:pw@evil.org/", True),
        ("evil.org", "evil.org", True),
        ("*.evil.org", "https://evil.org/", True),
        ("https://evil.org/a", "ftp://evil.org/b", True),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
        ("xn--bcher-kva.example", "https://bücher.example/", True),
        ("evil.org", "https://notevil.org/", False),
        ("evil.org", "https://evil.org.example/", False),
        ("evil.org", "https://good.example/?to=evil.org", False),
        ("a.evil.org", "https://evil.org/", False),
        ("evil.org", "https:///nothing", True),
        ("evil.org", "", True),
        ("10.0.0.1", "https://10.0.0.1/", True),
        ("[::1]", "https://[::1]:80/", True),
    ],
)
def test_address_is_denied_by_host_and_parent_domain(rule: str, value: str, is_hit: bool) -> None:
    assert denied({"x": [rule]}, {"x": value}, URL) == (["x"] if is_hit else [])


BROKEN = [
    "x",
    7,
    True,
    False,
    [1],
    [None],
    [["x"]],
    ["/"],
    ["/x//y"],
    ["/a" * 17],
    {"x": [{}]},
    {"x": [{"equals": 1, "one_of": [1]}]},
    {"x": [{"equal": 1}]},
    {"x": [{"equals": [1]}]},
    {"x": [{"one_of": []}]},
    {"x": [{"one_of": [[1]]}]},
    {"x": [{"one_of": ["a", [1]]}]},
    {"x": [{"one_of": "a"}]},
    {"x": [{"range": {}}]},
    {"x": [{"range": {"min": "1"}}]},
    {"x": [{"range": {"min": 2, "max": 1}}]},
    {"x": [{"range": {"min": True}}]},
    {"x": [{"range": {"from": 1}}]},
    {"x": [{"range": {"min": 1, "max": "2"}}]},
    {"x": [{"range": 5}]},
    {"x": [{"range": []}]},
    {"x": [{"regex": 5}]},
    {"x": [{"regex": "("}]},
    {"x": [{"regex": "(?=a)"}]},
    {"x": [{"regex": ""}]},
    {"x": [{"regex": "a" * 1001}]},
    {"x": [{"path_under": ""}]},
    {"x": [{"path_under": 1}]},
    {"x": [{"path_under": "  "}]},
    {"x": [{"host": 5}]},
    {"x": [{"email": 5}]},
    {"x": [{"host": "https://a b"}]},
    {"x": [{"host": "a/b"}]},
    {"x": [{"url": "a.example"}]},
    {"x": [{"argv": ["/bin/ls"]}]},
    {"x": [{"argv": {"program": "ls"}}]},
    {"x": [{"argv": {"program": 5}}]},
    {"x": [{"argv": {"program": "/bin/ls", "args": "x"}}]},
    {"x": [{"argv": {"program": "/bin/ls", "args": [{"regex": "("}]}}]},
    {"x": [{"argv": {"program": "/bin/ls", "extra": 1}}]},
    {"x": [{"sql_read_only": False}]},
    {"x": [{"each": "a"}]},
    {"x": [{"each": [["a"]]}]},
    {"x": [{"each": [{"each": [{"each": [{"each": [{"each": ["a"]}]}]}]}]}]},
    {"x": list(range(1001))},
    {f"/x/{n}": ["a"] for n in range(65)},
    {"x": "a"},
    {"x": None},
    {"x": False},
    {"x": 1},
    {"x": {"equals": "a"}},
    {"x": [["a"]]},
    {"/x/*": "a"},
]


@pytest.mark.parametrize("rule", BROKEN, ids=repr)
@pytest.mark.parametrize("arguments", [{}, {"x": "a"}, {"y": 1}], ids=repr)
def test_rule_that_cannot_be_read_raises_whatever_the_call(rule: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(rules.UnknownRule):
        denied(rule, arguments)
    with pytest.raises(rules.UnknownRule):
        not_allowed(rule, arguments)
    with pytest.raises(rules.UnknownRule):
        rules.check(rule)


PLAIN = some.none() | some.booleans() | some.integers(-99, 99) | some.text(max_size=6)
JSON = some.recursive(
    PLAIN | some.floats(allow_nan=False, allow_infinity=False),
    lambda each: some.lists(each, max_size=3) | some.dictionaries(some.text(max_size=3), each, max_size=3),
    max_leaves=6,
)


@given(PLAIN)
def test_value_that_is_denied_is_hit_by_its_own_rule(value: Any) -> None:
    for kind in ("", "path", "command", "code", "text", "url", "host", "sql", "argv"):
        rule, kinds = {"x": [value]}, {"x": kind}
        if rules.is_sound(rule, kinds=kinds):
            assert denied(rule, {"x": value}, kinds) == ["x"]


@given(PLAIN, JSON)
def test_value_that_is_allowed_is_the_same_json_value(matcher: Any, value: Any) -> None:
    allowed = not not_allowed({"x": [matcher]}, {"x": value})
    assert allowed is rules.is_same(matcher, value)


@given(JSON)
def test_no_value_breaks_a_sound_rule(value: Any) -> None:
    for kind in ("", "path", "command", "url"):
        denied({"x": ["etc", 1, None, True, "a.b"]}, {"x": value}, {"x": kind})


@pytest.mark.parametrize(
    ("folder", "is_hit"),
    [
        ("secrets", True),
        ("secrets/old", True),
        (".", True),
        ("./", True),
        ("SECRETS", True),
        ("secretsandmore", False),
        ("public", False),
        ("/srv/secrets", False),
    ],
)
def test_folder_is_denied_with_what_lies_in_it_and_around_it(folder: str, is_hit: bool) -> None:
    assert denied({"x": ["secrets"]}, {"x": folder}, {"x": "folder"}) == (["x"] if is_hit else [])
    assert denied({"x": ["/srv/secrets"]}, {"x": ["a", "/srv/."]}, {"x": "folder"}) == ["x"]


@pytest.mark.parametrize("kind", ["folder", "path"])
def test_dot_denies_the_whole_folder(kind: str) -> None:
    for path in ("a.txt", "a/b", "."):
        assert denied({"x": ["."]}, {"x": path}, {"x": kind}) == ["x"]
    assert denied({"x": ["."]}, {"x": "/srv/a"}, {"x": kind}) == []
