"""Numbers and dates beyond anything the database can hold are a mistake of the asker, not of the house."""

from __future__ import annotations

import pytest

from tests import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "/api/agents/1/tools/9999999999999999999999",
        "/api/tools/9999999999999999999999",
        "/api/runs/9999999999999999999999",
        "/api/audit/tool-usage?since=9999-12-31T23:59:59-23:59",
        "/api/audit/entries?until=0001-01-01T00:00:00%2B23:59",
    ],
)
def test_api_says_so(path: str) -> None:
    answer = people.adam().api().get(path)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["code"] in ("out_of_range", "not_found", "invalid")


def test_admin_says_so() -> None:
    answer = people.adam().browser().get("/admin/audit_app/auditentry/?at__year=99999999999")
    assert answer.status_code in (302, 400)
