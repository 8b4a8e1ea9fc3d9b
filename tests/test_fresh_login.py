"""A login is fresh for its own session only."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from project.accounts import identity as identities
from tests.people import alice

pytestmark = pytest.mark.django_db


def _identity(client: Client) -> identities.Identity:
    request: Any = RequestFactory().get("/")
    request.session = client.session
    request.user = alice().user
    return identities.from_request(request)


def _age(client: Client, seconds: float) -> None:
    session = client.session
    session["signed_in_at"] -= seconds
    session.save()


def test_old_session_stays_stale_when_its_owner_signs_in_elsewhere() -> None:
    old = alice().browser()
    assert _identity(old).is_fresh
    _age(old, 10 * 3600)
    assert not _identity(old).is_fresh
    new = alice().browser()
    assert _identity(new).is_fresh
    assert not _identity(old).is_fresh


def test_session_without_the_moment_is_not_fresh() -> None:
    client = alice().browser()
    session = client.session
    del session["signed_in_at"]
    session.save()
    assert not _identity(client).is_fresh
