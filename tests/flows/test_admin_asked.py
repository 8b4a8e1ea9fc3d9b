"""The page of a use says what was passed, where each argument comes from, and what it goes on from or in."""

from __future__ import annotations

import re

import pytest

from tests import gate, people
from tests.flows.admin_world import address, staff
from tests.tools.asking import waiting, yes
from tools_app.approving import instead
from tools_app.exceptions import DigestMismatch
from tools_app.models import Approval, Tool, ToolCall

pytestmark = pytest.mark.django_db


def edited(call: ToolCall, arguments: dict[str, object], by: people.Person) -> ToolCall:
    question = gate.question(call)
    return instead.edit(question, digest=question.digest, arguments=arguments, by=by.identity).call


def page(call: ToolCall, who: people.Person) -> str:
    got = staff(who).get(address(ToolCall, "change", call.pk)).content.decode()
    return " ".join(
        re.sub(r"<[^>]*>", " ", got.partition('id="asked"')[2].partition("</section>")[0]).split()
    )


def test_each_argument_says_who_gave_it_and_what_it_was() -> None:
    _, first = waiting({"line": "one", "number": 5})
    second = edited(first, {"line": "two", "number": 5}, people.bob())
    last = edited(second, {"line": "two"}, people.adam())
    told = page(last, people.bob())
    assert "line changed by Bob two The persona had given one" in told
    assert "number left out by Adam The persona had given 5" in told
    assert f"Adam changed the arguments of ledger #{second.pk} ; it goes on here." in told
    assert "number from the persona 5" in page(second, people.bob())
    assert f"It did not run, and goes on in ledger #{second.pk} ." in page(first, people.bob())


def test_what_was_added_and_filled_in_is_named_as_such() -> None:
    _, call = waiting({"line": "one"}, grant={"parameter_defaults": {"number": 3}})
    assert "number filled by policy 3" in page(call, people.bob())
    told = page(edited(call, {"line": "one", "number": 4, "path": "a.txt"}, people.bob()), people.bob())
    assert "path added by Bob a.txt" in told
    assert "number changed by Bob 4" in told
    assert "line from the persona one" in told


def test_what_drifted_is_said_to_stand_in_the_place_of_the_other() -> None:
    _, call = waiting({"line": "one"})
    Tool.objects.filter(pk=call.tool_id).update(description="Something else.")
    question = gate.question(call)
    with pytest.raises(DigestMismatch):
        yes(call)
    following = ToolCall.objects.get(replaces=call)
    told = page(following, people.bob())
    assert f"It stands in the place of ledger #{call.pk}" in told
    assert "line from the persona one" in told
    assert "Replaced: something changed" in page(call, people.bob())
    assert Approval.objects.get(pk=question.pk).status == "superseded"


def test_nothing_hides_in_a_value_or_a_name() -> None:
    _, call = waiting({"line": "fine\u202eenif <script>"})
    told = page(call, people.bob())
    assert "\u202e" not in told
    assert "U+202E" in told.upper()
    assert "&lt;script&gt;" in told


def test_questions_of_other_organizations_have_no_page() -> None:
    _, call = waiting({"line": "one"})
    assert staff(people.mallory()).get(address(ToolCall, "change", call.pk)).status_code in (302, 404)


def test_a_question_leads_to_its_use_and_its_owner_to_the_conversation() -> None:
    at, call = waiting({"line": "one"})
    question = edited(call, {"line": "two"}, people.bob()).approvals.get()
    path = address(Approval, "change", question.pk)
    bobs, alices = (staff(who).get(path).content.decode() for who in (people.bob(), people.alice()))
    assert address(ToolCall, "change", question.call_id) in bobs
    assert "changed by a person" in bobs
    assert f"/c/{at.conversation.session_id}/" not in bobs
    # Alice may open her conversation, and not the page of the call, which is for those who decide or audit.
    assert f"/c/{at.conversation.session_id}/" in alices
    assert address(ToolCall, "change", question.call_id) not in alices


def test_questions_are_listed_newest_first() -> None:
    _, first = waiting({"line": "one"})
    second = edited(first, {"line": "two"}, people.bob())
    listed = staff(people.bob()).get(address(Approval, "changelist"))
    rows = list(listed.context["cl"].result_list)
    assert [row.call_id for row in rows] == [second.pk, first.pk]
    assert "Arguments changed" in listed.content.decode()
