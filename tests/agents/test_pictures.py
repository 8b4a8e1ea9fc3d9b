"""Pictures in results: drawn for whoever may see the conversation, and nothing that could hold a script."""

import base64

import pytest

from agents_app.showing import pictures
from tests import people, world
from tools_app.models import ToolCall

PNG = b"\x89PNG\r\n\x1a\n"


def block(kind: str, data: str) -> dict[str, object]:
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def test_only_kinds_that_browsers_draw_are_listed() -> None:
    svg, png = block("image/svg+xml", "PHN2Zz4="), block("image/png", base64.b64encode(PNG).decode())
    call = ToolCall(
        pk=7, session_id="s", blocks=[svg, {"type": "search_result"}, png, block("image/png", "%")]
    )
    assert [each["url"].rpartition("/")[2] for each in pictures.listed(call)] == ["1", "2"]
    found = pictures.of(call, 1)
    assert found is not None
    assert (found.kind, found.content) == ("image/png", PNG)
    assert [pictures.of(call, number) for number in (0, 2, 3)] == [None, None, None]


@pytest.mark.django_db
def test_a_picture_is_given_to_those_who_see_the_conversation() -> None:
    now = world.made()
    snapshot = now.alice.api().get(f"/api/conversations/{now.conversation.public_id}/snapshot").json()
    url = snapshot["calls"][0]["pictures"][0]["url"]
    answer = now.alice.api().get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert (answer["X-Content-Type-Options"], answer.content) == ("nosniff", PNG)
    assert people.mallory().api().get(url).status_code == 404
    assert now.alice.api().get(url[:-1] + "2").status_code == 404
