"""Over HTTP: several questions at once, other arguments, a person's answer, a withdrawal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents_app import conversations
from tests import people, world
from tests.world import World
from tools_app.models import Approval, ApproverGroup, ToolCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return world.made()


def alike(now: World) -> Approval:
    """The same asked once more."""
    call = world.asked_for(now.conversation, now.run, now.call.arguments, by=now.alice)
    return call.approvals.get()


def post(who: people.Person, path: str, body: Any) -> Any:
    return who.api().post(f"/api/approvals/{path}", body, format="json")


def listed(*questions: Approval) -> list[dict[str, Any]]:
    return [{"approval": each.pk, "digest": each.digest} for each in questions]


def test_alike_questions_are_decided_together_each_with_its_own_outcome(now: World) -> None:
    one, two, three = now.approval, alike(now), alike(now)
    # One of them is lost: somebody else was faster.
    assert (
        post(people.adam(), f"{two.pk}/decision", {"verdict": "deny", "digest": two.digest}).status_code
        == 200
    )
    answer = post(now.bob, "decisions", {"verdict": "approve", "decisions": listed(one, two, three)})
    assert answer.status_code == 200, answer.content
    told = answer.json()["results"]
    assert [(each["decided"], each["code"], each["approval"]["status"]) for each in told] == [
        (True, "", "approved"),
        (False, "stale_state", "denied"),
        (True, "", "approved"),
    ]


def test_each_digest_of_several_counts(now: World) -> None:
    one, two = now.approval, alike(now)
    sent = [*listed(one), {"approval": two.pk, "digest": one.digest}]
    told = post(now.bob, "decisions", {"verdict": "approve", "decisions": sent}).json()["results"]
    assert [(each["decided"], each["code"]) for each in told] == [(True, ""), (False, "digest_mismatch")]


def test_what_is_not_alike_is_not_decided_together(now: World) -> None:
    other = world.asked_for(now.conversation, now.run, {"expression": "2 + 2"}, by=now.alice).approvals.get()
    assert alike(now).covers["arguments"] == now.approval.covers["arguments"]
    answer = post(now.bob, "decisions", {"verdict": "approve", "decisions": listed(now.approval, other)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_alike")
    assert set(Approval.objects.values_list("status", flat=True)) == {"pending"}


def test_likeness_is_told_and_does_not_depend_on_the_conversation(now: World) -> None:
    talk = conversations.start(now.agent, by=now.alice.identity)
    run = conversations.post_message(talk, "Again.", client_id=None, by=now.alice.identity).run
    world.asked_for(talk, run, now.call.arguments, by=now.alice)
    world.asked_for(talk, run, {"expression": "2 + 2"}, by=now.alice)
    told = [each["alike"] for each in now.bob.api().get("/api/approvals").json()["results"]]
    assert (told[0] == told[1], told[0] == told[2]) == (True, False)


def test_questions_of_others_are_not_there_among_ones_own(now: World) -> None:
    carols = world.asked_for(now.conversation, now.run, now.call.arguments, by=now.carol).approvals.get()
    answer = post(now.alice, "decisions", {"verdict": "approve", "decisions": listed(now.approval, carols)})
    assert answer.status_code == 404
    assert set(Approval.objects.values_list("status", flat=True)) == {"pending"}


def test_an_edit_answers_with_its_new_question(now: World) -> None:
    given = now.bob.api().get(f"/api/approvals/{now.approval.pk}").json()
    assert (given["editable"], given["arguments"]) == (True, now.call.arguments)
    body = {"digest": now.approval.digest, "arguments": {"expression": "2 + 2"}, "comment": "Simpler."}
    answer = post(now.bob, f"{now.approval.pk}/edit", body)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["status"], told["edited_by"], told["card"][0]["origin"]) == ("pending", "Bob", "person")
    assert told["changes"] == [
        {"name": "expression", "was": now.call.arguments["expression"], "now": "2 + 2"}
    ]
    # Whoever asked sees it in their conversation: what became of the first, and what was changed.
    shot = now.alice.api().get(f"/api/conversations/{now.conversation.public_id}/snapshot").json()
    calls = {each["id"]: each for each in shot["calls"]}
    old, new = calls[now.call.pk], calls[told["call"]]
    assert (old["status"], old["reason"], new["replaces"]) == ("blocked", "replaced", now.call.pk)
    assert (new["edited_by"], new["changes"]) == ("Bob", told["changes"])
    late = post(people.adam(), f"{now.approval.pk}/edit", body)
    assert (late.status_code, late.json()["error"]["details"]["approval"]["status"]) == (409, "superseded")


def test_an_edit_the_gate_refuses_says_why(now: World) -> None:
    body = {"digest": now.approval.digest, "arguments": {"expression": 5}}
    answer = post(now.bob, f"{now.approval.pk}/edit", body)
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["details"]["reason"]) == (
        400,
        "invalid_edit",
        "invalid_arguments",
    )


def test_a_response_and_what_to_do_instead(now: World) -> None:
    other = alike(now)
    told = post(
        now.bob, f"{now.approval.pk}/response", {"digest": now.approval.digest, "text": "Two."}
    ).json()
    assert (told["status"], told["response"]) == ("denied", "Two.")
    body = {"verdict": "deny", "digest": other.digest, "instead": "Ask me."}
    told = post(now.bob, f"{other.pk}/decision", body).json()
    assert (told["status"], told["instead"]) == ("denied", "Ask me.")


def test_whoever_asked_withdraws_and_nobody_else(now: World) -> None:
    where = f"{now.approval.pk}/withdrawal"
    assert post(people.adam(), where, {}).status_code == 403
    assert post(people.mallory(), where, {}).status_code == 404
    assert now.alice.api().get(f"/api/approvals/{now.approval.pk}").json()["may_withdraw"] is True
    assert post(now.alice, where, {}).json()["status"] == "cancelled"
    assert post(now.alice, where, {}).status_code == 409


def test_votes_are_told_with_who_is_still_to_say_yes(now: World) -> None:
    now.tool.approvals_needed = 2
    now.tool.save()
    question = alike(now)
    told = post(now.bob, f"{question.pk}/decision", {"verdict": "approve", "digest": question.digest}).json()
    assert (told["status"], told["needs"], told["voted"]) == ("pending", "2 people have to approve it.", True)
    assert [(vote["by"], vote["verdict"]) for vote in told["votes"]] == [("Bob", "approve")]
    again = post(now.bob, f"{question.pk}/decision", {"verdict": "approve", "digest": question.digest})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_voted")


def test_the_page_of_a_question_does_the_same_for_administrators(now: World) -> None:
    adam, page = people.adam().browser(), f"/admin/tools_app/approval/{now.approval.pk}"
    shown = adam.get(f"{page}/change/").content.decode()
    for words in ("Change the arguments", "Answer in its place", "Instead"):
        assert words in shown
    sent = {"digest": now.approval.digest, "arguments": json.dumps({"expression": "3 + 3"})}
    broken = adam.post(f"{page}/do/edit/", {**sent, "arguments": "{"}, follow=True)
    assert Approval.objects.get(pk=now.approval.pk).status == "pending", broken
    adam.post(f"{page}/do/edit/", sent)
    new = ToolCall.objects.get(replaces=now.call)
    assert (new.edited_by_name, new.arguments) == ("Adam", {"expression": "3 + 3"})
    question = new.approvals.get()
    page = f"/admin/tools_app/approval/{question.pk}"
    assert "changed the arguments" in adam.get(f"{page}/change/").content.decode()
    adam.post(f"{page}/do/respond/", {"digest": question.digest, "text": "Six."})
    assert ToolCall.objects.get(pk=new.pk).result_text == "Six."


def test_groups_are_kept_by_administrators_and_named_ones_stay(now: World) -> None:
    adam = people.adam().api()
    ids = [str(now.bob.user.pk), str(people.adam().user.pk)]
    made = adam.post("/api/approver-groups", {"name": "money", "members": ids}, format="json")
    assert (made.status_code, len(made.json()["members"])) == (201, 2)
    where = f"/api/approver-groups/{made.json()['id']}"
    carol = now.carol.api()
    assert carol.post("/api/approver-groups", {"name": "own"}, format="json").status_code == 403
    grant = f"/api/agents/{now.agent.pk}/tools/{now.tool.pk}"
    assert carol.put(grant, {"approver_groups": ["law"]}, format="json").status_code == 400
    assert (
        carol.put(grant, {"approver_groups": ["money"], "approvals_needed": 3}, format="json").status_code
        == 400
    )
    assert carol.put(grant, {"approver_groups": ["money"]}, format="json").status_code == 200
    refused = adam.delete(where)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "group_in_use")
    assert refused.json()["error"]["details"]["used_by"] == ["Analysis's grant of calculate"]
    member = adam.patch(where, {"members": [*ids, str(now.alice.user.pk)]}, format="json")
    assert (member.status_code, member.json()["error"]["code"]) == (400, "invalid_group")
    assert adam.patch(where, {"members": [str(people.mallory().user.pk)]}, format="json").status_code == 400
    assert carol.put(grant, {"approver_groups": []}, format="json").status_code == 200
    assert adam.delete(where).status_code == 204


def test_a_group_is_made_and_changed_on_its_page(now: World) -> None:
    adam, page = people.adam().browser(), "/admin/tools_app/approvergroup"
    able = [now.bob.membership.pk, people.adam().membership.pk]
    adam.post(f"{page}/add/", {"name": "money", "description": "Pays.", "members": able})
    made = ApproverGroup.objects.get(name="money")
    assert sorted(made.members.values_list("pk", flat=True)) == sorted(able)
    adam.post(f"{page}/{made.pk}/change/", {"description": "Pays.", "members": able[:1]})
    assert list(made.members.values_list("pk", flat=True)) == able[:1]
    # Whoever may not approve everybody's requests is not offered, and not taken.
    refused = adam.post(f"{page}/{made.pk}/change/", {"members": [now.alice.membership.pk]})
    assert (refused.status_code, list(made.members.values_list("pk", flat=True))) == (200, able[:1])
    assert "money" in adam.get(f"{page}/").content.decode()
