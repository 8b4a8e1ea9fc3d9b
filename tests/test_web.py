"""The server's outermost layer: static files, headers, limits and errors, asked over real HTTP."""

import http.client
import json
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.live import Live


def ask(live: Live, method: str, path: str, **rest: object) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
    connection.request(method, path, **rest)  # type: ignore[arg-type]
    answer = connection.getresponse()
    answer.content = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def error_of(answer: http.client.HTTPResponse) -> dict[str, object]:
    told: dict[str, dict[str, object]] = json.loads(answer.content)  # type: ignore[attr-defined]
    assert list(told) == ["error"]
    assert sorted(told["error"]) == ["code", "details", "message"]
    return told["error"]


def test_it_answers_that_it_is_up_to_anybody_and_tells_nothing_else(live_app: Live) -> None:
    answer = ask(live_app, "GET", "/healthz", headers={"Host": "anything.example"})
    assert (answer.status, answer.content) == (200, b"ok\n")  # type: ignore[attr-defined]


def test_a_static_file_is_sent_once_and_then_only_confirmed(live_app: Live) -> None:
    first = ask(live_app, "GET", "/static/css/app.css")
    assert first.status == 200
    assert first.headers["Content-Type"].startswith("text/css")
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    again = ask(live_app, "GET", "/static/css/app.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    "path",
    ["/static/../manage.py", "/static/%2e%2e/manage.py", "/static//etc/passwd", "/static/no.css", "/static/"],
)
def test_nothing_but_static_files_is_static(live_app: Live, path: str) -> None:
    assert ask(live_app, "GET", path).status == 404


def test_pages_carry_the_strict_policy_and_admin_and_docs_their_own(live_app: Live) -> None:
    page = ask(live_app, "GET", "/accounts/login/").headers
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert page["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert page["Cross-Origin-Opener-Policy"] == page["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in page["Permissions-Policy"]
    assert "'unsafe-eval'" in ask(live_app, "GET", "/admin/login/").headers["Content-Security-Policy"]
    assert "unsafe-eval" not in ask(live_app, "GET", "/api/docs/").headers["Content-Security-Policy"]


def test_a_body_over_the_limit_is_refused_before_it_is_read(live_app: Live) -> None:
    answer = ask(live_app, "POST", "/api/conversations", body=b"x" * 1_048_577)
    assert answer.status == 413
    assert error_of(answer)["code"] == "too_large"


def test_a_body_that_does_not_say_its_size_is_refused_once_it_is_over(live_app: Live) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(32):
            yield b"x" * 65_536

    answer = ask(live_app, "POST", "/api/conversations", body=pieces(), encode_chunked=True)
    assert answer.status == 413
    assert error_of(answer)["code"] == "too_large"


def test_the_api_answers_unknown_addresses_and_strangers_in_its_one_form(live_app: Live) -> None:
    unknown = ask(live_app, "GET", "/api/nothing-here")
    assert (unknown.status, error_of(unknown)["code"]) == (404, "not_found")
    stranger = ask(live_app, "GET", "/api/conversations")
    assert (stranger.status, error_of(stranger)["code"]) == (401, "not_authenticated")
    assert stranger.headers["WWW-Authenticate"] == "Bearer"


def test_people_get_a_page_for_an_unknown_address(live_app: Live) -> None:
    answer = ask(live_app, "GET", "/nothing/here")
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_socket_is_opened_from_our_own_pages_only(live_app: Live) -> None:
    address = f"{live_app.socket_url}/ws/conversations/3d65114b-e877-4246-b812-cd78a54f3b0f/"
    for origin in ("http://evil.example", f"http://127.0.0.1:{live_app.port + 1}", None):
        with pytest.raises(InvalidStatus) as refused, connect(address, origin=origin):  # type: ignore[arg-type]
            pass
        assert refused.value.response.status_code == 403


@pytest.mark.django_db
@override_settings(AXES_ENABLED=True)
def test_guessing_passwords_is_stopped_for_the_name_and_the_address(settings: LazySettings) -> None:
    User.objects.create_user("alice", password="the right one of hers")
    browser = Client()
    wrong = {"username": "alice", "password": "wrong"}
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert browser.post("/accounts/login/", wrong).status_code == 200
    assert browser.post("/accounts/login/", wrong).status_code == 429
    right = {"username": "alice", "password": "the right one of hers"}
    assert browser.post("/accounts/login/", right).status_code == 429
    elsewhere = Client(REMOTE_ADDR="203.0.113.7")
    assert elsewhere.post("/accounts/login/", right).status_code == 302
