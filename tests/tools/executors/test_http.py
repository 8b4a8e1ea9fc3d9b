"""The http executor sends each argument where the configuration says, and tells the model what came back."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.tools.executors.fake_site import FakeSite
from tests.tools.executors.http_tools import settings_of, used
from tools_app.exceptions import ToolFailed
from tools_app.executors import Credential

JSON = "Content-Type: application/json"


def test_arguments_go_into_path_query_and_header(site: FakeSite) -> None:
    site.says("/v1/S%C3%A3o%20Paulo%3F%23/now", b"sunny")
    placed = {
        "days": {"in": "query", "name": "d"},
        "units": "query",
        "trace": {"in": "header", "name": "X-T"},
    }
    settings = settings_of(site, "/v1/{city}/now?format=text", parameters=placed)
    found = used(settings, {"city": "São Paulo?#", "days": [1, 2], "units": "°C & more", "trace": "a b"})
    first, headers, _ = site.requests[0]
    assert found.text == "sunny"
    assert first == (
        "GET /v1/S%C3%A3o%20Paulo%3F%23/now?format=text&d=1&d=2&units=%C2%B0C%20%26%20more HTTP/1.1"
    )
    assert headers["x-t"] == "a b"


def test_json_fields_keep_their_types(site: FakeSite) -> None:
    site.says("/weather", b"{}", JSON)
    placed = dict.fromkeys(("text", "number", "flag", "nothing", "many", "absent"), "json")
    given = {"text": 'a"b', "number": 1.5, "flag": True, "nothing": None, "many": [{"a": 1}]}
    used(settings_of(site, parameters=placed) | {"method": "POST"}, given)
    first, headers, body = site.requests[0]
    assert first.startswith("POST /weather ")
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == given


def test_a_form_is_encoded(site: FakeSite) -> None:
    site.says("/weather")
    used(
        settings_of(site, parameters={"a": "form", "b": "form"}) | {"method": "POST"},
        {"a": "x&b=y", "b": False},
    )
    assert site.requests[0][1]["content-type"] == "application/x-www-form-urlencoded"
    assert site.requests[0][2] == b"a=x%26b%3Dy&b=false"


def test_multipart_has_fields_and_files(site: FakeSite) -> None:
    site.says("/weather")
    file = {"in": "multipart", "name": "file", "filename": "a.csv", "content_type": "text/csv"}
    settings = settings_of(site, parameters={"note": "multipart", "table": file}) | {"method": "POST"}
    used(settings, {"note": "hello", "table": "a,b\r\n1,2"})
    _, headers, body = site.requests[0]
    boundary = headers["content-type"].partition("boundary=")[2].encode()
    file_part = b'\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv'
    assert body.split(b"--" + boundary) == [
        b"",
        b'\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n',
        file_part + b"\r\n\r\na,b\r\n1,2\r\n",
        b"--\r\n",
    ]


def test_fixed_headers_replace_the_own_ones(site: FakeSite) -> None:
    site.says("/weather")
    headers = {"accept": "text/csv", "X-Version": "2", "content-type": "application/vnd.api+json"}
    settings = settings_of(site, headers=headers, parameters={"a": "json"}) | {"method": "PUT"}
    used(settings, {"a": 1})
    sent = site.requests[0][1]
    assert (sent["accept"], sent["x-version"]) == ("text/csv", "2")
    assert sent["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize(
    ("auth", "name", "expected"),
    [
        ({"type": "bearer"}, "authorization", "Bearer s3cret-value"),
        ({"type": "header", "name": "X-Api-Key"}, "x-api-key", "s3cret-value"),
        (
            {"type": "basic", "username": "joe"},
            "authorization",
            "Basic " + base64.b64encode(b"joe:s3cret-value").decode(),
        ),
        ({"type": "basic"}, "authorization", "Basic " + base64.b64encode(b"s3cret-value").decode()),
    ],
)
def test_a_secret_goes_into_its_header(
    site: FakeSite, auth: dict[str, Any], name: str, expected: str
) -> None:
    site.says("/weather")
    secret = Credential("s3cret-value", (site.endpoint,))
    used(settings_of(site, auth=auth | {"secret": "key"}), key=secret)
    assert site.requests[0][1][name] == expected
    assert "s3cret" not in repr(secret)


def test_a_secret_goes_into_the_query(site: FakeSite) -> None:
    site.says("/weather")
    auth = {"type": "query", "name": "key", "secret": "key"}
    used(settings_of(site, "/weather?a=1", auth=auth), key=Credential("a&b", (site.endpoint,)))
    assert site.requests[0][0] == "GET /weather?a=1&key=a%26b HTTP/1.1"


@pytest.mark.parametrize(
    ("pick", "text"),
    [
        ("", '{\n  "data": [\n    {\n      "a/b": "x"\n    }\n  ]\n}'),
        ("/data/0/a~1b", "x"),
        ("/data/0", '{\n  "a/b": "x"\n}'),
    ],
)
def test_a_part_of_the_answer_is_picked(site: FakeSite, pick: str, text: str) -> None:
    site.says("/weather", b'{"data": [{"a/b": "x"}]}', JSON)
    assert used(settings_of(site, response={"pick": pick})).text == text


@pytest.mark.parametrize("pick", ["/data/1", "/data/-1", "/data/01", "/other", "/data/0/a/b"])
def test_what_is_not_there_is_said(site: FakeSite, pick: str) -> None:
    site.says("/weather", b'{"data": [{"a": "x"}]}', JSON)
    with pytest.raises(ToolFailed, match="nothing at") as failed:
        used(settings_of(site, response={"pick": pick}))
    assert failed.value.code == "nothing_picked"


def test_the_model_is_told_how_to_go_on(site: FakeSite) -> None:
    site.says("/weather", b'{"rows": [1], "next": "c2"}', JSON)
    answer = {"pick": "/rows", "next": {"pick": "/next", "parameter": "cursor"}}
    settings = settings_of(site, parameters={"cursor": "query"}, response=answer)
    assert used(settings).text.endswith('[There is more: use the tool again with cursor = "c2".]')
    site.says("/weather", b'{"rows": [1], "next": null}', JSON)
    assert used(settings).text == "[\n  1\n]"


def test_statuses_have_the_words_of_the_administrator(site: FakeSite) -> None:
    errors = {"404": "There is no such city.", "4xx": "The service does not like that."}
    settings = settings_of(site, errors=errors)
    for status, words in {
        "404 x": "There is no such city.",
        "400 x": "The service does not like that.",
    }.items():
        site.says("/weather", b"stack trace", status=status)
        with pytest.raises(ToolFailed) as failed:
            used(settings)
        assert (failed.value.message, failed.value.code) == (words, "http_status")


def test_other_statuses_are_told_with_the_beginning_of_the_answer(site: FakeSite) -> None:
    site.says("/weather", b"busy " * 500, "Retry-After: 7", status="503 x")
    with pytest.raises(ToolFailed) as failed:
        used(settings_of(site))
    assert failed.value.message.startswith(
        "The service answered with status 503 (Service Unavailable). It says"
    )
    assert failed.value.message.endswith("Try again in 7 seconds.")
    assert failed.value.retryable
    assert len(failed.value.message) < 700


def test_an_answer_without_content_is_said_too(site: FakeSite) -> None:
    site.says("/weather", status="204 No Content")
    assert (
        used(settings_of(site)).text == "The service answered with status 204 (No Content) without content."
    )


def test_a_long_answer_is_shown_up_to_its_length(site: FakeSite) -> None:
    site.says("/weather", b"x" * 500)
    found = used(settings_of(site, response={"max_characters": 100}))
    assert found.text == "x" * 100 + "\n\n[400 more characters are not shown.]"
    assert found.data["truncated"]


def test_the_whole_address_may_be_a_parameter(site: FakeSite) -> None:
    site.says("/a", b"there")
    settings = {"method": "GET", "url": "{page}", "redirects": "none", "parameters": {"q": "query"}}
    assert used(settings, {"page": site.url("/a?x=1#part"), "q": "y"}).text == "there"
    assert site.requests[0][0] == "GET /a?x=1&q=y HTTP/1.1"
