"""Documents over HTTP: one's own for everybody, shared ones for who keeps the catalog, nobody else's for anybody."""

from __future__ import annotations

from typing import Any

import pytest

from tests import people
from tools_app.models import Document, Passage

pytestmark = pytest.mark.django_db

ALL = "/api/knowledge"


def add(who: people.Person, **fields: Any) -> Any:
    return who.api().post(ALL, {"title": "Tea", "text": "# Sugar\n\nI take none.", **fields}, format="json")


def titles(who: people.Person, query: str = "") -> list[str]:
    return [row["title"] for row in who.api().get(f"{ALL}?{query}").json()["results"]]


def test_a_document_is_kept_read_archived_and_deleted() -> None:
    alice = people.alice()
    made = add(alice, source="https://tea.example").json()
    assert (made["scope"], made["whose"], made["agent"]) == ("person", "Alice", None)
    path = f"{ALL}/{made['id']}"
    client = alice.api()
    assert client.get(path).json()["passages"] == [{"number": 1, "heading": "Sugar", "text": "I take none."}]
    assert client.patch(path, {"archived": True}, format="json").json()["archived"] is True
    assert titles(alice, "archived=false") == []
    assert titles(alice, "archived=true") == ["Tea"]
    assert client.patch(path, {"archived": False}, format="json").json()["archived"] is False
    assert client.delete(path).status_code == 204
    assert not Passage.objects.exists()


def test_lists_are_searched_by_full_text_and_never_stumble() -> None:
    alice = people.alice()
    add(alice)
    add(alice, title="Coffee", text="With sugar and milk.")
    assert titles(alice, "search=sugar") == ["Coffee", "Tea"]
    assert titles(alice, "search=%22milk%22") == ["Coffee"]
    assert titles(alice, "search=%22%28%29") == []
    assert titles(alice, "scope=organization") == []


def test_the_same_text_again_is_named() -> None:
    first = add(people.alice()).json()
    again = add(people.alice(), title="Again")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "document_known")
    assert again.json()["error"]["details"] == {"id": first["id"], "title": "Tea"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"text": ""}, 400),
        ({"text": "..."}, 400),
        ({"scope": "everybody"}, 400),
        ({"owner_id": "7"}, 400),
        ({"scope": "organization"}, 403),
        ({"scope": "persona", "agent": 1}, 403),
        ({"text": "x" * 1_100_000}, 413),
    ],
)
def test_what_cannot_be_kept_is_refused(fields: dict[str, Any], status: int) -> None:
    assert add(people.alice(), **fields).status_code == status
    assert not Document.objects.exists()


def test_shared_documents_are_the_business_of_who_keeps_the_catalog() -> None:
    carol, alice, mallory = people.carol(), people.alice(), people.mallory()
    sent = {"name": "ana", "model": "m", "system_prompt": "Be."}
    ana = carol.api().post("/api/agents", sent, format="json").json()["id"]
    assert add(carol, scope="organization", title="Handbook").status_code == 201
    brief = add(carol, scope="persona", agent=ana, title="Brief").json()
    assert (brief["agent"], brief["whose"]) == (ana, "Ana")
    assert add(carol, scope="persona", title="None", text="Other.").status_code == 404
    assert add(mallory, scope="persona", agent=ana, text="Other.").status_code == 404
    assert titles(alice) == ["Handbook"]
    assert titles(carol) == ["Brief", "Handbook"]
    assert titles(mallory) == []
    handbook = Document.objects.get(title="Handbook").pk
    assert alice.api().delete(f"{ALL}/{handbook}").status_code == 403
    assert mallory.api().delete(f"{ALL}/{handbook}").status_code == 404
    assert alice.api().get(f"{ALL}/{brief['id']}").status_code == 404


def test_nobody_reads_what_another_person_keeps() -> None:
    path = f"{ALL}/{add(people.alice()).json()['id']}"
    for other in (people.bob(), people.carol(), people.adam(), people.mallory()):
        for method in ("get", "delete"):
            assert getattr(other.api(), method)(path).status_code == 404
    assert Document.objects.exists()
