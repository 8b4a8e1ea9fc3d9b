"""What people allowed from now on, as the gate reads it: it spares exactly the questions it was given for. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools_app import policy
from tools_app.policy import Allow, AskApproval, Call, Facts, Grant, Refuse, Standing, ToolFacts
from tools_app.policy import standing as standings

KINDS = {
    "path": "path",
    "missing": "path",
    "url": "url",
    "to": "email",
    "line": "",
    "argv": "argv",
    "sql": "sql",
}
TOOL = ToolFacts(1, "ledger", "hash", requires_approval=True, kinds=KINDS)
GRANT = Grant(1, 1, "Clerk", "hash")
NOTES = ["notes/a.txt", "/srv/files/notes/a.txt"]


def held(same: Any = None, match: Any = None, left_open: Any = None) -> dict[str, Any]:
    return {"same": same or {}, "match": match or {}, "open": left_open or []}


def standing(conditions: Any, **fields: Any) -> Standing:
    return Standing(7, conditions, **{"covers": standings.COVERABLE, **fields})


def facts(*allowed: Standing, **fields: Any) -> Facts:
    return Facts(**{"tool": TOOL, "grant": GRANT, "standing": allowed, **fields})


ASKED = AskApproval(("tool_requires_approval",))
# Conditions, arguments, and whether the question is spared.
CASES: list[tuple[str, Any, dict[str, Any], bool]] = [
    ("the same", held({"line": "one"}), {"line": "one"}, True),
    ("another", held({"line": "one"}), {"line": "two"}, False),
    ("another spelling", held({"line": "one"}), {"line": "One"}, False),
    ("the same number", held({"n": 1}), {"n": 1.0}, True),
    ("a text is no number", held({"n": 1}), {"n": "1"}, False),
    ("true is no number", held({"n": 1}), {"n": True}, False),
    ("the same object", held({"o": {"a": [1]}}), {"o": {"a": [1]}}, True),
    ("a larger object", held({"o": {"a": [1]}}), {"o": {"a": [1], "b": 1}}, False),
    ("one more argument", held({"line": "one"}), {"line": "one", "n": 1}, False),
    ("one less", held({"line": "one", "dry_run": True}), {"line": "one"}, False),
    ("nothing", held(), {}, True),
    ("something instead of nothing", held(), {"line": "one"}, False),
    (
        "below the folder",
        held(match={"path": [{"path_under": "/srv/files/notes"}]}),
        {"path": "notes/a.txt"},
        True,
    ),
    # Allowed by its text alone, for nothing was there: what is there by now, somebody has to look at.
    ("a file that came to be", held({"path": "notes/a.txt"}), {"path": "notes/a.txt"}, False),
    (
        "a file that is still what it was",
        held({"path": "notes/a.txt"}, {"path": [{"path_under": "/srv/files/notes/a.txt"}]}),
        {"path": "notes/a.txt"},
        True,
    ),
    ("a file that is still not there", held({"missing": "a.txt"}), {"missing": "a.txt"}, True),
    ("beside it", held(match={"path": [{"path_under": "/srv/files/note"}]}), {"path": "notes/a.txt"}, False),
    ("the same host", held(match={"url": [{"url": "https://a.org/"}]}), {"url": "https://a.org/x?y"}, True),
    ("a host below", held(match={"url": [{"url": "https://a.org/"}]}), {"url": "https://b.a.org/"}, False),
    (
        "a host behind",
        held(match={"url": [{"url": "https://a.org/"}]}),
        {"url": "https://a.org.evil/"},
        False,
    ),
    ("without https", held(match={"url": [{"url": "https://a.org/"}]}), {"url": "http://a.org/"}, False),
    ("these people", held(match={"to": [{"each": [{"one_of": ["a@x.org"]}]}]}), {"to": ["a@x.org"]}, True),
    (
        "one more",
        held(match={"to": [{"each": [{"one_of": ["a@x.org"]}]}]}),
        {"to": ["a@x.org", "b@x.org"]},
        False,
    ),
    ("up to", held(match={"n": [{"range": {"min": 0, "max": 5}}]}), {"n": 5}, True),
    ("beyond", held(match={"n": [{"range": {"min": 0, "max": 5}}]}), {"n": 5.5}, False),
    ("one open", held({"to": "a@x.org"}, left_open=["note"]), {"to": "a@x.org", "note": "whatever"}, True),
    ("one open and away", held({"to": "a@x.org"}, left_open=["note"]), {"to": "a@x.org"}, True),
    ("one open beside a word", held({"line": "one"}, left_open=["note"]), {"line": "one"}, False),
    ("one open beside no place", held({"to": []}, left_open=["note"]), {"to": []}, False),
    ("one open beside an empty one", held({"to": ""}, left_open=["note"]), {"to": ""}, False),
    ("one open beside nothing", held({"to": None}, left_open=["note"]), {"to": None}, False),
    ("one open beside an empty object", held({"to": {}}, left_open=["note"]), {"to": {}}, False),
    (
        "one open beside a place and a word",
        held({"to": "a@x.org", "line": "one"}, left_open=["note"]),
        {"to": "a@x.org", "line": "one"},
        True,
    ),
    (
        "one open beside a number",
        held(match={"n": [{"range": {"min": 0, "max": 3}}]}, left_open=["note"]),
        {"n": 0, "note": "whatever"},
        False,
    ),
    ("the name alone", held(left_open=["line"]), {"line": "one"}, False),
    ("true for everything", held(match={"line": True}), {"line": "one"}, False),
    ("no value at all", held(match={"line": []}), {"line": "one"}, False),
    ("held and open", held({"line": "one"}, left_open=["line"]), {"line": "two"}, False),
    ("both, one missed", held({"n": 1}, {"n": [{"range": {"max": 0}}]}), {"n": 1}, False),
    ("an unknown operator", held(match={"line": [{"starts": "o"}]}), {"line": "one"}, False),
    ("only denies", held(match={"line": [{"contains": "o"}]}), {"line": "one"}, False),
    ("a place inside", held(match={"/line": [{"equals": "one"}]}), {"line": "one"}, False),
    ("a part that is missing", {"same": {"line": "one"}}, {"line": "one"}, False),
    ("a part nobody knows", held({"line": "one"}) | {"else": 1}, {"line": "one"}, False),
    ("no object", ["line"], {"line": "one"}, False),
    ("nothing at all", None, {"line": "one"}, False),
]


@pytest.mark.parametrize(
    ("name", "conditions", "arguments", "spared"), CASES, ids=[case[0] for case in CASES]
)
def test_conditions(name: str, conditions: Any, arguments: dict[str, Any], spared: bool) -> None:
    call = Call(arguments, also={"path": NOTES})
    assert standings.fits(standing(conditions), call, TOOL) is spared
    told = policy.decide(call, facts(standing(conditions)))
    assert told == (Allow(standing=7) if spared else ASKED)
    assert not isinstance(policy.decide(call, facts()), Allow)


@pytest.mark.parametrize(
    ("kind", "is_held"),
    [
        *(dict.fromkeys(("path", "folder", "url", "host", "email", "argv"), True).items()),
        *(dict.fromkeys(("text", "code", "command", "sql", ""), False).items()),
    ],
)
def test_which_kinds_of_arguments_hold_a_use_to_a_place(kind: str, is_held: bool) -> None:
    tool = replace(TOOL, kinds={"at": kind})
    call = Call({"at": "there", "note": "whatever"})
    assert standings.fits(standing(held({"at": "there"}, left_open=["note"])), call, tool) is is_held


def test_statements_that_only_read() -> None:
    reads = standing(held(match={"sql": [{"sql_read_only": True}]}))
    for made_of, spared in (("read", True), ("write", False), ("unreadable", False)):
        told = policy.decide(Call({"sql": "SELECT 1"}, sql={"sql": made_of}), facts(reads))
        assert isinstance(told, Allow) == spared


@pytest.mark.parametrize(
    ("conditions", "path", "real", "spared"),
    [
        (held(match={"path": [{"path_under": "/srv/files/notes"}]}), "notes/../b.txt", "b.txt", False),
        (held(match={"path": [{"path_under": "/srv/files/notes"}]}), "notes/a.txt", "secrets/key", False),
        (
            held(match={"path": [{"path_under": "/srv/files/notes"}]}),
            "notes/sub/a.txt",
            "notes/sub/a.txt",
            True,
        ),
        (held({"path": "a"}, {"path": [{"path_under": "/srv/files/a"}]}), "a", "a", True),
        (held({"path": "a"}, {"path": [{"path_under": "/srv/files/a"}]}), "a", "secrets/key", False),
    ],
)
def test_a_path_is_the_file_it_means(conditions: Any, path: str, real: str, spared: bool) -> None:
    """A name that leads out of the folder by now, or to another file, is asked about."""
    call = Call({"path": path}, also={"path": [real, f"/srv/files/{real}"]})
    assert isinstance(policy.decide(call, facts(standing(conditions))), Allow) == spared


ONE = Call({"line": "one"})
SAME = standing(held({"line": "one"}))


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ({"could_leak": True}, ("tool_requires_approval", "tainted")),
        ({"tool": replace(TOOL, asks_person=True)}, ("tool_requires_approval", policy.NEEDS_ANSWER)),
    ],
)
def test_what_is_never_spared(changed: dict[str, Any], asked: tuple[str, ...]) -> None:
    everything = replace(SAME, covers=frozenset({*standings.COVERABLE, *asked}))
    assert policy.decide(ONE, facts(everything, **changed)) == AskApproval(asked)


def asking(reason: str) -> dict[str, Any]:
    """Facts under which just this reason asks, and no other."""
    tool = replace(TOOL, requires_approval=False, is_dangerous=reason == "dangerous")
    layer, _, why = reason.partition("_")
    condition = {"line": ["one"]} if why == "condition" else None
    if reason == "condition":
        return {"tool": tool, "grant": replace(GRANT, ask_when={"line": ["one"]})}
    if layer == "grant":
        return {"tool": tool, "grant": replace(GRANT, forces_approval=True)}
    if reason == "dangerous":
        return {"tool": tool}
    source = policy.Source(layer, 1, "A rule")
    return {
        "tool": tool,
        "layers": (policy.Layer(source, ask_when=condition, requires_approval=condition is None),),
    }


@pytest.mark.parametrize("reason", sorted(standings.COVERABLE))
def test_a_reason_it_was_not_given_for_is_asked(reason: str) -> None:
    others = replace(SAME, covers=standings.COVERABLE - {reason})
    given_for = replace(SAME, covers=frozenset({reason}))
    told = policy.decide(ONE, facts(others, **asking(reason)))
    assert isinstance(told, AskApproval)
    assert told.reasons == (reason,)
    assert policy.decide(ONE, facts(given_for, **asking(reason))) == Allow(standing=7)


@pytest.mark.parametrize(
    "changed",
    [
        {"grant": replace(GRANT, denied={"line": ["one"]})},
        {"grant": replace(GRANT, allowed=["other"])},
        {"grant": replace(GRANT, usage_limit=1), "uses": 1},
        {"grant": replace(GRANT, may_use=False)},
        {"grant": replace(GRANT, ask_when={"line": [{"no": "operator"}]})},
        {"tool": replace(TOOL, enabled=False)},
        {"requester_active": False},
        {"grant": None},
        {"readable": False},
    ],
)
def test_what_is_refused_stays_refused(changed: dict[str, Any]) -> None:
    assert isinstance(policy.decide(ONE, facts(SAME, **changed)), Refuse)


def test_the_first_that_fits_is_named_and_nothing_where_nobody_asks() -> None:
    other, broken = replace(SAME, id=3, conditions=held({"line": "two"})), replace(SAME, id=4, conditions="x")
    assert policy.decide(ONE, facts(other, broken, SAME, replace(SAME, id=9))) == Allow(standing=7)
    assert policy.decide(ONE, facts(SAME, tool=replace(TOOL, requires_approval=False))) == Allow()


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from(["", "one", "notes/a.txt", "https://a.org/x"]),
)
NAMES = st.sampled_from(["line", "n", "path", "url"])
MATCHERS = st.sampled_from(
    [
        True,
        [],
        ["one"],
        [{"equals": "one"}],
        [{"range": {"max": 3}}],
        [{"path_under": "/srv/files"}],
        [{"x": 1}],
    ]
)
CONDITIONS = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {
            "same": st.dictionaries(NAMES, VALUES, max_size=2),
            "match": st.dictionaries(NAMES, MATCHERS, max_size=2),
            "open": st.lists(NAMES, max_size=2),
        }
    ),
)


@given(conditions=CONDITIONS, arguments=st.dictionaries(NAMES, VALUES, max_size=3), leaks=st.booleans())
def test_it_never_widens_more_than_the_question(
    conditions: Any, arguments: dict[str, Any], leaks: bool
) -> None:
    """Whatever is in the row: what was refused stays refused, what is allowed was asked, and holds to a value."""
    call = Call(arguments, also={"path": NOTES})
    before = policy.decide(call, facts(could_leak=leaks))
    after = policy.decide(call, facts(standing(conditions), could_leak=leaks))
    if after == before:
        return
    assert (type(before), type(after), leaks) == (AskApproval, Allow, False)
    held_to = {*conditions["same"], *conditions["match"]}
    assert held_to or not arguments
    # With one more argument, or one of those that were held away, it is asked again.
    assert policy.decide(Call({**arguments, "more": 1}), facts(standing(conditions))) == ASKED
    for name in held_to:
        less = {key: value for key, value in arguments.items() if key != name}
        assert policy.decide(Call(less, also={"path": NOTES}), facts(standing(conditions))) == ASKED


@pytest.mark.parametrize(
    ("conditions", "leads_to", "reached"),
    [
        (held(match={"url": [{"url": "https://a.org/"}]}), "https://a.org/x", True),
        (held(match={"url": [{"url": "https://a.org/"}]}), "https://b.org/x", False),
        (held(match={"url": [{"url": "https://a.org/x/"}]}), "https://a.org/y", False),
        (held({"url": "https://a.org/x"}), "https://a.org/y", True),
        (held({"url": "http://a.org/x"}), "https://a.org/x", True),
        (held({"url": "https://a.org/x"}), "http://a.org/x", False),
        (held({"url": "https://a.org/x"}), "https://b.org/x", False),
        (held({"to": "a@x.org"}, left_open=["url"]), "https://b.org/x", True),
        ({}, "https://a.org/x", False),
    ],
)
def test_an_address_that_another_leads_to_is_within_what_was_allowed(
    conditions: Any, leads_to: str, reached: bool
) -> None:
    judge = policy.Further(TOOL, (), standing(conditions))
    assert (judge("url", leads_to) == "") == reached
    assert policy.Further(TOOL, ())("url", leads_to) == ""
    assert judge("line", leads_to) != "", "of this one it says nothing"
    assert standings.reaches(standing(conditions), "url", leads_to, TOOL) is reached
