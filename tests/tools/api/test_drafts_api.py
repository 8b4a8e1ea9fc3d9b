"""Versions, drafts and saved cases over HTTP: what was looked at is what is changed, and nobody overwrites unseen."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app import events
from audit_app.models import AuditEntry
from tests import people, world
from tests.flows.admin_world import address, staff, told
from tests.world import World
from tools_app import calls
from tools_app.cataloging import drafts
from tools_app.models import Approval, Tool, ToolCall, ToolDraft, ToolVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return world.made()


def at(now: World, *more: object) -> str:
    return "/".join(map(str, ("/api/tools", now.tool.pk, *more)))


def test_an_etag_keeps_two_keepers_apart(now: World) -> None:
    carol, adam = people.carol().api(), people.adam().api()
    read = carol.get(at(now))
    assert (read["ETag"], read.json()["number"]) == ('"1"', 1)
    first = adam.patch(at(now), {"description": "Adam's.", "reason": "Shorter."}, headers={"If-Match": '"1"'})
    assert (first.status_code, first["ETag"]) == (200, '"2"')
    for method, body in (("patch", {"description": "Carol's."}), ("put", {}), ("delete", None)):
        late = getattr(carol, method)(at(now), body, headers={"If-Match": read["ETag"]})
        told = late.json()["error"]
        assert (late.status_code, told["code"], told["details"]["number"]) == (409, "tool_changed", 2)
        assert [each["field"] for each in told["details"]["changes"]] == ["description"]
    assert carol.patch(at(now), {"enabled": False}, headers={"If-Match": "2"}).status_code == 400
    assert carol.patch(at(now), {"enabled": False}, headers={"If-Match": "*"}).status_code == 200
    assert carol.patch(at(now), {"enabled": True}, headers={"If-Match": 'W/"3"'}).status_code == 200
    assert ToolVersion.objects.get(number=2).reason == "Shorter."
    assert carol.delete(at(now) + "?reason=Nobody+needs+it.").status_code == 204
    assert ToolVersion.objects.order_by("-number")[0].reason == "Nobody needs it."


def test_versions_are_listed_compared_and_brought_back(now: World) -> None:
    carol, alice = people.carol().api(), people.alice().api()
    carol.patch(at(now), {"description": "Sums.", "rate_limit": 5, "reason": "Shorter."})
    listed = alice.get(at(now, "versions")).json()
    assert [(each["number"], each["changed"]) for each in listed["results"]] == [
        (2, ["description", "rate_limit"]),
        (1, []),
    ]
    assert listed["results"][0]["what"] == "changed a tool"
    one = alice.get(at(now, "versions", 2)).json()
    assert (one["against"], one["content"]["configuration"]) == (1, None)
    assert [each["field"] for each in one["differences"]] == ["description", "rate_limit"]
    turned = alice.get(at(now, "versions", 1) + "?against=2").json()["differences"][1]
    assert (turned["before"], turned["after"]) == (5, None)
    assert alice.get(at(now, "versions", 2) + "?against=9").status_code == 404
    assert alice.get(at(now, "versions", 2) + "?against=-1").status_code == 400
    assert alice.post(at(now, "rollback"), {"number": 1}).status_code == 403
    stale = carol.post(at(now, "rollback"), {"number": 1}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "tool_changed")
    back = carol.post(at(now, "rollback"), {"number": 1, "reason": "Better."}, headers={"If-Match": '"2"'})
    assert (back.status_code, back.json()["description"], back["ETag"]) == (200, "Adds narwhals.", '"3"')
    assert carol.post(at(now, "rollback"), {"number": 99}).status_code == 404


def test_a_draft_is_written_read_changed_and_published(now: World) -> None:
    carol = people.carol().api()
    begun = carol.put(at(now, "draft"), {"description": "Sums.", "reason": "Shorter.", "begun_on": 1})
    assert (begun.status_code, begun["ETag"]) == (201, '"1"')
    assert carol.put(at(now, "draft"), {"description": "Mine."}).json()["error"]["code"] == "draft_changed"
    changed = carol.put(at(now, "draft"), {"description": "Sums up."}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["reason"], changed["ETag"]) == (200, "Shorter.", '"2"')
    assert Tool.objects.get(pk=now.tool.pk).description == "Adds narwhals."
    late = carol.post(at(now, "draft/publish"), {"revision": 1})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "draft_changed")
    assert carol.post(at(now, "draft/publish"), {}).status_code == 400
    published = carol.post(at(now, "draft/publish"), {"revision": 2})
    assert (published.status_code, published.json()["description"]) == (200, "Sums up.")
    assert carol.get(at(now, "draft")).status_code == 404


def test_an_outdated_draft_shows_both_sides_and_is_brought_up_to_date(now: World) -> None:
    carol = people.carol().api()
    carol.put(at(now, "draft"), {"description": "Sums."})
    carol.patch(at(now), {"description": "Theirs.", "category": "sums"})
    read = carol.get(at(now, "draft")).json()
    assert (read["outdated"], [(each["field"], each["conflict"]) for each in read["meetings"]]) == (
        True,
        [("description", True), ("category", False)],
    )
    refused = carol.post(at(now, "draft/publish"), {"revision": 1}).json()["error"]
    assert (refused["code"], len(refused["details"]["fields"])) == ("draft_outdated", 2)
    sent = {"description": "Sums.", "begun_on": 2}
    renewed = carol.put(at(now, "draft"), sent, headers={"If-Match": '"1"'})
    assert (renewed.status_code, renewed.json()["outdated"]) == (200, False)
    published = carol.post(at(now, "draft/publish"), {"revision": renewed.json()["revision"]}).json()
    assert (published["description"], published["category"]) == ("Sums.", "sums")


def test_drafts_are_for_keepers_alone(now: World) -> None:
    people.carol().api().put(at(now, "draft"), {"description": "Sums."})
    for who in (people.alice(), people.bob(), people.olga()):
        client = who.api()
        assert client.get(at(now, "draft")).status_code == 403
        assert client.post(at(now, "draft/publish"), {"revision": 1}).status_code == 403
    assert people.carol().api().get(at(now, "draft") + "?source=mcp").status_code == 404
    assert people.carol().api().get(at(now, "draft") + "?source=dream").status_code == 400


def test_a_new_tool_may_begin_as_a_draft(now: World) -> None:
    carol, alice = people.carol().api(), people.alice().api()
    schema = {"type": "object", "properties": {}}
    sent = {"name": "sky", "description": "Looks up.", "category": "web", "input_schema": schema}
    made = carol.post("/api/tools", sent | {"is_draft": True, "reason": "Soon."}).json()
    assert (made["is_draft"], made["enabled"]) == (True, False)
    path = f"/api/tools/{made['id']}"
    assert (alice.get(path).status_code, carol.get(path).status_code) == (404, 200)
    assert made["id"] not in [each["id"] for each in alice.get("/api/tools").json()["results"]]
    assert carol.patch(path, {"enabled": True}).status_code == 400
    published = carol.post(f"{path}/draft/publish", {"reason": "Ready."}).json()
    assert (published["is_draft"], published["enabled"]) == (False, True)
    assert alice.get(path).status_code == 200


def saved(now: World, **fields: Any) -> dict[str, Any]:
    wanted = {"name": "asks", "agent": now.agent.pk, "arguments": {"expression": "1"}}
    return wanted | {"expectation": {"outcome": "asks"}} | fields


def test_cases_are_saved_run_and_stand_in_the_way_of_publishing(now: World) -> None:
    adam = people.adam().api()
    made = adam.post(at(now, "cases"), saved(now)).json()
    assert (made["outcome"], made["persona"]) == ("never", "Analysis")
    taken = adam.post(at(now, "cases"), saved(now))
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "case_name_taken")
    ran = adam.post(at(now, "cases", made["id"], "runs"), {}).json()
    assert (ran["outcome"], ran["is_current"], ran["run_by"]) == ("passed", True, "Adam")
    adam.put(at(now, "draft"), {"requires_approval": False})
    assert adam.get(at(now, "draft")).json()["unproven"][0]["outcome"] == "never"
    assert adam.post(at(now, "cases/runs"), {"draft": True}).json()[0]["outcome"] == "failed"
    refused = adam.post(at(now, "draft/publish"), {"revision": 1}).json()["error"]
    assert (refused["code"], refused["details"]["cases"][0]["name"]) == ("cases_not_passed", "asks")
    sent = {"revision": 1, "override": "It need not ask any more."}
    assert adam.post(at(now, "draft/publish"), sent).status_code == 200


def test_what_is_wrong_with_a_case_is_named(now: World) -> None:
    carol = people.carol().api()
    for fields, named in (
        ({"expectation": {"outcome": "wonderful"}}, "expectation"),
        ({"user": 99_999}, "user"),
        ({"name": ""}, "name"),
    ):
        answer = carol.post(at(now, "cases"), saved(now, **fields))
        assert (answer.status_code, named in answer.json()["error"]["details"]) == (400, True), answer.content
    assert carol.post(at(now, "cases"), saved(now, agent=99_999)).status_code == 404


def test_a_draft_is_tried_and_what_is_published_stays(now: World) -> None:
    adam = people.adam().api()
    sent = {"agent": now.agent.pk, "arguments": {"expression": "1 + 1"}}
    assert adam.post(at(now, "try"), sent | {"draft": True}).status_code == 404
    adam.put(at(now, "draft"), {"requires_approval": False})
    published, drafted = (adam.post(at(now, "try"), sent | {"draft": each}).json() for each in (False, True))
    assert (published["decision"], drafted["decision"]) == ("ask", "allow")
    really = adam.post(at(now, "try"), sent | {"draft": True, "dry_run": False}).json()
    call = ToolCall.objects.get(pk=really["call"]["id"])
    assert call.status == "queued"
    calls.execute(call)
    call.refresh_from_db()
    assert (call.status, call.result_text) == ("succeeded", "2")
    assert Tool.objects.get(pk=now.tool.pk).requires_approval


def test_a_new_draft_is_tried_before_anybody_has_it(now: World) -> None:
    carol = people.carol().api()
    sent = {"name": "sum", "description": "Sums.", "category": "math", "is_draft": True}
    made = carol.post("/api/tools", sent | {"input_schema": {"type": "object", "properties": {}}}).json()
    tried = carol.post(f"/api/tools/{made['id']}/try", {"agent": now.agent.pk}).json()
    assert tried["code"] == "not_granted"
    carol.post(f"/api/agents/{now.agent.pk}/tools/{made['id']}", {})
    grants, persona = f"/api/agents/{now.agent.pk}/tools", f"/api/agents/{now.agent.pk}"
    for who, seen in ((carol, True), (people.alice().api(), False)):
        assert ("sum" in [each["name"] for each in who.get(grants).json()["results"]]) is seen
        assert who.get(f"{grants}/{made['id']}").status_code == (200 if seen else 404)
        assert "sum" not in str(who.get(persona).json().get("powers"))
    assert "sum" not in [off["name"] for off in events.persona(now.agent)["powers"]["off"]]
    tried = carol.post(f"/api/tools/{made['id']}/try", {"agent": now.agent.pk}).json()
    # Past every switch of the catalog: what is missing now is only how it is carried out.
    assert tried["code"] == "executor_unavailable"


def test_what_an_mcp_server_describes_anew_is_only_shown_here(now: World) -> None:
    carol = people.carol()
    draft = drafts.propose(now.tool, {"description": "New words."}, by=carol.identity, source="mcp")
    path = at(now, "draft") + "?source=mcp"
    assert carol.api().get(path).json()["changes"] == {"description": "New words."}
    for answer in (
        carol.api().delete(path),
        carol.api().post(at(now, "draft/publish") + "?source=mcp", {"revision": draft.revision}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "reviewed_elsewhere")
    page = staff(carol).get(address(ToolDraft, "change", draft.pk)).content.decode()
    assert "in the review of the server" in page
    assert "Publish as version" not in page
    verb = address(ToolDraft, "verb", draft.pk, "publish")
    assert "decided in the review" in told(staff(carol).post(verb, {"revision": "1"}, follow=True))
    assert ToolDraft.objects.exists()


def test_whoever_is_asked_about_a_trial_is_told_that_it_is_one(now: World) -> None:
    carol, bob = people.carol(), people.bob()
    carol.api().put(at(now, "draft"), {"description": "Sums."})
    sent = {"agent": now.agent.pk, "arguments": {"expression": "1"}, "draft": True, "dry_run": False}
    call = ToolCall.objects.get(pk=carol.api().post(at(now, "try"), sent).json()["call"]["id"])
    page = staff(bob).get(address(Approval, "change", call.approvals.get().pk)).content.decode()
    assert "It tries a draft of the tool that is not published." in page
    entry = AuditEntry.objects.filter(subject_type="call", subject_id=str(call.pk))[0]
    assert entry.facts["draft"].startswith(f"{ToolDraft.objects.get().pk}:")
