"""Pure: what changes between two texts, as a unified diff; in good time for any texts, if need be with larger parts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

CONTEXT = 3
# Comparing each line with each: beyond this, lines are only compared in their places.
MAX_PAIRS = 250_000


class Change(NamedTuple):
    """The lines old[start:end] become new[new_start:new_end]."""

    start: int
    end: int
    new_start: int
    new_end: int


def unified(path: str, before: str | None, after: str) -> str:
    """The diff, "" where nothing changes; `before` is None for a file that is new."""
    if before is not None and _is_crlf(before) and _is_crlf(after):
        before, after, note = (
            before.replace("\r\n", "\n"),
            after.replace("\r\n", "\n"),
            " (lines end in CR LF)",
        )
    else:
        note = ""
    old, new = _lines(before or ""), _lines(after)
    hunks = [line for group in _grouped(_changes(old, new)) for line in _hunk(group, old, new)]
    if not hunks and before is not None:
        return ""
    return "\n".join(
        [f"--- {path}{note}" if before is not None else "--- no file yet", f"+++ {path}", *hunks]
    )


def _is_crlf(text: str) -> bool:
    return "\n" in text and text.count("\n") == text.count("\r\n")


def _lines(text: str) -> list[str]:
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    shorter = min(len(old), len(new))
    first = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - first
    last = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    middle, other = old[first : len(old) - last], new[first : len(new) - last]
    for change in _between(middle, other):
        yield Change(*(place + first for place in change))


def _between(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    if len(old) * len(new) <= MAX_PAIRS:
        for tag, *places in difflib.SequenceMatcher(None, old, new).get_opcodes():
            if tag != "equal":
                yield Change(*places)
    elif len(old) != len(new):
        yield Change(0, len(old), 0, len(new))
    else:
        different = [n for n in range(len(old)) if old[n] != new[n]]
        for start, end in _runs(different):
            yield Change(start, end, start, end)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers in order, as ranges: 3 4 5 9 gives (3, 6) and (9, 10)."""
    start = None
    for index, number in enumerate(numbers):
        start = number if start is None else start
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield start, number + 1
            start = None


def _grouped(changes: Iterator[Change]) -> Iterator[list[Change]]:
    group: list[Change] = []
    for change in changes:
        if group and change.start - group[-1].end > 2 * CONTEXT:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _hunk(group: Sequence[Change], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    lead = min(CONTEXT, group[0].start)
    start, end = group[0].start - lead, min(group[-1].end + CONTEXT, len(old))
    new_start, new_end = group[0].new_start - lead, group[-1].new_end + end - group[-1].end
    yield f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@"
    at = start
    for change in group:
        yield from _marked(" ", old[at : change.start])
        yield from _marked("-", old[change.start : change.end])
        yield from _marked("+", new[change.new_start : change.new_end])
        at = change.end
    yield from _marked(" ", old[at:end])


def _range(start: int, end: int) -> str:
    return f"{start + 1 if end > start else start},{end - start}"


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"
