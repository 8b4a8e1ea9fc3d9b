"""Parameters are written as OpenAPI describes them: each place with its styles, exploded or not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.executors.fake_site import FakeSite
from tests.tools.executors.http_tools import TEXT, schema, settings_of, used
from tools_app import executors

COLOURS = ["blue", "black,grün"]
POINT = {"R": 100, "G": [1, 2], "B": None}


def sent(site: FakeSite, where: str, value: Any, **placed: Any) -> tuple[str, dict[str, str]]:
    site.says("/weather")
    used(settings_of(site, parameters={"color": {"in": where, **placed}}), {"color": value})
    first, headers, _ = site.requests[-1]
    return first.split(" ")[1].partition("?")[2], headers


@pytest.mark.parametrize(
    ("style", "explode", "value", "query"),
    [
        ("form", True, COLOURS, "color=blue&color=black%2Cgr%C3%BCn"),
        ("form", False, COLOURS, "color=blue,black%2Cgr%C3%BCn"),
        ("form", True, POINT, "R=100&G=%5B1%2C%202%5D"),
        ("form", False, POINT, "color=R,100,G,%5B1%2C%202%5D"),
        ("form", False, "a&b", "color=a%26b"),
        ("form", False, [], "color="),
        ("form", True, [], ""),
        ("spaceDelimited", False, COLOURS, "color=blue%20black%2Cgr%C3%BCn"),
        ("pipeDelimited", False, COLOURS, "color=blue%7Cblack%2Cgr%C3%BCn"),
        (
            "deepObject",
            True,
            {"a": {"b": [1, True]}},
            "color%5Ba%5D%5Bb%5D%5B0%5D=1&color%5Ba%5D%5Bb%5D%5B1%5D=true",
        ),
        ("json", False, {"a": [1]}, "color=%7B%22a%22%3A%20%5B1%5D%7D"),
        ("form", True, None, ""),
    ],
)
def test_query(site: FakeSite, style: str, explode: bool, value: Any, query: str) -> None:
    assert sent(site, "query", value, style=style, explode=explode)[0] == query


@pytest.mark.parametrize(
    ("style", "explode", "value", "step"),
    [
        ("simple", False, COLOURS, "blue,black%2Cgr%C3%BCn"),
        ("simple", False, {"a": 1, "b": 2}, "a,1,b,2"),
        ("simple", True, {"a": 1, "b": 2}, "a=1,b=2"),
        ("label", False, "blue", ".blue"),
        ("label", True, ["a", "b"], ".a.b"),
        ("label", True, {"a": 1, "b": 2}, ".a=1.b=2"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, ["a", "b"], ";color=a,b"),
        ("matrix", True, ["a", "b"], ";color=a;color=b"),
        ("matrix", True, {"a": 1, "b": 2}, ";a=1;b=2"),
    ],
)
def test_path(site: FakeSite, style: str, explode: bool, value: Any, step: str) -> None:
    site.says(f"/at/{step}/now")
    placed = {"color": {"in": "path", "style": style, "explode": explode}}
    used(settings_of(site, "/at/{color}/now", parameters=placed), {"color": value})
    assert site.requests[0][0].split(" ")[1] == f"/at/{step}/now"


@pytest.mark.parametrize(
    ("placed", "value", "header"),
    [
        ({"style": "simple"}, ["a", 1], "a,1"),
        ({"style": "simple"}, {"a": 1, "b": 2}, "a,1,b,2"),
        ({"style": "simple", "explode": True}, {"a": 1, "b": 2}, "a=1,b=2"),
        ({"style": "json"}, {"a": [1]}, '{"a": [1]}'),
    ],
)
def test_header(site: FakeSite, placed: dict[str, Any], value: Any, header: str) -> None:
    assert sent(site, "header", value, name="X-Color", **placed)[1]["x-color"] == header


def test_cookies_and_a_secret_cookie_make_one_header(site: FakeSite) -> None:
    site.says("/weather")
    placed = {"color": {"in": "cookie", "style": "form"}, "size": "cookie"}
    auth = {"type": "cookie", "name": "session", "secret": "key"}
    settings = settings_of(site, parameters=placed, fixed={"cookie": {"lang": "en"}}, auth=auth)
    secret = executors.Credential("s3cret-value", (site.endpoint,))
    used(settings, {"color": "a; b=c", "size": 1}, key=secret)
    assert site.requests[0][1]["cookie"] == "lang=en; color=a%3B%20b%3Dc; size=1; session=s3cret-value"


@pytest.mark.parametrize(
    ("placed", "place"),
    [
        ({"in": "query", "style": "matrix"}, "/parameters/a/style: query knows one of form"),
        ({"in": "header", "style": "form"}, "/parameters/a/style: header knows one of simple"),
        ({"in": "json", "style": "form"}, "/parameters/a/style: json knows none"),
        ({"in": "query", "at": "/a"}, ""),
        ({"in": "query", "at": "/a/b"}, "/parameters/a/at: "),
    ],
)
def test_a_style_belongs_to_its_place(placed: dict[str, Any], place: str) -> None:
    settings = {"method": "POST", "url": "https://api.example/x", "parameters": {"a": placed}}
    found = executors.problems("http", settings, schema(a=TEXT))
    assert [problem for problem in found if problem.startswith(place)] if place else found == []
