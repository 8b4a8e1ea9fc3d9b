"""Opening a conversation: one for each client id, also when two ask at the same moment."""

import pytest

from agents_app import openings
from agents_app.exceptions import ClientIdReused
from agents_app.models import Conversation
from agents_app.openings import Opened, Opening
from tests import gate, people, world

pytestmark = pytest.mark.django_db

ROUNDS = 10


def test_who_comes_second_at_the_same_moment_is_given_the_first_ones() -> None:
    """Both looked before either wrote: the database decides, and nothing of the second stays."""
    now, by = world.made(), people.alice().identity
    opening = Opening(agent="analysis", text="Hello", client_id="start")
    assert openings.stored(opening, by=by) is None
    first = openings.begin(opening, now.agent, by=by)
    second = openings.begin(opening, now.agent, by=by)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.conversation == second.conversation
    assert first.posted
    assert second.posted
    assert first.posted.message == second.posted.message
    with pytest.raises(ClientIdReused):
        openings.begin(Opening(agent="analysis", text="Goodbye", client_id="start"), now.agent, by=by)
    assert Conversation.objects.filter(client_id="start").count() == 1


def test_without_a_client_id_every_opening_is_a_new_one() -> None:
    now, by = world.made(), people.alice().identity
    opening = Opening(agent="analysis")
    assert openings.stored(opening, by=by) is None
    first, second = (openings.begin(opening, now.agent, by=by) for _ in range(2))
    assert first.conversation != second.conversation


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("text", ["Hello", None])
def test_two_who_ask_at_once_are_given_the_same_conversation(text: str | None) -> None:
    """Two connections, many times over: one of them meets the other's row and is answered with it."""
    now, by = world.made(), people.alice().identity
    replayed = 0
    for number in range(ROUNDS):
        opening = Opening(agent="analysis", text=text, client_id=f"start-{number}")
        opened = gate.at_once(*[lambda opening=opening: openings.begin(opening, now.agent, by=by)] * 2)
        first, second = opened
        assert isinstance(first, Opened), first
        assert isinstance(second, Opened), second
        assert first.conversation == second.conversation
        assert {one.posted and one.posted.message.pk for one in opened} == {_only_message(first)}
        replayed += sum(one.replayed for one in opened)
    assert replayed == ROUNDS
    assert Conversation.objects.filter(client_id__startswith="start-").count() == ROUNDS


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_for_different_things_are_told_apart() -> None:
    now, by = world.made(), people.alice().identity
    for number in range(ROUNDS):
        asked = [Opening(agent="analysis", text=text, client_id=f"start-{number}") for text in ("One", "Two")]
        told = gate.at_once(
            *[lambda opening=opening: openings.begin(opening, now.agent, by=by) for opening in asked]
        )
        assert sorted(type(each).__name__ for each in told) == ["ClientIdReused", "Opened"], told
    assert Conversation.objects.filter(client_id__startswith="start-").count() == ROUNDS


def _only_message(opened: Opened) -> int | None:
    """The id of the one message in it, None if there is none: nothing of the loser may have stayed."""
    keys = list(opened.conversation.messages.values_list("pk", flat=True))
    assert len(keys) <= 1
    return keys[0] if keys else None
