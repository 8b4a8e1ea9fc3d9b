"""Signing in at the door of the administration leads into it, and never to somebody else's page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests import people

pytestmark = pytest.mark.django_db


def signing_in(path: str, name: str = "adam", **changes: str) -> Any:
    """Fill the form at this address as a browser would, hidden fields included, and send it where it says."""
    browser = Client()
    page = browser.get(path).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    target = re.search(r'<form action="([^"]*)"', page)
    assert target
    return browser.post(
        target.group(1) or path, {**hidden, "username": name, "password": people.PASSWORD, **changes}
    )


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/admin/login/", "/admin/"),
        ("/admin/login/?next=/admin/tools_app/tool/", "/admin/tools_app/tool/"),
        ("/admin/login/?next=https://evil.example/", "/"),
    ],
)
def test_signing_in_at_the_admins_door_leads_in(path: str, leads: str) -> None:
    people.adam()
    answer = signing_in(path)
    assert (answer.status_code, answer["Location"]) == (302, leads)


def test_the_next_page_is_never_somebody_elses() -> None:
    people.adam()
    assert signing_in("/admin/login/", next="//evil.example/")["Location"] == "/"
