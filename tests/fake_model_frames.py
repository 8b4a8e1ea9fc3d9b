"""Turns of a script as the frames the Messages API would send, with faults cut in where the turn asks for
them."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from agents_app.providers.script import Turn, pieces_of

_numbers = count(1)

HTTP_FAULTS: Mapping[str, tuple[int, str, dict[str, Any]]] = {
    "overloaded": (529, "overloaded_error", {}),
    "unavailable": (500, "api_error", {}),
    "quota": (429, "rate_limit_error", {"details": {"error_code": "enforced_spend_limit_reached"}}),
    "rejected": (400, "invalid_request_error", {}),
    "misconfigured": (401, "authentication_error", {}),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event; `pause` seconds are waited before it, `stamp` frames are rendered when they
    leave."""

    event: str
    body: Mapping[str, Any]
    pause: float = 0.0
    stamp: int = 0

    @property
    def is_piece(self) -> bool:
        return self.event == "content_block_delta"

    def wire(self) -> bytes:
        body = self.body
        if self.stamp:
            delta = {"type": "text_delta", "text": f"{self.stamp}:{time.monotonic_ns()} "}
            body = {**body, "delta": delta}
        return f"event: {self.event}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def http_error(turn: Turn) -> tuple[int, dict[str, str], dict[str, Any]] | None:
    """Status, headers and body when the turn fails before any event."""
    headers = {str(k): str(v) for k, v in turn.get("headers", {}).items()}
    if "status" in turn:
        kind = str(turn.get("error", "api_error"))
        details = {"details": turn["details"]} if "details" in turn else {}
        return (
            int(turn["status"]),
            headers,
            error_body(kind, str(turn.get("message", "told to fail")), details),
        )
    fault = HTTP_FAULTS.get(str(turn.get("fail", "")))
    if fault is None or "after" in turn:
        return None
    status, kind, details = fault
    return status, headers, error_body(kind, "told to fail", details)


def error_body(kind: str, message: str, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "error",
        "error": {"type": kind, "message": message, **(extra or {})},
        "request_id": "req_fake",
    }


def frames(turn: Turn, model: str) -> Iterator[Frame]:
    """Every event of an undisturbed turn, in order."""
    usage = {"input_tokens": 11, "output_tokens": 1, **turn.get("usage", {})}
    message = {
        "id": f"msg_{next(_numbers)}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
    }
    start = {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield Frame("message_start", {"type": "message_start", "message": start})
    yield Frame("ping", {"type": "ping"})
    index = count()
    for block in _blocks(turn):
        yield from _block_frames(next(index), block, turn)
    if not turn.get("cut_block"):
        yield from _ending(turn)


def _ending(turn: Turn) -> Iterator[Frame]:
    stop = turn.get("stop") or ("tool_use" if turn.get("call") else "end_turn")
    delta = {"stop_reason": stop, "stop_sequence": None}
    body = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7, **turn.get("usage", {})}}
    yield Frame("message_delta", body)
    yield Frame("message_stop", {"type": "message_stop"})


def _blocks(turn: Turn) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    if think := turn.get("think"):
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces_of({"say": think})]
        deltas.append({"type": "signature_delta", "signature": str(turn.get("signature", "c2lnbmVk"))})
        yield {"type": "thinking", "thinking": "", "signature": ""}, deltas
    if turn.get("stamp"):
        yield {"type": "text", "text": ""}, [{"type": "stamp"}] * int(turn["stamp"])
    if turn.get("say"):
        yield (
            {"type": "text", "text": ""},
            [{"type": "text_delta", "text": piece} for piece in pieces_of(turn)],
        )
    for call in turn.get("call", ()):
        raw = call["raw"] if "raw" in call else json.dumps(call.get("arguments", {}))
        start = {
            "type": "tool_use",
            "id": call.get("id") or f"toolu_{next(_numbers)}",
            "name": call["name"],
            "input": {},
        }
        cut = [raw[at : at + 16] for at in range(0, len(raw), 16)]
        yield start, [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *cut]]
    yield from ((dict(block), []) for block in turn.get("blocks", ()))


def _block_frames(
    index: int, block: tuple[dict[str, Any], list[dict[str, Any]]], turn: Turn
) -> Iterator[Frame]:
    start, deltas = block
    pace = float(turn.get("pace_ms", 0)) / 1000
    yield Frame(
        "content_block_start", {"type": "content_block_start", "index": index, "content_block": start}
    )
    for n, delta in enumerate(deltas, 1):
        stamp = n if delta["type"] == "stamp" else 0
        yield Frame(
            "content_block_delta",
            {"type": "content_block_delta", "index": index, "delta": delta},
            pace,
            stamp,
        )
    if turn.get("cut_block") and start["type"] == "tool_use":
        yield from _ending(turn)
        return
    yield Frame("content_block_stop", {"type": "content_block_stop", "index": index})
