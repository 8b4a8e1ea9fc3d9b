"""Marks that are drawn over or under the letter before them: which are writing, and which hide, strike or imitate."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from tools_app.approving.lookalikes import script_of

# Those every alphabet may use. Others of the sort are for symbols and for learned works, and all of them are shown.
_ORDINARY: Final = range(0x0300, 0x0370)
# Through the letter, which is then read as struck out.
_STRIKING: Final = frozenset(range(0x0334, 0x0339))
_DOT_ABOVE: Final = "\u0307"
# Drawn with a dot of their own, or exactly as such a letter once they are given one.
_DOTTED: Final = frozenset("ijıȷ")
_MOST: Final = 2
# Of letters with marks of their own script, beyond which they are drawn over the lines around them.
_PILE: Final = 5
_EMOJI_STYLE: Final = frozenset("\ufe0e\ufe0f")
_SYMBOLS: Final = frozenset({"So", "Sm", "Sk", "Po"})


@lru_cache(maxsize=8_192)
def is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


def misleads(text: str, at: int) -> bool:
    """Whether the mark at this place is anything but writing."""
    return _misleads(_cluster(text, at))


def misleads_exactly(text: str, at: int) -> bool:
    """The same where each character counts: there letters have the marks that are one character with them."""
    return script_of(text[at]) == "COMBINING" or misleads(text, at)


def _cluster(text: str, at: int) -> str:
    """The mark with what it is drawn on and what is drawn there before it, as far as anybody needs to look."""
    for place in range(at - 1, max(at - 9, -1), -1):
        if not is_mark(text[place]):
            return text[place : at + 1]
    return text[at]


@lru_cache(maxsize=8_192)
def _misleads(cluster: str) -> bool:
    """What is asked of the last mark of it.

    Writing is a mark of the letter's own script (Arabic, Hindi, Thai ...), or one or two of all alphabets on a letter
    that has no character of its own with them. What has one is drawn like it, and is another text: "e" and an acute
    is not "é", nor the same file.
    """
    if len(cluster) == 1:
        return True
    base, mark = cluster[0], cluster[-1]
    if mark in _EMOJI_STYLE:
        is_symbol = not base.isascii() and unicodedata.category(base) in _SYMBOLS
        return not (is_symbol or base == "\u2139")
    if script_of(mark) != "COMBINING":
        is_one = len(unicodedata.normalize("NFC", base + mark)) == 1
        return script_of(mark) != script_of(base) or is_one or len(cluster) > _PILE
    return (
        not unicodedata.category(base).startswith("L")
        or ord(mark) not in _ORDINARY
        or ord(mark) in _STRIKING
        or (mark == _DOT_ABOVE and base in _DOTTED)
        or len(cluster) > 1 + _MOST
        or not unicodedata.is_normalized("NFC", cluster)
    )
