"""The pages of documents: shared ones are kept there by their verbs, other people's are not to be seen."""

import pytest

from agents_app.models import AgentType
from tests import many, people
from tests.flows.admin_world import address, filled, staff
from tools_app.knowing import knowledge
from tools_app.models import Document

pytestmark = pytest.mark.django_db

TEXT = "# Returns\n\nWithin thirty days."


def test_a_document_is_added_shown_archived_and_deleted() -> None:
    carol, path = staff(people.carol()), address(Document, "add")
    ana = many.persona(people.toolroom(), "ana")
    for scope in ("organization", "persona"):
        sent = {"title": f"Rules of the {scope}", "text": TEXT, "scope": scope}
        refused = carol.post(path, filled(carol, path, **sent | {"text": "..."}))
        assert "no word" in str(refused.context["adminform"].form.errors["text"])
        assert carol.post(path, filled(carol, path, **sent, persona=ana.pk)).status_code == 302
    brief = Document.objects.get(scope="persona")
    assert (brief.owner_id, brief.owner_name) == (str(ana.pk), "Ana")
    page = carol.get(address(Document, "change", brief.pk)).content.decode()
    assert "Within thirty days." in page
    assert "Whoever talks to Ana" in page
    carol.post(f"{address(Document, 'change', brief.pk).removesuffix('change/')}do/archive/")
    brief.refresh_from_db()
    assert brief.archived_at is not None
    carol.post(f"{address(Document, 'change', brief.pk).removesuffix('change/')}do/remove/")
    assert [row.scope for row in Document.objects.all()] == ["organization"]


def test_a_persona_of_strangers_is_no_choice() -> None:
    theirs = many.persona(people.mallory().organization, "hers")
    carol, path = staff(people.carol()), address(Document, "add")
    sent = {"title": "Rules", "text": TEXT, "scope": "persona"}
    refused = carol.post(path, filled(carol, path, **sent, persona=theirs.pk))
    assert "persona" in refused.context["adminform"].form.errors
    assert "scope" in carol.post(path, filled(carol, path, **sent)).context["adminform"].form.errors
    assert AgentType.objects.filter(pk=theirs.pk).exists()
    assert not Document.objects.exists()


def test_what_a_person_keeps_is_on_nobody_elses_page() -> None:
    diary = knowledge.add(knowledge.Text("Diary", "My narwhal."), by=people.alice().identity)
    for who in (people.carol(), people.adam(), people.mallory()):
        client = staff(who)
        assert "Diary" not in client.get(address(Document, "changelist")).content.decode()
        assert (
            "narwhal" not in client.get(address(Document, "change", diary.pk), follow=True).content.decode()
        )
    assert staff(people.alice()).get(address(Document, "changelist")).status_code == 403
