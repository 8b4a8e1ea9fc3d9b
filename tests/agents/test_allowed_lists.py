"""Lists of what is allowed from now on: as many questions to the database for thirty rows as for three."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import gate, people
from tests.tools.allowing import allowed, ruled
from tools_app.models import Tool

pytestmark = pytest.mark.django_db


def test_many_rows_cost_hardly_more_statements_than_few() -> None:
    at = gate.opened(requires_approval=True)
    bob, api = people.bob().browser(), people.bob().api()

    def allow(first: int, last: int) -> None:
        for number in range(first, last):
            allowed(at.ask({"line": str(number)}), everywhere=True)

    def statements(get: object) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert get().status_code == 200  # type: ignore[operator]
        return len(asked)

    pages = (lambda: bob.get("/allowed/"), lambda: api.get("/api/standing-approvals?page_size=100"))
    allow(0, 3)
    few = [statements(page) for page in pages]
    allow(3, 13)
    many = [statements(page) for page in pages]
    assert all(after - before <= 2 for before, after in zip(few, many, strict=True)), (few, many)


def test_each_row_of_a_list_says_what_has_become_of_it() -> None:
    at, other = gate.opened(requires_approval=True), gate.opened(name="other", requires_approval=True)
    asked = [door.ask({"line": str(number)}) for number, door in enumerate((at, at, other, at))]
    rows = [allowed(call) for call in asked[:3]] + [allowed(asked[3], people.adam())]
    api = people.bob().api()

    def states() -> dict[int, str]:
        listed = api.get("/api/standing-approvals").json()["results"]
        return {row["id"]: row["state"] for row in listed}

    assert set(states().values()) == {"open"}
    Tool.objects.filter(pk=other.tool.pk).update(description="Another.")
    assert states() == {**dict.fromkeys((row.pk for row in rows), "open"), rows[2].pk: "changed"}
    people.adam().membership.__class__.objects.filter(user=people.adam().user).update(role="member")
    changed = {rows[2].pk, rows[3].pk}
    assert {pk for pk, state in states().items() if state == "changed"} == changed
    ruled(standing_uses=0)
    assert set(states().values()) == {"changed"}
