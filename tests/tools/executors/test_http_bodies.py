"""Bodies: fixed values, places inside a JSON object, whole bodies; and the headers the system itself adds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.executors.fake_site import FakeSite
from tests.tools.executors.http_tools import TEXT, schema, settings_of
from tools_app import executors
from tools_app.context import ToolContext
from tools_app.exceptions import ToolContextError, ToolFailed
from tools_app.executors import Credential, ToolResult, Work

AT_X = {"in": "json", "at": "/x"}
KEY = {"type": "bearer", "secret": "key"}


def post(
    site: FakeSite, arguments: dict[str, Any], work: dict[str, Any] | None = None, **settings: Any
) -> tuple[dict[str, str], bytes, ToolResult]:
    site.says("/weather", b"ok")
    told = Work("weather", "http", {}, settings_of(site) | {"method": "POST"} | settings, **(work or {}))
    deps = {"user_id": "7", "org_id": "1", "session_id": "s-1", "roles": ["admin", "chat"]}
    found = executors.of("http").execute(told, arguments, ToolContext("weather", "42", deps))
    _, headers, body = site.requests[-1]
    return headers, body, found


def test_parameters_and_fixed_values_share_one_json_body(site: FakeSite) -> None:
    placed = {
        "city": {"in": "json", "at": "/where/city"},
        "a/b": {"in": "json", "at": "/where/a~1b"},
        "n": "json",
    }
    fixed = {"json": {"model": "x", "where": {"country": "NO"}}, "query": {"v": 2, "f": ["a", "b"]}}
    _, body, _ = post(site, {"city": "Oslo", "a/b": 1, "n": None}, parameters=placed, fixed=fixed)
    assert json.loads(body) == {
        "model": "x",
        "where": {"country": "NO", "city": "Oslo", "a/b": 1},
        "n": None,
    }
    assert site.requests[0][0].startswith("POST /weather?v=2&f=a&f=b ")
    assert fixed["json"]["where"] == {"country": "NO"}  # type: ignore[index]


def test_fixed_values_of_forms(site: FakeSite) -> None:
    _, body, _ = post(site, {"a": "1"}, parameters={"a": "form"}, fixed={"form": {"grant": "x y"}})
    assert body == b"grant=x%20y&a=1"
    _, body, _ = post(site, {"a": "1"}, parameters={"a": "multipart"}, fixed={"multipart": {"grant": "x"}})
    assert b'name="grant"\r\n\r\nx\r\n' in body


@pytest.mark.parametrize("value", [[1, {"a": None}], "text", 0, False])
def test_one_parameter_can_be_the_whole_body(site: FakeSite, value: Any) -> None:
    headers, body, _ = post(site, {"all": value}, parameters={"all": "body"})
    assert (headers["content-type"], json.loads(body)) == ("application/json", value)


def test_a_body_that_is_not_json(site: FakeSite) -> None:
    placed = {"all": {"in": "body", "content_type": "application/xml"}}
    headers, body, _ = post(site, {"all": "<a>ü</a>"}, parameters=placed)
    assert (headers["content-type"], body) == ("application/xml", "<a>ü</a>".encode())
    headers, body, _ = post(site, {}, parameters=placed)
    assert (headers.get("content-type"), body) == (None, b"")
    with pytest.raises(ToolFailed, match="must be a text"):
        post(site, {"all": {"a": 1}}, parameters=placed)


def test_who_asks_is_said_by_the_server_alone(site: FakeSite) -> None:
    """A header carries the id of the person, out of the context and never out of the arguments (S2.62)."""
    said = {"X-User-Id": "user_id", "X-Roles": "roles", "X-Call": "tool_call_id"}
    headers, _, _ = post(site, {}, context_headers=said)
    assert [headers[name] for name in ("x-user-id", "x-roles", "x-call")] == ["7", "admin,chat", "42"]
    with pytest.raises(ToolContextError, match="auditing_id"):
        post(site, {}, context_headers={"X-A": "auditing_id"})
    assert len(site.requests) == 1


def test_each_try_of_a_call_carries_the_same_key(site: FakeSite) -> None:
    """What a service can tell the tries of one ToolCall by (G5)."""
    headers, _, _ = post(site, {})
    assert "idempotency-key" not in headers
    keys = {post(site, {}, {"is_idempotent": True})[0]["idempotency-key"] for _ in range(2)}
    assert len(keys) == 1
    assert keys.pop().startswith("42-")
    assert post(site, {}, idempotency_header="X-Once")[0]["x-once"].startswith("42-")
    site.says("/weather", b"ok")
    headers, _, _ = post(site, {}, {"is_idempotent": True}, method="GET")
    assert "idempotency-key" not in headers


def test_several_secrets_go_along(site: FakeSite) -> None:
    auths = [{"type": "header", "name": "X-App", "secret": "app"}, KEY]
    mine = {
        "credentials": {
            "key": Credential("first-one", (site.endpoint,)),
            "app": Credential("second", (site.endpoint,)),
        }
    }
    headers, _, _ = post(site, {}, mine, auth=auths)
    assert (headers["x-app"], headers["authorization"]) == ("second", "Bearer first-one")
    assert executors.secrets("http", settings_of(site, auth=auths)) == ("app", "key")
    mine["credentials"].pop("app")
    with pytest.raises(ToolFailed) as refused:
        post(site, {}, mine, auth=auths)
    assert refused.value.code == "secret_refused"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"parameters": {"a": "body", "b": "json"}}, "/parameters: a request has one body"),
        ({"parameters": {"a": "body", "b": "body"}}, "/parameters: one parameter alone"),
        ({"parameters": {"a": "body", "b": "query"}, "method": "GET"}, "/method: GET has no body"),
        ({"fixed": {"json": {"x": 1}}, "method": "GET"}, "/method: GET has no body"),
        ({"fixed": {"json": {"a": 1}}}, "/parameters: /a and /a of the body"),
        (
            {"parameters": {"a": {"in": "json", "at": "/x"}, "b": {"in": "json", "at": "/x/y"}}},
            "/parameters: /x and /x/y",
        ),
        (
            {
                "fixed": {"json": {"x": {"y": 1}}},
                "parameters": {"a": {"in": "json", "at": "/x"}, "b": "json"},
            },
            "/parameters: /x and",
        ),
        (
            {"fixed": {"query": {"q": 1}}, "parameters": {"a": {"in": "query", "name": "q"}, "b": "json"}},
            "/parameters: the name q",
        ),
        ({"fixed": {"header": {"q": 1}}}, "/fixed"),
        ({"context_headers": {"X-User": "email"}}, "/context_headers/X-User: "),
        ({"context_headers": {"Authorization": "user_id"}}, "/context_headers/Authorization: "),
        ({"idempotency_header": "Host"}, "/idempotency_header: "),
        ({"context_headers": {"X-A": "user_id"}, "headers": {"x-a": "1"}}, "/parameters: the name x-a"),
        ({"auth": [KEY, KEY]}, "/parameters: the name authorization"),
        ({"auth": {"type": "cookie", "secret": "key"}}, "/auth/name: needed"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], place: str) -> None:
    settings = {"method": "POST", "url": "https://api.example/x", "parameters": {"a": "json", "b": "json"}}
    assert executors.problems("http", settings, schema(a=TEXT, b=TEXT)) == []
    found = executors.problems("http", settings | changes, schema(a=TEXT, b=TEXT))
    assert [problem for problem in found if problem.startswith(place)], found
