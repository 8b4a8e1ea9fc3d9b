"""The demo as a program does it: an API token, live HTTP, and nothing but what the API answers."""

from __future__ import annotations

import io
import json
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.flows import acting
from tests.live import Live, wait_for
from tests.people import adam, bob

pytestmark = [pytest.mark.django_db(transaction=True)]
CONTENT = "The ledger says: 4711 pieces of oak."


@dataclass(frozen=True)
class Program:
    """What knows an address and a token, and no more."""

    url: str
    token: str

    def get(self, path: str) -> Any:
        return self._answered(self._request(path))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        request = self._request(path)
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
        return self._answered(request)

    def _request(self, path: str) -> urllib.request.Request:
        headers = {"Authorization": f"Bearer {self.token}"}
        return urllib.request.Request(f"{self.url}/api{path}", headers=headers)

    def _answered(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@pytest.fixture
def program(live_app: Live) -> Program:
    adam()
    acting.seeded()
    root = settings.FILE_ROOTS[0]
    root.mkdir(parents=True, exist_ok=True)
    (root / "ledger.txt").write_text(CONTENT)
    return _of("adam", live_app.url)


@pytest.fixture
def decider(live_app: Live) -> Program:
    """The program of somebody else: none decides about what it asked for itself."""
    bob()
    return _of("bob", live_app.url, "--scopes", "approvals.decide")


def _of(person: str, url: str, *options: str) -> Program:
    printed = io.StringIO()
    call_command("issue_token", person, *options, stdout=printed, stderr=io.StringIO())
    return Program(url, printed.getvalue().split()[-1])


def test_program_asks_another_one_approves_and_the_record_is_read(program: Program, decider: Program) -> None:
    talk = program.post("/conversations", {"agent": "analysis"})["conversation"]["id"]
    text = "What time is it? And read the file ledger.txt"
    posted = program.post(f"/conversations/{talk}/messages", {"text": text, "client_id": "rest-1"})
    question = _question(program, talk)
    assert (question["tool"], question["showable"], question["may_decide"]) == ("read_file", True, False)
    verdict = {"verdict": "approve", "digest": question["digest"]}
    # The answer tells the row as it is by then: a quick worker may have used the yes already.
    decided = decider.post(f"/approvals/{question['id']}/decision", verdict)["status"]
    assert decided in ("approved", "consumed")
    run = f"/runs/{posted['run']['id']}"
    wait_for(lambda: program.get(run)["status"] == "finished", what="the answer")
    said = program.get(f"/conversations/{talk}/snapshot")["messages"][-1]
    assert (said["role"], said["ending"]) == ("assistant", "complete")
    assert CONTENT in said["text"]
    assert str(datetime.now(UTC).year) in said["text"]
    _assert_recorded(program, talk)


def _question(program: Program, talk: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def asked() -> bool:
        calls = program.get(f"/conversations/{talk}/snapshot")["calls"]
        found[:] = [call["approval"] for call in calls if call["status"] == "waiting" and call["approval"]]
        return bool(found)

    wait_for(asked, what="a question")
    return found[0]


def _assert_recorded(program: Program, talk: str) -> None:
    """Each call was noted before it ran, and again with its ending."""
    used = program.get(f"/audit/tool-usage?session_id={talk}")["results"]
    assert sorted((usage["tool_name"], usage["status"]) for usage in used) == [
        ("current_time", "success"),
        ("read_file", "success"),
    ]
    for usage in used:
        assert usage["created_at"] <= usage["ended_at"]
        entries = program.get(f"/audit/entries?subject_type=call&subject_id={usage['tool_call_id']}")
        told = [entry["action"] for entry in sorted(entries["results"], key=lambda entry: entry["seq"])]
        assert told.index("call.running") < told.index("call.succeeded")
    decided = {usage["tool_name"]: usage["decided_by"] for usage in used}
    assert not decided["current_time"]
    assert decided["read_file"]
