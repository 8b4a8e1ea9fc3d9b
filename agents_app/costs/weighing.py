"""Pure: how much a prompt weighs before its vendor has counted it, in characters of plain English, and in tokens.

A text weighs its bytes: one letter of Chinese, Japanese or Korean is a token or more to every vocabulary of today, and
three bytes. A picture weighs what the vendors count for a large one, however many letters it is sent as.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

# Of plain English: three are a little on the high side of what vendors count.
CHARS_PER_TOKEN: Final = 3
# https://docs.anthropic.com/en/docs/build-with-claude/vision: width times height / 750, and no more than about this.
_PICTURE_TOKENS: Final = 1_600


def tokens(*said: Any) -> int:
    """Rounded up: a single letter is a token."""
    return -(-sum(map(weight, said)) // CHARS_PER_TOKEN)


def weight(said: Any) -> int:
    """Of a text, a block, a message, a definition, or a list of them."""
    if isinstance(said, str):
        return len(said) if said.isascii() else len(said.encode("utf-8", "surrogatepass"))
    if isinstance(said, Mapping):
        return _of_block(said)
    if isinstance(said, Iterable):
        return sum(map(weight, said))
    return len(str(said))


def _of_block(block: Mapping[str, Any]) -> int:
    if block.get("type") == "image":
        return _PICTURE_TOKENS * CHARS_PER_TOKEN
    # Names, brackets and quotes are sent as well.
    return sum(len(str(name)) + 4 + weight(value) for name, value in block.items())
