"""The admin pages: strangers find nothing, verbs write, secrets stay hidden, history is only read, all is recorded."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoDbBlocker

from agents_app.models import AgentType, ModelEndpoint
from audit_app.audited_admin import AuditedAdmin, ReadOnlyAdmin
from audit_app.models import AuditEntry
from project.accounts.models import Organization
from tests import people, world
from tests.flows.admin_world import address, filled, id_of, made_world, row_of, staff
from tests.kept import kept
from tests.world import SECRET_WORD, World
from tools_app import approvals
from tools_app.models import Approval, KillSwitch, Tool, ToolCall

pytestmark = pytest.mark.django_db

PAGES = sorted(admin.site._registry, key=str)
# A kill switch is thrown in two steps of its own; once thrown, its row is history too.
HISTORY = [
    model
    for model, page in admin.site._registry.items()
    if isinstance(page, ReadOnlyAdmin) and model is not KillSwitch
]


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], World]]:
    with kept(django_db_blocker, made_world) as copied:
        yield copied


@pytest.fixture
def now(built: Callable[[], World], db: None) -> World:
    return built()


def test_every_page_is_audited() -> None:
    assert all(isinstance(page, AuditedAdmin) for page in admin.site._registry.values())


@pytest.mark.parametrize("model", PAGES, ids=str)
def test_an_administrator_sees_every_page(model: Any, now: World) -> None:
    client = people.adam().browser()
    # What there is one row of leads to that row.
    assert client.get(address(model, "changelist"), follow=True).status_code == 200
    row = row_of(model)
    if row is not None:
        answer = client.get(address(model, "change", id_of(model, row)))
        assert answer.status_code == 200
        assert "sk-a-value-to-hide" not in answer.content.decode()


def around(page: str, word: str) -> str:
    at = page.lower().index(word)
    return page[max(0, at - 300) : at + 200]


def is_of(row: Any, organization: Organization) -> bool:
    return getattr(row, "organization", None) == organization


@pytest.mark.parametrize("model", PAGES, ids=str)
def test_mallory_sees_nothing_of_ours(model: Any, now: World) -> None:
    client = people.mallory().browser()
    listed = client.get(address(model, "changelist")).content.decode()
    assert SECRET_WORD not in listed
    # Seen once and never again: whoever meets it must be shown the place, or nobody will ever know.
    assert "alice" not in listed.lower(), around(listed, "alice")
    hers = people.mallory().organization
    row = next((row for row in model._default_manager.order_by("pk") if not is_of(row, hers)), None)
    if row is not None and model is not Organization:
        page = client.get(address(model, "change", id_of(model, row)))
        assert page.status_code == 302, "as if it were not there"
        for verb in ("archive", "approve", "deny", "revoke", "drop", "restore"):
            assert client.post(address(model, "verb", id_of(model, row), verb)).status_code == 404


def test_a_superuser_is_held_to_the_own_organization(now: World) -> None:
    mallory = people.mallory()
    mallory.user.is_superuser = True
    mallory.user.save()
    client = mallory.browser()
    assert client.get(address(Tool, "change", now.tool.pk)).status_code == 302
    assert SECRET_WORD not in client.get(address(Tool, "changelist")).content.decode()
    assert client.post(address(Tool, "change", now.tool.pk), {"description": "Mine."}).status_code in (
        302,
        403,
    )
    now.tool.refresh_from_db()
    assert now.tool.description != "Mine."


def test_a_staff_account_without_membership_finds_no_page() -> None:
    user = User.objects.create_superuser("ghost", "", people.PASSWORD)
    client = Client()
    client.force_login(user)
    for model in PAGES:
        assert client.get(address(model, "changelist")).status_code == 403
    assert client.get("/admin/").status_code in (200, 403)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("alice", {"approval", "killswitch", "standingapproval", "tool", "toolversion", "agenttype"}),
        (
            "carol",
            {"approval", "standingapproval", "tool", "toolversion", "agenttype", "secret", "modelendpoint"}
            | {"apisource", "document", "killswitch", "mcpserver", "toolcase", "tooldraft"}
            | {"approvergroup", "budget", "delivery", "modelprice", "modelusage", "policyrule", "webhook"},
        ),
        (
            "bob",
            {"approval", "killswitch", "standingapproval", "tool", "toolversion", "agenttype", "toolcall"}
            | {"approvergroup"},
        ),
    ],
)
def test_each_role_opens_its_pages_only(name: str, allowed: set[str], now: World) -> None:
    client = staff(getattr(people, name)())
    opened = {m._meta.model_name for m in PAGES if client.get(address(m, "changelist")).status_code == 200}
    assert opened == allowed
    overview = client.get("/admin/")
    assert overview.status_code == 200


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_who_may_only_look_is_shown_the_page_without_a_form(name: str, now: World) -> None:
    client = staff(getattr(people, name)())
    for model, row in ((Tool, now.tool), (AgentType, now.agent)):
        path = address(model, "change", row.pk)
        page = client.get(path)
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert client.post(path, {"description": "Mine."}).status_code == 403
        assert client.post(address(model, "verb", row.pk, "archive")).status_code == 302
        row.refresh_from_db()
        assert row.archived_at is None


@pytest.mark.parametrize("model", HISTORY, ids=str)
def test_history_is_only_read(model: Any, now: World) -> None:
    client = people.adam().browser()
    assert client.get(address(model, "add")).status_code == 403
    row = row_of(model)
    if row is not None:
        pk = id_of(model, row)
        assert client.post(address(model, "change", pk), {"status": "success"}).status_code == 403
        assert client.post(address(model, "delete", pk), {"post": "yes"}).status_code == 403
    deleted = {"action": "delete_selected", "_selected_action": [str(row.pk)] if row else [], "post": "yes"}
    client.post(address(model, "changelist"), deleted)
    assert row is None or model._default_manager.filter(pk=row.pk).exists()


def test_plain_rows_are_recorded_with_the_changed_fields(now: World) -> None:
    client = staff(now.carol)
    path = address(ModelEndpoint, "change", ModelEndpoint.objects.get().pk)
    assert client.post(path, filled(client, path, max_connections="7")).status_code == 302
    assert AuditEntry.objects.get(action="row.changed").facts["changed"] == ["max_connections"]


def test_reading_somebodys_conversation_is_recorded(now: World) -> None:
    olga = staff(people.olga())
    page = olga.get(f"/admin/agents_app/conversation/{now.conversation.pk}/change/")
    assert SECRET_WORD in page.content.decode()
    entry = AuditEntry.objects.get(action="record.read")
    assert (entry.actor_name, entry.subject_id) == ("Olga", now.conversation.session_id)


@pytest.fixture
def unasked(now: World) -> ToolCall:
    """Another call of Alice's in the same conversation, that nobody was asked about."""
    now.tool.requires_approval = False
    now.tool.save()
    call = world.asked_for(now.conversation, now.run, {"expression": "2 + 2"}, by=now.alice)
    assert not call.approvals.exists()
    return call


