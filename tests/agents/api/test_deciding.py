"""Verdicts over HTTP: bound to what was shown, given once, by who may."""

from typing import Any

import pytest

from tests import people, world
from tests.people import Person
from tests.tools.losing import dangerous, lost
from tests.world import World
from tools_app import catalog
from tools_app.models import Approval, ToolCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return world.made()


def decide(now: World, who: Person, verdict: str = "approve", **changes: Any) -> Any:
    body = {"verdict": verdict, "digest": now.approval.digest, "comment": "As agreed."} | changes
    return who.api().post(f"/api/approvals/{now.approval.pk}/decision", body)


def status_of(call: ToolCall) -> str:
    call.refresh_from_db()
    return call.status


@pytest.mark.parametrize("name", ["alice", "bob", "adam"])
def test_who_asked_and_who_approves_may_decide(name: str, now: World) -> None:
    who = getattr(people, name)()
    answer = decide(now, who)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["decided_by"], told["comment"]) == ("approved", name.title(), "As agreed.")
    assert status_of(now.call) == "queued"


@pytest.mark.parametrize("name", ["carol", "mallory"])
def test_others_do_not_even_see_the_question(name: str, now: World) -> None:
    who = getattr(people, name)()
    assert who.api().get("/api/approvals").json()["count"] == 0
    assert decide(now, who).status_code == 404
    assert status_of(now.call) == "waiting"


def test_a_denial_is_told_and_ends_the_call(now: World) -> None:
    assert decide(now, now.bob, "deny").json()["status"] == "denied"
    assert status_of(now.call) == "denied"


def test_the_loser_of_a_race_gets_the_question_as_it_is_now(now: World) -> None:
    decide(now, now.bob, "deny")
    late = decide(now, now.alice)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "stale_state")
    assert late.json()["error"]["details"]["approval"]["status"] == "denied"


def test_another_digest_than_the_shown_one_decides_nothing(now: World) -> None:
    answer = decide(now, now.bob, digest="0" * 64)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "digest_mismatch")
    assert answer.json()["error"]["details"]["approval"]["digest"] == now.approval.digest
    assert status_of(now.call) == "waiting"


def test_a_tool_changed_since_voids_the_question(now: World) -> None:
    catalog.update(now.tool, {"description": "Does something else."}, by=now.carol.identity)
    answer = decide(now, now.bob)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "definition_changed")
    assert answer.json()["error"]["details"]["approval"]["status"] == "superseded"
    assert status_of(now.call) == "blocked"


def test_a_token_without_the_scope_cannot_decide(now: World) -> None:
    client = now.alice.api("chat")
    path = f"/api/approvals/{now.approval.pk}"
    assert client.get(path).json()["may_decide"] is False
    body = {"verdict": "approve", "digest": now.approval.digest}
    assert client.post(f"{path}/decision", body).status_code == 403


def test_a_dangerous_tool_wants_a_fresh_login_of_a_browser(now: World) -> None:
    catalog.update(now.tool, {"is_dangerous": True}, by=now.carol.identity)
    approval = world.asked_for(now.conversation, now.run, {"expression": "2"}, by=now.alice).approvals.get()
    browser = now.bob.browser()
    session = browser.session
    session["signed_in_at"] = 0
    session.save()
    body = {"verdict": "approve", "digest": approval.digest}
    path = f"/api/approvals/{approval.pk}/decision"
    answer = browser.post(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "fresh_login_required")
    assert now.bob.api().post(path, body).status_code == 200


def test_questions_are_filtered_by_status(now: World) -> None:
    client = now.bob.api()
    assert client.get("/api/approvals?status=pending").json()["count"] == 1
    assert client.get("/api/approvals?status=approved").json()["count"] == 0
    assert client.get("/api/approvals?status=nonsense").status_code == 400
    assert client.get(f"/api/approvals?conversation={now.conversation.public_id}").json()["count"] == 1


@pytest.mark.parametrize("verdict", ["maybe", "", None, 1])
def test_only_two_verdicts_exist(verdict: Any, now: World) -> None:
    assert decide(now, now.bob, verdict).status_code == 400


@pytest.mark.parametrize(("verdict", "ended"), [("approve", "waiting"), ("deny", "cancelled")])
def test_a_lost_use_is_asked_about_at_the_same_addresses(verdict: str, ended: str) -> None:
    call = lost(dangerous())
    client = people.bob().api()
    [asked] = client.get("/api/approvals?status=pending").json()["results"]
    assert (asked["about"], asked["call"], asked["reasons"]) == ("outcome", call.pk, ["outcome_unknown"])
    assert [(row["name"], row["value"]) for row in asked["card"]] == [("line", "one")]
    body = {"verdict": verdict, "digest": asked["digest"], "comment": "I looked."}
    told = client.post(f"/api/approvals/{asked['id']}/decision", body).json()
    assert (told["about"], told["decided_by"], told["comment"]) == ("outcome", "Bob", "I looked.")
    assert client.post(f"/api/approvals/{asked['id']}/decision", body).status_code == 409
    run = people.alice().api().get(f"/api/runs/{call.run_id}").json()
    assert run["status"] == ended


def test_questions_are_filtered_by_what_they_are_about(now: World) -> None:
    client = now.bob.api()
    assert client.get("/api/approvals?about=use").json()["results"][0]["about"] == "use"
    assert client.get("/api/approvals?about=outcome").json()["count"] == 0
    assert client.get("/api/approvals?about=nonsense").status_code == 400


def test_mallory_does_not_see_what_was_lost() -> None:
    call = lost(dangerous())
    question = Approval.objects.about_outcome().get(call=call)
    client = people.mallory().api()
    body = {"verdict": "approve", "digest": question.digest}
    assert client.get("/api/approvals").json()["count"] == 0
    assert client.post(f"/api/approvals/{question.pk}/decision", body).status_code == 404
