"""The pages of kill switches: two steps to stop, one to let go, and who sees which."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import gate, people
from tests.gate import Gate
from tools_app.governing import switches
from tools_app.models import KillSwitch

pytestmark = pytest.mark.django_db
ADD = "/admin/tools_app/killswitch/add/"
LIST = "/admin/tools_app/killswitch/"


@pytest.fixture
def at() -> Gate:
    return gate.opened()


def staff(who: people.Person) -> Client:
    who.user.is_staff = True
    who.user.save()
    return who.browser()


def test_the_first_step_shows_what_it_would_end_and_stops_nothing(at: Gate) -> None:
    at.ask({"line": "one"})
    sent = {"scope": "tool", "tool": "ledger", "reason": "It writes nonsense."}
    page = staff(people.carol()).post(ADD, sent).content.decode()
    assert "Stop the tool <bdi>ledger</bdi>?" in page
    assert "<strong>1</strong> tool use waiting" in page
    assert not KillSwitch.objects.exists()


def test_the_second_step_stops_and_the_pages_say_so(at: Gate) -> None:
    client = staff(people.carol())
    sent = {"scope": "persona", "persona": str(at.agent.pk), "reason": "It promises <b>refunds</b>."}
    assert client.post(ADD, {**sent, "step": "throw"}).status_code == 302
    assert at.ask({"line": "one"}).reason == "kill_switch"
    for path in (LIST, f"/admin/agents_app/agenttype/{at.agent.pk}/change/", "/admin/"):
        page = client.get(path).content.decode()
        assert "It promises &lt;b&gt;refunds&lt;/b&gt;." in page, path
    row = KillSwitch.objects.get()
    assert "Let it act again" in client.get(f"{LIST}{row.pk}/change/").content.decode()
    client.post(f"{LIST}{row.pk}/do/lift/")
    assert at.ask({"line": "one"}).status == "queued"


def test_the_page_of_a_tool_leads_there_with_the_tool_filled_in(at: Gate) -> None:
    client = staff(people.carol())
    page = client.get(f"/admin/tools_app/tool/{at.tool.pk}/change/").content.decode()
    assert f"{ADD}?scope=tool&amp;tool={at.tool.pk}" in page
    assert 'value="ledger"' in client.get(f"{ADD}?scope=tool&tool={at.tool.pk}").content.decode()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"scope": "tool", "tool": "nothing"}, "There is no tool called"),
        ({"scope": "tool"}, "Say which one."),
        ({"scope": "installation"}, "Say what is to be stopped."),
        ({"scope": "tool", "tool": "ledger", "reason": " "}, "Say why"),
        ({"scope": "organization"}, "permission"),
    ],
)
def test_what_does_not_fit_is_said_in_the_first_step(at: Gate, sent: dict[str, str], told: str) -> None:
    answer = staff(people.carol()).post(ADD, {"reason": "x", **sent, "step": "throw"})
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not KillSwitch.objects.exists()


def test_an_approver_sees_and_stops_nothing(at: Gate) -> None:
    switches.throw(switches.of_tool(at.tool), reason="x", by=people.carol().identity)
    client = staff(people.bob())
    assert "ledger" in client.get(LIST).content.decode()
    assert client.post(ADD, {"scope": "tool", "tool": "ledger", "reason": "x"}).status_code == 403
    row = KillSwitch.objects.get()
    client.post(f"{LIST}{row.pk}/do/lift/")
    row.refresh_from_db()
    assert row.lifted_at is None


def test_mallory_sees_no_switch_of_ours(at: Gate) -> None:
    row = switches.throw(switches.of_tool(at.tool), reason="narwhals", by=people.carol().identity)
    client = people.mallory().browser()
    assert "narwhals" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}{row.pk}/change/").status_code in (302, 404)
    sent = {"scope": "tool", "tool": str(at.tool.pk), "reason": "x", "step": "throw"}
    assert client.post(ADD, sent).status_code in (400, 404)
    assert KillSwitch.objects.count() == 1
