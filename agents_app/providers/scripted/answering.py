"""Telling what tools answered: results word for word or shortened, refusals and failures with their
reason."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents_app.answering.fencing import unfenced

LONGEST_QUOTED = 8000
SHORT = re.compile(r"\b(?:summar\w*|brief\w*|shorten|in\s+short|gist|tl;?dr)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one use of a tool."""

    tool: str
    text: str
    failed: bool


def outcomes_of(messages: Sequence[Mapping[str, Any]]) -> tuple[int, list[Outcome]]:
    """Rounds of tools since the person's last words, and what came of each use, in order."""
    since = _since_last_words(messages)
    uses = [
        block
        for message in since
        if message.get("role") == "assistant"
        for block in _blocks(message, "tool_use")
    ]
    rounds = sum(1 for m in since if m.get("role") == "assistant" and _blocks(m, "tool_use"))
    results = {
        block.get("tool_use_id"): block
        for message in since
        if message.get("role") == "user"
        for block in _blocks(message, "tool_result")
    }
    answered = [(use, results[use["id"]]) for use in uses if use.get("id") in results]
    outcomes = [
        Outcome(str(use.get("name")), _text(result), bool(result.get("is_error"))) for use, result in answered
    ]
    return rounds, outcomes


def _since_last_words(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    for at in range(len(messages) - 1, -1, -1):
        content = messages[at].get("content", "")
        if messages[at].get("role") == "user" and (isinstance(content, str) or _blocks(messages[at], "text")):
            return list(messages[at:][1:])
    return list(messages)


def _blocks(message: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    content = message.get("content", "")
    return [] if isinstance(content, str) else [block for block in content if block.get("type") == kind]


def _text(result: Mapping[str, Any]) -> str:
    content = result.get("content", "")
    if isinstance(content, str):
        return unfenced(content)
    return unfenced("\n".join(str(block.get("text", "")) for block in content if block.get("type") == "text"))


def told(outcomes: Sequence[Outcome], request: str, *, left_undone: bool = False) -> str:
    """The answer; what a tool returned stands last and whole, unless a summary was asked for."""
    shorten = bool(SHORT.search(request))
    parts = [_failure(outcome) for outcome in outcomes if outcome.failed]
    if left_undone:
        parts.append("I did not go on with the rest, because it builds on that.")
    parts += [_success(outcome, shorten=shorten) for outcome in outcomes if not outcome.failed]
    return "\n\n".join(parts) + ("\n\n" if parts else "")


def _failure(outcome: Outcome) -> str:
    reason = " ".join(outcome.text.split()) or "no reason was given"
    return f"`{outcome.tool}` brought no result: {reason}"


def _success(outcome: Outcome, *, shorten: bool) -> str:
    text = outcome.text.strip()
    if not text:
        return f"`{outcome.tool}` ended without saying anything."
    text = _readable(text)
    if shorten:
        return f"`{outcome.tool}` in short: {_gist(text)}"
    if "\n" not in text and len(text) <= 200:
        return f"`{outcome.tool}` answered: {text}"
    return f"`{outcome.tool}` answered:\n\n{_quoted(text)}"


def _readable(text: str) -> str:
    if text[0] in "{[":
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            return text
    return text


def _quoted(text: str) -> str:
    kept = text[:LONGEST_QUOTED]
    longest = max((len(run) for run in re.findall(r"`+", kept)), default=0)
    fence = "`" * max(3, longest + 1)
    rest = len(text) - len(kept)
    note = f"\n\n… and {rest:,} more characters, which the card of this tool shows." if rest else ""
    return f"{fence}\n{kept}\n{fence}{note}"


def _gist(text: str) -> str:
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(text.split()))
    gist = " ".join(sentences[:2])
    return f"{gist[:400]} ({len(text.split()):,} words in {len(text.splitlines()):,} lines)"
