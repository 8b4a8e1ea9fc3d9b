"""Conversations and messages: stored once, owned by one person, refused by type."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from agents_app import conversations, runs
from agents_app.conversations import Posted
from agents_app.exceptions import AgentDisabled, ClientIdReused, MessageEmpty, MessageTooLong
from agents_app.models import AgentType, Conversation, Message, Run
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.models import Membership
from tests import gate, people
from tools_app.models import ToolCall

pytestmark = pytest.mark.django_db


def agent(person: people.Person | None = None, **fields: Any) -> AgentType:
    organization = (person or people.alice()).organization
    known = {"name": "ana", "model": "m", "system_prompt": "Help."}
    return AgentType.objects.create(organization=organization, **{**known, **fields})


def begun() -> Conversation:
    return conversations.start(agent(), by=people.alice().identity)


def post(row: Conversation, text: str = "Hello", client_id: str | None = "one") -> Posted:
    return conversations.post_message(row, text, client_id=client_id, by=people.alice().identity)


def test_message_and_its_queued_run_are_stored_together() -> None:
    row = begun()
    posted = post(row)
    assert (posted.message.role, posted.message.ending, posted.replayed) == ("user", "complete", False)
    assert (posted.run.status, posted.run.message_id) == ("queued", posted.message.pk)
    assert posted.run.user_id == people.alice().identity.user_id


def test_same_client_id_and_text_is_the_same_message() -> None:
    row = begun()
    first = post(row)
    for _ in range(3):
        again = post(row)
        assert (again.message.pk, again.run.pk, again.replayed) == (first.message.pk, first.run.pk, True)
    assert (Message.objects.count(), Run.objects.count()) == (1, 1)


def test_same_client_id_with_another_text_is_refused() -> None:
    row = begun()
    post(row)
    with pytest.raises(ClientIdReused) as told:
        post(row, "Hello!")
    assert told.value.status == 409
    assert Message.objects.count() == 1


def test_client_id_belongs_to_one_conversation() -> None:
    row = begun()
    other = conversations.start(row.agent_type, by=people.alice().identity)
    assert post(row).message.pk != post(other, "Other").message.pk


def test_without_a_client_id_every_message_is_new() -> None:
    row = begun()
    assert post(row, client_id=None).message.pk != post(row, client_id=None).message.pk
    assert post(row, client_id="").message.pk != post(row, client_id="").message.pk


def test_accepted_message_is_acknowledged_again_whatever_became_of_the_persona() -> None:
    row = begun()
    first = post(row)
    AgentType.objects.update(enabled=False)
    row.refresh_from_db()
    assert post(row).message.pk == first.message.pk
    with pytest.raises(AgentDisabled):
        post(row, "New", client_id="two")
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_same_message_sent_many_times_at_once_is_stored_once() -> None:
    row, who = begun(), people.alice().identity
    for number in range(8):
        said = gate.at_once(
            *[lambda number=number: conversations.post_message(row, "Hi", client_id=f"{number}", by=who)] * 4
        )
        assert {type(each) for each in said} == {Posted}
        assert len({each.message.pk for each in said}) == 1
        assert sum(not each.replayed for each in said) == 1
    assert Run.objects.count() == 8


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u2003"])
def test_empty_message_is_refused(text: str) -> None:
    with pytest.raises(MessageEmpty):
        post(begun(), text)


def test_message_may_be_as_long_as_the_limit_and_not_longer() -> None:
    row = begun()
    assert len(post(row, "x" * settings.MAX_MESSAGE_CHARS).message.text) == settings.MAX_MESSAGE_CHARS
    with pytest.raises(MessageTooLong) as told:
        post(row, "x" * (settings.MAX_MESSAGE_CHARS + 1), client_id="two")
    assert (told.value.status, told.value.details["limit"]) == (413, settings.MAX_MESSAGE_CHARS)
    with pytest.raises(MessageTooLong):
        post(row, "x" * 1_000_000, client_id="three")


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "🦙 ä 𝄞"])
def test_any_text_is_stored(text: str) -> None:
    row = begun()
    first = post(row, text)
    assert Message.objects.get(pk=first.message.pk).text
    assert post(row, text).replayed


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("\n\n  Second line counts  \nthird", "Second line counts"),
        ("word " * 30, "word " * 10 + "word…"),
        ("x" * 200, "x" * 59 + "…"),
        ("Line\rreturn", "Line"),
    ],
)
def test_title_is_the_first_line_and_stays(text: str, title: str) -> None:
    row = begun()
    post(row, text)
    post(row, "Something else", client_id="two")
    row.refresh_from_db()
    assert row.title == title
    assert len(row.title) <= 60


def test_title_given_by_a_person_stays() -> None:
    row = conversations.start(agent(), by=people.alice().identity, title="Mine" + "!" * 300)
    assert len(row.title) == 200
    post(row)
    row.refresh_from_db()
    assert row.title.startswith("Mine")
    conversations.rename(row, "  New \x00 name ")
    row.refresh_from_db()
    assert row.title == "New \\u0000 name"


@pytest.mark.parametrize("who", [people.bob, people.adam, people.mallory, people.carol])
def test_nobody_else_speaks_in_a_conversation(who: Any) -> None:
    row = begun()
    with pytest.raises(NotFound):
        conversations.post_message(row, "Hi", client_id="x", by=who().identity)
    assert not Message.objects.exists()
    assert not Conversation.objects.visible_to(who().identity).exists()
    assert not Run.objects.visible_to(who().identity).exists()


def test_foreign_persona_does_not_exist() -> None:
    theirs = agent(people.mallory())
    with pytest.raises(NotFound):
        conversations.start(theirs, by=people.alice().identity)


@pytest.mark.parametrize("fields", [{"enabled": False}, {"archived_at": "2026-01-01T00:00:00Z"}])
def test_persona_that_is_off_starts_nothing(fields: dict[str, Any]) -> None:
    with pytest.raises(AgentDisabled):
        conversations.start(agent(**fields), by=people.alice().identity)


def test_chatting_is_a_permission() -> None:
    row = begun()
    Membership.objects.filter(user=people.alice().user).update(role="unheard_of")
    for act in (
        lambda: conversations.start(row.agent_type, by=people.alice().identity),
        lambda: conversations.post_message(row, "Hi", client_id="x", by=people.alice().identity),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_archived_conversation_is_kept_and_can_be_talked_in() -> None:
    row = begun()
    conversations.archive(row)
    who = people.alice().identity
    assert Conversation.objects.visible_to(who).archived().count() == 1
    assert Conversation.objects.visible_to(who).current().count() == 0
    post(row)
    conversations.unarchive(row)
    assert Conversation.objects.visible_to(who).current().count() == 1


def test_deleted_conversation_is_gone_and_nothing_acts_in_it() -> None:
    at = gate.opened(requires_approval=True)
    waiting, row = at.ask({"line": "one"}), at.conversation
    later = post(row, "And then?").run
    conversations.delete(row, by=people.alice().identity)
    assert not Conversation.objects.visible_to(people.alice().identity).exists()
    assert set(Run.objects.values_list("status", flat=True)) == {"cancelled"}
    assert ToolCall.objects.get(pk=waiting.pk).status == "cancelled"
    with pytest.raises(NotFound):
        post(row, "Still there?", client_id="two")
    assert not runs.claim(Run.objects.get(pk=later.pk))
    assert Message.objects.exists()
