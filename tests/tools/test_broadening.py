"""What "from now on" may mean for each argument: readable, narrow, and never only the name of the tool. Pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools_app import policy, rules
from tools_app.approving import broadening
from tools_app.policy import Call, Facts, Grant, Standing, ToolFacts
from tools_app.policy.standing import COVERABLE

NOTES = ("notes/a.txt", "/srv/files/notes/a.txt")
KINDS = {
    "path": "path",
    "folder": "folder",
    "url": "url",
    "host": "host",
    "to": "email",
    "cc": "email",
    "command": "command",
    "code": "code",
    "sql": "sql",
    "argv": "argv",
    "body": "text",
}


def widened(
    arguments: dict[str, Any], *, may_open: bool = True, **specs: Any
) -> tuple[broadening.Widening, ...]:
    also = {"path": NOTES, "folder": ("notes", "/srv/files/notes")}
    subject = rules.Subject(arguments, KINDS, also, {"sql": "read"})
    return broadening.widenings(subject, specs, may_open=may_open)


def keys(arguments: dict[str, Any], **options: Any) -> dict[str, list[str]]:
    return {each.name: [choice.key for choice in each.choices] for each in widened(arguments, **options)}


@pytest.mark.parametrize(
    ("arguments", "offered", "suggested", "words"),
    [
        ({"path": "notes/a.txt"}, ["same", "folder"], "folder", "anything in “notes/”"),
        ({"folder": "notes"}, ["same", "folder"], "folder", "anything in “notes/”"),
        ({"url": "https://a.org/"}, ["same", "host"], "host", "any page of “a.org”"),
        ({"url": "https://a.org:8443/x"}, ["same", "host"], "host", "any page of “a.org:8443”"),
        ({"url": "https://a.org/x/y?z=1"}, ["same", "host", "below"], "host", "any page of “a.org”"),
        ({"url": "no address"}, ["same"], "same", ""),
        ({"host": "a.org"}, ["same"], "same", ""),
        ({"to": "ann@x.org"}, ["same", "domain"], "same", "anybody at “x.org”"),
        ({"to": ["ann@x.org", "bob@Y.org"]}, ["same", "these", "domain"], "same", "anybody at “x.org” or “y.org”"),
        ({"to": ["no address"]}, ["same"], "same", ""),
        ({"command": "ls"}, ["same"], "same", ""),
        ({"code": "print(1)"}, ["same"], "same", ""),
        ({"sql": "SELECT 1"}, ["same", "reads"], "same", "any statement that only reads"),
        ({"argv": ["/bin/git", "log", "-1"]}, ["same", "program"], "same", ""),
        ({"argv": ["/bin/git", "log"]}, ["same", "program"], "same", "“/bin/git log” of anything, with no options"),
        ({"argv": ["git", "log"]}, ["same"], "same", ""),
        ({"n": 25}, ["same", "most"], "same", "from 0 to 25"),
        ({"n": -3}, ["same", "most"], "same", "from -3 to 0"),
        ({"n": True}, ["same"], "same", ""),
        ({"n": None}, ["same"], "same", ""),
        ({"words": ["a", "b"]}, ["same", "these"], "same", "only these, in any number and order"),
        ({"query": "cats"}, ["same"], "same", ""),
        ({"object": {"a": 1}}, ["same"], "same", ""),
    ],
)  # fmt: skip
def test_choices_by_kind(arguments: dict[str, Any], offered: list[str], suggested: str, words: str) -> None:
    (only,) = widened(arguments)
    assert ([choice.key for choice in only.choices], only.suggested) == (offered, suggested)
    assert not words or words in [choice.words for choice in only.choices]


def test_a_file_nobody_found_and_one_in_the_root_have_no_folder() -> None:
    for also in ({}, {"path": ("a.txt", "/srv/files/a.txt")}):
        subject = rules.Subject({"path": "a.txt"}, KINDS, also)
        (only,) = broadening.widenings(subject, {}, may_open=True)
        assert [choice.key for choice in only.choices] == ["same"]


def test_a_text_is_left_open_only_beside_what_holds_the_use() -> None:
    letter = {"to": ["ann@x.org"], "subject": "Hello", "body": "Dear Ann"}
    assert keys(letter) == {
        "to": ["same", "these", "domain"],
        "subject": ["same", "any"],
        "body": ["same", "any"],
    }
    assert "any" not in str(keys(letter, may_open=False))
    # A switch, a number, a word or a list of them holds nothing, and no place at all does not either.
    held: list[dict[str, Any]] = [
        {"level": "low"},
        {"dry": True},
        {"limit": 3},
        {"language": "en"},
        {"tags": ["a"]},
        {"to": []},
    ]
    for beside in held:
        assert "any" not in keys({**beside, "text": "x"})["text"], beside
    assert keys({"command": "ls", "to": "ann@x.org"})["command"] == ["same"]


def test_everything_open_is_refused_by_its_field() -> None:
    ways = (broadening.Choice("same", "", is_same=True), broadening.Choice("any", "", is_open=True))
    loose = [broadening.Widening(name, ways, "same", holds=False) for name in ("text", "title")]
    assert broadening.problems(loose, {"title": "same", "text": "any"}) == {
        "text": "With this, only the name of the tool would be left. Keep one argument narrower."
    }
    two = widened({"title": "a", "text": "b"})
    assert broadening.problems(two, {"title": "same", "text": "same"}) == {}
    assert set(broadening.problems(two, {"title": "folder", "more": "same"})) == {"title", "text", "more"}


def test_values_are_told_with_nothing_in_them_invisible() -> None:
    made = widened({"line": "a\u202eb\n\nc", "long": "x" * 500})
    told = broadening.told(
        made, {"line": "same", "long": "same"}, {"line": "a\u202eb\n\nc", "long": "x" * 500}
    )
    assert told[0] == {"name": "line", "says": "exactly “a⟨U+202E⟩b c”"}
    assert told[1]["says"].endswith("x…”")
    assert len(told[1]["says"]) < 200


VALUES = {
    "path": st.just("notes/a.txt"),
    "folder": st.just("notes"),
    "url": st.sampled_from(
        ["https://a.org/x/y", "https://a.org", "ftp://a.org/", "//", "https://a.org:444/?q"]
    ),
    "host": st.sampled_from(["a.org", ""]),
    "to": st.one_of(
        st.lists(st.sampled_from(["a@x.org", "b@y.org", "@", ""]), max_size=3), st.just("a@x.org")
    ),
    "sql": st.just("SELECT 1"),
    "argv": st.lists(st.sampled_from(["/bin/git", "log", "--b", ""]), max_size=3),
    "body": st.text(max_size=5),
    "n": st.one_of(st.integers(-9, 9), st.floats(-9, 9), st.booleans(), st.none()),
    "list": st.lists(st.text(max_size=2), max_size=3),
    "object": st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=2),
}


@given(data=st.data())
def test_whatever_is_chosen_fits_the_call_it_was_chosen_for(data: st.DataObject) -> None:
    """Each choice that has no problems can be read by the gate and covers the use at hand, and no larger one."""
    names = data.draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=4))
    arguments = {name: data.draw(VALUES[name]) for name in names}
    ways = widened(arguments, may_open=data.draw(st.booleans()))
    chosen = {each.name: data.draw(st.sampled_from([choice.key for choice in each.choices])) for each in ways}
    if broadening.problems(ways, chosen):
        return
    made = broadening.conditions(ways, chosen, arguments)
    assert policy.standing.is_sound(made)
    tool = ToolFacts(1, "tool", "", requires_approval=True, kinds=KINDS)
    facts = Facts(tool, Grant(1, 1, "", ""), standing=(Standing(5, made, COVERABLE),))
    also = {"path": NOTES, "folder": ("notes", "/srv/files/notes")}
    call = Call(arguments, also=also, sql={"sql": "read"})
    assert policy.decide(call, facts) == policy.Allow(standing=5)
    assert policy.decide(Call({**arguments, "more": 1}, also=also), facts) != policy.Allow(standing=5)
