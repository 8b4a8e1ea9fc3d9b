"""What is allowed from now on, as people and programs see it: on the card, on the page, over REST, in the admin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents_app import events
from agents_app.showing import allowed, cards
from tests import gate, people
from tests.flows.admin_world import address, staff
from tests.tools.allowing import WISH, opened, ruled
from tests.tools.allowing import allowed as allow
from tests.tools.asking import run_it, waiting
from tools_app.approving import standing
from tools_app.approving.lasting import Today
from tools_app.models import Approval, StandingApproval, ToolCall

ONE = {"line": "one"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "1 minute"), (5_400, "90 minutes"), (28_800, "8 hours"), (86_400, "1 day"), (61, "61 seconds")],
)
def test_lengths_in_words(seconds: int, words: str) -> None:
    assert allowed.span(seconds) == words


@pytest.mark.django_db
class TestOverRest:
    def test_the_offer_and_the_yes(self) -> None:
        at, call = waiting()
        question, bob = gate.question(call), people.bob().api()
        path = f"/api/approvals/{question.pk}/standing"
        offer = bob.get(path).json()
        (line,) = offer["arguments"]
        assert (line["name"], line["value"], line["suggested"]) == ("line", "“one”", "same")
        assert [each["seconds"] for each in offer["times"]] == [300, 900, 3_600, 14_400, 28_800]
        wish = {"digest": offer["digest"], "choices": {"line": "same"}, "seconds": 600, "uses": 2}
        answer = bob.post(path, wish, format="json")
        assert answer.status_code == 201
        told = answer.json()
        assert (told["approval"]["status"], told["standing"]["state"]) == ("approved", "open")
        assert told["standing"]["words"] == [{"name": "line", "says": "exactly “one”"}]
        assert run_it(call).status == "succeeded"
        assert run_it(at.ask(ONE)).standing_id == told["standing"]["id"]

    def test_what_does_not_fit_is_named(self) -> None:
        _, call = waiting()
        question, bob = gate.question(call), people.bob().api()
        wish = {"digest": question.digest, "choices": {"line": "any"}, "seconds": 5, "uses": 2}
        answer = bob.post(f"/api/approvals/{question.pk}/standing", wish, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_wish")
        assert set(answer.json()["error"]["details"]["fields"]) == {"choices", "seconds"}

    def test_why_it_is_not_offered(self) -> None:
        _, call = waiting(is_dangerous=True)
        question = gate.question(call)
        answer = people.bob().api().get(f"/api/approvals/{question.pk}/standing")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_from_now_on")
        assert "dangerous" in answer.json()["error"]["message"]

    def test_who_sees_and_takes_back_what(self) -> None:
        _, row = opened()
        path = f"/api/standing-approvals/{row.pk}"
        for who, status in (
            (people.alice(), 200),
            (people.adam(), 200),
            (people.carol(), 404),
            (people.olga(), 200),
        ):
            assert who.api().get(path).status_code == status
        assert people.carol().api().post(f"{path}/revocation", {}, format="json").status_code == 404
        told = people.alice().api().post(f"{path}/revocation", {}, format="json").json()
        assert (told["state"], told["revoked_by"], told["may_revoke"]) == ("revoked", "Alice", False)
        again = people.adam().api().post(f"{path}/revocation", {}, format="json")
        assert again.status_code == 409

    def test_a_token_that_may_only_read_takes_nothing_back(self) -> None:
        _, row = opened()
        answer = people.alice().api("catalog.view").post(f"/api/standing-approvals/{row.pk}/revocation", {})
        assert answer.status_code == 403


@pytest.mark.django_db
class TestShown:
    def test_the_card_offers_it_to_who_may(self) -> None:
        _, call = waiting()
        question = gate.question(call)
        assert cards.approval(question, call, people.bob().identity)["from_now_on"] is True
        assert cards.approval(question, call, people.carol().identity)["from_now_on"] is False
        assert "from_now_on" not in cards.approval(question, call)
        ruled(standing_seconds=0)
        assert cards.approval(question, call, people.bob().identity)["from_now_on"] is False

    def test_the_call_says_who_allowed_it(self) -> None:
        at, row = opened()
        call = run_it(at.ask(ONE))
        spared = events.call(ToolCall.objects.get(pk=call.pk), people.alice().identity)["standing"]
        assert (spared["id"], spared["by"], spared["uses"]) == (row.pk, "Bob", 2)
        assert events.call(at.ask({"line": "two"}))["standing"] is None

    def test_the_page_lists_what_is_open_and_what_is_over(self) -> None:
        at, row = opened()
        page = people.alice().browser().get("/allowed/").content.decode()
        assert f'id="standing-{row.pk}" data-row="{row.pk}" data-state="open"' in page
        assert "exactly “one”" in page
        assert "data-revoke" in page
        at.agent.system_prompt = "Another."
        at.agent.save()
        assert 'data-state="changed"' in people.alice().browser().get("/allowed/").content.decode()
        assert "exactly “one”" not in people.carol().browser().get("/allowed/").content.decode()

    @pytest.mark.parametrize("state", ["revoked", "used_up", "expired"])
    def test_states(self, state: str) -> None:
        _, call = waiting()
        allow(call)
        row = StandingApproval.objects.get()
        if state == "revoked":
            standing.revoke(row, by=people.bob().identity)
        row.refresh_from_db()
        row.used = row.max_uses if state == "used_up" else 0
        row.expires_at -= timedelta(days=1) if state == "expired" else timedelta()
        assert allowed.item(row, people.alice().identity, Today(datetime.now(UTC)))["state"] == state

    def test_the_admin_lists_and_shows_it_in_words(self) -> None:
        _, row = opened()
        client = staff(people.bob())
        for query, there in (("", True), ("?over=no", True), ("?over=yes", False)):
            page = client.get(address(StandingApproval, "changelist") + query).content.decode()
            assert (address(StandingApproval, "change", row.pk) in page) == there
        page = client.get(address(StandingApproval, "change", row.pk)).content.decode()
        assert "exactly “one”" in page
        assert "Take back" in page
        assert "(&#x27;open" not in page


@pytest.mark.django_db
class TestInTheAdmin:
    FORM = {"way:line": "same", "where": "everywhere", "seconds": "600", "uses": "2"}

    def test_the_yes_that_goes_further(self) -> None:
        at, call = waiting()
        question, client = gate.question(call), staff(people.bob())
        page = client.get(address(Approval, "change", question.pk)).content.decode()
        assert '<select name="way:line"' in page
        sent = {**self.FORM, "digest": question.digest}
        answer = client.post(address(Approval, "verb", question.pk, "allow"), sent, follow=True)
        assert "Approved, and allowed until" in answer.content.decode()
        row = StandingApproval.objects.get()
        assert (row.session_id, row.max_uses, row.granted_by) == ("", 2, "Bob")
        assert run_it(call).status == "succeeded"
        assert at.ask(ONE).status == "queued"

    @pytest.mark.parametrize(
        "wrong", [{"way:line": "any"}, {"uses": "x"}, {"seconds": "9" * 30}, {"digest": ""}]
    )
    def test_what_does_not_fit_decides_nothing(self, wrong: dict[str, str]) -> None:
        _, call = waiting()
        question = gate.question(call)
        sent = {**self.FORM, "digest": question.digest, **wrong}
        staff(people.bob()).post(address(Approval, "verb", question.pk, "allow"), sent)
        assert gate.question(call).status == "pending"
        assert not StandingApproval.objects.exists()

    def test_it_is_not_offered_for_dangerous_tools(self) -> None:
        _, call = waiting(is_dangerous=True)
        page = staff(people.bob()).get(address(Approval, "change", gate.question(call).pk)).content.decode()
        assert "way:line" not in page


@pytest.mark.django_db
def test_a_try_in_the_admin_stands_before_the_same_gate() -> None:
    at, carol = gate.opened(requires_approval=True), people.carol()
    path = f"/api/tools/{at.tool.pk}/try"
    sent = {"agent": at.agent.pk, "arguments": ONE, "dry_run": False}
    first = carol.api().post(path, sent, format="json").json()
    assert first["decision"] == "ask"
    allow(ToolCall.objects.get(pk=first["call"]["id"]), everywhere=True)
    foretold = carol.api().post(path, {**sent, "dry_run": True}, format="json").json()
    again = carol.api().post(path, sent, format="json").json()
    assert (foretold["decision"], again["decision"], again["call"]["status"]) == ("allow", "allow", "queued")
    assert "Bob" in str(foretold["explanation"])
    # For Carol's uses alone.
    assert at.ask(ONE).status == "waiting"


@pytest.mark.django_db
def test_hostile_words_stay_text_on_every_page() -> None:
    nasty: Any = {"line": "<script>alert(1)</script>\u202e"}
    _, call = waiting(nasty)
    row = allow(call)
    for who, path in (
        (people.alice().browser(), "/allowed/"),
        (staff(people.bob()), address(StandingApproval, "change", row.pk)),
    ):
        page = who.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "\u202e" not in page
    assert Approval.objects.get(call=call).status == "approved"
    assert WISH.uses == row.max_uses
