"""Models whose end their maker has announced, with the day. A copy: importing the SDK costs over a second.

`tests/agents/test_model_list.py` compares it with the installed SDK.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

ENDS: Final[dict[str, date]] = {
    "claude-1.3": date(2024, 11, 6),
    "claude-1.3-100k": date(2024, 11, 6),
    "claude-instant-1.1": date(2024, 11, 6),
    "claude-instant-1.1-100k": date(2024, 11, 6),
    "claude-instant-1.2": date(2024, 11, 6),
    "claude-3-sonnet-20240229": date(2025, 7, 21),
    "claude-3-opus-20240229": date(2026, 1, 5),
    "claude-2.1": date(2025, 7, 21),
    "claude-2.0": date(2025, 7, 21),
    "claude-3-7-sonnet-latest": date(2026, 2, 19),
    "claude-3-7-sonnet-20250219": date(2026, 2, 19),
    "claude-3-5-haiku-latest": date(2026, 2, 19),
    "claude-3-5-haiku-20241022": date(2026, 2, 19),
    "claude-opus-4-0": date(2026, 6, 15),
    "claude-opus-4-20250514": date(2026, 6, 15),
    "claude-sonnet-4-0": date(2026, 6, 15),
    "claude-sonnet-4-20250514": date(2026, 6, 15),
    "claude-mythos-preview": date(2026, 6, 30),
    "claude-sonnet-4-5": date(2026, 11, 30),
    "claude-sonnet-4-5-20250929": date(2026, 11, 30),
}


def warning(model: str) -> str:
    """A sentence about the end of this model, or nothing if none is announced."""
    end = ENDS.get(model.rpartition("anthropic.")[2])
    if end is None:
        return ""
    day = f"{end.day} {end:%B %Y}"
    if end < datetime.now(UTC).date():
        return f"The model {model} was switched off by its maker on {day}. Choose another one."
    return f"The model {model} ends on {day}. Choose a newer one before then."
