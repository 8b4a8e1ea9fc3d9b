"""What a list is asked in its address: everything it reads, and nothing it would pass over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django_filters import rest_framework as filters
from pytest_django import DjangoDbBlocker

from project.accounts.api.queries import YesOrNo
from project.api import ROUTES
from tests import people, world
from tests.kept import kept
from tests.test_routes import address, person_for
from tests.world import World
from tools_app.models import KillSwitch

pytestmark = pytest.mark.django_db

LISTS = (
    "tools",
    "tools/<int:tool_id>/versions",
    "tools/<int:tool_id>/cases",
    "openapi/sources",
    "mcp-servers",
    "agents",
    "agents/<int:agent_id>/tools",
    "kill-switches",
    "knowledge",
    "audit/tool-usage",
    "audit/entries",
    "conversations",
    "conversations/<uuid:conversation_id>/attachments",
    "conversations/<uuid:conversation_id>/messages",
    "approvals",
    "webhooks",
    "deliveries",
    "approver-groups",
    "standing-approvals",
    "policy/rules",
    "prices",
    "budgets",
    "usage",
)
VIEWS: dict[str, Any] = dict(ROUTES)
YES_OR_NO = [
    (route, name)
    for route in LISTS
    for name, one in getattr(getattr(VIEWS[route], "filterset_class", None), "base_filters", {}).items()
    if isinstance(one, filters.BooleanFilter)
]


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], World]]:
    with kept(django_db_blocker, _built) as copied:
        yield copied


@pytest.fixture
def now(built: Callable[[], World], db: None) -> World:
    return built()


def _built() -> World:
    gone = {"scope": "tool", "subject_id": 2**30, "reason": "It lied.", "thrown_by": "Adam"}
    KillSwitch.objects.create(organization=people.toolroom(), **gone)
    return world.made()


def asked(route: str, query: str, now: World) -> tuple[int, dict[str, Any]]:
    answer = person_for("GET", route).api().get(f"{address(route, now)}?{query}")
    is_json = answer["Content-Type"] == "application/json"
    return answer.status_code, answer.json() if is_json else {}


def refused(route: str, query: str, now: World) -> dict[str, Any]:
    status, told = asked(route, query, now)
    assert (status, told["error"]["code"]) == (400, "invalid"), told
    return told["error"]["details"]  # type: ignore[no-any-return]


def test_every_list_is_tried(now: World) -> None:
    paged = {
        route
        for route, view in ROUTES
        if hasattr(view, "get") and "results" in asked(route, "page_size=1", now)[1]
    }
    assert paged == set(LISTS)


@pytest.mark.parametrize("route", LISTS)
def test_a_parameter_nobody_reads_is_named(route: str, now: World) -> None:
    assert refused(route, "foo=1&page=1", now) == {"foo": ["There is no such parameter."]}
    assert refused(route, "format=xml", now) == {"format": ["There is no such parameter."]}


@pytest.mark.parametrize("route", LISTS)
def test_a_parameter_given_twice_is_named(route: str, now: World) -> None:
    assert refused(route, "page_size=1&page_size=2", now) == {"page_size": ["Give it once."]}


@pytest.mark.parametrize("route", LISTS)
@pytest.mark.parametrize("said", ["0", "-1", "x", "1.5", "", "last", "\N{SUPERSCRIPT TWO}", "9" * 30])
@pytest.mark.parametrize("name", ["page", "page_size"])
def test_what_is_no_number_of_a_page_is_named(route: str, name: str, said: str, now: World) -> None:
    assert refused(route, f"{name}={said}", now) == {name: ["Give a whole number from 1 on."]}


@pytest.mark.parametrize("route", LISTS)
def test_the_parameters_of_pages_are_read(route: str, now: World) -> None:
    status, told = asked(route, "page=1&page_size=1", now)
    assert (status, len(told["results"])) == (200, min(told["count"], 1))
    status, told = asked(route, "page=99", now)
    assert (status, told["error"]["code"]) == (404, "not_found")


def test_there_are_filters_that_ask_yes_or_no() -> None:
    assert {("conversations", "archived"), ("tools", "enabled")} <= set(YES_OR_NO)


@pytest.mark.parametrize(("route", "name"), YES_OR_NO)
def test_a_word_that_is_neither_yes_nor_no_is_named(route: str, name: str, now: World) -> None:
    assert isinstance(VIEWS[route].filterset_class.base_filters[name], YesOrNo)
    for said in ("maybe", "2", "yes", "None", "%00"):
        assert list(refused(route, f"{name}={said}", now)) == [name]
    answers = [asked(route, f"{name}={said}", now) for said in ("true", "TRUE", "1", "false", "0", "")]
    assert {status for status, _ in answers} == {200}
    yes, no, everything = (answers[at][1]["count"] for at in (0, 3, 5))
    assert (yes, no) == (answers[2][1]["count"], answers[4][1]["count"])
    assert yes + no == everything > 0


def test_an_answer_has_one_form_whatever_is_accepted(now: World) -> None:
    answer = now.alice.api().get("/api/conversations", headers={"Accept": "application/xml"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
