"""A configuration that cannot work, or could be turned against the house, is refused where it is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.executors.http_tools import TEXT, schema
from tools_app import executors

ADDRESS = {"type": "string", "x-kind": "url"}
LIST = {"type": "array", "items": TEXT}
GOOD: dict[str, Any] = {
    "method": "POST",
    "url": "https://api.example/v1/{city}/now?format=json",
    "parameters": {"days": {"in": "query", "name": "d"}, "note": "json"},
    "headers": {"X-Version": "2"},
    "auth": {"type": "bearer", "secret": "key"},
    "timeout_seconds": 5,
    "max_bytes": 10_000,
    "redirects": "none",
    "response": {"pick": "/data/0", "next": {"pick": "/next", "parameter": "days"}, "max_characters": 500},
    "errors": {"404": "No such city.", "5xx": "It is down."},
}
SCHEMA = schema("city", city=TEXT, days={"type": "integer"}, note=TEXT)


def problems(changes: dict[str, Any] | None = None, given: dict[str, Any] | None = None) -> list[str]:
    settings = {name: value for name, value in (GOOD | (changes or {})).items() if value is not None}
    return executors.problems("http", settings, given or SCHEMA)


def test_a_sound_configuration_is_accepted() -> None:
    assert problems() == []
    whole: dict[str, Any] = {"url": "{page}", "parameters": {}, "auth": None, "response": None}
    assert problems(whole, schema("page", page=ADDRESS)) == []


def test_a_draft_is_accepted_and_not_ready() -> None:
    assert executors.problems("http", {}, SCHEMA) == []
    assert executors.readiness("http", "weather", {})[0] is False
    assert executors.readiness("http", "weather", {"url": "https://api.example/"})[0] is False
    assert executors.readiness("http", "weather", GOOD) == (True, "")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"method": "TRACE"}, "/method: "),
        ({"method": None}, '/: "method"'),
        ({"url": 7}, "/url: "),
        ({"magic": 1}, "/: "),
        ({"parameters": {"days": "magic", "note": "json"}}, "/parameters/days"),
        ({"parameters": {"days": {"in": "query", "name": 'a"b'}, "note": "json"}}, "/parameters/days/name: "),
        ({"parameters": {"days": {"in": "query", "to": "x"}, "note": "json"}}, "/parameters/days: "),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "/headers/X-A: "),
        ({"headers": {"X A": "a"}}, "/headers"),
        ({"timeout_seconds": 500}, "/timeout_seconds: "),
        ({"max_bytes": 10**9}, "/max_bytes: "),
        ({"redirects": "all"}, "/redirects: "),
        ({"response": {"pick": "data"}}, "/response/pick: "),
        ({"errors": {"200": "x"}}, "/errors"),
        ({"auth": {"type": "oauth", "secret": "key"}}, "/auth/type: "),
        ({"auth": {"type": "bearer", "value": "plain"}}, "/auth: "),
        # What the shape alone cannot say.
        ({"url": "https://{city}.example/now"}, "/url: a parameter must not choose the host"),
        ({"url": "https://api.example{city}/now"}, "/url: a parameter must not choose the host"),
        ({"url": "{city}/now"}, "/url: give a full address"),
        ({"url": "{city}"}, "/url: the parameter city is the whole address"),
        ({"url": "https://api.example/{city}?a={days}"}, "/url: {parameters} stand in the path"),
        ({"url": "https://api.example/{city}#top"}, "/url: the part after #"),
        ({"url": "https://api.example/{city}/{"}, "/url: a { or }"),
        ({"url": "https://api.example/{city}/{city}"}, "/url: {city} stands there more than once"),
        ({"url": "http://api.example/{city}"}, "/url: Only addresses that begin with https://"),
        ({"url": "https://api.example:8080/{city}"}, "/url: The port"),
        ({"url": "https://127.0.0.1/{city}"}, "/url: "),
        ({"url": "https://joe:pw@api.example/{city}"}, "/url: "),
        ({"url": "https://api.example/now"}, "/parameters/city: this parameter is not placed anywhere"),
        ({"parameters": {"note": "json"}}, "/parameters/days: this parameter is not placed anywhere"),
        (
            {"parameters": {"days": "path", "note": "json"}},
            "/parameters/days: the path of the address has no",
        ),
        (
            {"parameters": {"city": "query", "days": "query", "note": "json"}},
            "/parameters/city: it stands in the address already",
        ),
        ({"parameters": GOOD["parameters"] | {"gone": "query"}}, "/parameters/gone: the tool has no such"),
        ({"url": "https://api.example/{city}/{gone}"}, "/parameters/gone: the tool has no such"),
        ({"parameters": {"days": "form", "note": "json"}}, "/parameters: a request has one body"),
        ({"method": "GET"}, "/method: GET has no body"),
        (
            {"parameters": {"days": {"in": "query", "name": "format"}, "note": "json"}},
            "/parameters: the name format",
        ),
        (
            {"parameters": {"days": {"in": "header", "name": "x-version"}, "note": "json"}},
            "/parameters: the name",
        ),
        (
            {"parameters": {"days": {"in": "header", "name": "Host"}, "note": "json"}},
            "/parameters/days: the header",
        ),
        (
            {"parameters": {"days": {"in": "header", "name": "Authorization"}, "note": "json"}},
            "/parameters/days: the header Authorization carries a credential",
        ),
        ({"headers": {"Cookie": "a=b"}}, "/headers/Cookie: the header Cookie carries a credential"),
        ({"headers": {"Content-Length": "1"}}, "/headers/Content-Length: the header"),
        (
            {"parameters": {"days": {"in": "query", "filename": "x"}, "note": "json"}},
            "/parameters/days: filename",
        ),
        ({"auth": {"type": "header", "secret": "key"}}, "/auth/name: needed"),
        ({"auth": {"type": "header", "secret": "key", "name": "Host"}}, "/auth/name: the header Host"),
        ({"auth": {"type": "bearer", "secret": "key", "username": "joe"}}, "/auth/username: "),
        ({"auth": {"type": "query", "secret": "key", "name": "format"}}, "/parameters: the name format"),
        ({"response": {"next": {"pick": "/n", "parameter": "gone"}}}, "/response/next/parameter: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], place: str) -> None:
    found = problems(changes)
    assert [problem for problem in found if problem.startswith(place)], found


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (schema(city=TEXT, days=TEXT, note=TEXT), "/parameters/city: it is part of the address"),
        (schema("city", city=LIST, days=TEXT, note=TEXT), "/parameters/city: a list or an object"),
        (
            schema("city", city=TEXT, days=TEXT, note=TEXT, more=TEXT),
            "/parameters/more: this parameter is not",
        ),
        (SCHEMA | {"additionalProperties": True}, "/parameters: the tool accepts parameters without a name"),
    ],
)
def test_parameters_and_configuration_must_fit(given: dict[str, Any], place: str) -> None:
    found = problems(given=given)
    assert [problem for problem in found if problem.startswith(place)], found


def test_a_whole_address_is_called_by_its_kind() -> None:
    whole: dict[str, Any] = {"url": "{page}", "parameters": {}, "auth": None, "response": None}
    assert "x-kind" in problems(whole, schema("page", page=TEXT))[0]
    assert problems(whole | {"redirects": "any"}, schema("page", page=ADDRESS)) == []
