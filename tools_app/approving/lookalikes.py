"""Characters that are drawn like others: what they imitate, and where that may mislead whoever decides.

Only what a person could take for something else: writing that is its own, in any language, is none of it. The tables
are short on purpose; they follow Unicode's confusables where these are drawn alike in the fonts of browsers.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

# Wherever they stand: fullwidth and small forms, letters of mathematics, Roman numerals; slashes, hyphens and colons
# that no language writes with.
_IMITATING: Final = (
    *((0xFF01, 0xFF5E), (0xFE50, 0xFE6B), (0x1D400, 0x1D7FF), (0x2160, 0x217F), (0x2024, 0x2024)),
    *((0x2044, 0x2044), (0x2215, 0x2216), (0x2571, 0x2572), (0x29F5, 0x29F9), (0x2236, 0x2236)),
    *((0xA789, 0xA789), (0xE0100, 0xE01EF), (0x02D7, 0x02D7), (0x2043, 0x2043), (0x1735, 0x1735)),
    # Parts of Korean syllables, which are written as whole ones.
    *((0x1100, 0x11FF), (0xA960, 0xA97F), (0xD7B0, 0xD7FF)),
)
# In Chinese and Japanese this is the ordinary punctuation.
WIDE_PUNCTUATION: Final = frozenset("！（），：；？～")
# Drawn as a hyphen, though ordinary between words and before digits; before a word they pass for that of an option.
HYPHENS: Final = frozenset("\u2010\u2011\u2012\u2013\u2212")
# What is no look-alike in prose and is one where each character counts: quotes, dashes, primes, letters of phonetics.
_EXACT: Final = frozenset(
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2035"
    "\u02b9\u02ba\u02bb\u02bc\u02bd\u02c8\u02d0\u02d6\u02dc\u01c0\u01c3\u0251\u0261\u0269\u026a\u2223\u2217\u223c"
    "\u2039\u203a\u0589\u05c3\u06d4"
)
# Of these every letter is like a Latin one, or near enough; of the two below only some are.
_LIKE_LATIN: Final = (
    *(
        "ARMENIAN",
        "CARIAN",
        "CHEROKEE",
        "COPTIC",
        "DESERET",
        "ELBASAN",
        "GOTHIC",
        "LISU",
        "LYCIAN",
        "OLD ITALIC",
    ),
    *("OSAGE", "VAI"),
)
_SOME: Final = {
    "CYRILLIC": frozenset("асеорухіјѕһԁԛԝӏѵкүҽАВЕЅІЈКМНОРСТУХѴҮԌԚԜӀ"),
    "GREEK": frozenset("αικνορυχγωτηϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹͿ"),
}
LATIN: Final = "LATIN"


@lru_cache(maxsize=8_192)
def imitates(character: str) -> bool:
    """Whether it is nothing but another way to write what has a character of its own."""
    code = ord(character)
    if any(first <= code <= last for first, last in _IMITATING):
        return True
    plain = unicodedata.normalize("NFC", character)
    return plain != character and len(plain) == 1


@lru_cache(maxsize=8_192)
def imitates_exactly(character: str) -> bool:
    """The same where a person must be able to tell each character: in a path, an address, a command."""
    if character in _EXACT or unicodedata.normalize("NFC", character) != character:
        return True
    plain = unicodedata.normalize("NFKC", character)
    return plain != character and plain.isascii()


@lru_cache(maxsize=8_192)
def script_of(letter: str) -> str:
    """The first word of its name, or two: enough to tell whether two letters are of one script."""
    name = unicodedata.name(letter, "")
    return next((script for script in _LIKE_LATIN if name.startswith(script)), name.partition(" ")[0])


def imitating_script(letter: str) -> str:
    """The script of a letter that may stand for a Latin one in a word; empty for all others."""
    script = script_of(letter)
    return script if script in _SOME or script in _LIKE_LATIN else ""


def passes_for_latin(word: str) -> str:
    """The script of a word that could be read as a Latin one, letter by letter; empty for all others."""
    script = imitating_script(word[0])
    if not script or any(script_of(letter) != script for letter in word):
        return ""
    known = _SOME.get(script)
    return script if known is None or known.issuperset(word) else ""
