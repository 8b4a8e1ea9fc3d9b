"""Kill switches over HTTP: thrown, listed, lifted, and everything that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import factory
from agents_app.exceptions import AgentDisabled
from project.accounts import identity as identities
from tests import gate, people, world
from tools_app.governing import switches
from tools_app.models import KillSwitch

pytestmark = pytest.mark.django_db
LINE = {"line": "one"}


def post(who: people.Person, path: str, sent: Any, status: int) -> dict[str, Any]:
    answer = who.api().post(path, sent, format="json")
    assert answer.status_code == status, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_it_is_thrown_seen_by_everybody_and_lifted() -> None:
    at, carol, alice = gate.opened(), people.carol(), people.alice()
    sent = {"scope": "persona", "agent": at.agent.pk, "reason": "It promises refunds."}
    thrown = post(carol, "/api/kill-switches", sent, 201)
    assert (thrown["agent"], thrown["tool"], thrown["name"]) == (at.agent.pk, None, at.agent.display_name)
    assert at.ask(LINE).reason == "kill_switch"
    [listed] = alice.api().get("/api/kill-switches?thrown=true").json()["results"]
    assert (listed["reason"], listed["thrown_by"], listed["may_lift"]) == (sent["reason"], "Carol", False)
    assert post(carol, "/api/kill-switches", sent, 409)["error"]["code"] == "switch_thrown"
    path = f"/api/kill-switches/{thrown['id']}/lift"
    assert post(alice, path, {}, 403)["error"]["code"] == "not_allowed"
    lifted = post(carol, path, {"reason": "Retrained."}, 200)
    assert (lifted["lifted_by"], lifted["lifted_reason"], lifted["may_lift"]) == (
        "Carol",
        "Retrained.",
        False,
    )
    post(carol, path, {}, 409)
    assert at.ask(LINE).status == "queued"
    assert alice.api().get("/api/kill-switches?thrown=true").json()["count"] == 0


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"scope": "tool"}, "tool"),
        ({"scope": "persona"}, "agent"),
        ({"scope": "organization", "tool": 1}, "tool"),
        ({"scope": "tool", "tool": 1, "agent": 1}, "agent"),
        ({"scope": "installation"}, "scope"),
        ({"scope": "organization", "reason": " "}, "reason"),
    ],
)
def test_what_does_not_fit_is_named(sent: dict[str, Any], named: str) -> None:
    refused = post(people.adam(), "/api/kill-switches", {"reason": "x", **sent}, 400)
    assert named in refused["error"]["details"].get("fields", refused["error"]["details"])
    assert not KillSwitch.objects.exists()


def test_a_keeper_stops_no_organization() -> None:
    post(people.carol(), "/api/kill-switches", {"scope": "organization", "reason": "x"}, 403)
    post(people.adam(), "/api/kill-switches", {"scope": "organization", "reason": "x"}, 201)


def test_what_stops_everybody_is_seen_and_lifted_by_nobody_here() -> None:
    row = switches.throw(switches.INSTALLATION, reason="x", by=identities.system(None))
    path = f"/api/kill-switches/{row.pk}"
    assert people.mallory().api().get(path).json()["scope"] == "installation"
    post(people.adam(), f"{path}/lift", {}, 403)


def test_an_archived_tool_or_persona_is_not_there() -> None:
    at = gate.opened()
    sent = {"scope": "tool", "tool": at.tool.pk, "reason": "x"}
    post(people.mallory(), "/api/kill-switches", sent, 404)


def test_the_persona_says_that_it_is_stopped_and_what_of_its_tools_is() -> None:
    now = world.made()
    alice, path = now.alice, f"/api/agents/{now.agent.pk}"
    before = alice.api().get(path).json()
    assert (before["halted"], before["powers"]["off"], before["tool_weight"]["tools"]) == ("", [], 1)
    switches.throw(switches.of_tool(now.tool), reason="It lies.", by=people.carol().identity)
    stopped = alice.api().get(path).json()
    told = "Carol has stopped the tool calculate: It lies."
    [off] = stopped["powers"]["off"]
    assert (off["name"], off["reason"].startswith(told)) == ("calculate", True)
    assert stopped["tool_weight"]["tools"] == 0
    ours = switches.of_organization(now.tool.organization_id)
    switches.throw(ours, reason="Audit.", by=people.adam().identity)
    told = "Adam has stopped all tools and answers of the organization: Audit."
    assert alice.api().get(path).json()["halted"] == told
    for page in ("/", f"/c/{now.conversation.public_id}/"):
        # Above the thread, and on the card of the question that waits in it.
        waits = 0 if page == "/" else 1
        assert alice.browser().get(page).content.decode().count(f">{told}<") == 1 + waits
    with pytest.raises(AgentDisabled, match="Audit"):
        factory.by_name(now.agent.name, organization_id=now.tool.organization_id)
