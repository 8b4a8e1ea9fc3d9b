"""Exact turns written into a request: a fenced block ```script ...``` holding a JSON list, one object per
model turn.

The scripted model and the tests' fake server both read this form, so one text drives either. Keys of a turn:
`say` text, `pieces` how many pieces it is cut into (default: one per word), `pace_ms` pause before each
piece, `stamp` number of pieces reading "<n>:<monotonic nanoseconds> " made at the moment they leave, `think`
reasoning text, `call` list of {"name", "arguments" object or "raw" text, optional "id"}, `stop` a stop
reason, `fail` one of `FAULTS`, `after` pieces sent before the fault. A block that is no JSON list of objects
is a mistake of its author and is answered with that sentence.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Turn = Mapping[str, Any]

FAULTS = frozenset(
    {
        "overloaded",
        "unavailable",
        "quota",
        "rejected",
        "misconfigured",
        "drop",
        "stall",
        "error",
        "truncate",
        "garble",
        "drip",
    }
)

_BLOCK = re.compile(r"```script\s*\n(.*?)```", re.DOTALL)
_ATTACHED = re.compile(r"\n\n\[Attached: [^\n]*\]\s*\Z")
_WORD = re.compile(r"\s*\S+\s*")


class UnreadableScript(ValueError):
    """The script block is not a JSON list of turns; correct it and send the message again."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{type(self).__doc__} ({detail})" if detail else str(type(self).__doc__))


def turns_in(text: str) -> list[Turn] | None:
    """The turns a text prescribes, or None when it prescribes nothing."""
    block = _BLOCK.search(text)
    if block is None:
        return None
    try:
        turns = json.loads(block.group(1))
    except ValueError as error:
        raise UnreadableScript(str(error)) from error
    if isinstance(turns, dict):
        turns = [turns]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise UnreadableScript("a list of objects is expected")
    unknown = {str(turn["fail"]) for turn in turns if turn.get("fail")} - FAULTS
    if unknown:
        raise UnreadableScript(
            f"unknown fail: {', '.join(sorted(unknown))}; known: {', '.join(sorted(FAULTS))}"
        )
    return turns


def without_block(text: str) -> str:
    """What the person wrote besides: neither prescribed turns, nor what the house adds about files."""
    return _ATTACHED.sub("", _BLOCK.sub(" ", text))


def pieces_of(turn: Turn) -> Iterator[str]:
    """Cut the text of a turn as it asks; joined again the pieces are the text."""
    text = str(turn.get("say", ""))
    wanted = int(turn.get("pieces", 0))
    if not text:
        return
    if wanted <= 0:
        yield from _words(text)
        return
    start = 0
    for n in range(1, wanted + 1):
        end = len(text) * n // wanted
        if end > start:
            yield text[start:end]
        start = end


def _words(text: str) -> Iterator[str]:
    found = False
    for word in _WORD.finditer(text):
        found = True
        yield word.group()
    if not found:
        yield text


def last_request(messages: Sequence[Mapping[str, Any]]) -> tuple[str, int]:
    """The last text a person sent, and how many model turns have followed it."""
    turns = 0
    for message in reversed(messages):
        if message.get("role") == "assistant":
            turns += 1
            continue
        text = text_of(message)
        if text:
            return text, turns
    return "", turns


def text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content", "")
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content if block.get("type") == "text")
