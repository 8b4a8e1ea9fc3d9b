"""A disk without room is said plainly, to people, to programs and in one line to the operator; reading goes on."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.db import DataError, IntegrityError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone

from agents_app.models import AgentType, Message
from project import storage
from tests import people, world

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "x" * 90_000
SENTENCE = "The server cannot store anything right now."
REFUSING = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk();
"""
FULL_TABLES = tuple(model._meta.db_table for model in (Message, AgentType, Session))


@pytest.fixture
def fill() -> Iterator[Callable[[], None]]:
    """Leave the database no room: the files of SQLite may not grow, PostgreSQL says what it says on a full disk."""

    def on_sqlite() -> None:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA max_page_count = 1")  # As many as there are: it cannot shrink.

    def on_postgres() -> None:
        with connection.cursor() as cursor:
            for table in FULL_TABLES:
                cursor.execute(REFUSING.replace("full_disk()", f"full_{table}()").format(table=table))

    yield on_sqlite if connection.vendor == "sqlite" else on_postgres
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA max_page_count = 4294967294")
        else:
            for table in FULL_TABLES:
                cursor.execute(f"DROP FUNCTION IF EXISTS full_{table}() CASCADE")


def operators_lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Any]]:
    return [(each.getMessage(), each.exc_info) for each in caplog.records if each.levelno >= logging.WARNING]


def the_one_line(caplog: pytest.LogCaptureFixture) -> str:
    ((line, traceback),) = operators_lines(caplog)
    assert traceback is None
    return line


def test_a_program_gets_the_typed_error(fill: Callable[[], None], caplog: pytest.LogCaptureFixture) -> None:
    now = world.made()
    client, path = now.alice.api(), f"/api/conversations/{now.conversation.public_id}/messages"
    client.raise_request_exception = False
    fill()
    answer = client.post(path, {"text": LONG})
    assert answer.status_code == 503, answer.content
    told = answer.json()["error"]
    assert (told["code"], told["details"]) == ("cannot_store", {})
    assert told["message"].startswith(SENTENCE)
    assert "Nothing can be stored" in the_one_line(caplog)
    assert Message.objects.count() == 1
    assert client.get(path).json()["count"] == 1


def test_a_person_gets_a_page(fill: Callable[[], None], caplog: pytest.LogCaptureFixture) -> None:
    now = world.made()
    browser = now.carol.browser()
    now.carol.user.is_staff = True
    now.carol.user.save()
    path = f"/admin/agents_app/agenttype/{now.agent.pk}/change/"
    form = browser.get(path).context["adminform"].form
    browser.raise_request_exception = False
    fields = {name: "" if value is None else value for name, value in form.initial.items()}
    fill()
    answer = browser.post(path, {**fields, "system_prompt": LONG, **_management_forms(browser, path)})
    assert answer.status_code == 503, answer.content
    assert SENTENCE in answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")
    assert "Nothing can be stored" in the_one_line(caplog)


def keeping(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware that stores something after the view, as that of sessions does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        Session.objects.create(session_key="much", session_data=LONG, expire_date=timezone.now())
        return response

    return middleware


@pytest.mark.parametrize(
    ("path", "kind"), [("/accounts/login/", "text/plain"), ("/api/me", "application/json")]
)
def test_what_fails_outside_of_a_view_is_said_plainly(
    path: str, kind: str, fill: Callable[[], None], caplog: pytest.LogCaptureFixture, settings: LazySettings
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:4], "tests.test_full_disk.keeping", *settings.MIDDLEWARE[4:]]
    client = people.alice().api()
    client.raise_request_exception = False
    fill()
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (503, kind)
    assert SENTENCE in answer.content.decode()
    assert "Nothing can be stored" in the_one_line(caplog)


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.ENOENT, "No such file"), False),
        (OperationalError("no such table: a"), False),
        (OperationalError("database is locked"), False),
        (IntegrityError("UNIQUE constraint failed"), False),
        (DataError("out of range"), False),
        (ValueError("database or disk is full"), False),
        (None, False),
    ],
)
def test_other_errors_are_not_taken_for_it(error: BaseException | None, meant: bool) -> None:
    assert bool(storage.refusal(error)) is meant


def test_the_code_of_sqlite_decides() -> None:
    for code in (13, 10, 778, 4874, 8, 14):
        error, cause = OperationalError("x"), sqlite3.OperationalError("x")
        cause.sqlite_errorcode = code
        error.__cause__ = cause
        assert storage.refusal(error), code
    for code in (1, 5, 6, 19):
        error, cause = OperationalError("x"), sqlite3.OperationalError("x")
        cause.sqlite_errorcode = code
        error.__cause__ = cause
        assert not storage.refusal(error), code


def _management_forms(browser: Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for formset in browser.get(path).context["inline_admin_formsets"]:
        found |= {f"{formset.formset.prefix}-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return found
