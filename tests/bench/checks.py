"""Every piece exactly once, in order, from its own conversation; and the figures of those that arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tests.bench.chat import Chat


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median and tail; empty if there is nothing to say."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {
        "p50": _at(ordered, 0.50),
        "p99": _at(ordered, 0.99),
        "max": round(ordered[-1], 3),
        "n": len(ordered),
    }


def _at(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)


def latencies_ms(chats: Iterable[Chat]) -> dict[str, float]:
    """From leaving the model to arrival here, of all pieces that came over a socket."""
    return spread((arrived - left) / 1e6 for chat in chats for _, left, arrived in chat.pieces if arrived)


def faults(chats: Sequence[Chat], *, expected: int) -> dict[str, Any]:
    """Counts over all chats; `expected` pieces in each. Stamps are unique, so a stranger's piece is a repeat."""
    whole = list(range(1, expected + 1))
    seen = Counter(left for chat in chats for _, left, _ in chat.pieces)
    wrong = [chat for chat in chats if [number for number, _, _ in chat.pieces] != whole]
    words = Counter(fault for chat in chats for fault in chat.faults)
    lost = sum(max(0, expected - len({n for n, _, _ in chat.pieces})) for chat in chats)
    repeated = sum(times - 1 for times in seen.values())
    return {
        "bad_chats": sum(1 for chat in chats if chat in wrong or chat.faults or not chat.ended.is_set()),
        "wrong": lost + repeated,
        "lost": lost,
        "doubled_or_mixed": repeated,
        "not_ended": sum(1 for chat in chats if not chat.ended.is_set()),
        "faults": dict(words.most_common(5)),
    }
