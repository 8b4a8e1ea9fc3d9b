"""Each operator of the rule language as a table: what it allows, strictly, and what it denies, loosely."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.tools.test_rules import JSON, PLAIN, denied, not_allowed
from tools_app import rules
from tools_app.rules import Subject
from tools_app.rules.matchers import OPERATORS

GIT = {
    "argv": {"program": "/usr/bin/git", "args": [{"one_of": ["log", "show"]}], "rest": [{"regex": "[^-].*"}]}
}
LS = {"argv": {"program": "/bin/ls", "args": ["-l"]}}
CP = {"argv": {"program": "/bin/cp", "args": ["a", "b"]}}


def allows(matcher: Any, value: Any, kind: str = "") -> bool:
    return not not_allowed({"x": [matcher]}, {"x": value}, {"x": kind})


def denies(matcher: Any, value: Any, kind: str = "") -> bool:
    return bool(denied({"x": [matcher]}, {"x": value}, {"x": kind}))


@pytest.mark.parametrize(
    ("matcher", "value", "is_allowed", "is_denied"),
    [
        ({"equals": "a"}, "a", True, True),
        ({"equals": "a"}, "A", False, True),
        ({"equals": 1}, "1", False, True),
        ({"equals": 1}, True, False, False),
        ({"equals": None}, None, True, True),
        ({"equals": "a"}, ["a"], False, True),
        ({"one_of": ["a", 2]}, 2, True, True),
        ({"one_of": ["a", 2]}, "2", False, True),
        ({"one_of": ["a", 2]}, "b", False, False),
        ({"one_of": [True]}, 1, False, False),
        ({"range": {"min": 1, "max": 5}}, 1, True, True),
        ({"range": {"min": 1, "max": 5}}, 5.0, True, True),
        ({"range": {"min": 1, "max": 5}}, 6, False, False),
        ({"range": {"min": 1, "max": 5}}, 0, False, False),
        ({"range": {"min": 5, "max": 5}}, 5, True, True),
        ({"range": {"min": 1, "max": 5}}, "3", False, True),
        ({"range": {"min": 1, "max": 5}}, "many", False, True),
        ({"range": {"min": 1, "max": 5}}, True, False, True),
        ({"range": {"min": 1, "max": 5}}, None, False, True),
        ({"range": {"min": 1}}, 2**60, True, True),
        ({"range": {"max": 1}}, -7, True, True),
        ({"range": {"max": 1}}, [0], False, True),
        ({"regex": "a+"}, "aaa", True, True),
        ({"regex": "a+"}, "baaab", False, True),
        ({"regex": "^a+$"}, "aaa\nb", False, True),
        ({"regex": "a+"}, "aaa\n", False, True),
        ({"regex": "a+"}, "AAA", False, True),
        ({"regex": "a+"}, "\uff41", False, True),
        ({"regex": "[0-9]+"}, 7, False, True),
        ({"regex": "[A-Z]+"}, "ABC", True, True),
        ({"regex": "True"}, True, False, True),
        ({"regex": "true"}, True, False, True),
        ({"regex": ".*"}, "x" * 4097, False, True),
        ({"regex": "(a+)+"}, "a" * 4000 + "b", False, True),
        ({"regex": ".*"}, {"a": 1}, False, True),
        ({"each": ["a", "b"]}, ["a", "b", "a"], True, True),
        ({"each": ["a", "b"]}, ["a", "c"], False, True),
        ({"each": ["a", "b"]}, [], True, False),
        ({"each": ["a", "b"]}, "a", False, True),
        ({"each": ["a", "b"]}, {"a": "a"}, False, True),
        ({"each": [{"range": {"max": 3}}]}, [1, 2], True, True),
        ({"each": [{"each": ["a"]}]}, [["a"], []], True, True),
        (GIT, ["/usr/bin/git", "log"], True, True),
        (GIT, ["/usr/bin/git", "log", "src", "main"], True, True),
        (GIT, ["/usr/bin/git", "log", "--output=x"], False, True),
        (GIT, ["/usr/bin/git", "push"], False, True),
        (GIT, ["git", "log"], False, True),
        (GIT, ["/usr/bin/git"], False, True),
        (GIT, "/usr/bin/git log", False, False),
        (GIT, ["/usr/bin/git", "log", 7], False, True),
        (LS, ["/bin/ls", "-l"], True, True),
        (LS, ["/bin/ls", "-l", "/"], False, True),
        (LS, ["/usr/local/bin/LS"], False, True),
        (LS, ["/bin/cat"], False, False),
        (LS, [], False, False),
        (CP, ["/bin/cp", "a", "b"], True, True),
        (CP, ["/bin/cp", "a", "c"], False, True),
        (CP, ["x", "a"], False, True),
        ({"argv": {"program": "/bin/ls", "rest": True}}, ["/bin/ls", "x"], True, True),
        ({"argv": {"program": "/bin/ls", "rest": True}}, ["/bin/ls", 7], False, True),
    ],
)
def test_operator(matcher: Any, value: Any, is_allowed: bool, is_denied: bool) -> None:
    assert (allows(matcher, value), denies(matcher, value)) == (is_allowed, is_denied)


@pytest.mark.parametrize(
    ("rule", "value", "is_allowed"),
    [
        ("api.example", "https://api.example/v1?a=1", True),
        ("api.example", "https://API.example:443/", True),
        ("api.example", "https://api.example:8443/", False),
        ("api.example:8443", "https://api.example:8443/", True),
        ("api.example", "http://api.example/", False),
        ("http://api.example", "http://api.example/", True),
        ("http://api.example", "https://api.example/", False),
        ("api.example", "https://x.api.example/", False),
        ("api.example", "https://api.example.org/", False),
        ("api.example", "https://user@api.example/", False),
        ("api.example", "https://evil.org/?api.example", False),
        ("api.example", "https://api.example\\.evil.org/", False),
        ("api.example", "api.example", True),
        ("api.example", "evil.org", False),
        ("api.example", "", False),
        ("*.x.org", "https://a.x.org/", True),
        ("*.x.org", "https://a.b.x.org/", True),
        ("*.x.org", "https://x.org/", False),
        ("*.x.org", "https://ax.org/", False),
        ("*.x.org", "https://.x.org/", False),
        ("*.x.org", "https://a.x.org:8080/", False),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
        ("https://api.example/v1", "https://api.example/v1", True),
        ("https://api.example/v1", "https://api.example/v1/users", True),
        ("https://api.example/v1/", "https://api.example/v1/users?x=1", True),
        ("https://api.example/v1", "https://api.example/v10", False),
        ("https://api.example/v1", "https://api.example/V1", False),
        ("https://api.example/v1", "https://api.example/v1/../admin", False),
        ("https://api.example/v1", "https://api.example/v1/%2e%2e/admin", False),
        ("https://api.example/v1", "https://api.example/v1/%252e%252e/admin", False),
        ("https://api.example/v1", "https://api.example/v1/%25252E./admin", False),
        ("https://api.example/v1", "https://api.example/v1/..;/admin", False),
        ("https://api.example/v1", "https://api.example/v1/a..;b/50%25", True),
        ("https://api.example/v1", "https://api.example/v1/..%2fadmin", False),
        ("https://api.example/v1", "https://api.example/v1//admin", False),
        ("https://api.example/v1", "https://api.example:444/v1", False),
        ("https://api.example/v1", "http://api.example/v1", False),
        ("https://api.example/v1?key=a", "https://api.example/v1?key=a", True),
        ("https://api.example/v1?key=a", "https://api.example/v1?key=b", False),
        ("10.0.0.1", "https://10.0.0.1/", True),
        ("10.0.0.1", "https://167772161/", False),
    ],
)
@pytest.mark.parametrize("kind", ["url", "host"])
def test_addresses_are_allowed_exactly(rule: str, value: str, is_allowed: bool, kind: str) -> None:
    assert allows(rule, value, kind) is is_allowed


@pytest.mark.parametrize(
    ("rule", "real", "is_allowed"),
    [
        ("reports", ["reports/a.txt", "/srv/reports/a.txt"], True),
        ("reports/a.txt", ["reports/a.txt", "/srv/reports/a.txt"], True),
        ("./reports/", ["reports/a.txt", "/srv/reports/a.txt"], True),
        ("/srv/reports", ["reports/a.txt", "/srv/reports/a.txt"], True),
        ("/srv", ["reports/a.txt", "/srv/reports/a.txt"], True),
        (".", ["reports/a.txt", "/srv/reports/a.txt"], True),
        ("/", ["reports/a.txt", "/srv/reports/a.txt"], True),
        ("report", ["reports/a.txt", "/srv/reports/a.txt"], False),
        ("Reports", ["reports/a.txt", "/srv/reports/a.txt"], False),
        ("/srv/report", ["reports/a.txt", "/srv/reports/a.txt"], False),
        ("reports", ["secret/a.txt", "/srv/secret/a.txt"], False),
        ("reports", ["reports/../secret"], False),
        ("reports", [], False),
        ("/srv", [], False),
    ],
)
def test_paths_are_allowed_by_the_real_file(rule: str, real: list[str], is_allowed: bool) -> None:
    subject = Subject({"x": "reports/a.txt"}, {"x": "path"}, {"x": real})
    assert (list(rules.not_allowed({"x": [rule]}, subject)) == []) is is_allowed
    assert (list(rules.not_allowed({"x": [{"path_under": rule}]}, subject)) == []) is is_allowed


def test_a_path_within_a_list_has_no_file_and_is_not_allowed() -> None:
    subject = Subject({"x": ["reports/a"]}, {"x": "path"}, {"x": ["reports/a"]})
    assert list(rules.not_allowed({"x": [{"each": ["reports"]}]}, subject)) == ["x"]
    assert list(rules.not_allowed({"x": ["reports"]}, subject)) == ["x"]


@pytest.mark.parametrize(
    ("sql", "is_allowed", "is_denied"),
    [("read", True, True), ("write", False, False), ("unreadable", False, True)],
)
def test_statements_are_judged_by_what_the_engine_made_of_them(
    sql: str, is_allowed: bool, is_denied: bool
) -> None:
    subject = Subject({"x": "select 1"}, {"x": "sql"}, sql={"x": sql})
    assert (list(rules.not_allowed({"x": [{"sql_read_only": True}]}, subject)) == []) is is_allowed
    assert (list(rules.denied({"x": [{"sql_read_only": True}]}, subject)) == ["x"]) is is_denied


def test_contains_only_denies() -> None:
    assert denies({"contains": "sudo"}, "please SUDO now")
    assert denies({"contains": "1e3"}, "1e3 times"), "as it is written, too, whatever number it is"
    for kind in ("", "command", "path"):
        with pytest.raises(rules.UnknownRule, match="only deny"):
            allows({"contains": "sudo"}, "x", kind)


@pytest.mark.parametrize(
    ("place", "arguments", "hit"),
    [
        ("/f/0/op", {"f": [{"op": "drop"}]}, ["f"]),
        ("/f/1/op", {"f": [{"op": "drop"}]}, []),
        ("/f/*/op", {"f": [{"op": "add"}, {"op": "drop"}]}, ["f"]),
        ("/f/*/op", {"f": {"a": {"b": {"op": "drop"}}}}, []),
        ("/f/**/op", {"f": {"a": {"b": {"op": "drop"}}}}, ["f"]),
        ("/f/**/op", {"f": {"op": "drop"}}, ["f"]),
        ("/**/op", {"g": {"op": "drop"}, "f": 1}, ["g"]),
        ("/**", {"g": {"op": "drop"}, "f": "drop"}, ["g", "f"]),
        ("/*/op", {"g": {"op": "drop"}, "h": {"op": "add"}}, ["g"]),
        ("/f/a~1b", {"f": {"a/b": "drop"}}, ["f"]),
        ("/f/a~0b", {"f": {"a~b": "drop"}}, ["f"]),
        ("/f", {"f": ["x", {"y": "drop"}]}, ["f"]),
        ("/f/op", {"f": "drop"}, []),
        ("/g/op", {"f": {"op": "drop"}}, []),
    ],
)
def test_a_place_is_denied(place: str, arguments: dict[str, Any], hit: list[str]) -> None:
    assert denied({place: ["drop"]}, arguments) == hit
    there = denied([place], arguments)
    assert set(hit) <= set(there)
    assert denied({place: []}, arguments) == denied({place: True}, arguments) == there


@pytest.mark.parametrize(
    ("rule", "arguments", "refused"),
    [
        ({"/f/op": ["add"]}, {"f": {"op": "add"}}, []),
        ({"/f/op": ["add"]}, {"f": {"op": "drop"}}, ["f"]),
        ({"/f/op": ["add"]}, {"f": {"op": "add", "more": 1}}, ["f"]),
        ({"/f/op": ["add"], "/f/more": True}, {"f": {"op": "add", "more": {"x": [1]}}}, []),
        ({"f": True, "/f/op": ["add"]}, {"f": {"op": "add", "more": 1}}, []),
        ({"f": True, "/f/op": ["add"]}, {"f": {"op": "drop"}}, ["f"]),
        ({"f": True, "/f/**/op": ["add"]}, {"f": [{"a": {"op": "drop"}}]}, ["f"]),
        ({"/f/*": ["a", "b"]}, {"f": ["a", "b"]}, []),
        ({"/f/*": ["a", "b"]}, {"f": ["a", "c"]}, ["f"]),
        ({"/f/*": ["a", "b"]}, {"f": []}, ["f"]),
        ({"/f/*": ["a", "b"]}, {"g": "a"}, ["g"]),
        ({"/f/*": []}, {"f": ["a"]}, ["f"]),
        ({"/*/op": ["add"]}, {"f": {"op": "add"}}, []),
        ({"/*/op": ["add"]}, {"f": {"op": "drop"}}, ["f"]),
    ],
)
def test_a_place_is_allowed(rule: Any, arguments: dict[str, Any], refused: list[str]) -> None:
    assert not_allowed(rule, arguments) == refused


MATCHERS = some.one_of(
    PLAIN,
    PLAIN.map(lambda each: {"equals": each}),
    some.lists(PLAIN, min_size=1, max_size=3).map(lambda each: {"one_of": each}),
    some.integers(-9, 9).map(lambda each: {"range": {"min": each}}),
    some.sampled_from(["a*", "[a-z]+", "^x", "1|2"]).map(lambda each: {"regex": each}),
    some.just({"each": ["a", {"range": {"max": 3}}]}),
)
NAMES = some.sampled_from(["x", "y", "/x/*", "/x/**", "/*/a"])
RULES = (
    some.none()
    | some.lists(some.sampled_from(["x", "y"]))
    | some.dictionaries(NAMES, some.just(True) | some.lists(MATCHERS, max_size=3), max_size=3)
)
CALLS = some.dictionaries(some.sampled_from(["x", "y", "z"]), JSON, max_size=3)


@given(RULES, NAMES, MATCHERS, CALLS)
def test_one_more_denial_never_lets_anything_pass(
    rule: Any, name: str, matcher: Any, call: dict[str, Any]
) -> None:
    before = set(denied(rule, call))
    more = dict.fromkeys(rule, True) if isinstance(rule, list) else dict(rule or {})
    more[name] = more[name] if more.get(name) in (True, []) else [*more.get(name, []), matcher]
    assert before <= set(denied(more, call))


@given(RULES.filter(lambda rule: isinstance(rule, dict)), CALLS)
def test_one_value_less_never_allows_more(rule: dict[str, Any], call: dict[str, Any]) -> None:
    before = set(not_allowed(rule, call))
    for name, wanted in rule.items():
        if isinstance(wanted, list) and wanted and not name.startswith("/"):
            assert before <= set(not_allowed({**rule, name: wanted[1:]}, call))


@given(RULES.filter(lambda rule: isinstance(rule, dict)), CALLS)
def test_what_is_allowed_by_a_value_is_denied_by_it(rule: Any, call: dict[str, Any]) -> None:
    """Loose is wider than strict: whatever a matcher lets pass as allowed, it hits as denied."""
    said = {name: wanted for name, wanted in rule.items() if isinstance(wanted, list) and wanted}
    for name in set(said) & {each for each in call if call[each] not in ([], {})}:
        is_allowed = not not_allowed({name: said[name]}, {name: call[name]})
        assert not is_allowed or denied({name: said[name]}, {name: call[name]}) == [name]


def test_a_rule_that_would_take_long_is_refused() -> None:
    with pytest.raises(rules.UnknownRule, match="good time"):
        denied({"x": list(range(1000))}, {"x": list(range(1000, 2000))})


def test_what_a_list_of_values_leaves() -> None:
    rule = {"x": ["a", {"one_of": ["b", 1]}], "y": [{"regex": "a"}], "z": True, "p": ["reports"]}
    kinds = {"p": "path"}
    assert rules.values_allowed(rule, "x", kinds) == ["a", "b", 1]
    assert [rules.values_allowed(rule, name, kinds) for name in "yzpq"] == [None] * 4


OF_EACH: dict[str, Any] = {
    "equals": "rm",
    "one_of": ["rm"],
    "range": {"min": 1},
    "regex": "rm",
    "path_under": "/etc",
    "host": "evil.example",
    "url": "https://evil.example/",
    "email": "ann@evil.example",
    "argv": {"program": "/bin/rm"},
    "sql_read_only": True,
    "each": [{"contains": "rm"}],
    "contains": "rm",
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", ["command", "code"])
def test_every_operator_only_advises_where_commands_and_code_are_written(operator: str, kind: str) -> None:
    """One that is new needs a value here, and says the same."""
    rule = {"x": [{operator: OF_EACH[operator]}]}
    assert rules.is_sound(rule)
    assert rules.advisory(rule, {"x": kind}) == ["x"]
    assert rules.advisory({f"kind:{kind}": rule["x"], "*": rule["x"]}, {"x": kind}) == [f"kind:{kind}", "*"]
    assert rules.advisory(rule, {"x": "text", "y": kind}) == []


def test_what_lies_within_a_parameter_may_be_a_command() -> None:
    kinds = {"job": "", "/job/*/run": "command", "/job/*/at": "host"}
    rule: dict[str, Any] = {
        "job": ["rm"],
        "/job/0/run": ["rm"],
        "/job/*/at": ["x"],
        "/**/run": [],
        "/**": ["rm"],
    }
    assert rules.advisory(rule, kinds) == ["job", "/job/0/run", "/**"]


def test_texts_within_commands_only_advise() -> None:
    kinds = {"command": "command", "path": "path", "code": "code"}
    rule = {"command": ["rm -rf"], "code": [], "path": ["/etc"], "/code/x": [{"regex": "a"}]}
    assert rules.advisory(rule, kinds) == ["command", "/code/x"]
    assert rules.advisory(["command"], kinds) == []


@pytest.mark.parametrize(
    ("pattern", "text", "is_hit"),
    [
        ("DROP TABLE", "drop table x", True),
        ("DROP TABLE", "Drop Table x", True),
        ("Confidential", "CONFIDENTIAL", True),
        (r"[A-Z]{3}-\d+", "abc-12", True),
        ("drop.*table", "drop\ntable", True),
        ("^secret", "x\nsecret", True),
        ("secret$", "secret\nx", True),
        ("a b", "a\tb", True),
        ("a b", "a \n  b", True),
        ("[^a-z]", "A", True),
        (r"\t", "a\tb", True),
        ("É", "e\u0301", True),
        ("DROP TABLE", "drop the table", False),
        ("^secret", "a secret", False),
    ],
)
def test_a_pattern_is_found_in_any_spelling_where_it_denies(pattern: str, text: str, is_hit: bool) -> None:
    assert denies({"regex": pattern}, text) is is_hit


@given(some.text("abcXYZ 09_-", min_size=1, max_size=12))
def test_a_denied_pattern_hits_capitals_and_small_letters_alike(text: str) -> None:
    for pattern in (text, text.upper(), text.lower()):
        assert denies({"regex": pattern}, text.upper())
        assert denies({"regex": pattern}, text.lower())


def test_a_pattern_is_read_as_it_is_written_where_it_allows() -> None:
    assert allows({"regex": "DROP.x"}, "DROP x")
    assert not allows({"regex": "DROP.x"}, "drop x")
    assert not allows({"regex": "DROP.x"}, "DROP\nx")
