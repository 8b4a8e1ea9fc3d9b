"""Pure: which tools fit a few words best, and why. BM25 over names, descriptions and parameters, weighted by place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tools_app.definition import ToolDefinition

# How much a word says by where it stands.
NAME, LABEL, DESCRIPTION, PARAMETER = 5.0, 3.0, 1.5, 1.0
# The usual constants of BM25, and what a word counts that only begins like the one asked for.
SATURATION, LENGTH, ALIKE = 1.2, 0.6, 0.5
LONGEST_READ: Final = 8_000
_SHORTEST_ALIKE: Final = 4
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_A-Za-z]+")
_ENDINGS: Final = ("ings", "ing", "ies", "ed", "es", "s")
# Words that every description is full of.
EMPTY: Final = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can do for from has have how i in into is it its me my of on or please that the "
        "their them this to tool tools use used using want was what when which with you your",
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A tool as it is searched: how much each of its words says."""

    name: str
    words: Mapping[str, float]
    size: float


@dataclass(frozen=True, slots=True)
class Match:
    name: str
    score: float
    # The words of the query that were found; all of it for an exact name.
    words: tuple[str, ...]


def entry(definition: ToolDefinition, tags: Iterable[str] = ()) -> Entry:
    texts = [(weight, words_of(text[:LONGEST_READ])) for weight, text in _texts(definition, tags)]
    return weighed(definition.name, texts)


def weighed(name: str, texts: Iterable[tuple[float, Iterable[str]]]) -> Entry:
    """Out of texts that are words already, each with what a word in it says."""
    words: dict[str, float] = {}
    for weight, found in texts:
        for word in found:
            words[word] = words.get(word, 0.0) + weight
    return Entry(name, words, sum(words.values()))


def _texts(definition: ToolDefinition, tags: Iterable[str]) -> Iterator[tuple[float, str]]:
    yield NAME, definition.name
    yield LABEL, definition.category
    yield from ((LABEL, tag) for tag in tags)
    yield DESCRIPTION, definition.description
    properties = definition.input_schema.get("properties")
    for name, spec in properties.items() if isinstance(properties, Mapping) else ():
        yield PARAMETER, str(name)
        yield PARAMETER, str(spec.get("description") or "") if isinstance(spec, Mapping) else ""


def ranked(query: str, entries: Sequence[Entry]) -> list[Match]:
    """Best first; what shares no word with the query is left out. Tools named exactly come before all others."""
    exact = set(re.findall(r"[a-z0-9_-]+", query.lower()))
    found = []
    for each, parts in _judged(words_of(query), entries):
        if each.name in exact:
            found.append(Match(each.name, math.inf, (each.name,)))
        elif score := sum(parts.values()):
            found.append(Match(each.name, score, tuple(word for word, part in parts.items() if part)))
    return sorted(found, key=lambda match: (-match.score, match.name))


def scored(wanted: Iterable[str], entries: Sequence[Entry]) -> dict[str, float]:
    """How well each fits these words, by its name."""
    return {each.name: sum(parts.values()) for each, parts in _judged(wanted, entries)}


def _judged(wanted: Iterable[str], entries: Sequence[Entry]) -> Iterator[tuple[Entry, dict[str, float]]]:
    words = list(dict.fromkeys(wanted))
    counts = [{word: _count(word, each) for word in words} for each in entries]
    rarity = {word: _rarity(sum(1 for count in counts if count[word]), len(entries)) for word in words}
    average = (sum(each.size for each in entries) / len(entries) if entries else 1.0) or 1.0
    for each, count in zip(entries, counts, strict=True):
        yield each, {word: rarity[word] * _saturated(count[word], each.size / average) for word in words}


def words_of(text: str) -> list[str]:
    """Words without their endings, in order; names are taken apart (`read_file`, `readFile`)."""
    return [stem(word.lower()) for word in _WORD.findall(text) if word.lower() not in EMPTY]


def stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending) + ("y" if ending == "ies" else "")
    return word.removesuffix("e") if len(word) > 3 else word


def _count(word: str, each: Entry) -> float:
    if (exact := each.words.get(word)) is not None:
        return exact
    if len(word) < _SHORTEST_ALIKE:
        return 0.0
    return ALIKE * max(
        (weight for other, weight in each.words.items() if other.startswith(word)), default=0.0
    )


def _rarity(holding: int, of: int) -> float:
    return math.log(1 + (of - holding + 0.5) / (holding + 0.5))


def _saturated(count: float, length: float) -> float:
    return count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH + LENGTH * length)) if count else 0.0


def described(match: Match, labels: Mapping[str, Any]) -> str:
    """Why it was found, in a few words."""
    if math.isinf(match.score):
        return "its name was given"
    told = f"matches {', '.join(match.words)}" if match.words else ""
    named = ", ".join(f"{kind} {value}" for kind, value in labels.items() if value)
    return "; ".join(part for part in (told, named) if part) or "it is one of them"
