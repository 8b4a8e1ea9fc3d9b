"""What a browser is told of a message."""

import pytest

from agents_app import events
from agents_app.models import Message
from agents_app.showing import rendering
from tests import people, world

pytestmark = pytest.mark.django_db


def told(role: str, *, renderer: int, ending: str = Message.Ending.COMPLETE) -> str:
    row = Message.objects.create(
        organization=people.toolroom(),
        conversation=world.made().conversation,
        role=role,
        text="**Now** <script>",
        html="<p>then</p>",
        renderer=renderer,
        ending=ending,
    )
    html: str = events.message(row, run_id=None)["html"]
    row.refresh_from_db()
    assert (row.html, row.renderer) == ("<p>then</p>", renderer), "reading writes nothing"
    return html


def test_what_an_older_renderer_wrote_is_rendered_afresh() -> None:
    older = rendering.RENDERER - 1
    fresh = "<p><strong>Now</strong> &lt;script&gt;</p>"
    assert told(Message.Role.ASSISTANT, renderer=older).strip() == fresh


@pytest.mark.parametrize(
    ("role", "renderer", "ending"),
    [
        (Message.Role.ASSISTANT, rendering.RENDERER, Message.Ending.COMPLETE),
        (Message.Role.ASSISTANT, 0, Message.Ending.OPEN),
        (Message.Role.USER, 0, Message.Ending.COMPLETE),
    ],
)
def test_nothing_else_is_rendered_by_reading(role: str, renderer: int, ending: str) -> None:
    assert told(role, renderer=renderer, ending=ending) == "<p>then</p>"