def test_who_decides_finds_the_calls_that_were_asked_about_and_no_others(
    now: World, unasked: ToolCall
) -> None:
    bob, listed = staff(now.bob), address(ToolCall, "changelist")
    assert list(bob.get(listed).context["cl"].queryset) == [now.call]
    assert bob.get(address(ToolCall, "change", now.call.pk)).status_code == 200
    assert bob.get(address(ToolCall, "change", unasked.pk)).status_code == 302, "as if it were not there"
    approvals.deny(now.approval, by=now.bob.identity, digest=now.approval.digest)
    assert list(bob.get(listed).context["cl"].queryset) == [now.call], "also when it is decided"
    assert set(staff(people.olga()).get(listed).context["cl"].queryset) == {now.call, unasked}


@pytest.mark.parametrize("query", ["", "?_popup=1"])
@pytest.mark.parametrize("name", ["bob", "olga", "adam"])
def test_reading_somebodys_call_is_recorded(name: str, query: str, now: World) -> None:
    client = staff(getattr(people, name)())
    page = client.get(address(ToolCall, "change", now.call.pk) + query)
    assert SECRET_WORD in page.content.decode()
    entry = AuditEntry.objects.get(action="record.read")
    assert (entry.actor_name, entry.subject_type, entry.subject_id) == (
        name.title(),
        "call",
        str(now.call.pk),
    )


def test_reading_the_own_call_is_not(now: World) -> None:
    mine = world.asked_for(now.conversation, now.run, {"expression": "3"}, by=now.bob)
    assert staff(now.bob).get(address(ToolCall, "change", mine.pk)).status_code == 200
    assert not AuditEntry.objects.filter(action="record.read").exists()


def test_the_badge_counts_what_waits_and_is_gone_when_nothing_does(now: World) -> None:
    client = staff(now.bob)
    badge = "rounded-xs bg-orange-100"
    assert badge in client.get("/admin/").content.decode()
    client.post(address(Approval, "verb", now.approval.pk, "deny"), {"digest": now.approval.digest})
    assert badge not in client.get("/admin/").content.decode()
