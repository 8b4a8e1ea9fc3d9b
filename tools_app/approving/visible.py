"""Makes every character of a value visible to the person who decides about it.

An approval is only worth something if what is read is what runs: characters that hide, reorder or imitate
are shown by their number, long blank stretches by their length. The same escapes never stand for themselves.
"""

import json
import re
import unicodedata
from collections.abc import Iterator

# A value longer than this, or mostly made of escapes, cannot be read by a person; nobody may approve it.
SHOWABLE_CHARS = 200_000
SHOWABLE_ESCAPES = 0.3
FEW_ESCAPES = 16

KEPT = {"\n", "\t", " "}
HIDING_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
# Drawn as nothing, or as part of their neighbour, although their category says letter or mark.
DRAWN_AS_NOTHING = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0xFE00, 0xFE0E)}
IMITATES_ASCII = ((0xFF01, 0xFF5E), (0x1D400, 0x1D7FF), (0x2024, 0x2024), (0x2044, 0x2044), (0x2215, 0x2215),
                  (0x2236, 0x2236), (0x29F8, 0x29F8), (0xA789, 0xA789), (0xE0100, 0xE01EF))  # fmt: skip
OPENING, CLOSING = "⟨", "⟩"
IMITATING_SCRIPTS = ("CYRILLIC ", "GREEK ", "ARMENIAN ", "CHEROKEE ", "COPTIC ", "LISU ")

_SUSPECT = re.compile(r"[^\n\t -~]|\x7f")
_WORD = re.compile(r"[^\W\d_]+")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){4,}")
_BLANKS = re.compile(r"[ \t]{41,}")


def visible_text(value: object) -> str:
    """Write a JSON value so that nothing in it is invisible; texts appear as they are, the rest as JSON."""
    return _visible(_plain(value))


def is_showable(value: object) -> bool:
    """Say whether a person can be expected to read what `visible_text` gives."""
    plain = _plain(value)
    if len(plain) > SHOWABLE_CHARS:
        return False
    escapes = sum(1 for character in plain if _hides(character))
    return escapes <= max(FEW_ESCAPES, len(plain) * SHOWABLE_ESCAPES)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _visible(text: str) -> str:
    if _SUSPECT.search(text):
        foreign = set(_foreign_letters(text))
        text = "".join(
            _escape(character) if index in foreign or _hides(character) else character
            for index, character in enumerate(text)
        )
    text = _BLANK_LINES.sub(_note_blank_lines, text)
    return _BLANKS.sub(_note_blanks, text)


def _hides(character: str) -> bool:
    if character in KEPT or "!" <= character <= "~":
        return False
    code = ord(character)
    return (
        character == OPENING
        or code in DRAWN_AS_NOTHING
        or any(first <= code <= last for first, last in IMITATES_ASCII)
        or unicodedata.category(character) in HIDING_CATEGORIES
    )


def _escape(character: str) -> str:
    return f"{OPENING}U+{ord(character):04X}{CLOSING}"


def _foreign_letters(text: str) -> Iterator[int]:
    """Find the letters of another script inside words with Latin letters: `раypal` is not `paypal`."""
    for word in _WORD.finditer(text):
        scripts = [unicodedata.name(letter, "") for letter in word[0]]
        if any(script.startswith("LATIN ") for script in scripts):
            yield from (
                word.start() + place
                for place, script in enumerate(scripts)
                if script.startswith(IMITATING_SCRIPTS)
            )


def _note_blank_lines(match: re.Match[str]) -> str:
    return f"\n{OPENING}{match[0].count(chr(10)) - 1} blank lines{CLOSING}\n"


def _note_blanks(match: re.Match[str]) -> str:
    return f"{OPENING}{len(match[0])} blanks{CLOSING}"
