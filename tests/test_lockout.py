"""Guessing passwords: three limits, one answer, and a way in for the person whose name is being guessed at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import LazySettings
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from project.accounts.lockout import FAMILIAR, address_of
from tests import people

pytestmark = pytest.mark.django_db

HOME = "198.51.100.1"
OFFICE = "198.51.100.2"


@pytest.fixture(autouse=True)
def _counting(settings: LazySettings) -> None:
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT, settings.LOGIN_ACCOUNT_LIMIT, settings.LOGIN_ADDRESS_LIMIT = 3, 6, 9
    people.alice()
    people.adam()


def attempt(name: str, address: str, password: str = "wrong", page: str = "/accounts/login/") -> Any:
    return Client(REMOTE_ADDR=address).post(page, {"username": name, "password": password})


def status(name: str, address: str, password: str = "wrong") -> int:
    return attempt(name, address, password).status_code  # type: ignore[no-any-return]


def strange(number: int) -> str:
    return f"203.0.113.{number}"


def a_quarter_of_an_hour_passes() -> None:
    earlier = timezone.now() - timedelta(minutes=15, seconds=1)
    AccessAttempt.objects.update(attempt_time=earlier)


def test_a_name_is_closed_to_strange_addresses_after_its_limit() -> None:
    assert [status("alice", strange(n)) for n in range(6)] == [200] * 5 + [429]
    assert status("alice", strange(7), people.PASSWORD) == 429
    assert status("adam", strange(7), people.PASSWORD) == 302


def test_an_address_is_closed_after_its_limit_whatever_the_names() -> None:
    names = [f"person-{n}" for n in range(9)]
    assert [status(name, strange(1)) for name in names] == [200] * 8 + [429]
    assert status("alice", strange(1), people.PASSWORD) == 429
    assert status("alice", strange(2), people.PASSWORD) == 302


@pytest.mark.parametrize("page", ["/accounts/login/", "/admin/login/"])
def test_nobody_and_somebody_are_answered_alike(page: str) -> None:
    """Word for word, up to the token of each form: the answer must not say whether there is such a name."""

    def said(name: str, number: int) -> tuple[int, list[str]]:
        answer = attempt(name, strange(number), page=page)
        lines = answer.content.decode().replace(name, "NAME").splitlines()
        return answer.status_code, [line for line in lines if "csrf" not in line and "nonce" not in line]

    answers = [(said("alice", n % 4), said("nobody", n % 4)) for n in range(8)]
    assert all(somebody == nobody for somebody, nobody in answers)
    assert {somebody[0] for somebody, _ in answers} == {200, 429}


def test_a_stranger_cannot_lock_a_person_out_of_where_they_sign_in() -> None:
    assert status("adam", HOME, people.PASSWORD) == 302
    for number in range(20):
        status("adam", strange(number))
    assert status("adam", strange(30), people.PASSWORD) == 429
    assert status("adam", HOME, people.PASSWORD) == 302


def test_a_colleague_who_guesses_does_not_close_the_office() -> None:
    assert status("adam", OFFICE, people.PASSWORD) == 302
    for number in range(10):
        status(f"person-{number}", OFFICE)
    assert status("alice", OFFICE, people.PASSWORD) == 429
    assert status("adam", OFFICE, people.PASSWORD) == 302


def test_the_own_address_is_no_place_to_guess_without_end() -> None:
    assert status("adam", HOME, people.PASSWORD) == 302
    assert [status("adam", HOME) for _ in range(3)] == [200, 200, 429]
    assert status("adam", HOME, people.PASSWORD) == 429


def test_an_address_from_long_ago_is_strange_again() -> None:
    assert status("adam", HOME, people.PASSWORD) == 302
    AccessLog.objects.update(attempt_time=timezone.now() - FAMILIAR - timedelta(minutes=1))
    for number in range(6):
        status("adam", strange(number))
    assert status("adam", HOME, people.PASSWORD) == 429


def test_guessing_on_does_not_keep_the_door_closed() -> None:
    for number in range(6):
        status("alice", strange(number))
    before = list(AccessAttempt.objects.values_list("pk", "failures_since_start", "attempt_time"))
    assert {status("alice", strange(number)) for number in range(12)} == {429}
    assert list(AccessAttempt.objects.values_list("pk", "failures_since_start", "attempt_time")) == before
    a_quarter_of_an_hour_passes()
    assert status("alice", strange(30), people.PASSWORD) == 302


def test_who_signs_in_as_themselves_does_not_open_the_address_for_guessing() -> None:
    for number in range(8):
        status(f"person-{number}", strange(1))
    assert status("alice", strange(1), people.PASSWORD) == 302
    assert status("person-9", strange(1)) == 429


@pytest.mark.parametrize(
    ("seen", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", None),
        ("unix:", None),
    ],
)
def test_an_address_is_counted_as_what_one_household_has(seen: str, counted: str | None) -> None:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = seen
    assert address_of(request) == counted
