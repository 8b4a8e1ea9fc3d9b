"""The admin pages of versions, drafts and saved cases: what is read is what is decided, and edits do not collide."""

from __future__ import annotations

from typing import Any

import pytest

from audit_app.models import AuditEntry
from tests import people
from tests.flows.admin_world import address, filled, made_world, staff, told
from tests.world import SECRET_WORD, World
from tools_app import catalog
from tools_app.cataloging import drafts
from tools_app.models import Tool, ToolCase, ToolDraft, ToolVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return made_world()


def tool(now: World) -> Tool:
    return Tool.objects.get(pk=now.tool.pk)


def page_of(now: World, path: str) -> str:
    return str(staff(now.carol).get(path).content.decode())


def proposed(now: World, **changes: Any) -> ToolDraft:
    return drafts.propose(now.tool, changes, by=now.carol.identity, source="person", reason="Clearer.")


def test_a_version_shows_what_differs_and_is_brought_back(now: World) -> None:
    catalog.update(now.tool, {"description": "Sums\u202e.", "rate_limit": 5}, by=now.carol.identity)
    client = staff(now.carol)
    first, second = ToolVersion.objects.filter(tool=now.tool).order_by("number")
    page = client.get(address(ToolVersion, "change", second.pk)).content.decode()
    assert "Sums⟨U+202E⟩." in page
    assert "calls per minute" in page
    assert "\u202e" not in page
    turned = client.get(address(ToolVersion, "change", first.pk) + "?against=2").content.decode()
    assert "Bring this version back" in turned
    path = address(ToolVersion, "verb", first.pk, "rollback")
    assert "since you looked" in told(client.post(path, {"newest": "1"}, follow=True))
    assert "again what it was" in told(client.post(path, {"newest": "2", "reason": "Better."}, follow=True))
    assert tool(now).description == f"Adds {SECRET_WORD}s."
    assert AuditEntry.objects.get(action="tool.rolled_back").facts["reason"] == "Better."


def test_settings_are_shown_to_keepers_alone(now: World) -> None:
    Tool.objects.filter(pk=now.tool.pk).update(configuration={"url": "https://inner.example"})
    catalog.update(tool(now), {"category": "sums"}, by=now.carol.identity)
    version = ToolVersion.objects.filter(tool=now.tool)[0]
    path = address(ToolVersion, "change", version.pk)
    assert "inner.example" in page_of(now, path)
    assert "inner.example" not in staff(people.alice()).get(path).content.decode()


def test_two_pages_of_one_tool_do_not_overwrite_each_other(now: World) -> None:
    client, path = staff(now.carol), address(Tool, "change", now.tool.pk)
    stale = filled(client, path)
    catalog.update(now.tool, {"description": "Adam's.", "category": "sums"}, by=people.adam().identity)
    # Another field: both changes stay.
    assert client.post(path, stale | {"rate_limit": "5"}).status_code == 302
    assert (tool(now).description, tool(now).category, tool(now).rate_limit) == ("Adam's.", "sums", 5)
    # The same field: told first, and meant when it is saved again.
    refused = client.post(path, stale | {"description": "Carol's."})
    assert "has changed this tool since" in str(refused.context["adminform"].form.non_field_errors())
    assert tool(now).description == "Adam's."
    again = filled_of(refused) | {"description": "Carol's."}
    assert client.post(path, again).status_code == 302
    assert (tool(now).description, tool(now).category) == ("Carol's.", "sums")
    outdated = client.post(path, {**stale, "seen_number": "99"})
    assert "out of date" in str(outdated.context["adminform"].form.non_field_errors())


def filled_of(answer: Any) -> dict[str, Any]:
    """What the form of this very answer would send."""
    form = answer.context["adminform"].form
    sent = {bound.html_name: bound.value() for bound in form}
    return {name: value for name, value in sent.items() if value not in (None, False)}


def test_a_draft_is_saved_edited_and_published(now: World) -> None:
    client, path = staff(now.carol), address(Tool, "change", now.tool.pk)
    saved = client.post(path, filled(client, path, description="Sums.", reason="Clearer.", _draft="1"))
    draft = ToolDraft.objects.get()
    assert saved["Location"] == address(ToolDraft, "change", draft.pk)
    assert (draft.changes, tool(now).description) == ({"description": "Sums."}, f"Adds {SECRET_WORD}s.")
    second = client.post(path, filled(client, path, description="Mine.", _draft="1"))
    assert "a draft of this tool already" in str(second.context["adminform"].form.non_field_errors())
    edited = client.post(f"{path}?draft=1", filled(client, f"{path}?draft=1", rate_limit="7"))
    assert edited.status_code == 302, edited.context["adminform"].form.errors
    draft.refresh_from_db()
    assert draft.changes == {"description": "Sums.", "rate_limit": 7}
    publish = address(ToolDraft, "verb", draft.pk, "publish")
    assert "since you looked" in told(client.post(publish, {"revision": "1"}, follow=True))
    assert "is now version 2" in told(client.post(publish, {"revision": "2"}, follow=True))
    assert (tool(now).description, tool(now).rate_limit) == ("Sums.", 7)


