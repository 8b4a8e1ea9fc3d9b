"""The admin pages of tools, personas and approvals: verbs write, and what they refuse stands at its field."""

import pytest
from django.test import Client

from agents_app.models import AgentToolConfig, AgentType, Conversation
from audit_app.models import AuditEntry
from tests import people, world
from tests.flows.admin_world import address, filled, made_world, staff, told
from tests.tools.losing import dangerous, lost
from tests.world import World
from tools_app.models import Approval, Tool, ToolCall, ToolVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return made_world()


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


def test_how_an_http_tool_is_carried_out_is_checked_at_its_field(now: World) -> None:
    client = staff(now.carol)
    path = address(Tool, "add")
    kind = {"tool_type": "custom", "executor": "http"}
    sent = {"name": "weather", "description": "Tells.", "category": "web", **kind}
    for configuration, words in {
        '{"method": "GET"': "Line 1, column 17",
        "[1]": "must be an object",
        '{"method": "GET"}': "url",
        '{"method": "GET", "url": "https://10.0.0.1/"}': "/url: ",
    }.items():
        refused = client.post(path, filled(client, path, **sent, configuration=configuration))
        assert words in str(refused.context["adminform"].form.errors["configuration"])
    good = '{"method": "GET", "url": "https://weather.example/now"}'
    assert client.post(path, filled(client, path, **sent, configuration=good)).status_code == 302
    tool = Tool.objects.get(name="weather")
    change = address(Tool, "change", tool.pk)
    assert "weather.example" in client.get(change).content.decode()
    emptied = client.post(change, filled(client, change, configuration=""))
    assert emptied.status_code == 302
    tool.refresh_from_db()
    assert tool.configuration == {}


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
    assert client.get(address(Tool, "verb", now.tool.pk, "restore")).status_code == 405
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


@pytest.mark.parametrize(
    ("verb", "said", "ended"),
    [("approve", "The answer goes on", "Went on"), ("deny", "The answer is stopped here", "Stopped")],
)
def test_a_lost_use_is_asked_about_in_its_own_words(verb: str, said: str, ended: str) -> None:
    question = Approval.objects.about_outcome().get(call=lost(dangerous()))
    client = staff(people.bob())
    pages = "/admin/tools_app/approval/"
    listed = client.get(pages, {"about__exact": "outcome"}).content.decode()
    assert "It was lost while it ran: go on?" in listed
    page = client.get(f"{pages}{question.pk}/change/").content.decode()
    for words in ("A worker was lost while", "it is not run again", ">Go on</button>", ">Stop here</button>"):
        assert words in page
    assert ">Approve</button>" not in page
    answer = client.post(f"{pages}{question.pk}/do/{verb}/", {"digest": question.digest}, follow=True)
    assert said in told(answer)
    assert ended in client.get(pages).content.decode()


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
