"""A snapshot in reading order: messages with their calls, and runs that did not finish after their messages.

Answers stand under the message they answer, also when the next message was written before they ended. The
same order is kept in the browser by `static/js/lib/thread-view.js`.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

OPEN = ("queued", "running", "waiting")

Item = Mapping[str, Any]
Turn = dict[str, Any]


def in_reading_order(snapshot: Item) -> list[Turn]:
    """Each turn is a message (with `calls`, `after`, `queued`) or a run that has something to say."""
    questions = {run["id"]: run["message"] for run in snapshot["runs"]}
    waiting = _queued_behind_another(snapshot["runs"])
    calls: dict[int, list[Item]] = defaultdict(list)
    for call in snapshot["calls"]:
        calls[call["message"]].append(call)
    turns = [
        _message_turn(message, calls.get(message["id"], []), questions, waiting)
        for message in snapshot["messages"]
    ]
    turns += [{"run": run, "order": (run["message"], 1, run["id"])} for run in _notable(snapshot["runs"])]
    return sorted(turns, key=lambda turn: turn["order"])


def _message_turn(message: Item, calls: list[Item], questions: Mapping[int, int], waiting: set[int]) -> Turn:
    after = message["id"] if message["role"] == "user" else questions.get(message["run"], message["id"])
    return {
        "message": {**message, "after": after, "queued": message["id"] in waiting},
        "calls": calls,
        "order": (after, 0, message["id"]),
    }


def _queued_behind_another(runs: list[Item]) -> set[int]:
    unfinished = sorted((run for run in runs if run["status"] in OPEN), key=lambda run: run["message"])
    return {run["message"] for run in unfinished[1:] if run["status"] == "queued"}


def _notable(runs: list[Item]) -> list[Item]:
    """Runs with something to say: not finished, not answered again since. Only the newest may be tried again."""
    latest = {run["message"]: run["id"] for run in sorted(runs, key=lambda run: run["id"])}
    newest = max(latest.values(), default=None)
    return [
        {**run, "retryable": run.get("retryable", False) and run["id"] == newest}
        for run in runs
        if (run["status"] != "finished" or run.get("chosen")) and run["id"] == latest[run["message"]]
    ]
