"""JMESPath beside JSON Pointer, bounded; and every way a service tells of its next page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.executors.fake_site import FakeSite
from tests.tools.executors.http_tools import TEXT, schema, settings_of, used
from tools_app import executors
from tools_app.exceptions import ToolFailed

JSON = "Content-Type: application/json"
ANSWER = {"items": [{"name": "a", "n": 2}, {"name": "b", "n": 1}], "big": "x" * 9}
BOTH = 'Link: <https://a.example/?page=1>; rel="prev", <https://a.example/?page=4&p=9>; rel="next"'
DOUBLING = "[@,@]" + "|[@,@]" * 60
FLAT = "[@,@][]" + "|[@,@][]" * 60


def picked(site: FakeSite, expression: str, answer: Any = None) -> str:
    site.says("/weather", json.dumps(ANSWER if answer is None else answer).encode(), JSON)
    return used(settings_of(site, response={"jmespath": expression})).text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("items[?n > `1`].name | [0]", "a"),
        ("sort_by(items, &n)[].name", '[\n  "b",\n  "a"\n]'),
        ("items[].{called: name}", '[\n  {\n    "called": "a"\n  },\n  {\n    "called": "b"\n  }\n]'),
        ("length(items)", "2"),
        ("nothing.here", "null"),
    ],
)
def test_an_expression_picks(site: FakeSite, expression: str, text: str) -> None:
    assert picked(site, expression) == text


@pytest.mark.parametrize("expression", [FLAT, f"to_string({DOUBLING})", f"{DOUBLING} == `1`"])
def test_an_expression_that_doubles_without_end_is_given_up(site: FakeSite, expression: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        picked(site, expression)
    assert refused.value.code == "too_large"


def test_an_expression_that_does_not_fit_the_answer_is_said(site: FakeSite) -> None:
    with pytest.raises(ToolFailed, match="length") as refused:
        picked(site, "length(@)", 7)
    assert refused.value.code == "nothing_picked"


@pytest.mark.parametrize("expression", ["items[", "foo(", "a b", "(" * 900, "unknown function("])
def test_what_is_no_expression_is_refused_where_it_is_written(expression: str) -> None:
    settings = {"method": "GET", "url": "https://api.example/x", "response": {"jmespath": expression}}
    assert executors.problems("http", settings, schema())[0].startswith("/response/jmespath: ")
    both = settings | {"response": {"jmespath": "a", "pick": "/a"}}
    assert executors.problems("http", both, schema()) == ["/response: pick or jmespath, not both."]


def test_a_large_answer_is_picked_from(site: FakeSite) -> None:
    answer = {"items": [{"id": number, "name": f"n{number}", "tags": ["a", "b"]} for number in range(4_000)]}
    assert picked(site, "items[?id == `3999`].name | [0]", answer) == "n3999"


@pytest.mark.parametrize(
    ("plan", "headers", "told"),
    [
        ({"pick": "/next"}, (), 'page = "c2"'),
        ({"jmespath": "paging.cursor"}, (), "page = 7"),
        ({"pick": "/url"}, (), "page = 3"),
        ({"pick": "/path"}, (), 'page = "x y"'),
        ({"pick": "/last"}, (), ""),
        ({"pick": "/more"}, (), ""),
        ({"header": "X-Next"}, ("X-Next: 5",), "page = "),
        (
            {"header": "Link"},
            ('Link: <https://a.example/?page=1>; rel="prev", <https://a.example/?page=4>; rel="next"',),
            "page = 4",
        ),
        ({"header": "link"}, ("Link: </x?p=1&page=ab>; rel=next; title=x",), 'page = "ab"'),
        ({"header": "link"}, ('Link: <https://a.example/?page=1>; rel="prev"',), ""),
        ({"step": 1}, (), "page = 3"),
        ({"step": 1, "pick": "/more"}, (), "page = 3"),
        ({"step": 1, "pick": "/last"}, (), ""),
        ({"step": 50, "jmespath": "length(items) > `1`"}, (), ""),
    ],
)
def test_the_next_page_is_told(
    site: FakeSite, plan: dict[str, Any], headers: tuple[str, ...], told: str
) -> None:
    answer = {
        "items": [1],
        "next": "c2",
        "paging": {"cursor": 7},
        "url": "https://api.example/x?page=3&size=9",
        "path": "/x?page=x+y",
        "last": None,
        "more": True,
    }
    site.says("/weather", json.dumps(answer).encode(), JSON, *headers)
    settings = settings_of(
        site, parameters={"page": "query"}, response={"next": {"parameter": "page", **plan}}
    )
    text = used(settings, {"page": 2}).text
    assert (f"use the tool again with {told}" in text) if told else ("There is more" not in text)


def test_an_empty_page_is_the_last_one(site: FakeSite) -> None:
    site.says("/weather", b"[]", JSON)
    following = {"parameter": "page", "step": 1, "start": 0}
    settings = settings_of(site, parameters={"page": "query"}, response={"next": following})
    assert "There is more" not in used(settings).text
    site.says("/weather", b"[1]", JSON)
    assert "page = 1.]" in used(settings).text


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"pick": "/a", "header": "X"},
        {"step": 1, "header": "X"},
        {"jmespath": "["},
        {"pick": "/a", "jmespath": "a"},
    ],
)
def test_a_plan_says_one_way(plan: dict[str, Any]) -> None:
    settings = {"method": "GET", "url": "https://api.example/x", "parameters": {"page": "query"}}
    settings["response"] = {"next": {"parameter": "page", **plan}}
    found = executors.problems("http", settings, schema(page=TEXT))
    assert found[0].startswith("/response/next")
