"""Pure: a document cut into passages that can be found and cited, and texts as the plain words that are searched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# About three hundred words: enough to answer from, little enough that a few of them fit beside each other.
PASSAGE_CHARS: Final = 1_600
_LONGEST_WORD: Final = 60
_HEADING: Final = re.compile(r"(#{1,6})[ \t]+(.{1,1000})\Z")
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？])\s+|\n")
# Scripts without blanks between words: each character is one.
_IDEOGRAPH: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD: Final = re.compile(rf"[{_IDEOGRAPH}]|[^\W_{_IDEOGRAPH}]+")


@dataclass(frozen=True, slots=True)
class Piece:
    heading: str
    text: str


def split(text: str) -> list[Piece]:
    """At headings, then at blank lines, then between sentences; nothing is lost but white space at the edges."""
    pieces: list[Piece] = []
    for heading, body in _sections(text):
        pieces += [Piece(heading, part) for part in _packed(_parts(body))]
    return pieces


def words(text: str) -> str:
    """Lower case, without accents, one blank between words: what both databases' searches read alike."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    found = _WORD.findall(unicodedata.normalize("NFC", plain))
    return " ".join(word[:_LONGEST_WORD] for word in found)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Each with the headings above it, `Terms > Returns`; a document without any is one section."""
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= line.lstrip().startswith("```")
        found = None if in_code else _HEADING.match(line)
        if found is None:
            lines.append(line)
            continue
        yield _path(above), "\n".join(lines)
        lines = []
        level = len(found[1])
        above = [
            *((depth, title) for depth, title in above if depth < level),
            (level, found[2].strip("# \t")),
        ]
    yield _path(above), "\n".join(lines)


def _path(above: list[tuple[int, str]]) -> str:
    return " > ".join(title for _, title in above)[:300]


def _parts(body: str) -> Iterator[str]:
    """Paragraphs; of one that is too long its sentences, and of a sentence that is too long stretches."""
    for paragraph in re.split(r"\n\s*\n", body):
        whole = paragraph.strip()
        if len(whole) <= PASSAGE_CHARS:
            yield whole
            continue
        for sentence in _SENTENCE.split(whole):
            yield from (sentence[at : at + PASSAGE_CHARS] for at in range(0, len(sentence), PASSAGE_CHARS))


def _packed(parts: Iterator[str]) -> Iterator[str]:
    """Neighbours together, as many as fit."""
    gathered = ""
    for part in parts:
        if gathered and len(gathered) + len(part) + 2 > PASSAGE_CHARS:
            yield gathered
            gathered = ""
        if part:
            gathered = f"{gathered}\n\n{part}" if gathered else part
    if gathered:
        yield gathered