def verb(draft: ToolDraft, name: str) -> str:
    return address(ToolDraft, "verb", draft.pk, name)


def test_an_outdated_draft_is_brought_up_to_date(now: World) -> None:
    draft = proposed(now, description="Sums.")
    catalog.update(now.tool, {"description": "Theirs.", "category": "sums"}, by=people.adam().identity)
    client = staff(now.carol)
    page = client.get(address(ToolDraft, "change", draft.pk)).content.decode()
    assert "changed on both sides" in page
    assert "Publish as version" not in page
    renewed = client.post(verb(draft, "renew"), {"revision": "1", "newest": "2"}, follow=True)
    assert "stands on version 2" in told(renewed)
    client.post(verb(draft, "publish"), {"revision": "2"})
    assert (tool(now).description, tool(now).category) == ("Sums.", "sums")


def test_a_draft_is_discarded_and_shown_to_keepers_alone(now: World) -> None:
    draft = proposed(now, description="Sums.")
    path = address(ToolDraft, "change", draft.pk)
    assert staff(people.alice()).get(path).status_code in (302, 403)
    client = staff(now.carol)
    discarded = client.post(address(ToolDraft, "verb", draft.pk, "discard"), {"revision": "1"}, follow=True)
    assert "is discarded" in told(discarded)
    assert not ToolDraft.objects.exists()


def test_cases_are_written_run_and_stand_before_publishing(now: World) -> None:
    client = staff(people.adam())
    path = address(ToolCase, "add")
    sent = {"tool": now.tool.pk, "name": "asks", "persona": now.agent.pk, "arguments": '{"expression": "1"}'}
    wrong = client.post(path, filled(client, path, **sent, expectation='{"outcome": "wonderful"}'))
    assert "outcome must be one of" in str(wrong.context["adminform"].form.errors["expectation"])
    assert (
        client.post(path, filled(client, path, **sent, expectation='{"outcome": "asks"}')).status_code == 302
    )
    case = ToolCase.objects.get()
    assert "Passed" in told(client.post(address(ToolCase, "verb", case.pk, "run"), follow=True))
    assert "chip--passed" in page_of(now, address(Tool, "change", now.tool.pk))
    wanted = {"requires_approval": False}
    draft = drafts.propose(now.tool, wanted, by=people.adam().identity, source="person")
    assert "1 failed" in told(client.post(verb(draft, "cases"), {"revision": "1"}, follow=True))
    page = client.get(address(ToolDraft, "change", draft.pk)).content.decode()
    assert "Why publish all the same?" in page
    assert "Not passed: asks" in told(client.post(verb(draft, "publish"), {"revision": "1"}, follow=True))
    done = client.post(verb(draft, "publish"), {"revision": "1", "override": "No need to ask."}, follow=True)
    assert "Published" in told(done)
    change = address(ToolCase, "change", case.pk)
    assert ">Failed<" in "".join(page_of(now, change).split())
    renamed = client.post(change, filled(client, change, name="asks still"))
    assert renamed.status_code == 302, renamed.context["adminform"].form.errors
    assert "is deleted" in told(client.post(address(ToolCase, "verb", case.pk, "remove"), follow=True))


def test_a_new_tool_is_saved_as_a_draft_and_published(now: World) -> None:
    client, path = staff(now.carol), address(Tool, "add")
    kind = {"tool_type": "custom", "executor": "http"}
    sent = {"name": "weather", "description": "Tells.", "category": "web", **kind}
    assert client.post(path, filled(client, path, **sent, _draft="1")).status_code == 302
    made = Tool.objects.get(name="weather")
    assert (made.is_draft, made.enabled) == (True, False)
    assert "This tool is a draft" in page_of(now, address(Tool, "change", made.pk))
    done = client.post(address(Tool, "verb", made.pk, "publish"), follow=True)
    assert "is on" in told(done)
    made.refresh_from_db()
    assert (made.is_draft, made.enabled) == (False, True)
