"""One turn of a model being put together from its events: what may be shown at once, and what it was in the
end.

Pure: no connection, no clock. A tool is handed on only when its block *and* the message have ended.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agents_app.providers.base import ModelEvent, TextPiece, ThinkingPiece, ToolUse, TurnEnded, Usage
from agents_app.providers.errors import ProviderInterrupted
from agents_app.providers.sse import Delta, Event, Fault, StreamBroken, UsageCounts
from tools_app import arguments
from tools_app.exceptions import InvalidArguments

# Endings after which a tool block may be cut short or must not be acted on. The vendor closes a cut block
# properly, so its being closed proves nothing.
NOT_TO_BE_RUN = frozenset({"max_tokens", "model_context_window_exceeded", "refusal", "pause_turn"})

# Far more than any model reads or writes at once. What an endpoint counts is booked on budgets, so it must make sense.
_MOST_TOKENS = 100_000_000


class Block:
    """One content block: what it began with, and the pieces that followed."""

    __slots__ = ("closed", "pieces", "signature", "start")

    def __init__(self, start: dict[str, Any]) -> None:
        self.start = start
        self.pieces: list[str] = []
        self.signature = str(start.get("signature") or "")
        self.closed = False

    @property
    def kind(self) -> str:
        return str(self.start.get("type"))

    def raw_input(self) -> str:
        """The JSON text of a tool's arguments; some servers send them whole with the block's start."""
        raw = "".join(self.pieces)
        return raw or msgspec.json.encode(self.start.get("input") or {}).decode()


class Turn:
    """Feed events with `take`; when `over`, `ending` says what it came to."""

    def __init__(self, *, max_chars: int) -> None:
        self.over = False
        # Events that were more than signs of life.
        self.heard = 0
        self._blocks: dict[int, Block] = {}
        self._left = max_chars
        self._max_chars = max_chars
        self._stop_reason = ""
        self._model = ""
        self._counts = UsageCounts(0, 0, 0, 0)

    @property
    def begun(self) -> bool:
        """Whether anything came that a second attempt would repeat."""
        return bool(self._blocks)

    def take(self, events: Iterable[Event]) -> Iterator[TextPiece | ThinkingPiece]:
        """Neighbouring pieces of one read are one piece: a busy reader sends fewer, larger ones.

        Where the events break off, what came before is given out first: text that arrived is kept.
        """
        gathered: TextPiece | ThinkingPiece | None = None
        try:
            for event in events:
                piece = self._take(event)
                if piece is None:
                    continue
                if gathered is not None and type(gathered) is not type(piece):
                    yield gathered
                    gathered = None
                gathered = piece if gathered is None else type(piece)(gathered.text + piece.text)
        except StreamBroken as broken:
            if gathered is not None:
                yield gathered
            raise broken from None
        if gathered is not None:
            yield gathered

    def ending(self, *, request_id: str) -> list[ModelEvent]:
        runnable = self._stop_reason not in NOT_TO_BE_RUN
        kept = [block for block in self._blocks.values() if _is_kept(block, runnable=runnable)]
        tools = [_tool_use(block) for block in kept if block.kind == "tool_use"]
        _refuse_doubles(tools)
        content = [self._replayed(block) for block in kept]
        stop_reason = self._stop_reason or ("tool_use" if tools else "end_turn")
        return [*tools, TurnEnded(stop_reason, content, self._usage(), request_id, self._model)]

    def _take(self, event: Event) -> TextPiece | ThinkingPiece | None:
        kind = event.type
        self.heard += kind != "ping"
        if kind == "content_block_delta" and event.delta is not None:
            return self._grow(event.index, event.delta)
        if kind == "content_block_start" and event.content_block is not None:
            return self._open(event.index, event.content_block)
        if kind == "content_block_stop" and event.index in self._blocks:
            self._blocks[event.index].closed = True
        elif kind == "message_start" and event.message is not None:
            self._model = event.message.model
            self._count(event.message.usage)
        elif kind == "message_delta":
            self._stop_reason = (event.delta and event.delta.stop_reason) or self._stop_reason
            self._count(event.usage)
        elif kind == "message_stop":
            self.over = True
        elif kind == "error":
            fault = event.error or Fault()
            raise StreamBroken(fault.type, fault.message)
        return None

    def _open(self, index: int, start: dict[str, Any]) -> TextPiece | ThinkingPiece | None:
        if index in self._blocks:
            raise StreamBroken("garbled", f"content block {index} began twice")
        block = self._blocks[index] = Block(start)
        first = str(start.get(block.kind) or "") if block.kind in ("text", "thinking") else ""
        return self._shown(block, first) if first else None

    def _grow(self, index: int, delta: Delta) -> TextPiece | ThinkingPiece | None:
        block = self._blocks.get(index)
        if block is None or block.closed:
            raise StreamBroken("garbled", f"content block {index} is not open")
        if delta.signature:
            block.signature += delta.signature
        if delta.citation is not None:
            block.start.setdefault("citations", [])
            block.start["citations"] = [*(block.start["citations"] or ()), delta.citation]
        piece = delta.text or delta.thinking or delta.partial_json
        return self._shown(block, piece) if piece else None

    def _shown(self, block: Block, piece: str) -> TextPiece | ThinkingPiece | None:
        self._left -= len(piece)
        if self._left < 0:
            raise StreamBroken("too_large", f"more than {self._max_chars} characters")
        block.pieces.append(piece)
        if block.kind == "text":
            return TextPiece(piece)
        return ThinkingPiece(piece) if block.kind == "thinking" else None

    def _replayed(self, block: Block) -> dict[str, Any]:
        joined = "".join(block.pieces)
        if block.kind == "text":
            return {**{k: v for k, v in block.start.items() if v is not None}, "text": joined}
        if block.kind == "thinking":
            return {"type": "thinking", "thinking": joined, "signature": block.signature}
        if block.kind in ("tool_use", "server_tool_use"):
            return {**block.start, "input": self._strict(block.raw_input())}
        return block.start

    def _strict(self, raw: str) -> dict[str, Any]:
        """Invalid arguments are replayed as none: the request must stay acceptable, the tool's answer says
        why."""
        try:
            return dict(arguments.parse(raw, max_bytes=4 * self._max_chars))
        except InvalidArguments:
            return {}

    def _count(self, usage: UsageCounts | None) -> None:
        for name in UsageCounts.__struct_fields__ if usage else ():
            counted = getattr(usage, name)
            if counted is None:
                continue
            if not 0 <= counted <= _MOST_TOKENS:
                raise StreamBroken("garbled", f"{name} of {counted}")
            setattr(self._counts, name, counted)

    def _usage(self) -> Usage:
        counts = self._counts
        return Usage(
            input_tokens=counts.input_tokens or 0,
            output_tokens=counts.output_tokens or 0,
            cache_read_tokens=counts.cache_read_input_tokens or 0,
            cache_write_tokens=counts.cache_creation_input_tokens or 0,
        )


def _is_kept(block: Block, *, runnable: bool) -> bool:
    """Empty text and unsigned reasoning are refused by the vendor when repeated; unfinished tools are never
    run."""
    if block.kind == "tool_use":
        return runnable and block.closed
    if block.kind == "text":
        return any(piece.strip() for piece in block.pieces)
    if block.kind == "thinking":
        return bool(block.signature)
    return block.closed


def _tool_use(block: Block) -> ToolUse:
    tool = ToolUse(str(block.start.get("id") or ""), str(block.start.get("name") or ""), block.raw_input())
    if not tool.id or not tool.name:
        raise StreamBroken("garbled", "a tool use without id or name")
    return tool


def _refuse_doubles(tools: list[ToolUse]) -> None:
    """Two uses under one id could not be told apart when their results go back: none of them is run."""
    if len({tool.id for tool in tools}) != len(tools):
        raise ProviderInterrupted(
            "The model asked for two tools under one id, so neither was run. Try again.",
            code="duplicate_tool_use",
            detail=", ".join(tool.id for tool in tools),
        )
