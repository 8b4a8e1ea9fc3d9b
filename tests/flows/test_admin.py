"""The admin pages: strangers find nothing, verbs write, secrets stay hidden, history is only read, all is recorded."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from agents_app.models import AgentToolConfig, AgentType, Conversation, ModelEndpoint
from audit_app import tokens
from audit_app.audited_admin import AuditedAdmin, ReadOnlyAdmin
from audit_app.models import AuditEntry, ToolUsage
from project.accounts.models import ApiToken, Membership, Organization
from tests import people, world
from tests.world import SECRET_WORD, World
from tools_app import vault
from tools_app.models import Approval, Secret, StandingApproval, Tool, ToolCall, ToolVersion

pytestmark = pytest.mark.django_db

PAGES = sorted(admin.site._registry, key=str)
HISTORY = [model for model, page in admin.site._registry.items() if isinstance(page, ReadOnlyAdmin)]


@pytest.fixture
def now() -> World:
    """One of everything, so that each page has a row to show or to hide."""
    made = world.made()
    ours = people.toolroom()
    ToolUsage.objects.create(organization=ours, tool_name=SECRET_WORD, status="success")
    secret = vault.keep(f"{SECRET_WORD}-key", "sk-a-value-to-hide", hosts=[], by=made.carol.identity)
    ModelEndpoint.objects.create(organization=ours, name=f"{SECRET_WORD}-model", secret=secret)
    StandingApproval.objects.create(
        organization=ours,
        user_id=made.alice.identity.user_id,
        agent_type_id=made.agent.pk,
        agent_name=SECRET_WORD,
        tool_id=made.tool.pk,
        tool_name=SECRET_WORD,
        matchers=[],
        expires_at=made.approval.expires_at,
        max_uses=3,
        granted_by="Bob",
    )
    tokens.issue(made.alice.membership, scopes=["chat"], by=made.alice.identity, name=f"{SECRET_WORD}-token")
    return made


def address(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def row_of(model: Any) -> Any:
    return model._default_manager.order_by("pk").first()


def id_of(model: Any, row: Any) -> Any:
    return quote(row.token_key if model is ApiToken else row.pk)


def staff(person: people.Person) -> Client:
    person.user.is_staff = True
    person.user.save()
    return person.browser()


def filled(client: Client, path: str, **changes: Any) -> dict[str, Any]:
    """What the form at this address would send, with some of it changed."""
    context = client.get(path).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    sent: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            value = (
                bound.field.prepare_value(bound.value())
                if hasattr(bound.field, "prepare_value")
                else bound.value()
            )
            if value is not None and value is not False:
                sent[bound.html_name] = value
    return {name: value for name, value in (sent | changes).items() if value is not None}


def told(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def test_every_page_is_audited() -> None:
    assert all(isinstance(page, AuditedAdmin) for page in admin.site._registry.values())


@pytest.mark.parametrize("model", PAGES, ids=str)
def test_an_administrator_sees_every_page(model: Any, now: World) -> None:
    client = people.adam().browser()
    assert client.get(address(model, "changelist")).status_code == 200
    row = row_of(model)
    if row is not None:
        answer = client.get(address(model, "change", id_of(model, row)))
        assert answer.status_code == 200
        assert "sk-a-value-to-hide" not in answer.content.decode()


@pytest.mark.parametrize("model", PAGES, ids=str)
def test_mallory_sees_nothing_of_ours(model: Any, now: World) -> None:
    client = people.mallory().browser()
    listed = client.get(address(model, "changelist"))
    assert SECRET_WORD not in listed.content.decode()
    assert "alice" not in listed.content.decode().lower()
    row = model._default_manager.order_by("pk").first()
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
        ("alice", {"approval", "standingapproval", "tool", "toolversion", "agenttype"}),
        (
            "carol",
            {"approval", "standingapproval", "tool", "toolversion", "agenttype", "secret", "modelendpoint"},
        ),
        (
            "bob",
            {"approval", "standingapproval", "tool", "toolversion", "agenttype", "toolcall", "usagecounter"},
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


def test_a_tool_is_saved_by_the_catalog(now: World) -> None:
    client = staff(now.carol)
    path = address(Tool, "change", now.tool.pk)
    answer = client.post(path, filled(client, path, description="Sums.", tags="a\n b \n", reason="Shorter."))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    now.tool.refresh_from_db()
    assert (now.tool.description, now.tool.tags) == ("Sums.", ["a", "b"])
    version = ToolVersion.objects.filter(tool=now.tool)[0]
    assert (version.number, version.reason, version.changed_by) == (2, "Shorter.", "Carol")
    assert AuditEntry.objects.filter(action="tool.changed").count() == 1
    assert not AuditEntry.objects.filter(action__startswith="row.").exists()


def test_a_tool_is_added_by_the_catalog_and_refusals_stand_at_their_field(now: World) -> None:
    client = staff(now.carol)
    path = address(Tool, "add")
    sent = {
        "name": "weather",
        "description": "Tells.",
        "category": "web",
        "tool_type": "custom",
        "executor": "http",
    }
    bad = '{"type": "object", "properties": {"user_id": {"type": "string"}}}'
    refused = client.post(path, filled(client, path, **sent, input_schema=bad))
    assert "reserved" in str(refused.context["adminform"].form.errors["input_schema"])
    assert not Tool.objects.filter(name="weather").exists()
    taken = client.post(path, filled(client, path, **sent | {"name": "calculate"}))
    assert "has this name" in str(taken.context["adminform"].form.errors)
    assert client.post(path, filled(client, path, **sent)).status_code == 302
    assert Tool.objects.get(name="weather").organization == people.toolroom()
    assert AuditEntry.objects.filter(action="tool.added", subject_name="weather").count() == 1


def test_code_of_the_installation_is_not_offered(now: World) -> None:
    client = staff(now.carol)
    path = address(Tool, "add")
    sent = {"name": "x", "description": "x", "category": "x", "tool_type": "custom", "executor": "python"}
    answer = client.post(path, filled(client, path, **sent))
    assert "executor" in answer.context["adminform"].form.errors


def test_a_used_persona_is_archived_and_brought_back_by_its_buttons(now: World) -> None:
    agent = AgentType.objects.create(
        organization=now.alice.organization, name="spare", model="m", system_prompt="Help."
    )
    Conversation.objects.create(organization=agent.organization, owner=now.alice.user, agent_type=agent)
    client = staff(now.carol)
    archived = told(client.post(address(AgentType, "verb", agent.pk, "archive"), follow=True))
    assert "its conversations stay" in archived
    assert AgentType.objects.current().filter(pk=agent.pk).count() == 0
    back = told(client.post(address(AgentType, "verb", agent.pk, "restore"), follow=True))
    assert "switched off" in back
    agent.refresh_from_db()
    assert (agent.enabled, agent.archived_at) == (False, None)


def test_a_used_tool_is_archived_by_its_button(now: World) -> None:
    client = staff(now.carol)
    assert client.get(address(Tool, "verb", now.tool.pk, "archive")).status_code == 405
    assert "archived" in told(client.post(address(Tool, "verb", now.tool.pk, "archive"), follow=True))
    now.tool.refresh_from_db()
    assert now.tool.archived_at is not None
    client.post(address(Tool, "verb", now.tool.pk, "restore"))
    now.tool.refresh_from_db()
    assert not now.tool.enabled
    assert Tool.objects.current().filter(pk=now.tool.pk).exists()


def test_a_persona_and_its_grants_are_saved_by_verbs(now: World) -> None:
    client = staff(now.carol)
    path = address(AgentType, "change", now.agent.pk)
    changes = {"display_name": "Ana", "starters": "One?\nTwo?", "grants-0-usage_limit": "2"}
    answer = client.post(path, filled(client, path, **changes))
    assert answer.status_code == 302, answer.context["errors"]
    now.agent.refresh_from_db()
    now.grant.refresh_from_db()
    assert (now.agent.display_name, now.agent.starters, now.grant.usage_limit) == ("Ana", ["One?", "Two?"], 2)
    assert {"persona.changed", "grant.changed"} <= set(AuditEntry.objects.values_list("action", flat=True))
    refused = client.post(path, filled(client, path, **{"grants-0-denied_parameters": '["town"]'}))
    assert "no such parameter" in str(refused.context["inline_admin_formsets"][0].formset.errors)
    waived = client.post(path, filled(client, path, **{"grants-0-waives_approval": "on"}))
    assert "right to decide" in str(waived.context["inline_admin_formsets"][0].formset.errors)
    assert client.post(path, filled(client, path, **{"grants-0-DELETE": "on"})).status_code == 302
    assert not AgentToolConfig.objects.exists()


def test_only_tools_of_the_own_organization_are_offered_for_grants(now: World) -> None:
    mallory = people.mallory()
    theirs = mallory.api().post("/api/agents", {"name": "m", "model": "x", "system_prompt": "y"}).json()["id"]
    client = mallory.browser()
    path = address(AgentType, "change", theirs)
    new = {"grants-TOTAL_FORMS": "1", "grants-0-tool": str(now.tool.pk), "grants-0-enabled_for_agent": "on"}
    answer = client.post(path, filled(client, path, **new))
    assert "tool" in answer.context["inline_admin_formsets"][0].formset.errors[0]
    assert AgentToolConfig.objects.count() == 1


def test_a_persona_whose_model_ends_is_warned_about(now: World) -> None:
    AgentType.objects.update(model="claude-sonnet-4-5")
    page = staff(now.carol).get(address(AgentType, "change", now.agent.pk))
    assert "ends on 30 November 2026" in page.content.decode()


def test_an_approval_is_decided_on_the_drawn_card(now: World) -> None:
    client = staff(now.bob)
    page = client.get(f"/admin/tools_app/approval/{now.approval.pk}/change/").content.decode()
    assert "1 + 1 # narwhal" in page
    assert now.approval.digest in page
    where = f"/admin/tools_app/approval/{now.approval.pk}/do"
    stale = client.post(f"{where}/approve/", {"digest": "0" * 64}, follow=True)
    assert "no longer what you saw" in told(stale)
    assert "Approved" in told(client.post(f"{where}/approve/", {"digest": now.approval.digest}, follow=True))
    now.call.refresh_from_db()
    assert now.call.status == "queued"
    assert AuditEntry.objects.get(action="approval.approved").actor_name == "Bob"


def test_a_denial_carries_its_reason_and_needs_csrf(now: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    now.bob.user.is_staff = True
    now.bob.user.save()
    strict.force_login(now.bob.user)
    path = f"/admin/tools_app/approval/{now.approval.pk}/do/deny/"
    assert strict.post(path, {"digest": now.approval.digest}).status_code == 403
    now.bob.browser().post(path, {"digest": now.approval.digest, "comment": "Not today."})
    assert "Not today." in ToolCall.objects.get().reason_text


def test_what_cannot_be_shown_cannot_be_approved(now: World) -> None:
    hidden = world.asked_for(now.conversation, now.run, {"expression": "\u200b" * 100}, by=now.alice)
    approval = hidden.approvals.get()
    path = f"/admin/tools_app/approval/{approval.pk}"
    client = staff(now.bob)
    assert "U+200B" in client.get(f"{path}/change/").content.decode()
    answer = client.post(f"{path}/do/approve/", {"digest": approval.digest}, follow=True)
    assert "can only be denied" in told(answer)
    by_api = now.bob.api().post(
        f"/api/approvals/{approval.pk}/decision", {"verdict": "approve", "digest": approval.digest}
    )
    assert (by_api.status_code, by_api.json()["error"]["code"]) == (403, "cannot_be_shown")


def test_a_secret_is_written_and_never_shown(now: World) -> None:
    client = staff(now.carol)
    path = address(Secret, "add")
    sent = {"name": "weather", "value": "s3cr3t-value", "hosts": "api.example.org"}
    assert client.post(path, filled(client, path, **sent)).status_code == 302
    secret = Secret.objects.get(name="weather")
    assert (secret.reveal(), secret.hosts) == ("s3cr3t-value", ["api.example.org"])
    path = address(Secret, "change", secret.pk)
    shown = client.get(path).content.decode()
    assert "s3cr3t-value" not in shown
    assert secret.sealed not in shown
    client.post(path, filled(client, path, hosts="other.example.org"))
    secret.refresh_from_db()
    assert (secret.reveal(), secret.hosts, secret.version) == ("s3cr3t-value", ["other.example.org"], 1)
    client.post(path, filled(client, path, value="another"))
    secret.refresh_from_db()
    assert (secret.reveal(), secret.version) == ("another", 2)
    assert "s3cr3t" not in str(list(AuditEntry.objects.values_list("facts", flat=True)))
    assert "deleted" in told(client.post(address(Secret, "verb", secret.pk, "drop"), follow=True))
    used = Secret.objects.get(name=f"{SECRET_WORD}-key")
    assert "still uses" in told(client.post(address(Secret, "verb", used.pk, "drop"), follow=True))


def test_a_token_is_listed_by_its_beginning_and_revoked(now: World) -> None:
    token = ApiToken.objects.get()
    client = people.adam().browser()
    pages = (address(ApiToken, "changelist"), address(ApiToken, "change", quote(token.token_key)))
    assert all(token.digest not in client.get(page).content.decode() for page in pages)
    assert client.get(address(ApiToken, "change", token.digest)).status_code == 302
    assert "revoked" in told(
        client.post(address(ApiToken, "verb", quote(token.token_key), "revoke"), follow=True)
    )
    assert not ApiToken.objects.exists()


def test_a_standing_approval_is_taken_back(now: World) -> None:
    standing = StandingApproval.objects.get()
    staff(now.bob).post(address(StandingApproval, "verb", standing.pk, "revoke"))
    standing.refresh_from_db()
    assert standing.revoked_by == "Bob"


def test_a_person_is_added_with_a_role_and_becomes_nobodys_superuser(now: World) -> None:
    client = people.adam().browser()
    path = address(User, "add")
    password = "a long enough password 7"
    sent = {
        "username": "erin",
        "role": "keeper",
        "password1": password,
        "password2": password,
        "is_superuser": "on",
    }
    answer = client.post(path, filled(client, path, **sent, usable_password=None))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    erin = User.objects.get(username="erin")
    assert (erin.is_superuser, erin.memberships.get().role) == (False, "keeper")
    assert AuditEntry.objects.get(action="member.added").facts["role"] == "keeper"
    path = address(User, "change", erin.pk)
    client.post(path, filled(client, path, is_superuser="on", first_name="Erin", password=None))
    erin.refresh_from_db()
    assert (erin.is_superuser, erin.first_name) == (False, "Erin")


def test_a_role_is_changed_but_not_the_own(now: World) -> None:
    adam = people.adam()
    client = adam.browser()
    member = now.alice.membership
    path = address(Membership, "change", member.pk)
    assert client.post(path, filled(client, path, role="approver")).status_code == 302
    member.refresh_from_db()
    assert (member.role, member.version) == ("approver", 2)
    assert AuditEntry.objects.get(action="member.changed").facts["changed"] == ["role"]
    own = address(Membership, "change", adam.membership.pk)
    assert client.post(own, {"role": "member"}).status_code == 403


def test_an_account_of_two_organizations_is_not_ours_alone(now: World) -> None:
    Membership.objects.create(organization=people.elsewhere(), user=now.alice.user)
    client = people.mallory().browser()
    assert client.get(address(User, "change", now.alice.user.pk)).status_code == 200
    assert client.post(address(User, "change", now.alice.user.pk), {"username": "x"}).status_code == 403
    path = f"/admin/auth/user/{now.alice.user.pk}/password/"
    assert client.post(path, {"password1": "x" * 20, "password2": "x" * 20}).status_code in (403, 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base_url": "http://models.example.org"}, "base_url"),
        ({"base_url": "https://user:pw@models.example.org"}, "base_url"),
        ({"headers": '{"X-Api-Key": "k"}'}, "headers"),
        ({"headers": '{"x": "a\\r\\nb"}'}, "headers"),
        ({"options": '["a"]'}, "options"),
    ],
)
def test_an_endpoint_keeps_keys_and_private_addresses_out(
    changes: dict[str, str], field: str, now: World
) -> None:
    client = staff(now.carol)
    path = address(ModelEndpoint, "add")
    answer = client.post(path, filled(client, path, name="new", **changes))
    assert field in answer.context["adminform"].form.errors


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


def test_the_badge_counts_what_waits_and_is_gone_when_nothing_does(now: World) -> None:
    client = staff(now.bob)
    badge = "rounded-xs bg-orange-100"
    assert badge in client.get("/admin/").content.decode()
    client.post(address(Approval, "verb", now.approval.pk, "deny"), {"digest": now.approval.digest})
    assert badge not in client.get("/admin/").content.decode()
