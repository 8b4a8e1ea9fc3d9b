"""In which order a conversation reads: answers under what they answer, whatever was written meanwhile."""

from typing import Any

from agents_app.showing.turns import in_reading_order


def _message(number: int, role: str, run: int) -> dict[str, Any]:
    return {"id": number, "role": role, "run": run}


def _run(number: int, message: int, status: str) -> dict[str, Any]:
    return {"id": number, "message": message, "status": status}


def _snapshot(*, messages: list[Any], runs: list[Any], calls: list[Any] | None = None) -> dict[str, Any]:
    return {"messages": messages, "runs": runs, "calls": calls or []}


def test_answer_stands_under_its_question_although_a_later_one_was_queued() -> None:
    messages = [_message(1, "user", 1), _message(2, "assistant", 1), _message(3, "user", 2)]
    messages.append(_message(4, "assistant", 1))
    turns = in_reading_order(_snapshot(messages=messages, runs=[_run(1, 1, "running"), _run(2, 3, "queued")]))
    shown = [turn["message"]["id"] if "message" in turn else f"run {turn['run']['id']}" for turn in turns]
    assert shown == [1, 2, 4, "run 1", 3, "run 2"]


def test_only_the_message_behind_an_unfinished_answer_is_queued() -> None:
    messages = [_message(1, "user", 1), _message(3, "user", 2)]
    turns = in_reading_order(_snapshot(messages=messages, runs=[_run(1, 1, "queued"), _run(2, 3, "queued")]))
    assert [turn["message"]["queued"] for turn in turns if "message" in turn] == [False, True]


def test_finished_runs_have_nothing_left_to_say() -> None:
    turns = in_reading_order(_snapshot(messages=[_message(1, "user", 1)], runs=[_run(1, 1, "finished")]))
    assert len(turns) == 1


def test_only_the_newest_answer_can_be_tried_again_and_says_so_once() -> None:
    messages = [_message(1, "user", 1), _message(5, "user", 3)]
    runs = [_run(1, 1, "failed"), _run(2, 1, "failed"), _run(3, 5, "failed")]
    turns = in_reading_order(_snapshot(messages=messages, runs=[{**run, "retryable": True} for run in runs]))
    notes = [turn["run"] for turn in turns if "run" in turn]
    assert [(note["id"], note["retryable"]) for note in notes] == [(2, False), (3, True)]


def test_calls_hang_under_the_message_that_asked_for_them() -> None:
    messages = [_message(1, "user", 1), _message(2, "assistant", 1)]
    calls = [{"id": 7, "message": 2}]
    turns = in_reading_order(_snapshot(messages=messages, runs=[_run(1, 1, "finished")], calls=calls))
    assert [turn["calls"] for turn in turns] == [[], calls]
