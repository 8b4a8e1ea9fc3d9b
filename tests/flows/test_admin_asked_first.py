"""What cannot be taken back is not done at one click: a page between says what it is and what hangs on it."""

import pytest

from agents_app.models import AgentType
from tests import people
from tests.flows.admin_world import address, made_world, staff, told
from tests.world import World
from tools_app import catalog
from tools_app.models import KillSwitch, Secret, Tool

pytestmark = pytest.mark.django_db
UNUSED = {
    "name": "unused",
    "description": "Tells.",
    "category": "web",
    "tool_type": "custom",
    "executor": "http",
    "input_schema": {"type": "object", "properties": {}},
}


@pytest.fixture
def now() -> World:
    return made_world()


def test_a_used_tool_is_archived_after_a_look_at_what_hangs_on_it(now: World) -> None:
    client, ask = staff(now.carol), address(Tool, "verb", now.tool.pk, "archive")
    page = client.get(address(Tool, "change", now.tool.pk)).content.decode()
    assert f'href="{ask}"' in page
    assert "Delete…" not in page
    sure = client.get(ask).content.decode()
    assert "1 persona has a grant of it." in sure
    assert "uses so far" in sure or "1 use so far" in sure
    now.tool.refresh_from_db()
    assert now.tool.archived_at is None
    assert "archived" in told(client.post(ask, follow=True))


def test_a_tool_that_was_never_used_is_deleted_under_that_name(now: World) -> None:
    unused = catalog.register(UNUSED, by=now.carol.identity)
    client, ask = staff(now.carol), address(Tool, "verb", unused.pk, "delete")
    page = client.get(address(Tool, "change", unused.pk)).content.decode()
    assert f'href="{ask}"' in page
    assert "Archive…" not in page
    sure = client.get(ask).content.decode()
    assert "It was never used, so it cannot be brought back." in sure
    assert Tool.objects.filter(pk=unused.pk).exists()
    assert "deleted" in told(client.post(ask, follow=True))
    assert not Tool.objects.filter(pk=unused.pk).exists()


def test_whoever_may_not_is_not_asked_and_strangers_find_nothing(now: World) -> None:
    ask = address(AgentType, "verb", now.agent.pk, "archive")
    assert staff(people.olga()).get(ask).status_code == 302
    assert staff(people.mallory()).get(ask).status_code == 404
    nothing = address(AgentType, "verb", now.agent.pk, "nothing")
    assert staff(now.carol).get(nothing).status_code == 405


def test_a_secret_is_deleted_after_a_question(now: World) -> None:
    secret = Secret.objects.create(organization=people.toolroom(), name="old")
    client, ask = staff(now.carol), address(Secret, "verb", secret.pk, "drop")
    assert "Tools and endpoints that name it stop working." in client.get(ask).content.decode()
    assert Secret.objects.filter(pk=secret.pk).exists()
    client.post(ask)
    assert not Secret.objects.filter(pk=secret.pk).exists()


def test_lifting_a_kill_switch_asks_why(now: World) -> None:
    row = KillSwitch.objects.create(
        organization=people.toolroom(),
        scope="tool",
        subject_id=now.tool.pk,
        subject_name="t",
        reason="Wrong sums.",
        thrown_by_id=now.carol.identity.user_id,
    )
    client, ask = staff(now.carol), address(KillSwitch, "verb", row.pk, "lift")
    page = client.get(ask).content.decode()
    assert "Wrong sums." in page
    assert 'name="reason"' in page
    client.post(ask, {"reason": "Mended."})
    row.refresh_from_db()
    assert (row.lifted_reason, row.lifted_at is not None) == ("Mended.", True)
