"""What each way of reading an argument from now on comes to: the uses it spares, and those it does not. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.test_broadening import KINDS, NOTES, keys, widened
from tools_app import rules
from tools_app.approving import broadening
from tools_app.policy import Call, Standing, ToolFacts, standing
from tools_app.rules import mail

TOOL = ToolFacts(1, "tool", "", kinds=KINDS)
ALSO = {"path": NOTES, "folder": ("notes", "/srv/files/notes")}


def spares(arguments: dict[str, Any], key: str, other: Any, **about: Any) -> bool:
    """Whether this way of reading the one argument fits the other value of it, too."""
    (name,) = arguments
    made = broadening.conditions(widened(arguments), {name: key}, arguments)
    call = Call({name: other}, also=about.get("also", ALSO), sql={"sql": about.get("sql", "read")})
    return standing.fits(Standing(1, made), call, TOOL)


@pytest.mark.parametrize(
    ("arguments", "key", "fits", "fails"),
    [
        ({"n": 25}, "most", [0, 25, 2.5], [-1, 25.5, 26, "3", None]),
        ({"n": -3}, "most", [-3, 0, -0.5], [-4, 1]),
        ({"n": 2.5}, "most", [2, 2.5], [3, -1]),
        ({"n": 0}, "most", [0], [1, -1]),
        ({"words": ["a", "b"]}, "these", [["a"], ["b", "a", "a"], []], [["c"], ["a", "c"], "a"]),
        ({"to": ["ann@x.org"]}, "these", [["ann@x.org"]], [["bob@x.org"], "ann@x.org"]),
        (
            {"to": ["ann@x.org", "bob@Y.org"]},
            "domain",
            [["eve@x.org"], ["eve@y.org", "ann@x.org"]],
            [["eve@z.org"], ["eve@x.org", "eve@z.org"], ["eve@a.x.org"]],
        ),
        ({"to": "ann@x.org"}, "domain", ["bob@x.org"], ["bob@z.org", ["bob@x.org"], "x.org"]),
        (
            {"url": "https://a.org/x/y"},
            "host",
            ["https://a.org/z?q"],
            ["https://b.org/x/y", "http://a.org/x"],
        ),
        ({"url": "https://a.org:8443/x"}, "host", ["https://a.org:8443/"], ["https://a.org/x"]),
        ({"url": "http://a.org/x"}, "host", ["http://a.org/y"], ["https://a.org/y"]),
        (
            {"url": "https://a.org/x/y/z?to=/q/r"},
            "below",
            ["https://a.org/x/y/w"],
            ["https://a.org/x/z", "https://b.org/x/y/w"],
        ),
        (
            {"argv": ["/bin/git", "log", "-1"]},
            "program",
            [["/bin/git", "log"], ["/bin/git", "log", "x", "-1", "y"]],
            [
                *(["/bin/git", "push"], ["/bin/git"], ["/usr/bin/git", "log"], ["/bin/git", "push", "log"]),
                *(["/bin/git", "log", "--output=/x"], ["/bin/git", "log", "-12"], ["/bin/git", "log", ""]),
                ["/bin/git", "log", "a\nb"],
            ],
        ),
        ({"argv": ["/bin/git", "log"]}, "program", [["/bin/git", "log"]], [["/bin/git", "Log"]]),
        ({"line": "one"}, "same", ["one"], ["One", "one ", None]),
        ({"n": True}, "same", [True], [1, False]),
    ],
)
def test_a_way_spares_what_it_says_and_nothing_else(
    arguments: dict[str, Any], key: str, fits: list[Any], fails: list[Any]
) -> None:
    assert [spares(arguments, key, other) for other in fits] == [True] * len(fits)
    assert [spares(arguments, key, other) for other in fails] == [False] * len(fails)


@pytest.mark.parametrize(
    ("name", "value", "key", "real", "fits"),
    [
        ("path", "notes/a.txt", "folder", "notes/b.txt", True),
        ("path", "notes/a.txt", "folder", "notes/deep/b.txt", True),
        ("path", "notes/a.txt", "folder", "other/b.txt", False),
        ("path", "notes/a.txt", "same", "notes/a.txt", True),
        ("path", "notes/a.txt", "same", "other/key", False),
        ("folder", "notes", "folder", "notes/deep", True),
        ("folder", "notes", "folder", "other", False),
        ("folder", "notes", "same", "notes", True),
        ("folder", "notes", "same", "other", False),
    ],
)
def test_a_way_into_a_folder_is_about_the_real_file(
    name: str, value: str, key: str, real: str, fits: bool
) -> None:
    """Also of exactly the same name: it may mean another file tomorrow."""
    other = value if key == "same" else real
    assert spares({name: value}, key, other, also={name: (real, f"/srv/files/{real}")}) is fits


def test_statements_that_read_are_offered_where_one_is_at_hand() -> None:
    reads = {"sql": "SELECT 1"}
    assert [spares(reads, "reads", "SELECT 2", sql=kind) for kind in ("read", "write")] == [True, False]
    subject = rules.Subject({"sql": "DELETE FROM t"}, KINDS, sql={"sql": "write"})
    (only,) = broadening.widenings(subject, {}, may_open=True)
    assert [choice.key for choice in only.choices] == ["same"]


@pytest.mark.parametrize(
    ("arguments", "offered"),
    [
        ({"to": "x.org"}, ["same"]),
        ({"to": "@x.org"}, ["same"]),
        ({"to": "ann@*.x.org"}, ["same"]),
        ({"to": ["ann@x.org", "x.org"]}, ["same"]),
        ({"to": ["ann@x.org", 7]}, ["same"]),
        ({"to": []}, ["same"]),
        ({"words": [str(number) for number in range(20)]}, ["same", "these"]),
        ({"words": [str(number) for number in range(21)]}, ["same"]),
        ({"words": ["a", 1]}, ["same"]),
        ({"words": []}, ["same"]),
        ({"argv": ["/bin/ls"]}, ["same"]),
        ({"argv": ["git", "/log"]}, ["same"]),
        ({"argv": ["/bin/git", 7]}, ["same"]),
        ({"argv": ["/bin/git", "push", "x"]}, ["same"]),
        ({"argv": ["/bin/git", "-c", "alias.x=!sh", "x"]}, ["same"]),
        ({"argv": ["/bin/git", "log", ""]}, ["same"]),
        ({"argv": ["/srv/mine/git", "log"]}, ["same"]),
        ({"argv": ["/usr/bin/python3", "-c", "print(1)"]}, ["same"]),
        ({"argv": ["/usr/bin/python3", "list"]}, ["same"]),
        ({"argv": ["/bin/sh", "-c", "ls"]}, ["same"]),
        ({"argv": ["/usr/bin/env", "ls"]}, ["same"]),
        ({"argv": ["/usr/bin/find", "log"]}, ["same"]),
        ({"argv": "/bin/git log"}, ["same"]),
        ({"url": "https://a.org/x?to=/a/b"}, ["same", "host"]),
        ({"url": "https://a.org?to=/a/b"}, ["same", "host"]),
        ({"url": 7}, ["same"]),
    ],
)
def test_what_has_no_wider_way_that_holds_is_kept_as_it_is(
    arguments: dict[str, Any], offered: list[str]
) -> None:
    """A recipient may be written like a rule, as a domain or with a star: it widens nothing."""
    assert list(keys(arguments).values()) == [offered]


@pytest.mark.parametrize(
    ("name", "value", "also"),
    [
        ("path", "notes/a.txt", ()),
        ("path", "notes/a.txt", ("notes/a.txt",)),
        ("path", "notes/a.txt", ("notes/a.txt", "/a.txt")),
        ("path", "/a.txt", ("a.txt", "/srv/files/a.txt")),
        ("path", "./a.txt", ("a.txt", "/srv/files/a.txt")),
        ("folder", ".", (".", "/srv/files")),
        ("folder", "all", ("all", "/")),
    ],
)
def test_a_whole_root_and_a_file_nobody_found_are_no_folder(
    name: str, value: str, also: tuple[str, ...]
) -> None:
    subject = rules.Subject({name: value}, KINDS, {name: also} if also else {})
    (only,) = broadening.widenings(subject, {}, may_open=True)
    assert [choice.key for choice in only.choices] == ["same"]
    found = any(each.startswith("/") for each in also)
    assert bool(only.choices[0].match) is found


@pytest.mark.parametrize("name", ["command", "code", "sql", "argv", "path", "folder", "url", "host", "cc"])
def test_deeds_and_places_are_never_left_open(name: str) -> None:
    values = {"argv": ["/bin/ls"], "url": "https://a.org/", "path": "notes/a.txt", "folder": "notes"}
    beside = {"to": "ann@x.org", name: values.get(name, "x")}
    assert "any" not in keys(beside)[name]


def test_what_may_be_left_open_is_prose_that_is_written_anew_each_time() -> None:
    held = {"to": "ann@x.org"}
    (_, line) = widened({**held, "line": "Hello"})
    assert [choice.words for choice in line.choices] == ["exactly this value", "any text"]
    (_, lines) = widened({**held, "words": ["a", "b"]})
    assert [choice.words for choice in lines.choices][-1] == "any texts"
    for spec in ({"enum": ["a"]}, {"const": "a"}):
        assert keys({**held, "line": "a"}, line=spec)["line"] == ["same"]
    assert keys({**held, "line": "a"}, line={"type": "string"})["line"] == ["same", "any"]
    assert keys({**held, "many": [1]})["many"] == ["same"]
    assert keys({**held, "many": {"a": "b"}})["many"] == ["same"]


def test_a_place_does_not_hold_itself() -> None:
    """The one place of a use is no reason to leave that place open, nor a text beside nothing but texts."""
    assert keys({"to": "ann@x.org"}) == {"to": ["same", "domain"]}
    made = widened({"to": "ann@x.org", "line": "x"})
    assert [(each.name, each.holds) for each in made] == [("to", True), ("line", False)]


WAYS = (broadening.Choice("same", "", is_same=True), broadening.Choice("any", "", is_open=True))


def ways(**held: bool) -> list[broadening.Widening]:
    return [broadening.Widening(name, WAYS, "same", holds=holds) for name, holds in held.items()]


def test_what_is_left_must_hold_the_use() -> None:
    wrong = "With this, only the name of the tool would be left. Keep one argument narrower."
    opened = {"a": "any", "b": "same", "c": "same"}
    assert broadening.problems(ways(a=False, b=True, c=False), opened) == {}
    assert broadening.problems(ways(a=False, b=False, c=False), opened) == {"a": wrong}
    # What is left open itself holds nothing, and of two it is the first that is named.
    assert broadening.problems(ways(a=True, b=False, c=False), opened) == {"a": wrong}
    both = {"a": "same", "b": "any", "c": "any"}
    assert broadening.problems(ways(a=False, b=False, c=False), both) == {"b": wrong}
    # Beside another mistake there is nothing to say of it yet.
    assert list(broadening.problems(ways(a=False, b=False, c=False), {**opened, "c": "x"})) == ["c"]


def test_a_wrong_key_is_told_with_those_there_are() -> None:
    told = broadening.problems(ways(a=True), {"a": "x", "more": "same"})
    assert told == {"a": "Choose one of: same, any.", "more": "The call has no such argument."}
    assert broadening.problems(ways(a=True), {}) == {"a": "Choose one of: same, any."}


def test_conditions_are_made_of_what_was_offered_alone() -> None:
    with pytest.raises(ValueError, match="offered"):
        broadening.conditions(ways(a=True), {"a": "folder"}, {"a": 1})
    made = broadening.conditions(ways(a=True, b=False), {"a": "same", "b": "any"}, {"a": 1, "b": "x"})
    assert made == {"same": {"a": 1}, "match": {}, "open": ["b"]}


def test_ways_are_told_in_words() -> None:
    made = widened({"path": "notes/a.txt", "to": "ann@x.org"})
    arguments = {"path": "notes/a.txt", "to": "ann@x.org"}
    told = broadening.told(made, {"path": "folder", "to": "domain"}, arguments)
    assert told == [
        {"name": "path", "says": "anything in “notes/”"},
        {"name": "to", "says": "anybody at “x.org”"},
    ]
    assert broadening.told(made, {"path": "x", "to": "same"}, arguments) == [
        {"name": "path", "says": ""},
        {"name": "to", "says": "exactly “ann@x.org”"},
    ]
    (url,) = widened({"url": "https://a.org/x/y"})
    assert [each.words for each in url.choices][1:] == [
        "any page of “a.org”",
        "any page below “https://a.org/x/”",
    ]


def test_up_to_160_characters_of_a_value_are_quoted() -> None:
    assert broadening.quoted("x" * 160) == f"“{'x' * 160}”"
    assert broadening.quoted("x" * 161) == f"“{'x' * 160}…”"


@pytest.mark.parametrize(
    ("value", "is_one"),
    [("a@x.org", True), ("x.org", False), ("@x.org", False), ("a@*.x.org", False), ("a@b@x.org", False)],
)
def test_which_recipients_are_addresses(value: str, is_one: bool) -> None:
    assert mail.is_address(value) is is_one
