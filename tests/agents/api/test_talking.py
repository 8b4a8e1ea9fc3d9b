"""Conversations, messages and answers over HTTP, as Alice uses them."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agents_app.models import AgentType, Conversation, Message, Run
from tests import people, world
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return world.made()


def said(now: World, body: dict[str, Any]) -> Any:
    return now.alice.api().post(f"/api/conversations/{now.conversation.public_id}/messages", body)


def test_a_conversation_starts_by_name_or_id_with_its_first_message(now: World) -> None:
    client = now.alice.api()
    for agent in ("analysis", now.agent.pk):
        answer = client.post("/api/conversations", {"agent": agent, "text": "What time is it?"})
        assert answer.status_code == 201
        told = answer.json()
        assert told["conversation"]["title"] == "What time is it?"
        assert told["message"]["run"] == told["run"]["id"]
        assert told["run"]["status"] == "queued"


def test_a_refused_first_message_leaves_no_conversation(now: World) -> None:
    client = now.alice.api()
    before = Conversation.objects.count()
    assert client.post("/api/conversations", {"agent": "analysis", "text": "x" * 200_000}).status_code == 413
    assert client.post("/api/conversations", {"agent": "analysis", "text": "  "}).status_code == 400
    assert client.post("/api/conversations", {"agent": "nobody"}).status_code == 404
    assert client.post("/api/conversations", {"agent": 99}).status_code == 404
    assert client.post("/api/conversations", {"agent": True}).status_code == 400
    assert client.post("/api/conversations", {"agent": "9" * 5_000}).status_code == 400
    assert Conversation.objects.count() == before


def test_a_switched_off_persona_answers_nobody(now: World) -> None:
    now.agent.__class__.objects.update(enabled=False, is_default=False)
    answer = now.alice.api().post("/api/conversations", {"agent": "analysis"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "agent_disabled")
    assert said(now, {"text": "Hello"}).status_code == 409


def test_the_same_client_id_is_stored_once(now: World) -> None:
    first = said(now, {"text": "Hello", "client_id": "same"})
    again = said(now, {"text": "Hello", "client_id": "same"})
    other = said(now, {"text": "Goodbye", "client_id": "same"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["message"]["id"] == again.json()["message"]["id"]
    assert other.json()["error"]["code"] == "client_id_reused"
    assert Message.objects.filter(text="Hello").count() == 1


def test_a_conversation_is_started_once_for_a_client_id(now: World) -> None:
    client, body = now.alice.api(), {"agent": "analysis", "text": "Hello", "client_id": "start"}
    first = client.post("/api/conversations", body)
    AgentType.objects.update(enabled=False, is_default=False, archived_at=timezone.now())
    again = client.post("/api/conversations", body)
    assert (first.status_code, again.status_code) == (201, 200)
    for part in ("conversation", "message", "run"):
        assert first.json()[part]["id"] == again.json()[part]["id"]
    for change in ({"text": "Goodbye"}, {"agent": now.agent.pk}, {"title": "Greetings"}):
        other = client.post("/api/conversations", body | change)
        assert (other.status_code, other.json()["error"]["code"]) == (409, "client_id_reused")
    assert Conversation.objects.filter(client_id="start").count() == 1
    assert Message.objects.filter(text="Hello").count() == 1


def test_an_empty_conversation_is_started_once_and_stays_deleted(now: World) -> None:
    client, body = now.alice.api(), {"agent": "analysis", "client_id": "start"}
    first, again = (client.post("/api/conversations", body) for _ in range(2))
    assert (again.status_code, again.json()) == (200, first.json())
    client.delete(f"/api/conversations/{first.json()['conversation']['id']}")
    assert client.post("/api/conversations", body).status_code == 404
    hers = now.carol.api().post("/api/conversations", body)
    assert hers.status_code == 201, "a client id belongs to one person"


def test_conversations_are_found_renamed_archived_and_deleted(now: World) -> None:
    client, path = now.alice.api(), f"/api/conversations/{now.conversation.public_id}"
    assert client.get("/api/conversations?search=NARWHAL").json()["count"] == 1
    assert client.get("/api/conversations?search=whale").json()["count"] == 0
    renamed = client.patch(path, {"title": "Whales", "archived": True}).json()
    assert (renamed["title"], renamed["archived"]) == ("Whales", True)
    assert client.get("/api/conversations?archived=false").json()["count"] == 0
    assert client.get("/api/conversations?archived=true").json()["count"] == 1
    assert client.patch(path, {"archived": False}).json()["archived"] is False
    assert client.patch(path, {"title": " "}).status_code == 400
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get(f"/api/runs/{now.run.pk}").status_code == 404


def test_lists_come_in_pages(now: World) -> None:
    client = now.alice.api()
    for _ in range(3):
        client.post("/api/conversations", {"agent": "analysis"})
    first = client.get("/api/conversations?page_size=2").json()
    assert (first["count"], len(first["results"])) == (4, 2)
    assert client.get(first["next"]).json()["next"] is None
    missing = client.get("/api/conversations?page=99")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


def test_an_answer_is_stopped_once_and_tried_again(now: World) -> None:
    client = now.alice.api()
    stopped = client.post(f"/api/runs/{now.run.pk}/cancellation")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "cancelled")
    late = client.post(f"/api/runs/{now.run.pk}/cancellation", {})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "stale_state")
    again = client.post(f"/api/runs/{now.run.pk}/retry")
    assert (again.status_code, again.json()["message"]) == (201, now.message.pk)
    assert client.post(f"/api/runs/{now.run.pk}/retry").json()["error"]["code"] == "nothing_to_retry"
    assert Run.objects.count() == 2


def test_not_even_an_administrator_reads_a_conversation(now: World) -> None:
    for person in (people.adam(), now.bob, people.olga()):
        assert (
            person.api().get(f"/api/conversations/{now.conversation.public_id}/snapshot").status_code == 404
        )
        assert person.api().get("/api/conversations").json()["count"] == 0


@pytest.mark.parametrize("name", ["not-a-uuid", "3d65114b-e877-4246-b812-cd78a54f3b0f", "1"])
def test_unknown_ids_are_not_found(name: str, now: World) -> None:
    answer = now.alice.api().get(f"/api/conversations/{name}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_browser_writes_with_csrf_only(now: World) -> None:
    path = f"/api/conversations/{now.conversation.public_id}/messages"
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(now.alice.user)
    refused = strict.post(path, {"text": "Hello"}, content_type="application/json")
    assert (refused.status_code, Message.objects.filter(text="Hello").count()) == (403, 0)
    assert (
        now.alice.browser().post(path, {"text": "Hello"}, content_type="application/json").status_code == 201
    )


def test_what_is_not_json_is_refused_by_type(now: World) -> None:
    path = f"/api/conversations/{now.conversation.public_id}/messages"
    answer = now.alice.api().generic("POST", path, "text=Hello", "application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
    assert now.alice.api().put(path, {}).status_code == 405
