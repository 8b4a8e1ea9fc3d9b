"""Files of a conversation over HTTP: given, listed, downloaded, removed; whose they are not, finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from agents_app import attachments, conversations
from agents_app.answering import history
from agents_app.models import Attachment, Message, Run
from audit_app.models import AuditEntry
from tests import people, world
from tests.world import World
from tools_app import doors

pytestmark = pytest.mark.django_db
SALES = b"region,amount\nnorth,5\nsouth,7\n"


@pytest.fixture
def now(settings: Settings, tmp_path: Path) -> World:
    settings.DATA_DIR = tmp_path
    return world.made()


def address(now: World, rest: str = "") -> str:
    return f"/api/conversations/{now.conversation.public_id}/attachments{rest}"


def sent(now: World, name: str = "sales.csv", content: bytes = SALES, client: APIClient | None = None) -> Any:
    client = client or now.alice.api()
    return client.post(address(now), {"file": SimpleUploadedFile(name, content)}, format="multipart")


def stored() -> list[Path]:
    return [attachments.path_of(row) for row in Attachment.objects.all()]


@pytest.fixture(autouse=True)
def _strict_mask() -> Iterator[None]:
    """As `make run` sets it."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_file_is_stored_listed_given_back_and_removed(
    now: World, django_capture_on_commit_callbacks: Any
) -> None:
    answer = sent(now)
    assert answer.status_code == 201
    item = answer.json()
    assert (item["name"], item["media_type"], item["size"]) == ("sales.csv", "text/csv", len(SALES))
    client = now.alice.api()
    assert client.get(address(now)).json()["results"] == [item]
    assert client.get(address(now, f"/{item['id']}")).json() == item
    content = client.get(item["url"])
    assert content.content == SALES
    (path,) = stored()
    assert path.read_bytes() == SALES
    assert "sales" not in str(path)
    # The user of a sandbox reads it; the folder keeps everybody else out.
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o644, 0o700)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(address(now, f"/{item['id']}")).status_code == 204
    assert client.get(item["url"]).status_code == 404
    assert not path.exists()
    told = AuditEntry.objects.filter(action__startswith="attachment.").values_list("action", flat=True)
    assert set(told) == {"attachment.added", "attachment.removed"}


def test_what_is_given_back_can_only_be_saved(now: World) -> None:
    item = sent(now, "page \u00e4.html", b"<script>alert(1)</script>").json()
    answer = now.alice.api().get(item["url"])
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''page%20%C3%A4.html"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_files_go_with_the_next_message_and_the_model_is_told(now: World) -> None:
    sent(now)
    sent(now, "other.json", b"{}")
    posted = conversations.post_message(now.conversation, "Look.", client_id="two", by=now.alice.identity)
    names = [file["name"] for file in Message.objects.get(pk=posted.message.pk).attachments]
    assert names == ["sales.csv", "other.json"]
    again = conversations.post_message(now.conversation, "Look.", client_id="two", by=now.alice.identity)
    assert again.replayed
    later = conversations.post_message(now.conversation, "More.", client_id="three", by=now.alice.identity)
    assert later.message.attachments == []
    told = [each.text for each in history.exchanges(Run.objects.get(pk=later.run.pk))]
    assert told[-2].startswith("Look.\n\n[Attached: sales.csv (30 bytes), other.json (2 bytes).")
    snapshot = now.alice.api().get(f"/api/conversations/{now.conversation.public_id}/snapshot").json()
    assert [file["name"] for file in snapshot["messages"][1]["attachments"]] == names


def test_tools_see_what_was_said_in_their_conversation(now: World) -> None:
    sent(now)
    session, organization = now.conversation.session_id, now.conversation.organization_id
    assert doors.files_of(session, organization) == ()
    conversations.post_message(now.conversation, "Look.", client_id="two", by=now.alice.identity)
    (file,) = doors.files_of(session, organization)
    assert (file.name, file.path.read_bytes(), file.media_type) == ("sales.csv", SALES, "text/csv")
    assert doors.files_of(session, organization + 1) == ()
    assert doors.files_of("", organization) == ()


def test_strangers_and_others_find_nothing(now: World) -> None:
    item = sent(now).json()
    for who in (people.mallory(), now.bob, now.carol):
        client = who.api()
        for path in (address(now), address(now, f"/{item['id']}"), item["url"]):
            assert client.get(path).status_code == 404
        assert client.delete(address(now, f"/{item['id']}")).status_code == 404
        assert sent(now, client=client).status_code == 404
    other = conversations.start(now.agent, by=now.alice.identity)
    path = f"/api/conversations/{other.public_id}/attachments/{item['id']}"
    assert now.alice.api().get(path).status_code == 404
    assert Attachment.objects.count() == 1


def test_too_large_too_many_and_badly_sent_is_refused_and_leaves_nothing(
    now: World, settings: Settings
) -> None:
    settings.ATTACHMENT_MB, settings.ATTACHMENTS_PER_CONVERSATION = 1, 1
    large = sent(now, content=b"x" * (2**20 + 1))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "file_too_large")
    assert sent(now).status_code == 201
    assert sent(now).json()["error"]["code"] == "too_many_files"
    client = now.alice.api()
    for body in (
        {},
        {"file": "text"},
        {"file": [SimpleUploadedFile("a", b"x"), SimpleUploadedFile("b", b"x")]},
    ):
        assert client.post(address(now), body, format="multipart").status_code == 400
    odd = {"file": SimpleUploadedFile("a", b"x"), "path": "/etc"}
    assert client.post(address(now), odd, format="multipart").json()["error"]["details"] == {
        "path": ["There is no such field."]
    }
    assert client.post(address(now), {"file": "x"}, format="json").status_code == 415
    assert stored() == list((Path(settings.DATA_DIR) / "attachments").iterdir())


def test_names_are_safe_and_each_there_once(now: World) -> None:
    names = [sent(now, name).json()["name"] for name in ("../a.csv", "A.csv", "a.csv", "a\u202e.csv")]
    assert names == ["a.csv", "A (2).csv", "a (3).csv", "a (4).csv"]


def test_a_deleted_conversation_takes_its_files_along(
    now: World, django_capture_on_commit_callbacks: Any
) -> None:
    sent(now)
    paths = stored()
    with django_capture_on_commit_callbacks(execute=True):
        conversations.delete(now.conversation, by=now.alice.identity)
    assert [path for path in paths if path.exists()] == []
    assert not Attachment.objects.exists()
