"""A persona edits a real file: the model asks, a person sees the difference and says yes, a worker changes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from agents_app.models import Run
from agents_app.showing import cards
from tests.flows import acting
from tests.live import Live
from tests.people import alice

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def plan(live_app: Live) -> Path:
    alice()
    acting.seeded()
    root: Path = settings.FILE_ROOTS[0]
    root.mkdir(parents=True, exist_ok=True)
    (root / "plan.txt").write_text("Meet on Monday.\n")
    return root / "plan.txt"


def _edits() -> Run:
    arguments = {"path": "plan.txt", "old_text": "Monday", "new_text": "Tuesday"}
    turns = [{"call": [{"name": "edit_file", "arguments": arguments}]}, {"say": "So it is now."}]
    who = alice().identity
    return acting.say(acting.begin(who, "code_reviewer"), f"```script\n{json.dumps(turns)}\n```", who)


def test_approved_edit_is_made_by_a_worker(plan: Path) -> None:
    run = _edits()
    question = acting.question(run)
    card = {row["name"]: row["value"] for row in cards.approval(question, question.call)["card"]}
    assert "-Meet on Monday.\n+Meet on Tuesday." in card[cards.PREVIEW]
    acting.approve(question, replace(alice().identity, authenticated_at=datetime.now(UTC)))
    acting.until(run, "finished")
    call = acting.only_call(run)
    assert (call.status, call.result_text.split("\n")[0]) == ("succeeded", "Replaced 1 place in plan.txt.")
    assert plan.read_text() == "Meet on Tuesday.\n"
