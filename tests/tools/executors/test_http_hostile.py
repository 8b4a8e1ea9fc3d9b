"""HTTP tools against hostile values, hostile services and changed addresses: nothing leaks, everything ends."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.tools.executors.fake_site import FakeSite
from tests.tools.executors.http_tools import settings_of, used
from tools_app.exceptions import ToolFailed
from tools_app.executors import Credential, texts

VALUE = 'k3y/"+ü&<'
JSON = "Content-Type: application/json"


def secret(*sites: FakeSite, value: str = VALUE) -> Credential:
    return Credential(value, tuple(site.endpoint for site in sites))


def refused(
    settings: dict[str, Any], arguments: dict[str, Any] | None = None, **secrets: Credential
) -> ToolFailed:
    with pytest.raises(ToolFailed) as failed:
        used(settings, arguments, **secrets)
    return failed.value


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "../admin",
        "a/b",
        "a\\b",
        "..%2fadmin",
        "%2E%2E",
        "a%5cb",
        "%252e",
        "a\nb",
        "\x00",
        ["a"],
        None,
    ],
)
def test_a_value_cannot_change_the_path(site: FakeSite, value: Any) -> None:
    assert refused(settings_of(site, "/v1/{city}/now"), {"city": value}).code == "invalid_arguments"
    assert not site.requests


def test_two_values_cannot_make_a_step_upwards_together(site: FakeSite) -> None:
    assert refused(settings_of(site, "/v1/{a}{b}/x"), {"a": ".x", "b": "/"}).code == "invalid_arguments"
    settings = settings_of(site, "/v1/.{b}/x")
    assert refused(settings, {"b": "."}).code == "invalid_arguments"
    assert not site.requests


@pytest.mark.parametrize("value", ["@evil.example", "?a=b", "#x", "a:b@c", ";x", "a b", "{city}", "%", "ü"])
def test_whatever_a_value_holds_stays_one_step(site: FakeSite, value: str) -> None:
    refused(settings_of(site, "/v1/{city}/now"), {"city": value})
    target = site.requests[0][0].split(" ")[1]
    assert target.startswith("/v1/")
    assert target.endswith("/now")
    assert (target.count("/"), "?" in target, "#" in target, "@" in target) == (3, False, False, False)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00", "ü", "a\tb"])
def test_a_value_cannot_add_a_header(site: FakeSite, value: str) -> None:
    settings = settings_of(site, parameters={"trace": {"in": "header", "name": "X-T"}})
    assert refused(settings, {"trace": value}).code == "invalid_arguments"
    assert not site.requests


@pytest.mark.parametrize("name", ["tenant", "TENANT", "city"])
@pytest.mark.parametrize("where", ["query", "form", "cookie"])
def test_an_object_cannot_write_a_name_that_something_else_has(site: FakeSite, where: str, name: str) -> None:
    placed = {
        "filter": {"in": where, "style": "form", "explode": True},
        "city": {"in": where},
    }
    settings = settings_of(site, parameters=placed, fixed={where: {"tenant": "ours"}})
    settings |= {"method": "POST" if where == "form" else "GET"}
    assert refused(settings, {"filter": {name: "theirs"}}).code == "invalid_arguments"
    assert not site.requests


@pytest.mark.parametrize("where", ["query", "cookie"])
def test_an_object_cannot_write_the_name_of_the_secret(site: FakeSite, where: str) -> None:
    placed = {"filter": {"in": where, "style": "form"}}
    auth = {"type": where, "name": "api_key", "secret": "key"}
    settings = settings_of(site, parameters=placed, auth=auth)
    given = {"filter": {"api_key": "theirs"}}
    assert refused(settings, given, key=secret(site, value="s3cret")).code == "invalid_arguments"
    assert not site.requests


def test_an_object_cannot_take_a_name_of_the_address(site: FakeSite) -> None:
    settings = settings_of(
        site, "/weather?tenant=ours", parameters={"filter": {"in": "query", "style": "form"}}
    )
    assert refused(settings, {"filter": {"tenant": "theirs"}}).code == "invalid_arguments"
    site.says("/weather")
    used(settings, {"filter": {"town": "Oslo", "sort": "up"}})
    assert site.requests[0][0].split(" ")[1] == "/weather?tenant=ours&town=Oslo&sort=up"


def test_a_small_answer_does_not_become_a_huge_text(site: FakeSite) -> None:
    deep = "[" * 400 + ",".join("1" * 20_000) + "]" * 400
    site.says("/weather", deep.encode(), JSON)
    told = used(settings_of(site)).text
    # On one line: indented it would be sixteen million characters, of which these are the first.
    assert told.startswith("[" * 400 + "1,1")
    assert texts.as_json({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'


def test_a_value_cannot_end_its_part_of_a_form(site: FakeSite) -> None:
    site.says("/weather")
    settings = settings_of(site, parameters={"a": "multipart"}) | {"method": "POST"}
    used(settings, {"a": '\r\n--x\r\nContent-Disposition: form-data; name="admin"\r\n\r\n1'})
    _, headers, body = site.requests[0]
    boundary = headers["content-type"].partition("boundary=")[2]
    assert body.count(f"--{boundary}".encode()) == 2


def test_a_secret_is_sent_to_no_other_host(site: FakeSite, other: FakeSite) -> None:
    settings = settings_of(other, auth={"type": "bearer", "secret": "key"})
    assert refused(settings, key=secret(site)).code == "secret_refused"
    assert refused(settings, key=Credential(VALUE, ("127.0.0.1",))).code == "secret_refused"
    assert refused(settings).code == "secret_refused"
    whole = {"method": "GET", "url": "{to}", "redirects": "none", "auth": settings["auth"]}
    assert refused(whole, {"to": other.url("/x")}, key=secret(site)).code == "secret_refused"
    assert not other.requests


@pytest.mark.parametrize("auth", [{"type": "bearer"}, {"type": "query", "name": "k"}])
def test_a_secret_does_not_follow_a_redirect(site: FakeSite, other: FakeSite, auth: dict[str, Any]) -> None:
    site.redirects("/weather", other.url("/caught"), status=307)
    other.says("/caught", b"caught")
    settings = settings_of(site, auth=auth | {"secret": "key"}, parameters={"a": "json"}) | {"method": "POST"}
    assert refused(settings, {"a": "body"}, key=secret(site, value="s3cret-value")).code == "egress_refused"
    assert not other.requests
    assert used(settings | {"redirects": "any"}, {"a": "body"}, key=secret(site, value="s3cret-value")).text
    first, headers, body = other.requests[0]
    assert "s3cret" not in f"{first} {headers}"
    assert body == b""


@pytest.mark.parametrize(
    "goal", ["http://127.0.0.1:1/", "https://169.254.169.254/latest", "https://[::1]/", "file:///x"]
)
def test_a_redirect_into_the_house_is_refused(site: FakeSite, goal: str) -> None:
    site.redirects("/weather", goal)
    assert refused(settings_of(site, redirects="any")).code in (
        "egress_refused",
        "http_refused",
        "invalid_url",
    )


def test_a_redirect_is_followed_only_as_configured(site: FakeSite) -> None:
    site.redirects("/weather", "/there")
    site.says("/there", b"there")
    assert used(settings_of(site)).text == "there"
    assert refused(settings_of(site, redirects="none")).code == "egress_refused"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/", "https://10.0.0.1/", "https://localhost/", "ftp://x.example/"]
)
def test_an_address_of_the_model_is_judged(site: FakeSite, address: str) -> None:
    settings = {"method": "GET", "url": "{to}", "redirects": "none"}
    assert refused(settings, {"to": address}).code in (
        "egress_refused",
        "http_refused",
        "invalid_url",
        "unreachable",
    )


def test_a_service_that_echoes_the_secret_is_not_repeated(
    site: FakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    settings = settings_of(site, auth={"type": "query", "name": "k", "secret": "key"})
    told = []
    for body, kind in {
        VALUE: "text/plain",
        "k3y%2F%22%2B%C3%BC%26%3C k3y/%22%2B%C3%BC%26%3C": "text/plain",
        '{"a": ["k3y/\\"+\\u00fc&<"], "k3y/\\"+ü&<": 1}': "application/json",
        "k3y/&quot;+ü&amp;&lt; azN5LyIrw7wmPA==": "text/html",
    }.items():
        site.says("/weather", body.encode(), f"Content-Type: {kind}; charset=utf-8")
        told.append(used(settings, key=secret(site)).text)
        site.says("/weather", body.encode(), f"Content-Type: {kind}; charset=utf-8", status="500 x")
        told.append(refused(settings, key=secret(site)).message)
    assert all("[secret]" in text for text in told)
    assert not [text for text in told if "k3y" in text or "azN5" in text]
    assert "k3y" not in caplog.text


def test_half_a_secret_at_the_end_of_a_cut_answer_is_not_shown(site: FakeSite) -> None:
    site.says("/weather", b"x" * 1_018 + b"s3cret-value" + b"y" * 100)
    settings = settings_of(site, auth={"type": "bearer", "secret": "key"}, max_bytes=1_024)
    assert "s3" not in used(settings, key=secret(site, value="s3cret-value")).text


def test_a_secret_that_is_no_header_is_not_sent(site: FakeSite) -> None:
    settings = settings_of(site, auth={"type": "bearer", "secret": "key"})
    failed = refused(settings, key=secret(site, value="a\r\nX-Evil: 1"))
    assert failed.code == "secret_refused"
    assert "Evil" not in failed.message
    assert not site.requests


def test_ten_megabytes_are_cut(site: FakeSite) -> None:
    site.says("/weather", b'["' + b"x" * 10_000_000 + b'"]', JSON)
    found = used(settings_of(site, max_bytes=100_000))
    assert len(found.text) < 21_000
    assert "its end is missing" in found.text
    assert refused(settings_of(site, max_bytes=100_000, response={"pick": "/0"})).code == "too_large"


def test_a_drip_ends_at_the_timeout(site: FakeSite) -> None:
    def drip(stream: socket.socket) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        stream.settimeout(20)
        stream.recv(1)  # Until the other side has had enough.

    site.answers["/weather"] = drip
    assert refused(settings_of(site, timeout_seconds=0.5)).code == "timeout"


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"\x89PNG\r\n\x1a\n\x00\x00", ()), (b"%PDF-1.7", ("Content-Type: application/pdf",)), (b"a\x00b", ())],
)
def test_what_is_not_text_is_named(site: FakeSite, body: bytes, headers: tuple[str, ...]) -> None:
    site.says("/weather", body, *headers)
    assert refused(settings_of(site)).code == "not_text"


def test_invalid_utf8_is_read_as_well_as_it_can_be(site: FakeSite) -> None:
    site.says("/weather", b'{"a": "\xff\xfe"}', "Content-Type: application/json; charset=utf-8")
    assert used(settings_of(site, response={"pick": "/a"})).text == "\ufffd\ufffd"


@pytest.mark.parametrize("body", [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000])
def test_json_too_deep_is_an_answer(site: FakeSite, body: bytes) -> None:
    site.says("/weather", body, JSON)
    assert refused(settings_of(site)).code == "bad_answer"


def test_a_number_too_long_to_read_is_shown_as_text(site: FakeSite) -> None:
    site.says("/weather", b"1" * 5_000, JSON)
    assert used(settings_of(site)).text == "1" * 5_000


def test_an_answer_that_breaks_off_is_said(site: FakeSite) -> None:
    site.answers["/weather"] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    assert refused(settings_of(site)).code == "bad_answer"
