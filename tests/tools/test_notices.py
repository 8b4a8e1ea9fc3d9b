"""The clock of questions: told, reminded, handed on and over, once each, and nothing said that is nobody's business."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import mail

from audit_app.models import AuditEntry
from project.accounts.models import Membership
from tests import gate, people
from tests.gate import Gate
from tests.tools import told
from tools_app import approvals
from tools_app.models import Approval, Delivery, QuestionClock
from tools_app.notices import audience, clock, preferences, sending

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _addresses() -> None:
    for who in (people.alice(), people.bob(), people.adam(), people.mallory()):
        told.with_address(who)


def delivered() -> None:
    for each in list(sending.due()):
        sending.send(each)


def test_who_may_decide_is_told_after_a_while_and_once() -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=5)
    told.asked(minutes_ago=4)
    told.tick()
    assert told.told() == []
    told.later(2)
    told.tick()
    told.tick()
    # Alice may decide about her own, Bob and Adam about everybody's; Mallory is somebody elsewhere.
    expected = [("requested", "mail", name) for name in ("Alice", "Bob", "Adam")]
    assert told.told() == expected


def test_what_is_decided_at_once_sends_no_mail() -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=5)
    approval = told.asked()
    told.tick()
    approvals.deny(approval, digest=approval.digest, by=people.alice().identity)
    told.later(10)
    told.tick()
    assert told.told() == []
    assert QuestionClock.objects.get().settled_at is not None


def test_nobody_gets_mail_unless_the_organization_says_so() -> None:
    told.asked(minutes_ago=10)
    told.tick()
    assert told.told() == []
    assert QuestionClock.objects.get().told_at is not None


def test_reminders_end_and_none_is_made_up_for_after_a_pause() -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=0, remind_after_minutes=60, reminders=2)
    preferences.change(people.alice().identity, {"mail_requested": False, "mail_reminded": False})
    told.asked(minutes_ago=600)
    # Ten hours went by without a sweeper: people hear of it once.
    told.tick()
    told.tick()
    assert [event for event, _, _ in told.told()] == ["requested"] * 2
    for _ in range(4):
        told.later(61)
        told.tick()
        told.tick()
    assert [event for event, _, _ in told.told()] == ["requested"] * 2 + ["reminded"] * 4
    assert QuestionClock.objects.get().reminders == 2


def test_a_question_nobody_decides_is_handed_on_once() -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=1_000, escalate_after_minutes=30)
    told.asked(minutes_ago=29)
    told.tick()
    assert told.told() == []
    told.later(2)
    told.tick()
    told.tick()
    assert told.told() == [("escalated", "mail", "Adam")]
    entry = AuditEntry.objects.get(action="approval.escalated")
    assert (entry.facts["by_mail"], entry.actor_id) == (["Adam"], "system")


def test_a_change_of_the_rules_holds_for_what_waits_already() -> None:
    told.asked(minutes_ago=50)
    told.tick()
    told.rules(notify_by_mail=True, escalate_after_minutes=30)
    told.tick()
    assert [event for event, _, _ in told.told()] == ["escalated"]


def test_a_rule_beyond_all_time_is_only_late() -> None:
    told.rules(tell_after_minutes=2_000_000_000, escalate_after_minutes=2_000_000_000)
    told.asked(minutes_ago=5)
    told.tick()
    assert QuestionClock.objects.get().told_at is None


def test_who_asked_hears_of_a_verdict_of_somebody_else_if_they_want() -> None:
    told.rules(notify_by_mail=True)
    preferences.change(people.alice().identity, {"mail_decided": True})
    at = gate.opened(requires_approval=True)
    one, other = told.asked(at=at), told.asked(at=at)
    told.tick()
    approvals.deny(one, digest=one.digest, by=people.bob().identity, comment="a reason that is for the chat")
    approvals.deny(other, digest=other.digest, by=people.alice().identity)
    told.tick()
    told.tick()
    assert told.told() == [("decided", "mail", "Alice")]
    delivered()
    [message] = mail.outbox
    assert (message.subject, message.to) == ("ledger: denied by Bob", ["alice@example.org"])
    assert "a reason" not in message.body


def test_mail_says_who_asks_for_what_and_nothing_of_what_would_run(settings: Any) -> None:
    settings.PUBLIC_URL = "https://toolroom.example"
    told.rules(notify_by_mail=True, tell_after_minutes=0)
    at = gate.opened(requires_approval=True, is_dangerous=True)
    first, second = told.asked(at=at), told.asked(at=at)
    told.tick()
    delivered()
    # One mail for each person, however many questions there are.
    assert sorted(message.to[0] for message in mail.outbox) == [
        "adam@example.org",
        "alice@example.org",
        "bob@example.org",
    ]
    text = mail.outbox[0].body
    assert mail.outbox[0].subject == "2 questions in your inbox"
    for approval in (first, second):
        assert f"https://toolroom.example/inbox/?question={approval.pk}\n" in text
    assert "asks to use ledger (a dangerous tool) for Alice." in text
    assert "word" not in text
    assert {row.outcome for row in Delivery.objects.all()} == {"sent"}
    assert "word" not in json.dumps(list(Delivery.objects.values("body", "error", "recipient_name")))


def test_a_name_cannot_write_another_line() -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=0)
    at = gate.opened(requires_approval=True)
    at.agent.display_name = "Ana\r\nBcc: everybody@example.org"
    at.agent.save()
    told.asked(at=at)
    told.tick()
    delivered()
    assert all("\n" not in message.subject and "\nBcc:" not in message.body for message in mail.outbox)
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("gone", ["decided", "suspended", "demoted"])
def test_what_is_needless_by_now_is_not_sent(gone: str) -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=0)
    approval = told.asked()
    told.tick()
    bobs = Delivery.objects.get(recipient_name="Bob")
    if gone == "decided":
        approvals.deny(approval, digest=approval.digest, by=people.alice().identity)
    elif gone == "suspended":
        Membership.objects.filter(user=people.bob().user).update(active=False)
    else:
        Membership.objects.filter(user=people.bob().user).update(role=Membership.Role.MEMBER)
    sending.send(bobs.pk)
    bobs.refresh_from_db()
    assert (bobs.outcome, mail.outbox) == ("dropped", [])
    assert bobs.error


def test_mail_goes_nowhere_the_operator_has_not_allowed(settings: Any) -> None:
    settings.EMAIL_DOMAINS = ["elsewhere.example"]
    told.rules(notify_by_mail=True, tell_after_minutes=0)
    told.asked()
    told.tick()
    delivered()
    assert mail.outbox == []
    assert {row.outcome for row in Delivery.objects.all()} == {"failed"}


def test_without_a_mail_server_it_is_said_that_nothing_was_sent(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    told.rules(notify_by_mail=True, tell_after_minutes=0)
    told.asked()
    told.tick()
    delivered()
    assert {row.error for row in Delivery.objects.all()} == {
        "This installation has no mail server (EMAIL_URL)."
    }


def test_only_the_person_themselves_is_told_what_they_are_asked() -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=0, escalate_after_minutes=1)
    approval = told.asked(minutes_ago=5)
    Approval.objects.filter(pk=approval.pk).update(status="cancelled")
    Approval.objects.bulk_create([_asking(approval)])
    told.tick()
    assert told.told() == [("requested", "mail", "Alice")]


def _asking(approval: Approval) -> Approval:
    asking = Approval.objects.get(pk=approval.pk)
    asking.pk, asking.status, asking.about = None, "pending", "answer"
    return asking


def test_one_question_that_breaks_does_not_silence_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=0)
    at = gate.opened(requires_approval=True)
    broken, sound = told.asked(at=at), told.asked(at=at)
    whole: Any = audience.deciders

    def deciders(approval: Approval) -> Any:
        if approval.pk == broken.pk:
            raise RuntimeError
        return whole(approval)

    monkeypatch.setattr(audience, "deciders", deciders)
    told.tick()
    assert set(Delivery.objects.values_list("approval_id", flat=True)) == {sound.pk}
    assert f"nobody could be told of question {broken.pk}" in caplog.text
    # What was not told is not taken for told.
    monkeypatch.setattr(audience, "deciders", whole)
    told.tick()
    assert set(Delivery.objects.values_list("approval_id", flat=True)) == {sound.pk, broken.pk}


def test_preferences_are_everybodys_own() -> None:
    preferences.change(people.bob().identity, {"mail_requested": False})
    assert preferences.of(people.bob().identity).mail_requested is False
    assert preferences.of(people.alice().identity).mail_requested is True


def _race(at: Gate, step: str) -> list[Any]:
    clocks = [QuestionClock.objects.select_related("approval__call").get() for _ in range(2)]
    acts = [lambda each=each: getattr(clock, step)(each) for each in clocks]
    return [said for said in gate.at_once(*acts) if isinstance(said, Exception)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("step", "event"),
    [("_tell", "requested"), ("_remind", "reminded"), ("_hand_on", "escalated"), ("_settle", "decided")],
)
def test_two_sweepers_do_each_step_once(step: str, event: str) -> None:
    told.rules(notify_by_mail=True, tell_after_minutes=0)
    preferences.change(people.alice().identity, {"mail_decided": True})
    at = gate.opened(requires_approval=True)
    for _ in range(5):
        QuestionClock.objects.all().delete()
        Delivery.objects.all().delete()
        approval = told.asked(at=at)
        told.tick()
        if step == "_tell":
            QuestionClock.objects.update(told_at=None)
        Delivery.objects.all().delete()
        if step == "_settle":
            approvals.deny(approval, digest=approval.digest, by=people.bob().identity)
        assert _race(at, step) == []
        found = told.told()
        assert [each for each, _, _ in found] == [event] * len(found)
        names = [name for _, _, name in found]
        assert names
        assert sorted(names) == sorted(set(names))
        if step != "_settle":
            approvals.deny(approval, digest=approval.digest, by=people.bob().identity)


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_begin_a_clock_once() -> None:
    told.webhook()
    told.asked()
    said = gate.at_once(told.tick, told.tick)
    assert [each for each in said if isinstance(each, Exception)] == []
    assert told.told() == [("requested", "webhook", "Desk")]
