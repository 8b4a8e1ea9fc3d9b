"""The ten steps from message to answer, once per ending, with real workers, broker and database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings

from agents_app import runs
from agents_app.live import remembered
from agents_app.models import Message
from audit_app.models import AuditEntry, ToolUsage
from project.accounts.identity import Identity
from tests.flows import acting
from tests.live import Live, wait_for
from tests.people import alice
from tools_app import approvals

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _seeded(live_app: Live) -> None:
    alice()
    acting.seeded()


def test_answer_without_a_tool_streams_and_finishes() -> None:
    run = acting.say(acting.begin(alice().identity), "Hello there", alice().identity)
    acting.until(run, "finished")
    said = Message.objects.get(steps__run=run)
    assert said.ending == "complete"
    assert said.text
    assert "<p>" in said.html


def test_time_is_asked_of_a_worker_and_recorded() -> None:
    run = acting.say(acting.begin(alice().identity), "What time is it in UTC?", alice().identity)
    acting.until(run, "finished")
    call = acting.only_call(run)
    assert (call.status, call.tool_name) == ("succeeded", "current_time")
    assert str(datetime.now(UTC).year) in acting.answer(run)
    usage = ToolUsage.objects.get(tool_call_id=call.pk)
    assert (usage.status, usage.attempt) == ("success", 1)
    actions = [
        entry.action for entry in AuditEntry.objects.filter(stream=call.audit_stream()).order_by("seq")
    ]
    assert actions.index("call.running") < actions.index("call.succeeded")


def test_approved_file_is_read_and_answered_from() -> None:
    _file("notes.txt", "The password of the garden gate is tulip-77.")
    run = acting.say(acting.begin(alice().identity), "Please read the file notes.txt", alice().identity)
    question = acting.question(run)
    assert question.covers["arguments"]["path"] == "notes.txt"
    acting.approve(question, _fresh(alice().identity))
    acting.until(run, "finished")
    question.refresh_from_db()
    assert question.status == "consumed"
    assert "tulip-77" in acting.answer(run)


def test_denied_call_is_told_to_the_model() -> None:
    _file("notes.txt", "never to be seen")
    who = alice().identity
    run = acting.say(acting.begin(who), "Please read the file notes.txt", who)
    question = acting.question(run)
    approvals.deny(question, digest=question.digest, by=who, comment="Not today")
    acting.until(run, "finished")
    assert acting.only_call(run).status == "denied"
    assert "Not today" in acting.answer(run)
    assert "never to be seen" not in acting.answer(run)


def test_stop_while_waiting_cancels_the_question() -> None:
    who = alice().identity
    run = acting.say(acting.begin(who), "Please read the file notes.txt", who)
    question = acting.question(run)
    runs.cancel(acting.until(run, "waiting"), by=who)
    question.refresh_from_db()
    assert (question.status, acting.only_call(run).status) == ("cancelled", "cancelled")


def test_stop_while_streaming_keeps_the_text() -> None:
    who = alice().identity
    script = '```script\n[{"stamp": 400, "pace_ms": 20}]\n```'
    run = acting.say(acting.begin(who), script, who)
    acting.until(run, "running")
    said = Message.objects.filter(steps__run=run)
    wait_for(lambda: said.exists() and remembered.text_of(said.get()), what="the answer to begin")
    runs.cancel(run, by=who)
    wait_for(lambda: said.get().ending == "cancelled", what="the answer to end")
    assert said.get().text.startswith("1:")
    assert " 400:" not in said.get().text


def test_second_message_waits_for_the_first_answer() -> None:
    who = alice().identity
    conversation = acting.begin(who)
    first = acting.say(conversation, '```script\n[{"stamp": 30, "pace_ms": 20}]\n```', who)
    second = acting.say(conversation, "Hello again", who)
    acting.until(second, "finished")
    first.refresh_from_db()
    assert first.status == "finished"
    assert first.ended_at is not None
    assert second.started_at is not None
    assert first.ended_at <= second.started_at


def _file(name: str, text: str) -> None:
    root = settings.FILE_ROOTS[0]
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def _fresh(identity: Identity) -> Identity:
    return replace(identity, authenticated_at=datetime.now(UTC))
