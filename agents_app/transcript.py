"""Pure: what was said and done, as messages for a provider. Every tool_use gets exactly one tool_result (G8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents_app.costs.weighing import weight

Block = dict[str, Any]
CHARS_PER_TOKEN = 4
_LEFT_OUT = "[Earlier parts of this conversation are left out.]"


@dataclass(frozen=True, slots=True)
class Use:
    """How one tool use ended: the text the model reads, whether it reads it as an error, and what says more."""

    text: str
    is_error: bool = False
    blocks: Sequence[Block] = ()

    @property
    def size(self) -> int:
        return weight(self.text) + weight(self.blocks)


@dataclass(frozen=True, slots=True)
class Turn:
    """One model turn: its content to replay, or only the text that is left of a turn cut short."""

    content: Sequence[Block] = ()
    partial: str = ""
    uses: Mapping[str, Use] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A person's message and what was answered to it. `refused`: the model declined, so it is not asked again."""

    text: str
    turns: Sequence[Turn] = ()
    refused: bool = False


def build(exchanges: Sequence[Exchange], *, budget_tokens: int) -> list[dict[str, Any]]:
    """Messages in the form of the Messages API; the oldest whole exchanges are left out beyond the budget."""
    kept = _within(exchanges, budget_tokens * CHARS_PER_TOKEN)
    messages: list[dict[str, Any]] = []
    if len(kept) < sum(1 for exchange in exchanges if not exchange.refused):
        messages.append({"role": "user", "content": [_text(_LEFT_OUT)]})
    for exchange in kept:
        for role, blocks in _said(exchange):
            _append(messages, role, blocks)
    return messages


def _within(exchanges: Sequence[Exchange], chars: int) -> list[Exchange]:
    kept: list[Exchange] = []
    for exchange in reversed(exchanges):
        if exchange.refused:
            continue
        chars -= _size(exchange)
        if chars < 0 and kept:
            break
        kept.append(exchange)
    return kept[::-1]


def _size(exchange: Exchange) -> int:
    said = sum(weight(turn.content) for turn in exchange.turns)
    return (
        weight(exchange.text) + said + sum(use.size for turn in exchange.turns for use in turn.uses.values())
    )


def _said(exchange: Exchange) -> Iterator[tuple[str, list[Block]]]:
    yield "user", [_text(exchange.text)]
    for turn in exchange.turns:
        content = [
            block for block in turn.content if block.get("type") != "text" or block.get("text", "").strip()
        ]
        if content:
            yield "assistant", content
            yield "user", _results(content, turn.uses)
        elif turn.partial.strip():
            yield "assistant", [_text(turn.partial.strip())]


def _results(content: Iterable[Block], uses: Mapping[str, Use]) -> list[Block]:
    """One result for each use, in the order of the uses; a use nobody answered was cancelled."""
    return [
        _result(block["id"], uses.get(block["id"], Use("This was cancelled before it ran.", is_error=True)))
        for block in content
        if block.get("type") == "tool_use"
    ]


def _result(use_id: str, use: Use) -> Block:
    block: Block = {
        "type": "tool_result",
        "tool_use_id": use_id,
        "content": [_text(use.text or "(no output)"), *use.blocks],
    }
    return {**block, "is_error": True} if use.is_error else block


def _append(messages: list[dict[str, Any]], role: str, blocks: list[Block]) -> None:
    if not blocks:
        return
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] = [*messages[-1]["content"], *blocks]
    else:
        messages.append({"role": role, "content": blocks})


def _text(text: str) -> Block:
    return {"type": "text", "text": text}
