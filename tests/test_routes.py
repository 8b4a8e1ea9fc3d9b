"""Every route of `project.api` with every method: for nobody, for Mallory, and for who may. A new one fails here."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from agents_app import attachments
from agents_app.models import Attachment
from audit_app.models import AuditEntry, ToolUsage
from project.api import ROUTES
from tests import people, world
from tests.kept import kept
from tests.route_bodies import BODIES, EXPECTED, FORMS, case
from tests.tools import told
from tests.world import SECRET_WORD, World
from tools_app import vault
from tools_app.cataloging import cases, drafts
from tools_app.explain import trying
from tools_app.governing import policy_rules
from tools_app.models import Delivery, KillSwitch, PolicyRule, ToolCall, ToolCase, Webhook
from tools_app.notices import clock

pytestmark = pytest.mark.django_db

# Lists and the like, which Mallory may ask for: she is told of her own organization only.
HERS = {
    "kill-switches", "knowledge", "me", "openapi/preview", "openapi/sources", "catalog/export",
    "catalog/import", "tools", "mcp-servers", "mcp-launchers", "agents", "audit/tool-usage",
    "audit/entries", "conversations", "approvals", "approvals/waiting", "approver-groups",
    "me/notifications", "webhooks", "deliveries", "standing-approvals", "policy", "policy/rules",
    "prices", "budgets", "usage",
}  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPERATIONS = [
    (method, route) for route, view in ROUTES for method in METHODS if hasattr(view, method.lower())
]


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], World]]:
    """Once for six hundred tests: making it anew took most of their time."""
    with kept(django_db_blocker, _built) as copied:
        yield copied


@pytest.fixture
def now(built: Callable[[], World], db: None) -> World:
    return built()


def _built() -> World:
    made, carol = world.made(), people.carol().identity
    # Something Carol has tried out herself, which waits.
    who = trying.asked(carol, agent_type_id=made.agent.pk)
    trying.use(made.tool, '{"expression": "1 + 1"}', who, by=carol)
    drafts.propose(made.tool, {"description": f"Drafts {SECRET_WORD}s."}, by=carol, source="person")
    fields = {name: value for name, value in case(made).items() if name != "agent"}
    cases.add(made.tool, fields | {"agent_type_id": made.agent.pk}, by=carol)
    rule = {
        "name": f"About {SECRET_WORD}s",
        "denied_parameters": {"kind:url": [f"{SECRET_WORD}.example"]},
        # It is made after the question of this world was put, and would void it.
        "enabled": False,
    }
    policy_rules.add(rule, by=people.adam().identity)
    # Of a tool that is gone: nothing else here is stopped.
    gone = {"scope": "tool", "subject_id": 2**30, "subject_name": SECRET_WORD, "reason": "It lied."}
    KillSwitch.objects.create(
        organization=people.toolroom(), thrown_by="Carol", thrown_by_id=str(people.carol().user.pk), **gone
    )
    attachments.add(made.conversation, SimpleUploadedFile("notes.txt", b"x"), by=made.alice.identity)
    _told(made)
    return made


def _told(made: World) -> None:
    """A webhook that was told of the question."""
    told.webhook(name=f"The {SECRET_WORD} desk")
    vault.keep("hook-key", told.SECRET, hosts=["hooks.example"], by=people.mallory().identity)
    clock.tick()
    Delivery.objects.update(ended_at=made.approval.created_at, outcome="sent")


def address(route: str, now: World) -> str:
    tried = ToolCall.objects.filter(session_id__startswith=trying.SESSION).first()
    saved = ToolCase.objects.first()
    hook, sent = Webhook.objects.first(), Delivery.objects.first()
    thrown = KillSwitch.objects.first()
    ids = {
        "<int:switch_id>": thrown.pk if thrown else 0,
        "<int:number>": 1,
        "<int:case_id>": saved.pk if saved else 0,
        "<int:call_id>": tried.pk if tried else 0,
        "<int:use_id>": now.call.pk,
        "<int:tool_id>": now.tool.pk,
        "<int:document_id>": now.document.pk,
        "<int:source_id>": now.source.pk,
        "<int:server_id>": now.server.pk,
        "<int:webhook_id>": hook.pk if hook else 0,
        "<int:delivery_id>": sent.pk if sent else 0,
        "<int:agent_id>": now.agent.pk,
        "<uuid:conversation_id>": now.conversation.public_id,
        "<int:run_id>": now.run.pk,
        "<int:price_id>": now.price.pk,
        "<int:budget_id>": now.budget.pk,
        "<uuid:attachment_id>": Attachment.objects.get().public_id
        if Attachment.objects.exists()
        else UUID(int=0),
        "<int:approval_id>": now.approval.pk,
        "<int:group_id>": now.group.pk,
        "<int:standing_id>": now.standing.pk,
        "<int:rule_id>": ruled.pk if (ruled := PolicyRule.objects.first()) else 0,
    }
    for name, value in ids.items():
        route = route.replace(name, str(value))
    assert "<" not in route
    return f"/api/{route}"


def said(method: str, route: str, now: World) -> Any:
    body = BODIES[method, route]
    return body(now) if callable(body) else body


def send(client: APIClient, method: str, route: str, now: World, slash: str = "") -> Any:
    body = said(method, route, now) if method != "GET" else None
    return client.generic(
        method, address(route, now) + slash, json.dumps(body) if body is not None else "", "application/json"
    )


def everything(now: World) -> dict[str, Any]:
    """All that Mallory could have changed of ours, and how many rows of ours there are."""
    rows = (
        now.tool,
        now.server,
        now.agent,
        now.grant,
        now.conversation,
        now.message,
        now.run,
        now.call,
        now.approval,
        now.standing,
    )
    for row in rows:
        row.refresh_from_db()
    values = {
        str(row._meta): {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
        for row in rows
    }
    return values | {"rows": ours()}


def ours() -> dict[str, int]:
    """The rows of our organization, of every model that has one: what Mallory adds to it would show here."""
    owned = [model for model in apps.get_models() if "organization" in {f.name for f in model._meta.fields}]
    counts = [
        f"(SELECT count(*) FROM {connection.ops.quote_name(model._meta.db_table)} WHERE organization_id = o.id)"
        for model in owned
    ]
    with connection.cursor() as cursor:
        # One question instead of fifty: it is asked twice in most tests here.
        cursor.execute(f"SELECT {', '.join(counts)} FROM organizations o WHERE slug = 'toolroom'")
        rows = dict(zip((model._meta.label for model in owned), cursor.fetchone(), strict=True))
    assert rows["agents_app.Conversation"], "the world has something of ours to look at"
    return rows


def test_each_operation_has_an_entry() -> None:
    assert {(m, r) for m, r in OPERATIONS if m != "GET"} == set(BODIES)
    for _, view in ROUTES:
        handled = {method for method in METHODS if hasattr(view, method.lower())}
        assert handled <= set(view.needs), f"{view.__name__} leaves a method without a permission"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_nobody_is_told_who_is_asked_for(method: str, route: str, now: World) -> None:
    before = everything(now)
    answer = send(APIClient(), method, route, now)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["error"]["code"] == "not_authenticated"
    assert everything(now) == before


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_mallory_sees_and_changes_nothing(method: str, route: str, now: World) -> None:
    before = everything(now)
    client = people.mallory().api()
    answer = send(client, method, route, now)
    if route in HERS and (
        method == "GET"
        or route
        in (
            *("tools", "agents", "knowledge", "catalog/import", "openapi/preview", "mcp-servers"),
            *(
                "approver-groups",
                "policy",
                "policy/rules",
                "me/notifications",
                "webhooks",
                "prices",
                "budgets",
            ),
        )
    ):
        assert answer.status_code in (200, 201)
    else:
        assert answer.status_code == 404, answer.content
        assert answer.json()["error"]["code"] in ("not_found", "agent_not_found", "not_granted")
    assert SECRET_WORD not in answer.content.decode()
    assert "analysis" not in answer.content.decode()
    assert everything(now) == before


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_who_may_is_answered_with_and_without_a_slash(method: str, route: str, now: World) -> None:
    client = person_for(method, route).api()
    first = send(client, method, route, now, slash="/")
    assert first.status_code == EXPECTED.get((method, route), first.status_code)
    assert first.status_code < 300 or (method, route) in EXPECTED, first.content
    if method == "GET":
        again = send(client, method, route, now)
        assert again.status_code == 200
        if not route.startswith("audit"):
            assert again.content == first.content


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_a_token_without_the_scope_may_not(method: str, route: str, now: World) -> None:
    """The narrowest token: the person may, the token was not made for it."""
    scope = "chat" if route == "me" or route.startswith("approver-groups") else "members.manage"
    client = people.adam().api(scope)
    answer = send(client, method, route, now)
    if route == "me":
        assert answer.status_code == 200
    else:
        assert answer.status_code in (403, 404)


@pytest.mark.parametrize(
    ("method", "route"),
    [each for each in OPERATIONS if each[0] in ("POST", "PUT", "PATCH") and each not in FORMS],
)
def test_unknown_fields_and_broken_bodies_are_named(method: str, route: str, now: World) -> None:
    client = person_for(method, route).api()
    before = everything(now)
    body = dict(said(method, route, now))
    unknown = client.generic(
        method, address(route, now), json.dumps(body | {"organization_id": 1}), "application/json"
    )
    assert unknown.status_code == 400, unknown.content
    assert "organization_id" in unknown.json()["error"]["details"]
    for broken in (
        '{"text": ',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "[]",
        '"x"',
        "[" * 100_000,
        '{"a": "\\u0000"}',
    ):
        answer = client.generic(method, address(route, now), broken, "application/json")
        assert answer.status_code == 400, (broken[:20], answer.content)
        assert answer.json()["error"]["message"]
    assert everything(now) == before


def test_reading_the_record_is_recorded(now: World) -> None:
    olga = people.olga()
    olga.api().get("/api/audit/tool-usage?tool=calculate")
    entry = AuditEntry.objects.get(action="record.read")
    assert (entry.actor_name, entry.facts["asked"]) == ("Olga", {"tool": "calculate"})


def test_a_request_larger_than_allowed_is_refused_by_type(now: World) -> None:
    client = now.alice.api()
    path = f"/api/conversations/{now.conversation.public_id}/messages"
    long = client.post(path, {"text": "x" * 1_000_000, "client_id": "long"})
    assert (long.status_code, long.json()["error"]["code"]) == (413, "message_too_long")
    larger = client.post(path, {"text": "x" * 1_100_000, "client_id": "larger"})
    assert (larger.status_code, larger.json()["error"]["code"]) == (413, "too_large")
    assert now.conversation.messages.count() == 1


def test_usage_rows_are_counted_for_nobody_else(now: World) -> None:
    ToolUsage.objects.create(organization=people.toolroom(), tool_name="calculate")
    assert people.mallory().api().get("/api/audit/tool-usage").json()["count"] == 0
    assert people.olga().api().get("/api/audit/tool-usage").json()["count"] == 1


def person_for(method: str, route: str) -> people.Person:
    if route.startswith("audit"):
        return people.olga()
    if route.startswith(("tools/<int:tool_id>/", "openapi", "catalog", "mcp-", "replays", "kill-")):
        return people.carol()
    if route.startswith(("webhooks", "deliveries")):
        return people.carol()
    if route.startswith(("approver-groups", "policy")):
        return people.adam()
    if route.startswith("budgets"):
        return people.carol()
    if route.startswith(("tools", "agents", "prices")):
        return people.carol() if method != "GET" else people.alice()
    return people.bob() if route.endswith(("decision", "decisions", "edit")) else people.alice()
