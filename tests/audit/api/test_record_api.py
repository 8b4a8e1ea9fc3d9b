"""The record over HTTP, as Olga reads it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit_app.models import ToolUsage
from tests import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def _used() -> None:
    now = timezone.now()
    rows = [
        ("s1", "bash", "analysis", "denied", 3),
        ("s1", "read_file", "analysis", "success", 2),
        ("s2", "read_file", "review", "failed", 1),
        ("s2", "read_file", "review", None, 0),
    ]
    for session, tool, agent, status, hours in rows:
        ToolUsage.objects.create(
            organization=people.toolroom(),
            session_id=session,
            tool_name=tool,
            tool_id=7 if tool == "bash" else 8,
            agent_name=agent,
            agent_type_id=3,
            user_id="5",
            user_name="Alice",
            status=status,
            created_at=now - timedelta(hours=hours),
        )


@pytest.mark.usefixtures("_used")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("session_id=s1", 2),
        ("status=failed", 1),
        ("status=open", 1),
        ("tool=read_file", 3),
        ("tool=7", 1),
        ("tool=99999999999999999999", 0),
        ("agent=review", 2),
        ("user=Alice", 4),
        ("user=6", 0),
        ("session_id=s2&status=failed&tool=read_file", 1),
    ],
)
def test_uses_are_filtered(query: str, count: int) -> None:
    assert people.olga().api().get(f"/api/audit/tool-usage?{query}").json()["count"] == count


@pytest.mark.usefixtures("_used")
def test_uses_are_told_newest_first_and_between_two_moments() -> None:
    client = people.olga().api()
    told = client.get("/api/audit/tool-usage").json()["results"]
    assert [use["status"] for use in told] == [None, "failed", "success", "denied"]
    since = (timezone.now() - timedelta(hours=2, minutes=30)).isoformat().replace("+00:00", "Z")
    until = (timezone.now() - timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    between = client.get(f"/api/audit/tool-usage?since={since}&until={until}").json()["results"]
    assert [use["status"] for use in between] == ["failed", "success"]


@pytest.mark.parametrize("query", ["status=nonsense", "since=yesterday", "tool=%00"])
def test_a_wrong_filter_is_named(query: str) -> None:
    answer = people.olga().api().get(f"/api/audit/tool-usage?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["tool-usage", "entries"])
def test_the_record_is_read_only(path: str, method: str) -> None:
    assert getattr(people.olga().api(), method)(f"/api/audit/{path}").status_code == 405


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_the_record_is_for_auditors(name: str) -> None:
    client = getattr(people, name)().api()
    for path in ("tool-usage", "entries"):
        assert client.get(f"/api/audit/{path}").status_code == 403
