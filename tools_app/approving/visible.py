"""Makes every character of a value visible to the person who decides about it.

An approval is only worth something if what is read is what runs: characters that hide, reorder or imitate
are shown by their number, long blank stretches by their length. The same escapes never stand for themselves.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from tools_app.approving import lookalikes, marks

# A value longer than this, or mostly made of escapes, cannot be read by a person; nobody may approve it.
SHOWABLE_CHARS = 200_000
SHOWABLE_ESCAPES = 0.3
FEW_ESCAPES = 16

HIDING_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
# Drawn as nothing, or as part of their neighbour, although their category says letter or mark.
DRAWN_AS_NOTHING = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE0E),
}
OPENING, CLOSING = "⟨", "⟩"
NEAR = 12
# Where a person must be able to tell each character: one that only looks right leads to another place.
EXACT_KINDS = frozenset({"argv", "command", "email", "folder", "host", "path", "url"})

_SUSPECT = re.compile(r"[^\n\t -~]|\x7f")
_RUN = re.compile(r"\S+")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBERED = re.compile(r"\w+")
_DIGIT = re.compile(r"(?![0-9])\d")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_LETTER_OR_DIGIT = re.compile(r"[A-Za-z0-9]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){4,}")
_BLANKS = re.compile(r"[ \t]{41,}")


def visible_text(value: object) -> str:
    """Write a JSON value so that nothing in it is invisible; texts appear as they are, the rest as JSON."""
    return _visible(_plain(value), exact=False)


def exact_text(value: object) -> str:
    """The same for values of EXACT_KINDS: what only looks like a Latin letter, a hyphen or a quote is told apart."""
    return _visible(_plain(value), exact=True)


def of_kind(kind: str) -> Callable[[object], str]:
    """How a value of this kind is written."""
    return exact_text if kind in EXACT_KINDS else visible_text


def is_showable(value: object) -> bool:
    """Say whether a person can be expected to read what `visible_text` gives."""
    plain = _plain(value)
    if len(plain) > SHOWABLE_CHARS:
        return False
    if not _SUSPECT.search(plain):
        return True
    return len(_hidden(plain, exact=False)) <= max(FEW_ESCAPES, len(plain) * SHOWABLE_ESCAPES)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _visible(text: str, *, exact: bool) -> str:
    if _SUSPECT.search(text):
        hidden, named = _hidden(text, exact=exact), _named(text, exact=exact)
        text = "".join(
            (_escape(character) if index in hidden else character) + named.get(index, "")
            for index, character in enumerate(text)
        )
    text = _BLANK_LINES.sub(_note_blank_lines, text)
    return _BLANKS.sub(_note_blanks, text)


def _hidden(text: str, *, exact: bool) -> set[int]:
    """The places of all that is shown by its number."""
    found = {
        match.start()
        for match in _SUSPECT.finditer(text)
        if not _is_plain(match[0], exact=exact) and _hides_at(text, match.start(), exact=exact)
    }
    for run in _RUN.finditer(text):
        if _NOT_ASCII.search(run[0]):
            found.update(run.start() + place for place in _foreign(run[0], exact=exact))
    return found


def _hides_at(text: str, at: int, *, exact: bool) -> bool:
    character = text[at]
    if _is_nothing(character):
        return True
    if marks.is_mark(character):
        return (marks.misleads_exactly if exact else marks.misleads)(text, at)
    if character in lookalikes.WIDE_PUNCTUATION:
        return not _is_among_wide(text, at)
    if lookalikes.imitates(character) or (exact and lookalikes.imitates_exactly(character)):
        return True
    return character in lookalikes.HYPHENS and _begins_a_word(text, at)


@lru_cache(maxsize=16_384)
def _is_plain(character: str, *, exact: bool) -> bool:
    """Whether it may stand anywhere, as most letters may: then nothing else has to be asked."""
    return not (
        _is_nothing(character)
        or marks.is_mark(character)
        or lookalikes.imitates(character)
        or character in lookalikes.HYPHENS
        or (exact and lookalikes.imitates_exactly(character))
    )


@lru_cache(maxsize=8_192)
def _is_nothing(character: str) -> bool:
    """Whether nothing is drawn, or what the house itself draws."""
    is_hiding = unicodedata.category(character) in HIDING_CATEGORIES
    return character == OPENING or is_hiding or ord(character) in DRAWN_AS_NOTHING


def _is_among_wide(text: str, at: int) -> bool:
    """Whether it stands in a run with letters of Chinese, Japanese or Korean, whose punctuation it is."""
    before, behind = text[max(at - NEAR, 0) : at], text[at + 1 : at + 1 + NEAR]
    near = (before.split() or [""])[-1] + (behind.split() or [""])[0]
    return any(unicodedata.east_asian_width(each) == "W" for each in near)


def _begins_a_word(text: str, at: int) -> bool:
    """As "-rf" does: nothing before it, and a letter or another hyphen behind."""
    before, behind = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    is_first = not before or not (before.isalnum() or before in lookalikes.HYPHENS)
    return is_first and (behind.isalpha() or behind == "-" or behind in lookalikes.HYPHENS)


def _escape(character: str) -> str:
    return f"{OPENING}U+{ord(character):04X}{CLOSING}"


def _foreign(run: str, *, exact: bool) -> Iterator[int]:
    """Letters of another script in a word with Latin ones, and digits of another script beside ours.

    `раypal` is not `paypal`. Words and numbers that are wholly of another script are somebody's language.
    """
    for word in _WORD.finditer(run):
        if any(lookalikes.script_of(letter) == lookalikes.LATIN for letter in word[0]):
            imitating = enumerate(map(lookalikes.imitating_script, word[0]))
            yield from (word.start() + place for place, script in imitating if script)
    for number in _NUMBERED.finditer(run):
        is_mixed = bool(_LETTER_OR_DIGIT.search(number[0]))
        if is_mixed or (exact and not _WORD.search(number[0])):
            yield from (number.start() + digit.start() for digit in _DIGIT.finditer(number[0]))


def _named(text: str, *, exact: bool) -> dict[int, str]:
    """By the place of its last letter, the script of each word that could be read as a Latin one.

    In prose only where Latin letters stand beside it, as in an address: a word of Russian or Greek is one.
    """
    found = {}
    for run in _RUN.finditer(text):
        if not _NOT_ASCII.search(run[0]) or not (exact or _LATIN_LETTER.search(run[0])):
            continue
        for word in _WORD.finditer(run[0]):
            if script := lookalikes.passes_for_latin(word[0]):
                found[run.start() + word.end() - 1] = f"{OPENING}{script.title()}{CLOSING}"
    return found


def _note_blank_lines(match: re.Match[str]) -> str:
    return f"\n{OPENING}{match[0].count(chr(10)) - 1} blank lines{CLOSING}\n"


def _note_blanks(match: re.Match[str]) -> str:
    return f"{OPENING}{len(match[0])} blanks{CLOSING}"
