"""Values found in a text by their shape: addresses, paths, numbers, sums, dates, zones, quoted words.

Each is used once: two paths in a request go to two parameters, not twice to one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from agents_app.providers.scripted import sums, zones

QUOTED = re.compile(
    r"```(?:\w*\n)?(?P<a>.*?)```|`(?P<b>[^`\n]+)`|\"(?P<c>[^\"]*)\"|“(?P<d>[^”]*)”|„(?P<e>[^“”]*)[“”]|«(?P<f>[^»]*)»"
    r"|(?<!\w)'(?P<g>[^'\n]+)'(?!\w)",
    re.DOTALL,
)
URL = re.compile(r"\bhttps?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]}]", re.IGNORECASE)
DOMAIN = re.compile(
    r"\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|edu|gov|eu|de|uk|fr|ch|at)\b(?:/\S*)?", re.IGNORECASE
)
EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
PATH = re.compile(
    r"(?<![\w/:@.])(?:(?:~|\.{1,2})?/[\w.@+-]+(?:/[\w.@+-]*)*|[\w@+-][\w.@+-]*(?:/[\w.@+-]+)+/?"
    r"|[\w-][\w.-]*\.[A-Za-z][A-Za-z0-9]{0,5})(?![\w/@])"
)
BEATEN_BY = {
    "url": ("email",),
    "date": ("url",),
    "zone": ("url",),
    "path": ("url", "email", "zone", "date", "json", "path"),
    "expression": ("url", "email", "date", "path", "json"),
    "number": ("url", "email", "date", "path", "json"),
}
MOST_FOUND = 30
QUOTED_PATH = re.compile(r"[^\n]{0,200}/[^\n]{0,100}|[\w .()-]{1,80}\.[A-Za-z]\w{0,5}")
NO_PATH = frozenset({"e.g", "i.e", "and/or", "he/she", "w/o", "n/a"})
ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?\b")
DAY = re.compile(r"\b(today|tomorrow|yesterday)\b", re.IGNORECASE)
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
LONG_DATE = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m1>{'|'.join(MONTHS)})|(?P<m2>{'|'.join(MONTHS)})\s+(?P<d2>\d{{1,2}}))"
    r"(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")


@dataclass(frozen=True, slots=True)
class Found:
    kind: str
    text: str
    start: int
    end: int

    def overlaps(self, other: "Found") -> bool:
        return self.start < other.end and other.start < self.end


class Values:
    """What a text holds; `take` hands out each stretch of it once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._left = _weeded(sorted(_all(text), key=lambda found: found.start))
        self._unused = text

    def has(self, kind: str) -> bool:
        return any(found.kind == kind for found in self._left)

    def first(self, kind: str) -> Found | None:
        return next((found for found in self._left if found.kind == kind), None)

    def take(self, kind: str) -> str | None:
        found = self.first(kind)
        if found is None:
            return None
        self.use(found)
        return found.text

    def use(self, used: Found) -> None:
        self._left = [found for found in self._left if not found.overlaps(used)]
        blank = " " * (used.end - used.start)
        self._unused = self._unused[: used.start] + blank + self._unused[used.end :]

    def take_rest(self) -> str:
        """All that nobody has used yet."""
        rest, self._unused, self._left = self._unused, "", []
        return rest

    def all_of(self, kind: str) -> list[Found]:
        return [found for found in self._left if found.kind == kind]

    def prose(self) -> str:
        """The text without its values: the words that say what is wanted."""
        kept, at = [], 0
        for found in self._left:
            if found.start >= at:
                kept.append(self.text[at : found.start])
            at = max(at, found.end)
        return " ".join([*kept, self.text[at:]])


def _all(text: str) -> Iterator[Found]:
    for source in _sources(text):
        yield from islice(source, MOST_FOUND)


def _sources(text: str) -> Iterator[Iterator[Found]]:
    """One stream for each kind, so that a text full of one kind costs no more than its share."""
    yield _quotations(text)
    for kind, pattern in (("url", URL), ("email", EMAIL), ("number", NUMBER)):
        yield (Found(kind, match.group(), match.start(), match.end()) for match in pattern.finditer(text))
    yield (
        Found("url", f"https://{match.group()}", match.start(), match.end())
        for match in DOMAIN.finditer(text)
    )
    yield _paths(text)
    yield (Found("date", day, start, end) for day, start, end in _dates(text))
    yield (Found("expression", term, start, end) for term, start, end in sums.found_in(text))
    yield (Found("zone", zone, start, end) for zone, start, end in zones.found_in(text))
    yield _objects(text)


def _quotations(text: str) -> Iterator[Found]:
    for quoted in QUOTED.finditer(text):
        inside = next(group for group in quoted.groups() if group is not None)
        yield Found("quoted", inside, quoted.start(), quoted.end())
        if kind := _kind_of_quoted(inside):
            yield Found(kind, inside.strip(), quoted.start(), quoted.end())


def _paths(text: str) -> Iterator[Found]:
    for match in PATH.finditer(text):
        if match.group().lower() not in NO_PATH and not DOMAIN.fullmatch(match.group()):
            yield Found("path", match.group(), match.start(), match.end())


def _weeded(found: list[Found]) -> list[Found]:
    """Drop what only looks like a value inside a stronger one: digits of an address, a path within it."""
    return [
        one
        for one in found
        if not any(
            other.kind in BEATEN_BY.get(one.kind, ()) and other.overlaps(one) and _wider(other, one)
            for other in found
        )
    ]


def _wider(other: Found, one: Found) -> bool:
    """Of two alike that cover the same stretch neither beats the other."""
    more = (other.end - other.start) - (one.end - one.start)
    return more > 0 or (more == 0 and other.kind != one.kind)


def _kind_of_quoted(inside: str) -> str:
    text = inside.strip()
    if URL.fullmatch(text):
        return "url"
    return "path" if QUOTED_PATH.fullmatch(text) else ""


def _dates(text: str) -> Iterator[tuple[str, int, int]]:
    for match in ISO_DATE.finditer(text):
        yield match.group(), match.start(), match.end()
    today = datetime.now(UTC).date()
    for match in DAY.finditer(text):
        days = {"today": 0, "tomorrow": 1, "yesterday": -1}[match.group().lower()]
        yield (today + timedelta(days=days)).isoformat(), match.start(), match.end()
    for match in LONG_DATE.finditer(text):
        month = MONTHS.index((match["m1"] or match["m2"]).lower()) + 1
        yield f"{match['year']}-{month:02}-{int(match['d1'] or match['d2']):02}", match.start(), match.end()


def _objects(text: str) -> Iterator[Found]:
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            _, end = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
            continue
        yield Found("json", text[at:end], at, end)
        at = end
