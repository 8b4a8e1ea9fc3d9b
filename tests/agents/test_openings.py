"""Opening a conversation: one for each client id, also when two ask at the same moment."""

import pytest

from agents_app import openings
from agents_app.exceptions import ClientIdReused
from agents_app.models import Conversation
from agents_app.openings import Opening
from tests import people, world

pytestmark = pytest.mark.django_db


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
